"""What rules and braces stand over and under in a formula, put together: fractions, roots, braces. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from docspec.drafters.reading.formulas.large import HORIZONTAL, OVERBRACE
from docspec.drafters.reading.formulas.parts import (
    AXIS,
    SAME_SIZE,
    Kind,
    Part,
    box_of,
    by_rows,
    count_of,
    row_of,
    size_of,
    without,
)
from docspec.drafters.reading.formulas.rows import latex_of
from docspec.types import Box

NEAR = 0.3  # of the size: how far apart what is stacked may be
FIRST_NEAR = 0.65  # of the size: the same between a bar and what stands next to it
EDGE = 0.12  # of the size: how far something reaches over the end of its bar


def with_bars(parts: Sequence[Part], rules: Sequence[Box]) -> list[Part]:
    """``parts`` with roots, fractions and what has a line above or below, the shortest rule first."""
    left = list(parts)
    rules = [rule for rule in rules if not _in_brace(rule, parts)]
    for rule in sorted(rules, key=lambda box: box[2] - box[0]):
        others = [other for other in rules if other is not rule]
        made = _root(rule, left) or _fraction(rule, left, others)
        if made is not None:
            whole, used = made
            left = [*without(left, used), whole]
    return left


def _in_brace(rule: Box, parts: Sequence[Part]) -> bool:
    """Whether ``rule`` is a part of a brace, between its pieces."""
    return any(
        part.code in HORIZONTAL
        and part.kind is Kind.PIECE
        and part.box[1] - 1 <= rule[1]
        and rule[3] <= part.box[3] + 1
        and rule[0] <= part.box[2] + 1
        and part.box[0] - 1 <= rule[2]
        for part in parts
    )


_Made = tuple[Part, list[Part]] | None


def _root(rule: Box, parts: Sequence[Part]) -> _Made:
    """The root that ``rule`` is the top of."""
    x0, y0, x1, y1 = rule
    sign = next(
        (
            part
            for part in parts
            if part.kind is Kind.RADICAL
            and abs(part.box[2] - x0) <= 0.2 * part.size
            and abs(part.box[1] - (y0 + y1) / 2) <= 0.25 * part.size
        ),
        None,
    )
    if sign is None:
        return None
    inside = [
        part
        for part in parts
        if part is not sign
        and x0 - 0.5 <= part.centre <= x1 + 0.5
        and y0 - 0.5 <= part.middle <= sign.box[3] + 0.1 * sign.size
    ]
    if not inside:
        return None
    size = size_of(inside)
    index = [
        part
        for part in parts
        if part.size < 0.8 * size
        and sign.box[0] - 0.3 * size <= part.centre <= sign.box[0] + 0.6 * sign.width
        and part.box[2] > sign.box[0] + 0.1 * size
        and part.box[3] <= sign.middle + 0.1 * size
        and part.middle >= sign.box[1] - 0.4 * size
        and part.baseline <= sign.middle + 0.1 * size
    ]
    power = f"[{latex_of(index)}]" if index else ""
    used = [sign, *inside, *index]
    latex = f"\\sqrt{power}{{{latex_of(inside)}}}"
    box = box_of([sign, *inside])
    return replace(
        row_of(inside),
        latex=latex,
        box=(box[0], min(box[1], y0), max(box[2], x1), box[3]),
        count=count_of(used),
    ), used


def _fraction(rule: Box, parts: Sequence[Part], others: Sequence[Box]) -> _Made:
    """The fraction whose bar ``rule`` is, or what has a line above it or below it."""
    x0, y0, x1, y1 = rule
    above = _stacked(rule, parts, others, up=True)
    below = _stacked(rule, parts, others, up=False)
    if not above and not below:
        return None
    used = [*above, *below]
    size = size_of(used)
    if (
        max(part.box[2] for part in used) - min(part.box[0] for part in used) < 0.3 * (x1 - x0)
        and x1 - x0 > 2 * size
    ):
        return None  # a rule of the page
    box = box_of(used)
    whole = (min(x0, box[0]), min(y0, box[1]), max(x1, box[2]), max(y1, box[3]))
    if not above or not below:
        name = "\\underline" if above else "\\overline"
        if name == "\\overline" and len(used) == 1 and x1 - x0 <= 1.3 * size and "{" not in used[0].latex:
            name = "\\bar"
        return replace(row_of(used), latex=f"{name}{{{latex_of(used)}}}", box=whole), used
    middle = (y0 + y1) / 2
    half = max(middle - whole[1], whole[3] - middle)
    latex = f"\\frac{{{latex_of(above)}}}{{{latex_of(below)}}}"
    centred = (whole[0], middle - half, whole[2], middle + half)
    return Part(latex, centred, middle + AXIS * size, size, centred=True, count=count_of(used)), used


def _stacked(rule: Box, parts: Sequence[Part], others: Sequence[Box], *, up: bool) -> list[Part]:
    """The parts above ``rule`` (or below it), each near to what stands between it and the rule."""
    x0, y0, x1, y1 = rule
    middle = (y0 + y1) / 2
    key: Callable[[Part], float] = (lambda part: -part.box[3]) if up else (lambda part: part.box[1])
    found: list[Part] = []
    edge = middle
    blocks = [
        (other[1] + other[3]) / 2
        for other in others
        if other[0] < x1 and other[2] > x0 and other[2] - other[0] > x1 - x0 + 0.1
    ]
    for part in sorted(parts, key=key):
        reach = EDGE * part.size + 0.3
        if part.box[0] < x0 - reach or part.box[2] > x1 + reach or (part.kind is Kind.RADICAL and not found):
            continue
        near = part.box[3] if up else part.box[1]
        gap = edge - near if up else near - edge
        if (part.middle > middle) == up or gap < -1.2 * part.size - (0 if not found else 99):
            continue
        if gap > (NEAR if found else FIRST_NEAR) * part.size:
            break
        if any(min(part.middle, middle) < y < max(part.middle, middle) for y in blocks):
            continue
        found.append(part)
        edge = min(edge, part.box[1]) if up else max(edge, part.box[3])
    return found


def with_braces(parts: Sequence[Part], rules: Sequence[Box]) -> list[Part]:
    """``parts`` with what braces stand over or under, and what is set beyond them."""
    left = list(parts)
    pieces = [part for part in parts if part.kind is Kind.PIECE and part.code in HORIZONTAL]
    for row in by_rows(pieces, 0.1 * size_of(pieces)) if pieces else []:
        row = sorted(row, key=lambda part: part.box[0])
        while row:
            brace, row = row[:4], row[4:]
            if len(brace) < 4:
                break
            upper = brace[0].code == OVERBRACE
            left = _braced(left, brace, upper)
    return left


def _braced(parts: list[Part], brace: Sequence[Part], upper: bool) -> list[Part]:
    x0, y0, x1, y1 = box_of(brace)
    size = brace[0].size
    others = [part for part in without(parts, brace) if x0 - 1 <= part.centre <= x1 + 1]
    inner = [
        part
        for part in others
        if (0 < part.middle - y1 < 2.5 * size if upper else 0 < y0 - part.middle < 2.5 * size)
    ]
    mark = [
        part
        for part in others
        if part.size < SAME_SIZE * size
        and (0 <= y0 - part.box[3] + 2 < 1.5 * size if upper else 0 <= part.box[1] - y1 + 2 < 1.5 * size)
        and not any(part is one for one in inner)
    ]
    if not inner:
        return parts
    name, sign = ("\\overbrace", "^") if upper else ("\\underbrace", "_")
    latex = f"{name}{{{latex_of(inner)}}}" + (f"{sign}{{{latex_of(mark)}}}" if mark else "")
    used = [*brace, *inner, *mark]
    whole = replace(row_of(inner), latex=latex, box=box_of(used), count=count_of(used))
    return [*without(parts, used), whole]
