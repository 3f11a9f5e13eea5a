"""What stands above and below each other in a formula, put together: accents and limits.

Pure. Each function takes all parts of a formula and gives them with some of them made one; no glyph is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from docspec.drafters.reading.formulas.parts import (
    SAME_SIZE,
    Kind,
    Part,
    box_of,
    by_rows,
    over,
    row_of,
    size_of,
    without,
)
from docspec.drafters.reading.formulas.rows import BREAK, latex_of
from docspec.drafters.reading.formulas.symbols import WITH_LIMITS
from docspec.types import Box

LIMIT_NEAR = 0.5  # of the size: the same between a sum and its limits
BESIDE = 0.15  # of the size: gaps within a limit


def with_accents(parts: Sequence[Part]) -> list[Part]:
    """``parts`` with accents on what they stand above."""
    left = list(parts)
    for accent in [part for part in parts if part.kind is Kind.ACCENT]:
        wide = accent.latex.startswith("\\wide")
        others = [part for part in left if part is not accent and part.kind is not Kind.ACCENT]
        below = [part for part in others if _is_under(part, accent, wide)]
        if not below:
            continue
        if not wide:
            below = [min(below, key=lambda part: abs(part.centre - accent.centre))]
        inner = below[0] if len(below) == 1 else None
        base = latex_of(below)
        latex = f"{accent.latex}{{{base}}}"
        made = (
            over(inner or row_of(below), [accent], latex)
            if inner
            else replace(row_of([*below, accent]), latex=latex)
        )
        kept = replace(made, kind=Kind.ORDINARY, alphabet="", box=box_of(below)) if inner else made
        left = [*without(left, [accent, *below]), kept]
    return left


def _is_under(part: Part, accent: Part, wide: bool) -> bool:
    """Whether ``accent`` stands above ``part``: on its baseline, or somewhat higher over a tall letter."""
    if part.kind in (Kind.PIECE, Kind.OPERATOR) or part.size < 0.6 * accent.size:
        return False
    raised = part.baseline - accent.baseline
    if not -0.1 * accent.size <= raised <= 0.45 * accent.size:
        return False
    if wide:
        return accent.box[0] - 0.1 * accent.size <= part.centre <= accent.box[2] + 0.1 * accent.size
    return min(part.box[2], accent.box[2]) - max(part.box[0], accent.box[0]) > 0.3 * min(
        part.width, accent.width
    )


def with_limits(parts: Sequence[Part], rules: Sequence[Box]) -> list[Part]:
    """``parts`` with what stands under and over operators, and under words such as "max", as their limits."""
    left = list(parts)
    for operator in sorted(parts, key=lambda part: part.box[0]):
        named = operator.kind is Kind.FUNCTION and operator.latex.rsplit("\\", 1)[-1] in WITH_LIMITS
        if operator.kind is not Kind.OPERATOR and not named and operator.kind is not Kind.INTEGRAL:
            continue
        others = without(left, [operator])
        below = _limit(operator, others, rules, under=True)
        above = [] if named else _limit(operator, without(others, below), rules, under=False)
        if not below and not above:
            continue
        latex = operator.latex
        for mark, group in (("_", below), ("^", above)):
            latex += f"{mark}{{{_limit_text(group)}}}" if group else ""
        whole = over(operator, [*below, *above], latex)
        if operator.centred:  # its middle stays where the sign's own is
            half = max(operator.middle - whole.box[1], whole.box[3] - operator.middle)
            whole = replace(
                whole, box=(whole.box[0], operator.middle - half, whole.box[2], operator.middle + half)
            )
        kind = operator.kind if operator.centred else Kind.ORDINARY
        left = [*without(left, [operator, *below, *above]), replace(whole, kind=kind)]
    return left


def _limit_text(group: Sequence[Part]) -> str:
    rows = by_rows(group, 0.05 * size_of(group))
    if len(rows) > 1 and all(abs(box_of(rows[0])[0] - box_of(row)[0]) < 4 * size_of(group) for row in rows):
        return f"\\substack{{{BREAK.join(map(latex_of, rows))}}}"
    return latex_of(group)


def _limit(operator: Part, parts: Sequence[Part], rules: Sequence[Box], *, under: bool) -> list[Part]:
    """The small parts straight under (or over) ``operator``, and those beside them."""
    size = operator.size
    edge = operator.box[3] if under else operator.box[1]
    if operator.kind is Kind.FUNCTION:
        edge = operator.baseline

    def beyond(part: Part) -> float:
        return part.box[1] - edge if under else edge - part.box[3]

    small = [
        part
        for part in parts
        if part.size < SAME_SIZE * size and -0.12 * size <= beyond(part) and part.kind is not Kind.ACCENT
    ]
    near = [
        part for part in small if beyond(part) <= LIMIT_NEAR * size and not _parted(operator, part, rules)
    ]
    found = [
        part for part in near if operator.box[0] - 0.1 * size <= part.centre <= operator.box[2] + 0.1 * size
    ]
    if not found and near:
        straddling = [part for part in near if part.box[0] <= operator.centre <= part.box[2]]
        found = straddling[:1]
    if operator.kind is Kind.INTEGRAL and not all(
        abs(part.centre - operator.centre) < 0.3 * size for part in found
    ):
        return []
    grown = bool(found)
    while grown:
        x0, y0, x1, y1 = box_of(found)
        more = [
            part
            for part in small
            if not any(part is one for one in found)
            and part.box[0] - x1 <= BESIDE * part.size
            and x0 - part.box[2] <= BESIDE * part.size
            and part.box[1] < y1 + 0.2 * size
            and part.box[3] > y0 - 0.2 * size
        ]
        found += more
        grown = bool(more)
    return found


def _parted(a: Part, b: Part, rules: Sequence[Box]) -> bool:
    """Whether a rule runs between the two."""
    low, high = sorted((a.middle, b.middle))
    return any(low < (y0 + y1) / 2 < high and x0 <= b.centre <= x1 for x0, y0, x1, y1 in rules)
