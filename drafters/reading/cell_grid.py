"""Pieces of text to a table's grid: by ruled cells where they are known, else by alignment. Pure geometry.

By alignment: pieces that overlap vertically are a row; a column edge is a strip of blank that (almost) no
row crosses. Pieces that do cross one are cells that span.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from docspec.drafters.formats.table_text import Cell
from docspec.types import Box, union

CLOSE = 3.0  # points: cell edges nearer than this are one grid line
MIN_BLANK = 0.5  # of a piece's height: narrower strips do not part columns
WORD_GAP = 0.7  # of a piece's height: a wider gap in a row parts cells
MAY_CROSS = 0.2  # share of the rows that may cross a column edge (spanning headers)
WRAPPED = 0.75  # of the usual distance of rows: a nearer row with an empty first cell goes on the one above
SET_APART = 0.9  # the same, of the usual distance of rows whose first cell has text, where cells have rows
BAND = 3  # cells of a band that have a line for each of its rows, at least
CURRENCY = re.compile(r"[$€£¥₹₩₽]|US\$|USD|EUR|GBP|CHF|Rs\.?")
AMOUNT = re.compile(r"[(\-–—−+]?\s*[\d.,]*\d[\d.,]*\s*\)?%?|[-–—]")
CLOSES = re.compile(r"\)?%|\)")  # what may stand apart after a number


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text inside one cell, with its box in points."""

    text: str
    box: Box


def ruled_cells(pieces: Sequence[Piece], boxes: Sequence[Box]) -> list[Cell]:
    """``pieces`` put into the ruled cells ``boxes``, spans by the grid lines that a cell crosses.

    A piece goes to the cell that holds its middle, else to the nearest: none is lost. A row of cells that all
    hold several lines of numbers is as many rows, one cell with text in several columns as many cells.
    """
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
    return sorted(cells, key=lambda cell: (cell.row, cell.column))


def _parted(pieces: Sequence[Piece], boxes: Sequence[Box]) -> list[Box]:
    """``boxes`` with the bands of a table whose rules part groups of rows cut between the rows."""
    done: list[Box] = []
    for band in _bands(boxes):
        inside = [[piece for piece in pieces if not _distance(piece.box, box)] for box in band]
        rows = _rows([piece for cell in inside for piece in cell])
        full = [cell for cell in inside if cell]
        aligned = [cell for cell in full if len(_rows(cell)) == len(rows)]
        numbers = sum(AMOUNT.fullmatch(piece.text) is not None for cell in full for piece in cell)
        if len(rows) < 2 or len(aligned) < max(BAND, len(full) / 2) or 2 * numbers < sum(map(len, full)):
            done += band
            continue
        spans = [union([piece.box for piece in row]) for row in rows]
        cuts = [(above[3] + below[1]) / 2 for above, below in pairwise(spans)]
        for x0, top, x1, bottom in band:
            done += [(x0, a, x1, b) for a, b in pairwise([top, *cuts, bottom])]
    return done


def _columned(pieces: Sequence[Piece], boxes: Sequence[Box]) -> list[Box]:
    """``boxes`` with shaded rows, whose background is one cell, cut at the table's columns: their text stands
    in several of these and crosses from none to the next."""
    lefts = _edges([box[0] for box in boxes])
    done: list[Box] = []
    for box in boxes:
        cuts = [left for left in lefts if box[0] + CLOSE < left < box[2] - CLOSE]
        inside = [piece for piece in pieces if not _distance(piece.box, box)] if cuts else []
        runs = [run for row in _rows(inside) for run in _merged(row)]
        crossed = any(run.box[0] + 1 < cut < run.box[2] - 1 for run in runs for cut in cuts)
        held = {sum(cut <= (run.box[0] + run.box[2]) / 2 for cut in cuts) for run in runs}
        if crossed or len(held) < max(2, (len(cuts) + 1) / 2):
            done.append(box)
            continue
        done += [(a, box[1], b, box[3]) for a, b in pairwise([box[0], *cuts, box[2]])]
    return done


def _bands(boxes: Sequence[Box]) -> list[list[Box]]:
    """``boxes`` of one top and bottom together."""
    bands: dict[tuple[float, float], list[Box]] = {}
    for box in boxes:
        key = next((k for k in bands if abs(k[0] - box[1]) < CLOSE and abs(k[1] - box[3]) < CLOSE), None)
        bands.setdefault(key or (box[1], box[3]), []).append(box)
    return list(bands.values())


def aligned_cells(pieces: Sequence[Piece]) -> list[Cell] | None:
    """``pieces`` (words, or runs of words) as a grid by their alignment; None where they form none."""
    rows = [_merged(_with_signs(row)) for row in _rows(pieces)]
    edges = _column_edges(rows)
    if len(rows) < 2 or not edges:
        return None
    cells = [cell for number, row in enumerate(rows) for cell in _row_cells(row, number, edges)]
    return _unwrapped(cells, [union([piece.box for piece in row]) for row in rows])


def _rows(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces by row: each joins the row whose first piece's height holds its middle."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: (p.box[1] + p.box[3], p.box)):
        middle = (piece.box[1] + piece.box[3]) / 2
        if rows and middle <= _row_bottom(rows[-1]):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [sorted(row, key=lambda p: p.box[0]) for row in rows]


def _row_bottom(row: Sequence[Piece]) -> float:
    """How low a further piece's middle may lie: half way down the lower part of the row's first piece."""
    top, bottom = row[0].box[1], row[0].box[3]
    return top + 0.8 * (bottom - top)


def _with_signs(row: Sequence[Piece]) -> list[Piece]:
    """A row's words with currency signs, which may stand far left of their numbers, as part of these; so are
    percent signs and brackets after them. Such a piece stands where the number does."""
    done: list[Piece] = []
    for piece in row:
        last = done[-1] if done else None
        if last and CURRENCY.fullmatch(last.text) and AMOUNT.fullmatch(piece.text):
            done[-1] = Piece(f"{last.text} {piece.text}", piece.box)
        elif last and CLOSES.fullmatch(piece.text) and AMOUNT.fullmatch(last.text.split(" ")[-1]):
            done[-1] = Piece(f"{last.text}{piece.text}", last.box)
        else:
            done.append(piece)
    return done


def _merged(row: Sequence[Piece]) -> list[Piece]:
    """A row's words run together where the gap is a word's."""
    merged: list[Piece] = []
    for piece in row:
        height = piece.box[3] - piece.box[1]
        if merged and piece.box[0] - merged[-1].box[2] < WORD_GAP * height:
            last = merged.pop()
            merged.append(Piece(f"{last.text} {piece.text}", union([last.box, piece.box])))
        else:
            merged.append(piece)
    return merged


def _column_edges(rows: Sequence[Sequence[Piece]]) -> list[float]:
    """The middles of the blank strips between columns."""
    spans = [(piece.box[0], piece.box[2], number) for number, row in enumerate(rows) for piece in row]
    if not spans:
        return []
    blank = MIN_BLANK * median(piece.box[3] - piece.box[1] for row in rows for piece in row)
    stops = sorted({x for left, right, _ in spans for x in (left, right)})
    allowed = int(MAY_CROSS * len(rows))
    edges: list[float] = []
    start: float | None = None
    for a, b in pairwise(stops):
        crossing = len({number for left, right, number in spans if left < b and right > a})
        if crossing <= allowed:
            start = a if start is None else start
            continue
        if start is not None and a - start >= blank and start > stops[0]:
            edges.append((start + a) / 2)
        start = None
    return edges


def _row_cells(row: Sequence[Piece], number: int, edges: Sequence[float]) -> list[Cell]:
    """A row's cells, with empty ones where it has nothing."""
    cells: list[Cell] = []
    for piece in row:
        first = sum(edge <= piece.box[0] for edge in edges)
        last = max(first, sum(edge < piece.box[2] for edge in edges))
        if cells and first < cells[-1].column + cells[-1].columns:
            held = cells.pop()
            reach = max(held.column + held.columns, last + 1)
            cells.append(Cell(f"{held.text} {piece.text}", number, held.column, 1, reach - held.column))
        else:
            cells.append(Cell(piece.text, number, first, 1, last - first + 1))
    taken = {column for cell in cells for column in range(cell.column, cell.column + cell.columns)}
    empty = [Cell("", number, column) for column in range(len(edges) + 1) if column not in taken]
    return sorted([*cells, *empty], key=lambda cell: cell.column)


def _unwrapped(cells: Sequence[Cell], boxes: Sequence[Box]) -> list[Cell]:
    """Rows that only go on the cells above (close, the first cell empty, no spans) put together with them."""
    steps = [b[1] - a[1] for a, b in pairwise(boxes)]
    firsts = {cell.row for cell in cells if cell.column == 0 and cell.text}
    apart = [step for number, step in enumerate(steps, 1) if number in firsts]
    near = max(WRAPPED * median(steps), SET_APART * median(apart) if len(apart) > 1 else 0.0)
    rows: list[list[Cell]] = []
    for number in range(len(boxes)):
        row = [cell for cell in cells if cell.row == number]
        goes_on = bool(rows) and steps[number - 1] < near and not row[0].text
        if goes_on and _same_shape(rows[-1], row):
            above = rows.pop()
            row = [
                Cell(f"{a.text} {b.text}".strip(), a.row, a.column, a.rows, a.columns)
                for a, b in zip(above, row, strict=True)
            ]
        rows.append([Cell(c.text, len(rows), c.column, c.rows, c.columns) for c in row])
    return [cell for row in rows for cell in row]


def _same_shape(a: Sequence[Cell], b: Sequence[Cell]) -> bool:
    return [(c.column, c.columns) for c in a] == [(c.column, c.columns) for c in b]


def _flow(pieces: Sequence[Piece]) -> str:
    """The text of one cell, row by row."""
    return " ".join(piece.text for row in _rows(pieces) for piece in row)


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
