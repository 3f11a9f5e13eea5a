"""The head of a table without cells' rules: lines of one cell, and cells that span columns. Pure geometry.

The body's rows of amounts say where the columns are. A head's lines are those of one cell unless a rule parts
them; a rule under some columns shows what stands over all of these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from docspec.drafters.formats.table_text import Cell, filled
from docspec.drafters.reading.pieces import AMOUNT, CURRENCY, WORD_GAP, Piece
from docspec.types import union

MOST = 8  # rows of a head
ENOUGH = 3  # rows of amounts in a body, at the least
FEW = 2  # the same where the body has no other, and not all columns have a piece of the head's first line
COLUMNS = 3  # of such a table, at the least
AMOUNTS = 0.6  # share of the texts beside a label that show the first row of the body, at the least
FIGURE = re.compile(r"[(\-–—−+$€£]?\s*[\d.,]*\d[\d.,]*\s*\)?")
YEAR = re.compile(r"(?:19|20)\d\d")  # stands in heads, too
LOW, HIGH = (
    0.3,
    0.2,
)  # of a line's height: how far above its bottom and below the next line's top a rule may be
NEAR = 0.35  # of a line's height: how far a gap between words may be from that between columns
ALIGNED = 0.8  # of a line's height: how far a head may be from its column's left, right or middle
ASIDE = 0.3  # share of a text that may stand over the text of another column than its own
SLACK = 2.0  # points by which a rule may be shorter than what it is of

Extents = Sequence[tuple[float, float]]
_Placed = tuple[str, int, int, bool]  # a text, its first and last column, whether a rule is under it
_Ruled = tuple[tuple[float, float], int, int]  # a rule's ends, the first and last column over it
Rule = Callable[[float, float, float], "tuple[float, float] | None"]


@dataclass(slots=True)
class _Head:
    """A cell of the head: its texts line by line, its columns, how many cells are above it."""

    texts: list[str]
    first: int
    last: int
    level: int
    closed: bool
    lowest: bool = True  # whether the body is under it


def head_rows(rows: Sequence[Sequence[Piece]]) -> int:
    """How many rows are a head of several lines; 0 where it has one, or nothing shows where it ends."""
    count = next((number for number, row in enumerate(rows) if _is_body(row)), 0)
    count = next((n for n in range(1, count) if _is_sparse(rows[n], rows[count])), count)
    label = rows[count][0].box[2] if rows else 0.0  # where the labels end
    while count > 1 and len(rows[count - 1]) == 1 and max(len(row) for row in rows[: count - 1]) > 1:
        if rows[count - 1][0].box[0] > label:
            break
        count -= 1  # a sub-head of the body
    figures = sum(_is_body(row) for row in rows[count:])
    widest = max((len(row) for row in rows), default=0)
    few = figures == FEW == len(rows) - count and widest >= COLUMNS and len(rows[0]) < widest
    return count if 1 < count <= MOST and (figures >= ENOUGH or few) else 0


def _is_body(row: Sequence[Piece]) -> bool:
    texts = [CURRENCY.sub("", piece.text).strip() for piece in row[1:]]
    amounts = [text for text in texts if AMOUNT.fullmatch(text) and not YEAR.fullmatch(text)]
    return len(amounts) > 0 and len(amounts) >= AMOUNTS * (len(row) - 1)


def _is_sparse(row: Sequence[Piece], body: Sequence[Piece]) -> bool:
    """Whether ``row`` is one of the body, though most of its texts are no amounts: it has a label where
    ``body`` has, and an amount over one of these."""
    height = body[0].box[3] - body[0].box[1]
    if len(row) < COLUMNS or abs(row[0].box[0] - body[0].box[0]) > height / 2:
        return False
    figures, others = (
        [piece.box for piece in pieces if FIGURE.fullmatch(piece.text) and not YEAR.fullmatch(piece.text)]
        for pieces in (row[1:], body[1:])
    )
    return any(min(a[2], b[2]) - max(a[0], b[0]) > 0 for a in figures for b in others)


def head_cells(
    head: Sequence[Sequence[Piece]],
    body: Sequence[Sequence[Piece]],
    edges: Sequence[float],
    rule: Rule,
) -> list[Cell]:
    """The cells of ``head``, a table's first rows as words; ``edges`` part the columns of ``body``."""
    extents = _extents(body, edges)
    cells: list[_Head] = []
    at: dict[int, _Head] = {}  # the lowest cell of each column so far
    for row in _placed([*head, body[0]], extents, rule):
        for text, first, last, closed in row:
            over = at.get(first)
            if over and (over.first, over.last) == (first, last) and not over.closed:
                over.texts.append(text)
                over.closed = closed
                continue
            above = [at[column] for column in range(first, last + 1) if column in at]
            for cell in above:
                cell.lowest = False
            level = max((cell.level + 1 for cell in above), default=0)
            cells.append(_Head([text], first, last, level, closed))
            at |= dict.fromkeys(range(first, last + 1), cells[-1])
    return _as_cells(cells, len(edges) + 1)


def _placed(rows: Sequence[Sequence[Piece]], extents: Extents, rule: Rule) -> list[list[_Placed]]:
    """The texts of the rows but the last, from the first row on, with their columns."""
    done: list[list[_Placed]] = []
    under: list[_Ruled] = []  # the rules under the row below
    for row, below in reversed(list(pairwise(rows))):
        whole = _runs(row)
        ruled = [_ruled(run, whole, below, extents, rule) or _under(run, whole, under) for run in whole]
        if not any(ruled) and below is not rows[-1]:
            ruled = _repeated(whole, below, extents)
        found = [over for over in ruled if over]
        texts: list[_Placed] = []
        for run, over in zip(whole, ruled, strict=True):
            if over:
                texts.append((_text(run), over[1], over[2], over not in under))
                continue
            parts = _split(run, extents)
            for part in parts:
                over = _ruled(part, [*whole, *parts], below, extents, rule) if len(parts) > 1 else None
                first, last = over[1:] if over else _columns(part, extents)
                texts.append((_text(part), first, last, over is not None))
                found += [over] if over else []
        done.append(texts)
        under = found
    return done[::-1]


def _text(run: Sequence[Piece]) -> str:
    return " ".join(piece.text for piece in run)


def _as_cells(heads: Sequence[_Head], width: int) -> list[Cell]:
    """Heads as cells: the lowest of a column goes down to the body; places without any are empty."""
    height = max(head.level for head in heads) + 1
    cells = [
        Cell(
            " ".join(head.texts),
            head.level,
            head.first,
            height - head.level if head.lowest else 1,
            head.last - head.first + 1,
        )
        for head in heads
    ]
    return filled(cells, width)


def _extents(body: Sequence[Sequence[Piece]], edges: Sequence[float]) -> list[tuple[float, float]]:
    """From where to where the text of each column of the body goes; its edges where it has none."""
    bounds = [body[0][0].box[0], *edges, max(row[-1].box[2] for row in body)]
    extents: list[tuple[float, float]] = []
    for left, right in pairwise(bounds):
        boxes = [p.box for row in body for p in row if left <= p.box[0] and p.box[2] <= right]
        span = union(boxes) if boxes else None
        extents.append((span[0], span[2]) if span else (left, right))
    return extents


def _runs(row: Sequence[Piece]) -> list[list[Piece]]:
    """A row's words by the gaps between them."""
    runs: list[list[Piece]] = []
    for piece in row:
        gap = piece.box[0] - runs[-1][-1].box[2] if runs else 0.0
        if runs and gap < WORD_GAP * (piece.box[3] - piece.box[1]):
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return runs


def _split(run: Sequence[Piece], extents: Extents) -> list[list[Piece]]:
    """``run`` cut between the columns that it stands over, if it has gaps there and each part fits."""
    x0, y0, x1, y1 = union([piece.box for piece in run])
    first, last = _over(x0, x1, extents)
    reach = NEAR * (y1 - y0)
    cuts: set[int] = set()
    for (_, start), (end, _) in pairwise(extents[first : last + 1]):
        gaps = [(a.box[2], b.box[0], n) for n, (a, b) in enumerate(pairwise(run), 1)]
        near = [(a, b, n) for a, b, n in gaps if start - reach < (a + b) / 2 < end + reach]
        if not near:
            return [list(run)]
        middle, most = (start + end) / 2, max(b - a for a, b, _ in near) - 0.1 * (y1 - y0)
        cuts.add(min((abs((a + b) / 2 - middle), n) for a, b, n in near if b - a >= most)[1])
    parts = [list(run[a:b]) for a, b in pairwise([0, *sorted(cuts), len(run)])]
    if len(parts) != last - first + 1:
        return [list(run)]
    fits = (_offset(part, extents[first + n]) <= ALIGNED * (y1 - y0) for n, part in enumerate(parts))
    return parts if all(fits) else [list(run)]


def _offset(run: Sequence[Piece], extent: tuple[float, float]) -> float:
    """How far a text is from standing at the left, at the right or in the middle of a column's text."""
    left, right = run[0].box[0] - extent[0], run[-1].box[2] - extent[1]
    return min(abs(left), abs(right), abs(left + right) / 2)


def _over(x0: float, x1: float, extents: Extents) -> tuple[int, int]:
    """The first and last column whose text a head from x0 to x1 stands over, else the nearest."""
    over = [n for n, (left, right) in enumerate(extents) if min(x1, right) - max(x0, left) > 1]
    if over:
        return over[0], over[-1]
    own = min(range(len(extents)), key=lambda n: abs(x0 + x1 - sum(extents[n])))
    return own, own


def _columns(run: Sequence[Piece], extents: Extents) -> tuple[int, int]:
    """The first and last column that a text without a rule stands over."""
    x0, x1 = run[0].box[0], run[-1].box[2]
    first, last = _over(x0, x1, extents)
    own = min(range(len(extents)), key=lambda n: abs(x0 + x1 - sum(extents[n])))
    beside = [extents[n] for n in range(first, last + 1) if n != own]
    aside = max((min(x1, right) - max(x0, left) for left, right in beside), default=0.0)
    return (own, own) if last - first == 1 and aside < ASIDE * (x1 - x0) else (first, last)


def _ruled(
    run: Sequence[Piece],
    runs: Sequence[Sequence[Piece]],
    below: Sequence[Piece],
    extents: Extents,
    rule: Rule,
) -> _Ruled | None:
    """The rule under a text that is of several columns, and the first and last of these."""
    x0, y0, x1, y1 = union([piece.box for piece in run])
    height = y1 - y0
    top = max(y1, min(piece.box[1] for piece in below))
    ends = rule((x0 + x1) / 2, y1 - LOW * height, top + HIGH * height)
    if not ends or not _alone(run, runs, ends):
        return None
    columns = [n for n, (a, b) in enumerate(extents) if ends[0] - SLACK <= (a + b) / 2 <= ends[1] + SLACK]
    return (ends, columns[0], columns[-1]) if len(columns) > 1 else None


def _under(run: Sequence[Piece], runs: Sequence[Sequence[Piece]], under: Sequence[_Ruled]) -> _Ruled | None:
    """What is ruled under the next line, where ``run`` stands over that alone: a text of two lines."""
    return next((found for found in under if _alone(run, runs, found[0])), None)


def _repeated(
    runs: Sequence[Sequence[Piece]], below: Sequence[Piece], extents: Extents
) -> list[_Ruled | None]:
    """What each text stands over where the heads below it come again and again, once under each text."""
    heads = [part for run in _runs(below) for part in _split(run, extents)]
    first = len(extents) - len(heads)
    texts = [_text(head) for head in heads]
    over = [run for run in runs if run[-1].box[2] > extents[max(first, 0)][0]]
    period = len(heads) // max(1, len(over))
    again = len(over) > 1 and period > 1 and texts == texts[:period] * len(over)
    if (
        not again
        or first < 0
        or [_columns(head, extents) for head in heads] != [(first + n, first + n) for n in range(len(heads))]
    ):
        return [None] * len(runs)
    groups = {
        id(run): ((run[0].box[0], run[-1].box[2]), first + n * period, first + (n + 1) * period - 1)
        for n, run in enumerate(over)
    }
    return [groups.get(id(run)) for run in runs]


def _alone(run: Sequence[Piece], runs: Sequence[Sequence[Piece]], ends: tuple[float, float]) -> bool:
    """Whether ``run`` stands between ``ends``, and no other of its row."""
    inside = ends[0] <= run[0].box[0] + SLACK and run[-1].box[2] - SLACK <= ends[1]
    middles = [(other[0].box[0] + other[-1].box[2]) / 2 for other in runs if other[0] not in run]
    return inside and not any(ends[0] < middle < ends[1] for middle in middles)
