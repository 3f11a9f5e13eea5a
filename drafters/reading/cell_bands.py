"""Where a band of a table, between two of its rules, has several rows. Pure geometry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from docspec.drafters.reading.pieces import AMOUNT, Piece, rows_of
from docspec.types import Box, union

BAND = 3  # cells of a band that have a line for each of its rows, at least
LABELLED = 2  # cells of nothing but amounts that show the rows of a band with labels, at least
SET_OFF = 0.6  # of a line's height: a gap that is so much larger than the others parts rows

Rows = Sequence[Sequence[Piece]]


def band_cuts(cells: Sequence[Sequence[Piece]], boxes: Sequence[Box]) -> list[float]:
    """The heights at which cells of one band, left to right, with what each holds, are cut into rows."""
    rows = rows_of([piece for cell in cells for piece in cell])
    if len(rows) < 2:
        return []
    spans = [union([piece.box for piece in row]) for row in rows]
    between = [(above[3] + below[1]) / 2 for above, below in pairwise(spans)]
    if _numbers_in_rows(cells, len(rows)):
        return between
    parted = set(_labelled(cells, boxes, rows)) or set(_set_off(cells, rows, spans))
    return [cut for number, cut in enumerate(between) if number in parted]


def _numbers_in_rows(cells: Sequence[Sequence[Piece]], count: int) -> bool:
    """Whether most cells have a line for each of the ``count`` rows, and mostly numbers there."""
    full = [cell for cell in cells if cell]
    aligned = [cell for cell in full if len(rows_of(cell)) == count]
    numbers = sum(AMOUNT.fullmatch(piece.text) is not None for cell in full for piece in cell)
    return len(aligned) >= max(BAND, len(full) / 2) and 2 * numbers >= sum(map(len, full))


def _labelled(cells: Sequence[Sequence[Piece]], boxes: Sequence[Box], rows: Rows) -> Iterator[int]:
    """The rows after which a band is cut where the first cell has labels, the others amounts beside some of
    them: the rest are sub-heads, or lines of labels."""
    first = next(number for number, cell in enumerate(cells) if cell)
    others = [cell for cell in cells[first + 1 :] if cell]
    amounts = [cell for cell in others if all(AMOUNT.fullmatch(piece.text) for piece in cell)]
    places = [
        {number for number, row in enumerate(rows) for piece in cell if piece in row} for cell in others
    ]
    if len(amounts) < max(LABELLED, len(others)) or len(places[0]) < 2 or any(p != places[0] for p in places):
        return
    labels = [[piece for piece in row if piece in cells[first]] for row in rows]
    for number, (above, below) in enumerate(pairwise(labels)):
        both = {number, number + 1} <= places[0]
        if both or not above or not below or _stops(above, below, boxes[first]):
            yield number


def _stops(above: Sequence[Piece], below: Sequence[Piece], box: Box) -> bool:
    """Whether the label ``above`` has ended: the word below it starts anew and would have had room."""
    room = max(box[2] - above[-1].box[2], above[0].box[0] - box[0])
    word = below[0]
    return not word.text[0].islower() and room > word.box[2] - word.box[0]


def _set_off(cells: Sequence[Sequence[Piece]], rows: Rows, spans: Sequence[Box]) -> list[int]:
    """The rows after which all cells are blank together, if what follows each such gap starts in the first
    cell, and at least two parts have text in several cells."""
    height = median(span[3] - span[1] for span in spans)
    gaps = [below[1] - above[3] for above, below in pairwise(spans)]
    cuts = [number for number, gap in enumerate(gaps) if gap > min(gaps) + SET_OFF * height]
    first = next(cell for cell in cells if cell)
    starts = [rows[number + 1] for number in cuts]
    full = [sum(any(piece in row for piece in cell) for cell in cells) > 1 for row in [rows[0], *starts]]
    labelled = all(any(piece in first for piece in row) for row in starts)
    return cuts if labelled and sum(full) > 1 else []
