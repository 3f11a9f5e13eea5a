"""OCR of images: where text is, and what strips of it say, by the models of ocr_models.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from docspec.drafters.reading.cells import CellMaker
from docspec.drafters.reading.ctc import Transcript, decode
from docspec.drafters.reading.detector import Quad, find_text
from docspec.drafters.reading.ocr_models import V6, OcrModels, alphabet, with_output
from docspec.drafters.reading.recogniser import frames_of
from docspec.drafters.reading.sessions import Session
from docspec.types import Image

# Pixels. On pages of up to 2,300 pixels the detector covers at a longest side of 1,600 the ink that it covers
# at 2,000, in half the time; at 1,280, in a third, half a line of small print was lost.
DETECT_SIDE = 1600  # longest side the detector sees at first
DETECT_SIDE_MOST = 2000  # and where text is small
SMALL_PAGE = 1000  # an image whose longest side is shorter is enlarged (at most twice) to this
SMALL_TEXT = 16.0  # height of the smallest text from which the first look is enough
SMALL_SHARE = 0.1  # of the pieces, which are the smallest text
LEGIBLE = 20.0  # height that they have in a second look


class OcrEngine:
    """Finds and reads text in page images. Sessions are made at first use; ``threads`` as Session has it."""

    def __init__(self, threads: int = 0, models: OcrModels = V6) -> None:
        self.threads = threads
        self.models = models

    def detect(self, image: Image) -> list[Quad]:
        """Quadrilaterals around pieces of text, in pixels of ``image`` [H, W, 3] RGB, in no useful order.

        A second and closer look is taken where the first finds small text.
        """
        height, width = image.shape[:2]
        if min(height, width) < 2 or image.min() == image.max():
            return []
        longest = max(height, width)
        most = max(1.0, min(2.0, SMALL_PAGE / longest))
        scale = min(DETECT_SIDE / longest, most)
        found = find_text(self._detector, image, scale)
        closer = min(DETECT_SIDE_MOST / longest, most, scale * closer_by([_height(q) * scale for q in found]))
        return find_text(self._detector, image, closer) if closer > scale else found

    def read(self, strips: Sequence[Image]) -> list[Transcript]:
        """What each strip [h, w, 3] RGB says."""
        readings = [Transcript("")] * len(strips)
        kept = [i for i, strip in enumerate(strips) if strip.size]
        for i, [frames, *features] in frames_of(self._recogniser, [strips[i] for i in kept]):
            reading = decode(frames, self._characters, hyphens=self.models.loses)
            if features:
                reading = replace(reading, cells=self._make_cells(features[0], frames))
            readings[kept[i]] = reading
        return readings

    def known_share(self, text: str) -> float:
        """The share of the letters of ``text`` that the recogniser can write at all; 1 without letters."""
        letters = [char for char in text if char.isalpha()]
        return sum(char in self._alphabet for char in letters) / len(letters) if letters else 1.0

    @cached_property
    def _detector(self) -> Session:
        return Session(self.models.detector.path().read_bytes(), self.threads, keep=False)

    @cached_property
    def _recogniser(self) -> Session:
        model, features = self.models.recogniser.path().read_bytes(), self.models.features
        return Session(with_output(model, features) if features else model, self.threads)

    @cached_property
    def _characters(self) -> tuple[str, ...]:
        """What the recogniser's classes write; the first is the blank."""
        return ("", *alphabet(self.models.recogniser.path().read_bytes()), " ")

    @cached_property
    def _make_cells(self) -> CellMaker:
        return CellMaker(self._characters)

    @cached_property
    def _alphabet(self) -> frozenset[str]:
        return frozenset(self._characters)


def closer_by(heights: Sequence[float]) -> float:
    """How much closer a detector should look that found pieces of text of these ``heights`` in its pixels."""
    smallest = float(np.quantile(heights, SMALL_SHARE)) if heights else SMALL_TEXT
    return 1.0 if smallest >= SMALL_TEXT else LEGIBLE / smallest


def _height(quad: Quad) -> float:
    """The shorter side: also where text runs down."""
    return float(min(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[0] - quad[3])))


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
