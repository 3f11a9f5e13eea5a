"""Parts that stand beside each other as one row of LaTeX: scripts, delimiters, matrices. Pure.

Who is a script of whom follows from baselines and sizes, from the left to the right, as in the baseline trees of
R. Zanibbi, D. Blostein and J. R. Cordy, Recognizing mathematical expressions using tree transformation (IEEE
Transactions on Pattern Analysis and Machine Intelligence 24(11), 2002).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from docspec.drafters.reading.formulas.parts import (
    AXIS,
    Kind,
    Part,
    box_of,
    by_rows,
    count_of,
    size_of,
    without,
)

SAME_SIZE = 0.85  # of the row's size: what is smaller may be a script
SHIFTED, SHIFTED_SMALL = 0.2, 0.06  # of the row's size: how far off the baseline a script is, at the least
OFF_AXIS = 0.3  # of the row's size: how far off the axis a fraction of a script is
QUAD = 0.95  # of the row's size: a gap that was set
MATRIX = 2.0  # of the row's size: how tall the delimiters of several rows are, at the least
ROW_GAP = 0.03  # of the size: between the rows of a matrix
COLUMN_GAP = 0.6  # of the size: between its columns
BIGS = (
    (1.5, "\\big"),
    (2.1, "\\Big"),
    (2.7, "\\bigg"),
    (float("inf"), "\\Bigg"),
)  # by their heights in sizes
LINE_STEP = (
    1.18,
    1.3,
)  # sizes from one row of a matrix to the next; of other two that stand in parentheses is n over k
BREAK = " \\\\ "  # between the rows of what has several
COMMAND_END = re.compile(r"\\[A-Za-z]+$")
MATRICES = {("(", ")"): "pmatrix", ("[", "]"): "bmatrix", ("\\{", "\\}"): "Bmatrix", ("|", "|"): "vmatrix"}
MATRICES |= {("\\|", "\\|"): "Vmatrix"}


@dataclass(slots=True)
class _Base:
    """A part on the row's baseline with its scripts."""

    part: Part | None
    below: list[Part] = field(default_factory=list)
    above: list[Part] = field(default_factory=list)


def latex_of(parts: Sequence[Part]) -> str:
    """The LaTeX of ``parts``, which are one row."""
    if not parts:
        return ""
    parts = with_matrices(parts)
    size = size_of(parts)
    baseline = _baseline(parts, size)
    bases: list[_Base] = []
    ordered = sorted(parts, key=lambda part: part.box[0])
    ways = [_way(part, baseline, size) for part in ordered]
    if all(ways):
        ways = [0] * len(ways)
    for part, way in zip(ordered, ways, strict=True):
        if not way and not (bases and _is_of_script(bases[-1], part)):
            bases.append(_Base(part))
            continue
        if not bases:
            bases.append(_Base(None))
        _attach(bases[-1], part, way)
    return _written(bases, size)


def _baseline(parts: Sequence[Part], size: float) -> float:
    """Where most of the row's largest parts stand; the leftmost of as many."""
    standing = [part for part in parts if not part.centred and part.size >= SAME_SIZE * size]
    if not standing:
        first = min(parts, key=lambda part: part.box[0])
        return first.middle + AXIS * first.size
    step = 0.1 * size
    counts = Counter(round(part.baseline / step) for part in standing)
    best = max(counts.values())
    first = min(
        (part for part in standing if counts[round(part.baseline / step)] == best),
        key=lambda part: part.box[0],
    )
    return first.baseline


def _way(part: Part, baseline: float, size: float) -> int:
    """1 for a superscript, -1 for a subscript, 0 for what stands on the row."""
    if part.centred:
        off = part.middle - (baseline - AXIS * size)
        inside = part.box[1] <= baseline - AXIS * size <= part.box[3]
        small = part.size < SAME_SIZE * size or part.height < 0.8 * size
        return 0 if abs(off) <= OFF_AXIS * size or (inside and not small) else (-1 if off > 0 else 1)
    off = part.baseline - baseline
    if part.kind in (Kind.OPENING, Kind.CLOSING, Kind.FENCE) and part.size >= SAME_SIZE * size:
        return 0 if abs(off) <= 2 * SHIFTED * size else (-1 if off > 0 else 1)
    least = SHIFTED if part.size >= SAME_SIZE * size else SHIFTED_SMALL
    return 0 if abs(off) <= least * size else (-1 if off > 0 else 1)


def _attach(base: _Base, part: Part, way: int) -> None:
    """Gives ``part`` to the script that it belongs to: a script's own script may be on either side of the row."""
    groups = [group for group in (base.above, base.below) if group]
    smaller = [group for group in groups if part.size < SAME_SIZE * size_of(group)]
    near = [
        group
        for group in smaller
        if group[-1].box[1] - part.height <= part.middle <= group[-1].box[3] + part.height
    ]
    if near:
        min(
            near,
            key=lambda group: (
                part.box[0] - max(one.box[2] for one in group),
                abs(group[-1].middle - part.middle),
            ),
        ).append(part)
    else:
        (base.above if way > 0 else base.below).append(part)


def _is_of_script(base: _Base, part: Part) -> bool:
    """Whether ``part``, though on the row's baseline, is so small that it is the script of a script beside it."""
    groups = [group for group in (base.above, base.below) if group and base.part is not None]
    return any(
        part.size < SAME_SIZE * size_of(group)
        and abs(part.box[0] - max(one.box[2] for one in group)) < 0.3 * size_of(group)
        for group in groups
    )


def _written(bases: Sequence[_Base], size: float) -> str:
    pieces: list[str] = []
    marks = _sides([base.part for base in bases], size)
    right = None
    for number, base in enumerate(bases):
        part = base.part
        if part is not None and right is not None:
            gap = part.box[0] - right
            if gap > QUAD * size:
                pieces.append("\\qquad" if gap > 1.9 * size else "\\quad")
        latex = "{}" if part is None else marks.get(number, part.latex)
        if latex == "|" and 0 < number < len(bases) - 1 and _is_relation(bases, number, size):
            latex = "\\mid"
        if part is not None and part.kind is Kind.LETTER:
            latex = _in_alphabet(latex, part.alphabet)
        elif part is not None and part.kind is Kind.TEXT:
            latex = _text(part, number, bases, size)
        for mark, group in (("_", base.below), ("^", base.above)):
            if group:
                latex = f"{latex}{mark}{{{latex_of(group)}}}"
        pieces.append(latex)
        boxes = [one.box[2] for one in (*((part,) if part else ()), *base.below, *base.above)]
        right = max(boxes)
    return joined(pieces)


def _is_relation(bases: Sequence[_Base], number: int, size: float) -> bool:
    """Whether a bar has space on both sides, as a relation has it."""
    part, before, after = bases[number].part, bases[number - 1], bases[number + 1].part
    if part is None or after is None or before.part is None:
        return False
    left = max(one.box[2] for one in (before.part, *before.below, *before.above))
    return part.box[0] - left > 0.2 * size and after.box[0] - part.box[2] > 0.2 * size


def _text(part: Part, number: int, bases: Sequence[_Base], size: float) -> str:
    """Words, with a space where one is set beside them."""
    before = bases[number - 1].part if number else None
    after = bases[number + 1].part if number + 1 < len(bases) else None
    left = before is not None and part.box[0] - before.box[2] > 0.2 * size
    right = (
        after is not None
        and after.box[0] - part.box[2] > 0.2 * size
        and not (bases[number].below or bases[number].above)
    )
    return f"\\text{{{' ' * left}{part.latex}{' ' * right}}}"


def _in_alphabet(latex: str, alphabet: str) -> str:
    return f"{alphabet}{{{latex}}}" if alphabet else latex


def joined(pieces: Sequence[str]) -> str:
    """``pieces`` as one string, a space where a command would go on into a letter."""
    out = ""
    for piece in filter(None, pieces):
        out += f" {piece}" if piece[0].isalpha() and COMMAND_END.search(out) else piece
    return out


def _sides(parts: Sequence[Part | None], size: float) -> dict[int, str]:
    """Large delimiters by their numbers: ``\\left`` and ``\\right`` where both are there, else how large."""
    large = [
        (number, part)
        for number, part in enumerate(parts)
        if part is not None and part.centred and part.kind in (Kind.OPENING, Kind.CLOSING, Kind.FENCE)
    ]
    found: dict[int, str] = {}
    opened: list[tuple[int, Part]] = []
    for number, part in large:
        fits = bool(opened) and abs(opened[-1][1].height - part.height) < 0.3 * size
        closes = part.kind is Kind.CLOSING or (
            part.kind is Kind.FENCE and fits and opened[-1][1].latex == part.latex
        )
        if closes and fits:
            start, first = opened.pop()
            found[start], found[number] = f"\\left{first.latex}", f"\\right{part.latex}"
        elif part.kind is not Kind.CLOSING:
            opened.append((number, part))
    for number, part in large:
        if number not in found:
            big = next(name for most, name in BIGS if part.height < most * size)
            found[number] = f"{big}{part.latex}"
    return found


def with_matrices(parts: Sequence[Part]) -> list[Part]:
    """``parts`` with what stands in several rows between tall delimiters, or after a brace, as one part."""
    left = list(parts)
    skipped: set[int] = set()
    while True:
        tall = sorted(
            (
                part
                for part in left
                if part.kind in (Kind.OPENING, Kind.FENCE) and part.centred and id(part) not in skipped
            ),
            key=lambda part: -part.box[0],
        )
        if not tall:
            return left
        opening = tall[0]
        skipped.add(id(opening))
        if (made := _matrix(opening, left)) is not None:
            matrix, used = made
            left = [*without(left, used), matrix]


def _matrix(opening: Part, parts: Sequence[Part]) -> tuple[Part, list[Part]] | None:
    """The matrix or the cases that ``opening`` begins, with the parts that they are made of."""
    after = [
        part
        for part in parts
        if part is not opening
        and part.box[0] >= opening.box[0]
        and opening.box[1] <= part.middle <= opening.box[3]
    ]
    closing = next(
        (
            part
            for part in sorted(after, key=lambda part: part.box[0])
            if part.kind in (Kind.CLOSING, Kind.FENCE)
            and part.centred
            and abs(part.height - opening.height) < 0.2 * opening.size
        ),
        None,
    )
    if closing is None and opening.latex != "\\{":
        return None
    inside = [
        part for part in after if part is not closing and (closing is None or part.centre < closing.box[0])
    ]
    if not inside:
        return None
    size = size_of(inside)
    rows = whole_rows(inside, ROW_GAP * size)
    if len(rows) < 2 or opening.height < MATRIX * 0.85 * size:
        return None
    columns = _columns(inside)
    if len(rows) == 2 and not columns and (opening.latex, closing and closing.latex) == ("(", ")"):
        apart = (_baseline(rows[1], size_of(rows[1])) - _baseline(rows[0], size_of(rows[0]))) / size
        if not LINE_STEP[0] < apart < LINE_STEP[1]:
            used = [opening, *inside, *([closing] if closing else [])]
            latex = f"\\binom{{{latex_of(rows[0])}}}{{{latex_of(rows[1])}}}"
            return Part(latex, box_of(used), opening.baseline, size, centred=True, count=count_of(used)), used
    body = BREAK.join(" & ".join(latex_of(cell) for cell in _cells(row, columns)) for row in rows)
    used = [opening, *inside, *([closing] if closing else [])]
    if closing is None:
        latex = f"\\begin{{cases}} {body} \\end{{cases}}"
    elif (name := MATRICES.get((opening.latex, closing.latex))) is not None:
        latex = f"\\begin{{{name}}} {body} \\end{{{name}}}"
    else:
        latex = f"\\left{opening.latex}\\begin{{matrix}} {body} \\end{{matrix}}\\right{closing.latex}"
    whole = Part(latex, box_of(used), opening.baseline, size, centred=True, count=count_of(used))
    return whole, used


def whole_rows(parts: Sequence[Part], gap: float) -> list[list[Part]]:
    """``parts`` by rows that ``gap`` points part; what has nothing of the usual size goes with the row nearest."""
    rows = by_rows(parts, gap)
    size = size_of(parts)
    while len(rows) > 1:
        small = next((n for n, row in enumerate(rows) if size_of(row) < SAME_SIZE * size), None)
        if small is None:
            return rows
        box = box_of(rows[small])
        gaps = {
            n: max(box_of(rows[n])[1] - box[3], box[1] - box_of(rows[n])[3])
            for n in (small - 1, small + 1)
            if 0 <= n < len(rows)
        }
        other = min(gaps, key=lambda n: gaps[n])
        low, high = sorted((small, other))
        rows[low : high + 1] = [[*rows[low], *rows[high]]]
    return rows


def _columns(parts: Sequence[Part]) -> list[float]:
    """Where columns part: wide gaps that go through all rows."""
    size = size_of(parts)
    edges: list[float] = []
    spans = sorted((part.box[0], part.box[2]) for part in parts)
    reach = spans[0][1]
    for x0, x1 in spans[1:]:
        if x0 - reach > COLUMN_GAP * size:
            edges.append((x0 + reach) / 2)
        reach = max(reach, x1)
    return edges


def _cells(row: Sequence[Part], edges: Sequence[float]) -> list[list[Part]]:
    bounds = [float("-inf"), *edges, float("inf")]
    return [[part for part in row if low <= part.centre < high] for low, high in pairwise(bounds)]


def as_part(parts: Sequence[Part], latex: str, *, axis: float | None = None) -> Part:
    """``parts`` as one, written ``latex``; its middle is on the ``axis`` where there is one."""
    box = box_of(parts)
    size = size_of(parts)
    baseline = _baseline(parts, size)
    part = Part(latex, box, baseline, size, count=count_of(parts))
    return part if axis is None else replace(part, centred=True)
