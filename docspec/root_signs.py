"""Roots' signs that stand in lines by themselves, since they reach above what they are before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from docspec.types import Box, Line, union

SIGN = "√"
LONGEST = 3  # characters of such a line: the sign, and which root it is
NEAR = 0.15  # of a line's height: between the sign and what is under its bar


def with_root_signs(lines: Sequence[Line]) -> list[Line]:
    """``lines`` with such signs at the start of the line that goes on at their right edge."""
    signs = [line for line in lines if len(line.text.strip()) <= LONGEST and line.text.strip().endswith(SIGN)]
    done = list(lines)
    for sign in signs:
        mate = next((i for i, line in enumerate(done) if line is not sign and _goes_on(sign, line)), None)
        if mate is not None:
            rest = done[mate]
            box = (sign.box[0], *rest.box[1:])
            done[mate] = replace(rest, spans=(*sign.spans, *rest.spans), box=box, strips=())
            done = [line for line in done if line is not sign]
    return done


def standing(line: Line) -> Box:
    """The box of a line without roots' signs, which reach into the row above it."""
    if SIGN not in line.text:
        return line.box
    rest = [span.box for span in line.spans if SIGN not in span.text]
    return union(rest) if rest else line.box


def _goes_on(sign: Line, line: Line) -> bool:
    reach = NEAR * (line.box[3] - line.box[1])
    shared = min(sign.box[3], line.box[3]) - max(sign.box[1], line.box[1])
    return (
        line.source == sign.source
        and line.turn == sign.turn == 0
        and abs(line.box[0] - sign.box[2]) <= reach
        and shared > -reach
        and line.box[3] > sign.box[3]
    )
