"""Check boxes, as signs in the text beside them: ticked or empty. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from docspec.types import Box, Line, Span, union

TICKED, EMPTY = "\u2611", "\u2610"  # signs that every reader of Unicode knows
SIGNS = f"{TICKED}{EMPTY}\u2612"
NEAR = 3.0  # heights of the line between a box and its label, at the most


class CheckBox(NamedTuple):
    """A box on a page, and whether anything ticks it."""

    box: Box
    ticked: bool


def with_check_boxes(lines: Sequence[Line], boxes: Sequence[CheckBox], source: str) -> tuple[Line, ...]:
    """``lines`` with each of ``boxes`` as a sign before its label, or after it where none follows in its row.

    One without a label is a line by itself.
    """
    done = list(lines)
    for check in boxes:
        sign = Span(TICKED if check.ticked else EMPTY, check.box)
        label = _label(check.box, done, left=False)
        if label is not None:
            done[label] = _joined(done[label], (replace(sign, text=f"{sign.text} "), *done[label].spans))
        elif (label := _label(check.box, done, left=True)) is not None:
            done[label] = _joined(done[label], (*done[label].spans, replace(sign, text=f" {sign.text}")))
        else:
            done.append(Line((sign,), check.box, source))
    return tuple(done)


def _joined(line: Line, spans: tuple[Span, ...]) -> Line:
    boxes = [span.box for span in spans if any(char in SIGNS for char in span.text)]
    return replace(line, spans=spans, box=union([line.box, *boxes]), strips=())


def _label(box: Box, lines: Sequence[Line], left: bool) -> int | None:
    """The number of the line that stands nearest beside ``box``, None where none is near."""
    best: tuple[float, int] | None = None
    for number, line in enumerate(lines):
        x0, y0, x1, y1 = line.box
        gap = box[0] - x1 if left else x0 - box[2]
        height = y1 - y0
        if line.turn or not y0 < (box[1] + box[3]) / 2 < y1 or not -height / 2 < gap < NEAR * height:
            continue
        if best is None or gap < best[0]:
            best = gap, number
    return None if best is None else best[1]
