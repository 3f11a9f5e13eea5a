"""Text that was found as a picture, or read from one."""

from __future__ import annotations

import re

from docspec.layout.geometry import area, inside
from docspec.layout.pixels import ink_share
from docspec.types import TEXT_LAYER, Page, Region

DRAWN = 0.02  # share of a picture's pixels that are neither background nor text
WRITTEN = 0.25  # share of its area that lines cover: 0.2 at most in pictures of 60 PDFs, 0.44 in a banner
WORD = re.compile(r"[^\W\d_]{2,}")
SENTENCE = 5  # words that a line of a sentence has, at the least
FULL_PAGE = 0.7  # share of the page that an image covers in a scan


def is_written(page: Page, region: Region) -> bool:
    """Whether what was found as a picture, with lines in it, is text on a ground."""
    return not _drawn(page, region) or _written(region) >= WRITTEN


def in_image(page: Page, region: Region) -> bool:
    """Whether a region was read from an image that a page with a text layer shows: its words head nothing."""
    if not page.lines or page.handle is None or any(line.source == TEXT_LAYER for line in region.lines):
        return False
    whole = area((0.0, 0.0, page.width, page.height))
    return any(
        area(box) < FULL_PAGE * whole and inside(region.box, box) > 0.5 for box in page.handle.image_boxes()
    )


def is_pasted(page: Page, region: Region) -> bool:
    """Whether a picture on a page with a text layer holds sentences, as a screenshot does."""
    if not page.lines or any(line.source == TEXT_LAYER for line in region.lines):
        return False
    prose = sum(len(line.text) for line in region.lines if len(WORD.findall(line.text)) >= SENTENCE)
    return 2 * prose > sum(len(line.text) for line in region.lines)


def _drawn(page: Page, region: Region) -> bool:
    return ink_share(page, region.box, [line.box for line in region.lines]) >= DRAWN


def _written(region: Region) -> float:
    """Share of a region's area (0..1) that its lines cover."""
    return sum(area(line.box) for line in region.lines) / max(area(region.box), 1.0)
