"""Text that a detector took for a table: clauses, and notes beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from docspec.layout.geometry import height, rows, split
from docspec.types import Category, Page, Region

CELLS = 4  # of a table with rules, at the least
APART = 1.2  # line heights of nothing between two pieces of a row
PROSE_ROWS, PROSE = 8, 0.75  # rows of a table that may be prose, and the share of them that is one piece
PARTED = 4  # one of so many lines with TYPED gaps shows a typewriter's table
TYPED = re.compile(r"\S {3,}\S|(?:\.\s?){4,}\s*\d\S*\s+\d")  # spaces, and leaders to several numbers
LEADERS = re.compile(r"(?:\.\s?){4,}\s*\d*\s*$")  # before a page's number in a list of contents


def tables_of_prose(page: Page, regions: Sequence[Region]) -> list[Region]:
    """``regions`` with tables as text whose rows are one piece each, most of them, with no rules around.

    Pages of numbered clauses and notes beside them look so to a detector.
    """
    return [
        replace(region, category=Category.TEXT) if _is_prose(page, region) else region for region in regions
    ]


def _is_prose(page: Page, region: Region) -> bool:
    boxes = [span.box for line in region.lines for span in line.spans if span.text.strip()]
    if region.category is not Category.TABLE or not boxes or any(line.turn for line in region.lines):
        return False
    groups = rows(boxes)
    gap = APART * median(height(box) for box in boxes)
    whole = sum(len(split([(boxes[i][0], boxes[i][2]) for i in group], gap)) == 1 for group in groups)
    led = sum(LEADERS.search(line.text) is not None for line in region.lines)
    if PARTED * sum(TYPED.search(line.text.strip()) is not None for line in region.lines) >= len(
        region.lines
    ):
        return False
    if len(groups) < PROSE_ROWS or whole < PROSE * len(groups) or 2 * led >= len(groups):
        return False
    return page.handle is None or len(page.handle.ruled_cells(region.box)) < CELLS
