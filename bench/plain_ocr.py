"""RapidOCR as its wheel runs it: what drafts are worth without anything that docspec adds to them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from docspec.types import Draft, Line, Page, Region, Span, Style

SOURCE = "plain-rapidocr"


class PlainOcr:
    """Reads pages with ``RapidOCR()`` and its defaults; a region's draft is its lines, joined by spaces."""

    @cached_property
    def _read(self) -> Any:
        from rapidocr_onnxruntime import RapidOCR

        return RapidOCR()

    def read(self, page: Page) -> Sequence[Line]:
        """The lines as RapidOCR gives them, boxes in page points."""
        height, width = page.image.shape[:2]
        scale = np.array([page.width / width, page.height / height])
        found, _ = self._read(np.ascontiguousarray(page.image[:, :, ::-1]))
        lines = []
        for quad, text, confidence in found or ():
            corners = np.asarray(quad) * scale
            (x0, y0), (x1, y1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
            box = (x0, y0, x1, y1)
            lines.append(Line((Span(text, box),), box, SOURCE, float(confidence)))
        return lines

    def draft(self, page: Page, region: Region, style: Style) -> Sequence[Draft]:
        """The region's lines as they are, whatever ``style``."""
        text = " ".join(line.text for line in region.lines)
        return (Draft(text, SOURCE, float(np.mean([line.confidence for line in region.lines]))),)
