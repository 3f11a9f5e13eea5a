"""RapidOCR's detector and recogniser, run so that nothing they know is thrown away.

The models and the detector's pre- and post-processing are the wheel's own (PP-OCRv4, ONNX). The recogniser
is run here, for its frames: they say where each character stands and where it saw a space (see ctc.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from docspec.drafters.ctc import Reading, decode
from docspec.types import Image

STRIP_HEIGHT = 48  # pixels; what the recogniser was trained on
MIN_STRIP_WIDTH = 320
BATCH_PIXELS = 48 * 320 * 12  # per recogniser call: wide strips go in small batches
DETECT_SIDE = 2000  # longest side the detector sees, in pixels
SMALL_PAGE = 1000  # an image whose longest side is shorter is enlarged (at most twice) to this

# A page may hold more pieces than the wheel's 1000; sizes are chosen here, since the wheel's own rule blows
# a one-line crop up to 736 pixels in height.
DETECTOR_SETTINGS = {"max_candidates": 20000, "limit_type": "max"}

Quad = NDArray[np.float32]  # [4, 2], clockwise from the top left, pixels


class OcrEngine:
    """Finds and reads text in page images. Sessions are made at first use; ``threads`` 0 means all cores."""

    def __init__(self, threads: int = 0, detect_side: int = DETECT_SIDE) -> None:
        self.threads = threads
        self.detect_side = detect_side

    def detect(self, image: Image) -> list[Quad]:
        """Quadrilaterals around pieces of text, in pixels of ``image`` [H, W, 3] RGB, in no useful order."""
        import cv2

        height, width = image.shape[:2]
        if min(height, width) < 2 or image.min() == image.max():
            return []
        scale = min(
            self.detect_side / max(height, width), max(1.0, min(2.0, SMALL_PAGE / max(height, width)))
        )
        size = max(16, round(width * scale)), max(16, round(height * scale))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        small = image if size == (width, height) else cv2.resize(image, size, interpolation=method)
        found, _ = self._detector(np.ascontiguousarray(small[:, :, ::-1]))
        if found is None or not len(found):
            return []
        ratio = np.array([width / small.shape[1], height / small.shape[0]], dtype=np.float32)
        return [np.asarray(quad, dtype=np.float32) * ratio for quad in found]

    def read(self, strips: Sequence[Image]) -> list[Reading]:
        """What each strip [h, w, 3] RGB says. Strips of like width are read together."""
        readings = [Reading("")] * len(strips)
        widths = [max(1, math.ceil(STRIP_HEIGHT * s.shape[1] / max(1, s.shape[0]))) for s in strips]
        order = sorted((i for i, s in enumerate(strips) if s.size), key=lambda i: widths[i])
        while order:
            size = _batch_size(order, widths)
            batch, order = order[:size], order[size:]
            frames = self._run(batch, strips, widths)
            room = max(MIN_STRIP_WIDTH, widths[batch[-1]])
            for row, i in enumerate(batch):
                readings[i] = decode(frames[row], self._characters, frames.shape[1] * widths[i] / room)
        return readings

    def _run(self, batch: Sequence[int], strips: Sequence[Image], widths: Sequence[int]) -> Any:
        """Class probabilities [B, T, C] of the strips in ``batch``, padded to the last (widest) one."""
        import cv2

        room = max(MIN_STRIP_WIDTH, widths[batch[-1]])
        pixels = np.zeros((len(batch), 3, STRIP_HEIGHT, room), dtype=np.float32)
        for row, i in enumerate(batch):
            strip = cv2.resize(strips[i], (widths[i], STRIP_HEIGHT))[:, :, ::-1]
            pixels[row, :, :, : widths[i]] = strip.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1.0
        return self._recogniser(pixels)[0]

    @cached_property
    def _detector(self) -> Any:
        from rapidocr_onnxruntime.ch_ppocr_det import TextDetector

        return TextDetector(self._settings("Det") | DETECTOR_SETTINGS)

    @cached_property
    def _recogniser(self) -> Any:
        from rapidocr_onnxruntime.utils import OrtInferSession

        return OrtInferSession(self._settings("Rec"))

    @cached_property
    def _characters(self) -> Sequence[str]:
        return [*self._recogniser.get_character_list(), " "]

    def known_share(self, text: str) -> float:
        """The share of the letters of ``text`` that the recogniser can write at all; 1 without letters."""
        letters = [char for char in text if char.isalpha()]
        return sum(char in self._alphabet for char in letters) / len(letters) if letters else 1.0

    @cached_property
    def _alphabet(self) -> frozenset[str]:
        return frozenset(self._characters)

    def _settings(self, part: str) -> dict[str, Any]:
        """The wheel's own settings of ``part``, with its model's full path and the thread count."""
        import onnxruntime
        import rapidocr_onnxruntime
        from rapidocr_onnxruntime.utils import read_yaml

        root = Path(rapidocr_onnxruntime.__file__).parent
        settings: dict[str, Any] = dict(read_yaml(root / "config.yaml")[part])
        settings["model_path"] = str(root / settings["model_path"])
        settings["use_cuda"] = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
        if self.threads:
            settings["intra_op_num_threads"] = self.threads
        return settings


def cut(image: Image, quad: Quad) -> Image:
    """The pixels of ``quad`` straightened to a strip [h, w, 3], empty if it has no area."""
    import cv2

    width = int(max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[2] - quad[3])))
    height = int(max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2])))
    if width < 1 or height < 1:
        return np.zeros((0, 0, 3), dtype=np.uint8)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(np.asarray(quad, dtype=np.float32), corners)
    strip: Image = cv2.warpPerspective(
        image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
    )
    return strip


def _batch_size(order: Sequence[int], widths: Sequence[int]) -> int:
    """How many strips at the head of ``order`` (narrowest first) fit the pixel budget, padding counted."""
    count = 1
    while count < len(order):
        room = max(MIN_STRIP_WIDTH, widths[order[count]])
        if (count + 1) * room * STRIP_HEIGHT > BATCH_PIXELS:
            break
        count += 1
    return count
