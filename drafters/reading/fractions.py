"""Fractions of numbers, which OCR reads as two numbers on two lines: found by the bar between them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from docspec.drafters.reading.lines import after_space, group_boxes
from docspec.types import Box, Category, Image, Line, Page, Region, Span, union

LATEX = "\\frac{"  # how each of them begins
_NUMBER = re.compile(r"\s*\d{1,4}\s*")
_ONE_PIECE = re.compile(r"\s*\d[-–—|1/]?\d\s*")
_TALL = 1.8  # height over width of a fraction that was read as one piece
_BESIDE = 0.5  # of the wider number's width: how far apart the middles may be
_APART = 0.7  # of the taller number's height: the widest gap, and half of it the deepest overlap
_FLAT = 0.25  # of the taller number's height: the most that a bar measures
_LONG = 0.7  # of the wider number's box, which has a margin: the least


def with_fractions(page: Page, region: Region, around: tuple[str, str]) -> Region:
    """``region`` with each number that stands above another, a bar between them, as one piece in LaTeX, what
    stands ``around`` it before and after.

    Where there are such the pieces are put into lines anew, a fraction standing where its bar is. In tables a
    bar is a rule, above a total say.
    """
    if region.category is Category.TABLE:
        return region
    lines = region.lines
    pieces = [(line, span) for line in lines for span in line.spans]
    numbers = [i for i, (_, span) in enumerate(pieces) if _NUMBER.fullmatch(span.text)]
    merged = {i: _whole(span) for i, (_, span) in enumerate(pieces) if _is_whole(page, span)}
    gone: set[int] = set()
    for above in numbers:
        for below in numbers:
            if not {above, below} & (gone | merged.keys()) and _is_fraction(
                page, pieces[above][1].box, pieces[below][1].box
            ):
                merged[above] = _fraction(pieces[above][1], pieces[below][1])
                gone.add(below)
    if not merged:
        return region
    for i, span in merged.items():
        merged[i] = replace(span, text=f"{around[0]}{span.text}{around[1]}")
    kept = [(line, merged.get(i, span)) for i, (line, span) in enumerate(pieces) if i not in gone]
    groups = group_boxes([span.box for _, span in kept])
    rows = _by_rows([_line([kept[i] for i in group]) for group in groups])
    return replace(region, lines=tuple(rows))


def _by_rows(lines: Sequence[Line]) -> list[Line]:
    """``lines``, sorted by their tops, with those that start beside each other from left to right."""
    rows: list[list[Line]] = []
    for line in lines:
        middle = (line.box[1] + line.box[3]) / 2
        if rows and middle < min(other.box[3] for other in rows[-1]):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: line.box[0])]


def _fraction(above: Span, below: Span) -> Span:
    box = union([above.box, below.box])
    height = max(above.box[3] - above.box[1], below.box[3] - below.box[1])
    return _written(above.text.strip(), below.text.strip(), box, height)


def _whole(span: Span) -> Span:
    """A fraction of two digits that was read as one piece, the bar as a sign between them or not at all."""
    digits = span.text.strip()
    return _written(digits[0], digits[-1], span.box, (span.box[3] - span.box[1]) / 2)


def _written(above: str, below: str, box: Box, height: float) -> Span:
    """A fraction in ``box`` as a piece of text around its bar, of the ``height`` of a line."""
    bar = (box[1] + box[3]) / 2
    return Span(f"{LATEX}{above}}}{{{below}}}", (box[0], bar - height / 2, box[2], bar + height / 2))


def _line(pieces: Sequence[tuple[Line, Span]]) -> Line:
    """A line of pieces from the left, a space between them."""
    spans = [
        after_space(span) if number and not span.text.startswith(" ") else span
        for number, (_, span) in enumerate(pieces)
    ]
    box = union([span.box for span in spans])
    return replace(pieces[0][0], spans=tuple(spans), box=box, strips=())


def _is_whole(page: Page, span: Span) -> bool:
    """Whether a piece is a whole fraction: tall, of two digits, with a bar."""
    x0, y0, x1, y1 = span.box
    if not _ONE_PIECE.fullmatch(span.text) or y1 - y0 <= _TALL * (x1 - x0):
        return False
    image = page.crop(span.box)
    return _has_bar(image, image.shape[0] / 2, image.shape[1])


def _is_fraction(page: Page, above: Box, below: Box) -> bool:
    """Whether two numbers stand one above the other with a bar between them."""
    tall = max(above[3] - above[1], below[3] - below[1])
    wide = max(above[2] - above[0], below[2] - below[0])
    apart = below[1] - above[3]
    beside = abs((above[0] + above[2]) - (below[0] + below[2])) / 2
    if min(tall, wide) <= 0 or not -_APART / 2 * tall <= apart <= _APART * tall or beside > _BESIDE * wide:
        return False
    left, right = min(above[0], below[0]), max(above[2], below[2])
    image = page.crop((left, above[1], right, below[3]))
    scale = image.shape[0] / (below[3] - above[1])
    return _has_bar(image, scale * tall, image.shape[1] * wide / (right - left))


def _has_bar(image: Image, tall: float, wide: float) -> bool:
    """Whether ``image`` has a bar in its middle third: flat, ink of its own, nearly ``wide`` pixels long."""
    import cv2

    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    _, ink = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    if ink.mean() > 0.5:
        ink = 1 - ink  # light print on dark
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    height = len(image)
    return any(
        w >= _LONG * wide and h <= max(2, _FLAT * tall) and height / 3 <= y + h / 2 <= 2 * height / 3
        for _, y, w, h, _ in stats[1:count].tolist()
    )
