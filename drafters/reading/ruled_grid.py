"""Pieces of text to the grid that a table's rules draw. Pure geometry.

PyMuPDF's cells are those of every edge that a page draws: backgrounds of cells and of lines have some that
nobody sees or means. These go first; then cells are cut whose text stands in several rows or columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from docspec.drafters.formats.table_text import Cell, filled
from docspec.drafters.reading.cell_bands import band_cuts
from docspec.drafters.reading.pieces import Piece, merged, rows_of
from docspec.types import Box, union

Seen = Callable[[float, float, float], bool]

CLOSE = 3.0  # points: cell edges nearer than this are one grid line
RULED = 0.6  # share of the edges that a page shows of a table with rules, at the least
PADDING = 8.0  # points: strips that are no wider, and hold no text, are padding around backgrounds of cells


def ruled_cells(pieces: Sequence[Piece], boxes: Sequence[Box], seen: Seen = lambda *_: True) -> list[Cell]:
    """``pieces`` put into the cells ``boxes``, spans by the grid lines that a cell crosses.

    A piece goes to the cell that holds its middle, else to the nearest: none is lost. Holes of the grid are
    empty cells. ``seen`` says whether the page shows the edge from x0 to x1 at y.
    """
    boxes = _without_unseen(pieces, _without_inner(boxes), seen)
    for axis in (0, 1):
        boxes = _without_padding(pieces, boxes, axis)
    boxes = _columned(pieces, _parted(pieces, boxes))
    lefts, tops = _edges([b[0] for b in boxes]), _edges([b[1] for b in boxes])
    texts: list[list[Piece]] = [[] for _ in boxes]
    for piece in pieces:
        nearest = min(range(len(boxes)), key=lambda i: _distance(piece.box, boxes[i]))
        texts[nearest].append(piece)
    cells = []
    for box, inside in zip(boxes, texts, strict=True):
        row, column = _at(tops, box[1]), _at(lefts, box[0])
        rows = max(1, sum(box[1] + CLOSE < top < box[3] - CLOSE for top in tops) + 1)
        columns = max(1, sum(box[0] + CLOSE < left < box[2] - CLOSE for left in lefts) + 1)
        cells.append(Cell(_flow(inside), row, column, rows, columns))
    return filled(sorted(cells, key=lambda cell: (cell.row, cell.column)))


def _without_inner(boxes: Sequence[Box]) -> list[Box]:
    """``boxes`` without those inside of others: backgrounds of a cell's lines; and without frames around
    cells of several columns."""
    corners = np.array(sorted(set(boxes)))
    starts = (corners[None, :, :2] > corners[:, None, :2] - CLOSE).all(axis=2)
    inside = np.asarray(starts & (corners[None, :, 2:] < corners[:, None, 2:] + CLOSE).all(axis=2))
    np.fill_diagonal(inside, False)
    inside &= ~(inside & inside.T & np.tri(len(corners), dtype=bool))  # of two at one place the first
    dropped: set[int] = set()
    for outer in np.flatnonzero(inside.any(axis=1)).tolist():
        inner = np.flatnonzero(inside[outer]).tolist()
        columns = len(_edges(corners[inner, 0].tolist()))
        dropped.update([outer] if columns > 1 else inner)
    kept = (corners[number].tolist() for number in range(len(corners)) if number not in dropped)
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in kept]


def _without_padding(pieces: Sequence[Piece], boxes: Sequence[Box], axis: int) -> list[Box]:
    """``boxes`` without the narrow strips around backgrounds of cells, in x (``axis`` 0) or y (1): they hold
    no text, and the edges beside one are one."""
    edges = _edges([value for box in boxes for value in (box[axis], box[axis + 2])])
    spans = [(_at(edges, box[axis]), _at(edges, box[axis + 2])) for box in boxes]
    held = {a for box, (a, b) in zip(boxes, spans, strict=True)
            if b - a == 1 and edges[b] - edges[a] <= PADDING
            and any(not _distance(piece.box, box) for piece in pieces)}  # fmt: skip
    chains: list[list[int]] = [[0]]
    for number, (a, b) in enumerate(pairwise(edges)):
        if b - a > PADDING or number in held:
            chains.append([])
        chains[-1].append(number + 1)
    place = {n: (edges[chain[0]] + edges[chain[-1]]) / 2 for chain in chains for n in chain}
    done: list[Box] = []
    for box, (a, b) in zip(boxes, spans, strict=True):
        start, end = place[a], place[b]
        if start < end:
            done.append((start, box[1], end, box[3]) if axis == 0 else (box[0], start, box[2], end))
    return done or list(boxes)


def _without_unseen(pieces: Sequence[Piece], boxes: Sequence[Box], seen: Seen) -> list[Box]:
    """``boxes`` with those put together that stand one above the other without an edge that the page shows,
    where it shows others: backgrounds of a cell's lines.

    Either another cell goes over the edge, or the lower box goes on with the upper one's text or has none.
    """
    columns: dict[tuple[float, float], list[Box]] = {}
    for box in sorted(boxes, key=lambda box: box[1]):
        columns.setdefault((box[0], box[2]), []).append(box)
    inner = [pair for column in columns.values() for pair in pairwise(column) if _adjoin(*pair)]
    shown = {(above[0], above[2], above[3]): seen(above[0], above[2], above[3]) for above, _ in inner}
    drawn = [y for (_, _, y), is_shown in shown.items() if is_shown]
    ruled = len(drawn) >= RULED * len(shown)
    texts = {
        box: [piece for piece in pieces if not _distance(piece.box, box)] for pair in inner for box in pair
    }
    done: list[Box] = []
    for column in columns.values():
        held: list[Piece] = []  # what the box that ``done`` ends with holds
        for number, box in enumerate(column):
            above = column[number - 1] if number else None
            held = [*held, *texts.get(box, ())]
            if above and _adjoin(above, box) and not shown[above[0], above[2], above[3]]:
                over = any(other[1] + CLOSE < box[1] < other[3] - CLOSE for other in boxes)
                beside = ruled or any(abs(y - box[1]) < CLOSE for y in drawn)
                if over or (beside and _goes_on(held[: -len(texts[box]) or None], texts[box])):
                    done[-1] = union([done[-1], box])
                    continue
            done.append(box)
            held = texts.get(box, [])
    return done


def _adjoin(above: Box, below: Box) -> bool:
    """Whether two boxes of a column share an edge."""
    return abs(above[3] - below[1]) < CLOSE


def _goes_on(above: Sequence[Piece], below: Sequence[Piece]) -> bool:
    return not above or not below or rows_of(below)[0][0].text[0].islower()


def _parted(pieces: Sequence[Piece], boxes: Sequence[Box]) -> list[Box]:
    """``boxes`` with the bands of a table whose rules part groups of rows cut between the rows."""
    done: list[Box] = []
    for band in _bands(boxes):
        inside = [[piece for piece in pieces if not _distance(piece.box, box)] for box in sorted(band)]
        for x0, top, x1, bottom in band:
            done += [(x0, a, x1, b) for a, b in pairwise([top, *band_cuts(inside, sorted(band)), bottom])]
    return done


def _columned(pieces: Sequence[Piece], boxes: Sequence[Box]) -> list[Box]:
    """``boxes`` that are several cells cut at the table's columns: shaded rows, whose background is one, and
    heads over several columns each without a rule between them."""
    lefts = _edges([box[0] for box in boxes])
    done: list[Box] = []
    for box in boxes:
        cuts = [left for left in lefts if box[0] + CLOSE < left < box[2] - CLOSE]
        rows = rows_of([piece for piece in pieces if not _distance(piece.box, box)]) if cuts else []
        runs = [merged(row) for row in rows]
        free = [cut for cut in cuts if not any(_crosses(run, cut) for row in runs for run in row)]
        held = {sum(cut <= (run.box[0] + run.box[2]) / 2 for cut in free) for row in runs for run in row}
        of_columns = free == cuts and len(held) >= max(2, (len(cuts) + 1) / 2)
        of_groups = len(held) == len(free) + 1 > 1 and len({len(row) for row in runs}) == 1
        parted = free if of_columns or of_groups else []
        done += [(a, box[1], b, box[3]) for a, b in pairwise([box[0], *parted, box[2]])]
    return done


def _crosses(run: Piece, cut: float) -> bool:
    return run.box[0] + 1 < cut < run.box[2] - 1


def _bands(boxes: Sequence[Box]) -> list[list[Box]]:
    """``boxes`` of one top and bottom together."""
    bands: dict[tuple[float, float], list[Box]] = {}
    for box in boxes:
        key = next((k for k in bands if abs(k[0] - box[1]) < CLOSE and abs(k[1] - box[3]) < CLOSE), None)
        bands.setdefault(key or (box[1], box[3]), []).append(box)
    return list(bands.values())


def _flow(pieces: Sequence[Piece]) -> str:
    """The text of one cell, row by row."""
    return " ".join(piece.text for row in rows_of(pieces) for piece in row)


def _edges(values: Sequence[float]) -> list[float]:
    edges: list[float] = []
    for value in sorted(values):
        if not edges or value - edges[-1] > CLOSE:
            edges.append(value)
    return edges


def _at(edges: Sequence[float], value: float) -> int:
    return max(0, sum(edge <= value + 0.01 for edge in edges) - 1)


def _distance(box: Box, cell: Box) -> float:
    """How far the middle of ``box`` lies outside ``cell``; 0 inside."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return max(cell[0] - x, x - cell[2], 0.0) + max(cell[1] - y, y - cell[3], 0.0)
