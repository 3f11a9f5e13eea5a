"""What a page itself says for or against its text layer; found out once per page, when asked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from docspec.drafters.reading import page_ink as ink
from docspec.drafters.reading.plausible import is_all_lower, plausibility
from docspec.types import Box, Line, Page

HIDDEN_OCR = 0.6  # what text under a full-page image is worth, unchecked: often good, often not
ALL_LOWER = 0.5
FULL_PAGE = 0.7  # share of the page that an image covers in a scan
ENOUGH_COVER = 0.7  # share of a region's ink in its glyphs' boxes; accents, rules and marks are the rest


class Evidence:
    """The ink of one page, and whether it is a scan."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @classmethod
    def of(cls, page: Page, latest: Evidence | None) -> Evidence:
        """``latest`` if it is about ``page``, else new evidence."""
        return latest if latest is not None and latest.page is page else cls(page)

    @cached_property
    def mask(self) -> ink.Mask:
        """The page's ink; see ink.ink_of."""
        return ink.ink_of(self.page)

    @cached_property
    def is_scan(self) -> bool:
        """Whether one image fills the page, as in a scan, whose text layer is then hidden OCR."""
        if self.page.handle is None:
            return False
        area = self.page.width * self.page.height
        boxes = self.page.handle.image_boxes()
        return any((x1 - x0) * (y1 - y0) >= FULL_PAGE * area for x0, y0, x1, y1 in boxes)

    def has_ink(self, line: Line) -> bool:
        """Whether anything shows where ``line`` is; where nothing does, the text is hidden."""
        return ink.inked_share(self.mask, self.page, [line.box]) > 0

    def trust(self, lines: Sequence[Line], box: Box | None = None) -> float:
        """How far ``lines`` (of ``box``, or of the page) say what the page shows: 0 not at all, 1 fully.

        Weighs what the characters look like, whether there is ink where the lines are, and, for a
        ``box``, whether its ink is where the lines are. Hidden OCR under a scan is worth less.
        """
        if not lines:
            return 0.0
        text = "\n".join(line.text for line in lines)
        boxes = [line.box for line in lines]
        score = plausibility(text) * ink.inked_share(self.mask, self.page, boxes)
        if box is not None:
            score *= min(1.0, ink.cover_share(self.mask, self.page, boxes, box) / ENOUGH_COVER)
        if self.is_scan:
            score *= HIDDEN_OCR * (ALL_LOWER if is_all_lower(text) else 1.0)
        return score
