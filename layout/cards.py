"""Text of several cards of a slide, or boxes of a page, that detectors see as one region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from docspec.layout.assign import TEXT_LIKE, fit
from docspec.layout.geometry import area, height, intersection, rows, width
from docspec.layout.written_pictures import is_written
from docspec.types import Box, Category, Line, Page, Region

TALL = 2.5  # heights of a line: what is lower is a bar or a cell
LARGEST = 0.5  # share of the page: what is larger is a background
CARDS, ROWS = 2, 2  # boxes with so many rows of text each that are cards, at the least
OVERLAP = 0.05  # of the smaller one's area that two cards have in common, at the most


def by_card(page: Page, region: Region) -> list[Region]:
    """``region`` in a piece for each box that the page draws around some of its lines, if there are such."""
    boxes = [line.box for line in region.lines]
    text = region.category in TEXT_LIKE or region.category is Category.PICTURE
    if not text or page.handle is None or len(rows(boxes)) == len(boxes):
        return [region]
    least = TALL * median(map(height, boxes))
    most = LARGEST * page.width * page.height
    frames = [
        box for box in page.handle.frames() if min(width(box), height(box)) > least and area(box) < most
    ]
    groups: dict[Box | None, list[Line]] = {}
    for line in region.lines:
        groups.setdefault(_frame(line, frames), []).append(line)
    cards = [
        box
        for box, lines in groups.items()
        if box is not None and len(rows([line.box for line in lines])) >= ROWS
    ]
    if len(cards) < CARDS or not _are_apart(cards):
        return [region]
    category = region.category
    if category is Category.PICTURE:
        if not is_written(page, region):
            return [region]
        category = Category.TEXT
    return [fit(replace(region, category=category, lines=tuple(lines))) for lines in groups.values()]


def _frame(line: Line, frames: Sequence[Box]) -> Box | None:
    """The smallest of ``frames`` that holds all of ``line``."""
    x0, y0, x1, y1 = line.box
    around = [box for box in frames if box[0] <= x0 and box[1] <= y0 and x1 <= box[2] and y1 <= box[3]]
    return min(around, key=area, default=None)


def _are_apart(boxes: Sequence[Box]) -> bool:
    return all(
        intersection(a, b) <= OVERLAP * min(area(a), area(b))
        for number, a in enumerate(boxes)
        for b in boxes[:number]
    )
