"""OCR of images: where text is, and what strips of it say. The models are ocr_models.py's, run by sessions.py."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from docspec.drafters.reading.ctc import Transcript, decode
from docspec.drafters.reading.detector import Quad, find_text
from docspec.drafters.reading.ocr_models import V6, OcrModels, alphabet
from docspec.drafters.reading.recogniser import frames_of
from docspec.drafters.reading.sessions import Session, open_session
from docspec.types import Image

DETECT_SIDE = 2000  # longest side the detector sees, in pixels
SMALL_PAGE = 1000  # an image whose longest side is shorter is enlarged (at most twice) to this


class OcrEngine:
    """Finds and reads text in page images. Sessions are made at first use; ``threads`` 0 means all cores."""

    def __init__(self, threads: int = 0, models: OcrModels = V6, detect_side: int = DETECT_SIDE) -> None:
        self.threads = threads
        self.models = models
        self.detect_side = detect_side

    def detect(self, image: Image) -> list[Quad]:
        """Quadrilaterals around pieces of text, in pixels of ``image`` [H, W, 3] RGB, in no useful order."""
        height, width = image.shape[:2]
        if min(height, width) < 2 or image.min() == image.max():
            return []
        longest = max(height, width)
        scale = min(self.detect_side / longest, max(1.0, min(2.0, SMALL_PAGE / longest)))
        return find_text(self._detector, image, scale)

    def read(self, strips: Sequence[Image]) -> list[Transcript]:
        """What each strip [h, w, 3] RGB says."""
        readings = [Transcript("")] * len(strips)
        kept = [i for i, strip in enumerate(strips) if strip.size]
        for i, frames in frames_of(self._recogniser, [strips[i] for i in kept]):
            readings[kept[i]] = decode(frames, self._characters)
        return readings

    def known_share(self, text: str) -> float:
        """The share of the letters of ``text`` that the recogniser can write at all; 1 without letters."""
        letters = [char for char in text if char.isalpha()]
        return sum(char in self._alphabet for char in letters) / len(letters) if letters else 1.0

    @cached_property
    def _detector(self) -> Session:
        return open_session(self.models.detector.path().read_bytes(), self.threads)

    @cached_property
    def _recogniser(self) -> Session:
        return open_session(self.models.recogniser.path().read_bytes(), self.threads)

    @cached_property
    def _characters(self) -> tuple[str, ...]:
        """What the recogniser's classes write; the first is the blank."""
        return ("", *alphabet(self.models.recogniser.path().read_bytes()), " ")

    @cached_property
    def _alphabet(self) -> frozenset[str]:
        return frozenset(self._characters)


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
