"""Numbers in the margin that count a page's lines, as drafts and laws have them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from docspec.types import Box, Line, Span, union

FEWEST = 5  # numbers
STEPS = (1, 5, 10)  # what they count by
FULL = 0.4  # share of the page's width that the usual line beside them has: rows of tables are in pieces
EDGE = 4.0  # points within which their right or their left edges are one


def without_line_numbers(lines: Sequence[Line], width: float) -> tuple[Line, ...]:
    """``lines`` of a page of ``width`` points without numbers left of all text that count its lines."""
    found = [
        (number, line.spans[0])
        for number, line in enumerate(lines)
        if not line.turn and line.spans and line.spans[0].text.strip().isdigit()
    ]
    if len(found) < FEWEST:
        return tuple(lines)
    edge = min(span.box[0] for _, span in found)
    column = sorted(
        ((number, span) for number, span in found if span.box[0] - edge < 4 * EDGE),
        key=lambda one: one[1].box[1],
    )
    rest = [_rest(line) if number in dict(column) else line for number, line in enumerate(lines)]
    texts = [line for line in rest if line is not None and not line.turn]
    if len(column) < FEWEST or not texts or not _count([span for _, span in column]):
        return tuple(lines)
    right = max(span.box[2] for _, span in column)
    beside = [line.box for line in texts if _overlaps(line.box, column[0][1].box[1], column[-1][1].box[3])]
    if not beside or right > min(box[0] for box in beside) or median(map(_width, beside)) < FULL * width:
        return tuple(lines)
    return tuple(line for line in rest if line is not None)


def _count(spans: Sequence[Span]) -> bool:
    """Whether numbers, from the top, count by one step and stand in a column."""
    counts = [int(span.text) for span in spans]
    steps = {b - a for a, b in pairwise(counts)}
    lefts, rights = [span.box[0] for span in spans], [span.box[2] for span in spans]
    aligned = min(max(lefts) - min(lefts), max(rights) - min(rights)) < EDGE
    return len(steps) == 1 and steps <= set(STEPS) and aligned


def _rest(line: Line) -> Line | None:
    """``line`` without its first span, and the space after that."""
    spans = line.spans[1:]
    while spans and not spans[0].text.strip():
        spans = spans[1:]
    if not spans:
        return None
    return replace(line, spans=spans, box=union(span.box for span in spans), strips=())


def _overlaps(box: Box, top: float, bottom: float) -> bool:
    return box[1] < bottom and box[3] > top


def _width(box: Box) -> float:
    return box[2] - box[0]
