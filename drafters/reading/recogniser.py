"""The PP-OCRv4 recogniser, run up to its last features, before its classifier.

It ships in the wheel of ``rapidocr-onnxruntime`` (model by PaddlePaddle, Apache-2.0). One run gives both the
features that the bundled verifier reads and, through :class:`CtcHead`, the recogniser's own text, so that OCR
and verification share the costly part.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LINE_HEIGHT = 48  # pixels: what the recogniser was trained on
FRAME_WIDTH = 8  # pixels of the resized line that one frame stands for
FEATURE_SIZE = 120
MAX_FRAMES = 320  # 2,560 px at 48 px height, about 130 characters; longer lines are squeezed
_MIN_WIDTH = 192
_WIDTH_STEP = 64
_CPU_BATCH, _GPU_BATCH = 3072, 16_384  # pixels of lines in one run: a processor's caches hold little
_FEATURES, _WEIGHT, _BIAS = "transpose_51.tmp_0", "linear_85.w_0", "linear_85.b_0"

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What a recogniser saw of one piece of text, ``frames`` float32 [T, 120], and which one (its ``maker``).

    Other parts hand it on as it is; a Recogniser knows its own (see ``Recogniser.frames_of``).
    """

    frames: FloatArray
    maker: str


class CtcHead:
    """The recogniser's classifier (120 numbers to 6,625 classes: blank, characters, space)."""

    def __init__(self, weight: FloatArray, bias: FloatArray, characters: Sequence[str]) -> None:
        self.weight = weight  # [120, C]
        self.bias = bias  # [C]
        self.characters = tuple(characters)  # [C]; index 0 is the blank, written ""

    def probabilities(self, features: FloatArray) -> FloatArray:
        """Class probabilities of each frame, ``[T, C]`` for features ``[T, 120]``."""
        logits = features @ self.weight + self.bias
        logits -= logits.max(axis=-1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=-1, keepdims=True)
        return logits


class Recogniser:
    """Makes features of line images; reuse one instance (the session loads in about 0.3 s).

    Args:
        threads: threads of the onnxruntime session; 0 means all cores.
        model_path: the recogniser's ONNX file; by default the one in ``rapidocr_onnxruntime``.
    """

    def __init__(self, threads: int = 0, model_path: Path | None = None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
        providers = [name for name in wanted if name in onnxruntime.get_available_providers()]
        model = (model_path or recogniser_path()).read_bytes()
        self.maker = hashlib.sha256(model).hexdigest()  # two sessions of one model make the same features
        model += _extra_outputs(_FEATURES, _WEIGHT, _BIAS)
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=providers)
        self._input = self._session.get_inputs()[0].name
        on_gpu = "CUDAExecutionProvider" in self._session.get_providers()
        self._batch_width = _GPU_BATCH if on_gpu else _CPU_BATCH

    @cached_property
    def head(self) -> CtcHead:
        """The classifier, to read features as plain OCR."""
        blank = np.zeros((1, 3, LINE_HEIGHT, _MIN_WIDTH), dtype=np.float32)
        weight, bias = self._session.run([_WEIGHT, _BIAS], {self._input: blank})
        table = self._session.get_modelmeta().custom_metadata_map["character"].splitlines()
        return CtcHead(weight, bias, ["", *table, " "])

    def frames_of(self, pieces: Sequence[object]) -> list[FloatArray]:
        """The frames of a line's ``pieces`` if this recogniser's model made all of them, else none."""
        own = [piece.frames for piece in pieces if isinstance(piece, Features) and piece.maker == self.maker]
        return own if len(own) == len(pieces) else []

    def extract(self, images: Sequence[NDArray[np.uint8]]) -> list[FloatArray]:
        """Features ``[T, 120]`` of each line image (uint8 RGB, ``[H, W, 3]``, any height).

        ``T`` is the width at 48 px height over 8, rounded up, and at most :data:`MAX_FRAMES`.

        Raises:
            ValueError: an image is empty or not ``[H, W, 3]`` uint8.
        """
        widths = [_resized_width(image) for image in images]
        groups: defaultdict[int, list[int]] = defaultdict(list)
        for index, width in enumerate(widths):
            groups[max(_MIN_WIDTH, -(-width // _WIDTH_STEP) * _WIDTH_STEP)].append(index)
        results: dict[int, FloatArray] = {}
        for padded, members in sorted(groups.items()):
            # One padded width a run: a line's features do not depend on its neighbours.
            size = max(1, self._batch_width // padded)
            for start in range(0, len(members), size):
                chunk = members[start : start + size]
                batch = np.zeros((len(chunk), 3, LINE_HEIGHT, padded), dtype=np.float32)
                for row, index in enumerate(chunk):
                    batch[row, :, :, : widths[index]] = _normalised(images[index], widths[index])
                output = self._session.run([_FEATURES], {self._input: batch})[0]  # [B, padded / 8, 120]
                for row, index in enumerate(chunk):
                    results[index] = output[row, : -(-widths[index] // FRAME_WIDTH)].copy()
        return [results[index] for index in range(len(images))]


def recogniser_path() -> Path:
    """The ONNX file of the PP-OCRv4 recogniser inside the installed ``rapidocr_onnxruntime``.

    Raises:
        FileNotFoundError: the package or its model file is missing.
    """
    spec = find_spec("rapidocr_onnxruntime")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("rapidocr_onnxruntime is not installed: pip install rapidocr-onnxruntime")
    path = Path(spec.submodule_search_locations[0], "models", "ch_PP-OCRv4_rec_infer.onnx")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: reinstall rapidocr-onnxruntime 1.4")
    return path


def _resized_width(image: NDArray[np.uint8]) -> int:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ValueError(f"a line image is uint8 [H, W, 3] and not empty, got {image.dtype} {image.shape}")
    height, width = image.shape[:2]
    return int(max(1, min(math.ceil(LINE_HEIGHT * width / height), MAX_FRAMES * FRAME_WIDTH)))


def _normalised(image: NDArray[np.uint8], width: int) -> FloatArray:
    import cv2

    # The recogniser was trained on images read by OpenCV: blue, green, red.
    bgr = np.ascontiguousarray(image[:, :, ::-1])
    resized = cv2.resize(bgr, (width, LINE_HEIGHT)).astype(np.float32)
    scaled: FloatArray = (resized.transpose(2, 0, 1) / 127.5 - 1.0).astype(np.float32)  # [3, 48, width]
    return scaled


def _extra_outputs(*names: str) -> bytes:
    """A serialized ONNX ``ModelProto`` holding only graph outputs.

    Protobuf messages merge when concatenated, so appending it to a model adds outputs without parsing it.
    """
    graph = b"".join(_field(12, _field(1, name.encode())) for name in names)
    return _field(7, graph)


def _field(number: int, payload: bytes) -> bytes:
    length, size = b"", len(payload)
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + payload
