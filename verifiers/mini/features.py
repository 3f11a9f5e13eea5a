"""What the bundled verifier sees of a line: the features of the PP-OCRv4 recogniser, before its classifier.

The recogniser ships in the wheel of ``rapidocr-onnxruntime`` (model by PaddlePaddle, Apache-2.0). What drafts
is a newer one, so these are computed for the lines that are verified, and for no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from docspec.drafters.reading.ocr_models import V4_RECOGNISER, alphabet
from docspec.drafters.reading.recogniser import LINE_HEIGHT, MIN_WIDTH, frames_of
from docspec.drafters.reading.sessions import Session

FEATURE_SIZE = 120
_FEATURES, _WEIGHT, _BIAS = "transpose_51.tmp_0", "linear_85.w_0", "linear_85.b_0"

FloatArray = NDArray[np.float32]


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


class FeatureReader:
    """Makes features of line images; reuse one instance (the session loads in about 0.3 s).

    ``threads`` 0 means all cores.
    """

    def __init__(self, threads: int = 0) -> None:
        self._threads = threads
        self._model = V4_RECOGNISER.path().read_bytes()
        self._session = self._open(_FEATURES)

    @cached_property
    def head(self) -> CtcHead:
        """The classifier, to read features as plain OCR."""
        blank = np.zeros((1, 3, LINE_HEIGHT, MIN_WIDTH), dtype=np.float32)
        weight, bias = self._open(_WEIGHT, _BIAS)(blank)
        return CtcHead(weight, bias, ["", *alphabet(self._model), " "])

    def extract(self, images: Sequence[NDArray[np.uint8]]) -> list[FloatArray]:
        """Features ``[T, 120]`` of each line image, see ``frames_of``, which also says what is raised."""
        found = {index: frames.copy() for index, frames in frames_of(self._session, images)}
        return [found[index] for index in range(len(images))]

    def _open(self, *outputs: str) -> Session:
        return Session(self._model + _extra_outputs(*outputs), self._threads, outputs)


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
