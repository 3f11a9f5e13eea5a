"""RapidOCR's detector and recogniser, run so that nothing they know is thrown away.

The models and the detector's pre- and post-processing are the wheel's own (PP-OCRv4, ONNX). The recogniser
is run by recogniser.py, for its frames: they say where each character stands and where it saw a space (see
ctc.py), and the bundled verifier reads them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from docspec.drafters.reading.ctc import Transcript, decode
from docspec.drafters.reading.recogniser import Features, Recogniser
from docspec.types import Image

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

    def read(self, strips: Sequence[Image]) -> list[Transcript]:
        """What each strip [h, w, 3] RGB says, with the features that it was read from."""
        readings = [Transcript("")] * len(strips)
        kept = [i for i, strip in enumerate(strips) if strip.size]
        head = self.recogniser.head
        for i, frames in zip(kept, self.recogniser.extract([strips[i] for i in kept]), strict=True):
            reading = decode(head.probabilities(frames), head.characters)
            readings[i] = replace(reading, features=Features(frames, self.recogniser.maker))
        return readings

    @cached_property
    def recogniser(self) -> Recogniser:
        """The recogniser's session, made at first use."""
        return Recogniser(self.threads)

    @cached_property
    def _detector(self) -> Any:
        from rapidocr_onnxruntime.ch_ppocr_det import TextDetector

        return TextDetector(self._settings("Det") | DETECTOR_SETTINGS)

    def known_share(self, text: str) -> float:
        """The share of the letters of ``text`` that the recogniser can write at all; 1 without letters."""
        letters = [char for char in text if char.isalpha()]
        return sum(char in self._alphabet for char in letters) / len(letters) if letters else 1.0

    @cached_property
    def _alphabet(self) -> frozenset[str]:
        return frozenset(self.recogniser.head.characters)

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
