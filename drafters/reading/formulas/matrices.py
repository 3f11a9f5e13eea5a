"""Rows between tall delimiters: matrices, cases, and one number over another. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

from docspec.drafters.reading.formulas.parts import (
    AXIS,
    SAME_SIZE,
    Kind,
    Part,
    box_of,
    by_rows,
    count_of,
    size_of,
    without,
)

SHIFTED, SHIFTED_SMALL = 0.2, 0.06  # of the row's size: how far off the baseline a script is, at the least
MATRIX = 2.0  # of the row's size: how tall the delimiters of several rows are, at the least
ROW_GAP = 0.03  # of the size: between the rows of a matrix
COLUMN_GAP = 0.6  # of the size: between its columns
LINE_STEP = (
    1.18,
    1.3,
)  # sizes from one row of a matrix to the next; of other two that stand in parentheses is n over k
BREAK = " \\\\ "  # between the rows of what has several
MATRICES = {("(", ")"): "pmatrix", ("[", "]"): "bmatrix", ("\\{", "\\}"): "Bmatrix", ("|", "|"): "vmatrix"}
MATRICES |= {("\\|", "\\|"): "Vmatrix"}


Write = Callable[[Sequence[Part]], str]  # what writes a row


def baseline_of(parts: Sequence[Part], size: float) -> float:
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


def with_matrices(parts: Sequence[Part], write: Write) -> list[Part]:
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
        if (made := _matrix(opening, left, write)) is not None:
            matrix, used = made
            left = [*without(left, used), matrix]


def _matrix(opening: Part, parts: Sequence[Part], write: Write) -> tuple[Part, list[Part]] | None:
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
        apart = (baseline_of(rows[1], size_of(rows[1])) - baseline_of(rows[0], size_of(rows[0]))) / size
        if not LINE_STEP[0] < apart < LINE_STEP[1]:
            used = [opening, *inside, *([closing] if closing else [])]
            latex = f"\\binom{{{write(rows[0])}}}{{{write(rows[1])}}}"
            return Part(latex, box_of(used), opening.baseline, size, centred=True, count=count_of(used)), used
    body = BREAK.join(" & ".join(write(cell) for cell in _cells(row, columns)) for row in rows)
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
    """``parts`` by rows that ``gap`` points part; what has nothing of the usual size goes with those near."""
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
