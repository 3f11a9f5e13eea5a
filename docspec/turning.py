"""Pages that are read turned: which way, and their boxes in the page as it is displayed. Pure.

A page whose text mostly runs up, down or upside down is turned to be read, and everything that reads it sees
it upright. Its result says where things are on the page as it is displayed.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from docspec.types import Box, Dropped, Line, Page, PageResult, Region, RegionResult, Span

LINES = 0.3  # and of the lines, which may be as short as cells
MOST = 0.5  # share of the characters that must be turned alike


def prevailing_turn(lines: Sequence[Line]) -> int:
    """By how much a page with ``lines`` has to be turned clockwise so that most of its text is upright.

    A few long heads of a table that stand on their side do not turn its many short cells.
    """
    counts: Counter[int] = Counter()
    for line in lines:
        counts[line.turn] += sum(not char.isspace() for char in line.text)
    if not counts:
        return 0
    turn, count = counts.most_common(1)[0]
    most = count > MOST * counts.total() and sum(line.turn == turn for line in lines) >= LINES * len(lines)
    return turn if turn % 90 == 0 and most else 0


def turned(page: Page, turn: int) -> Page:
    """``page``, of which only the image is known, turned clockwise by ``turn`` degrees more."""
    width, height = (page.height, page.width) if turn % 180 else (page.width, page.height)
    image = np.ascontiguousarray(np.rot90(page.image, -turn // 90))
    whole = (page.turn + turn) % 360
    return replace(page, width=width, height=height, image=image, lines=(), handle=None, turn=whole)


def displayed(page: PageResult) -> PageResult:
    """``page``, in the frame that it was read in, with all boxes in that of the page as it is displayed."""
    return _moved(page, -page.turn % 360)


def upright(page: PageResult) -> PageResult:
    """The other way round."""
    return _moved(page, page.turn)


def _moved(page: PageResult, turn: int) -> PageResult:
    if not turn:
        return page
    frame = page.width, page.height
    width, height = (page.height, page.width) if turn % 180 else frame
    return replace(
        page,
        width=width,
        height=height,
        regions=tuple(_result(result, turn, *frame) for result in page.regions),
        dropped=tuple(_dropped(entry, turn, *frame) for entry in page.dropped),
    )


def turned_box(box: Box, turn: int, width: float, height: float) -> Box:
    """Where ``box`` is when its page of ``width`` x ``height`` is turned clockwise by ``turn`` degrees."""
    x0, y0, x1, y1 = box
    if turn == 90:
        return height - y1, x0, height - y0, x1
    if turn == 180:
        return width - x1, height - y1, width - x0, height - y0
    if turn == 270:
        return y0, width - x1, y1, width - x0
    return box


def _dropped(entry: Dropped, turn: int, width: float, height: float) -> Dropped:
    return replace(entry, box=turned_box(entry.box, turn, width, height))


def _result(result: RegionResult, turn: int, width: float, height: float) -> RegionResult:
    def span(one: Span) -> Span:
        return replace(one, box=turned_box(one.box, turn, width, height))

    def line(one: Line) -> Line:
        box = turned_box(one.box, turn, width, height)
        return replace(one, box=box, spans=tuple(map(span, one.spans)))

    def region(one: Region) -> Region:
        box = turned_box(one.box, turn, width, height)
        return replace(one, box=box, lines=tuple(map(line, one.lines)))

    return replace(result, region=region(result.region))


def is_right_to_left(texts: Iterable[str]) -> bool:
    """Whether most letters are of scripts that are written from the right."""
    letters = [unicodedata.bidirectional(c) for text in texts for c in text if c.isalpha()]
    return 2 * sum(kind in ("R", "AL") for kind in letters) > len(letters)
