"""Pieces of text to a table's grid by their alignment. Pure geometry.

Pieces that overlap vertically are a row; a column edge is a strip of blank that (almost) no
row crosses. Pieces that do cross one are cells that span.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace
from itertools import accumulate, pairwise
from statistics import median

from docspec.drafters.formats.table_text import Cell
from docspec.drafters.reading.pieces import AMOUNT, Piece, merged, rows_of, with_signs
from docspec.drafters.reading.table_heads import Rule, head_cells, head_rows
from docspec.types import Box, union

MIN_BLANK = 0.5  # of a piece's height: narrower strips do not part columns
STRIP = 0.56  # of a piece's height: wider than a space of a font of fixed width
FEW = 4  # rows in which a strip of blank of that width is no accident, at the least
MAY_CROSS = 0.2  # share of the rows that may cross a column edge (spanning headers)
WRAPPED = 0.75  # of the usual distance of rows: a nearer row with an empty first cell goes on the one above
GOES_ON = ",-–&/("  # at the end of a label that has a second line
FLOWS = 3  # words of a line of text in a cell, at the least
SPACE = 0.2  # of a word's height: a space before it
SET_APART = 0.9  # the same, of the usual distance of rows whose first cell has text, where cells have rows


def aligned_cells(pieces: Sequence[Piece], rule: Rule = lambda *_: None) -> list[Cell] | None:
    """``pieces`` (words, or runs of words) as a grid by their alignment; None where they form none.

    ``rule`` says from where to where a rule goes under x, between two heights, if the page shows one.
    """
    words = [with_signs(row) for row in rows_of(pieces)]
    rows = [merged(row) for row in words]
    count = head_rows(rows)
    strips = _strips(words[count:])
    rows[count:] = [merged(row, strips) for row in words[count:]]
    edges = _column_edges(rows[count:])
    if len(rows) < 2 or not edges:
        return None
    head = head_cells(words[:count], rows[count:], edges, rule) if count else []
    body_rows = [
        _with_amounts_apart(row, line, edges) for row, line in zip(rows[count:], words[count:], strict=True)
    ]
    cells = [cell for number, row in enumerate(body_rows) for cell in _row_cells(row, number, edges)]
    flowing = _flowing(body_rows, words[count:], edges)
    body = _unwrapped(cells, [union([piece.box for piece in row]) for row in rows[count:]], flowing)
    levels = max((cell.row + cell.rows for cell in head), default=0)
    return [*head, *(replace(cell, row=cell.row + levels) for cell in body)]


def _strips(rows: Sequence[Sequence[Piece]]) -> list[tuple[float, float]]:
    """From where to where no word of any of ``rows`` stands, where that is wider than between words: a column
    set at the right may end close to one set at the left. There are none of fewer than FEW rows."""
    spans = sorted((piece.box[0], piece.box[2]) for row in rows for piece in row)
    if len(rows) < FEW or not spans:
        return []
    blank = STRIP * median(piece.box[3] - piece.box[1] for row in rows for piece in row)
    ends = list(accumulate((right for _, right in spans), max))
    return [(end, left) for end, (left, _) in zip(ends, spans[1:], strict=False) if left - end >= blank]


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


def _with_amounts_apart(
    row: Sequence[Piece], words: Sequence[Piece], edges: Sequence[float]
) -> Sequence[Piece]:
    """``row`` with amounts that stand close but on both sides of a column's edge apart; ``words`` are its."""
    done: list[Piece] = []
    for piece in row:
        inside = [word for word in words if piece.box[0] <= word.box[0] and word.box[2] <= piece.box[2]]
        crossed = any(piece.box[0] < edge < piece.box[2] for edge in edges)
        if not crossed or len(inside) < 2 or not all(AMOUNT.fullmatch(word.text) for word in inside):
            done.append(piece)
            continue
        groups = [[inside[0]]]
        for last, word in pairwise(inside):
            middles = [(box[0] + box[2]) / 2 for box in (last.box, word.box)]
            if any(middles[0] < edge < middles[1] for edge in edges):
                groups.append([])
            groups[-1].append(word)
        done += [
            Piece(" ".join(word.text for word in group), union([word.box for word in group]))
            for group in groups
        ]
    return done


def _row_cells(row: Sequence[Piece], number: int, edges: Sequence[float]) -> list[Cell]:
    """A row's cells, with empty ones where it has nothing.

    A row of a text for each column has one in each, wherever they stand: heads are often set at the left
    over numbers at the right. A check box is none.
    """
    if len(row) == len(edges) + 1 and all(any(map(str.isalnum, piece.text)) for piece in row):
        return [Cell(piece.text, number, column) for column, piece in enumerate(row)]
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


def _flowing(
    rows: Sequence[Sequence[Piece]], words: Sequence[Sequence[Piece]], edges: Sequence[float]
) -> set[int]:
    """The numbers of rows, without a text in the first column, that only go on lines of text above them.

    Such a line is of several words, and the next row's first word would not have fitted into its column.
    """
    columns = [_by_column(row, edges) for row in rows]
    inner = [
        [row[n].box[2] for row in columns if n in row and (n == len(edges) or row[n].box[2] <= edges[n])]
        for n in range(len(edges) + 1)
    ]
    far = [max(rights, default=0.0) for rights in inner]
    found: set[int] = set()
    for number, (above, row) in enumerate(pairwise(columns), 1):
        starts = {column: _first_word(piece, words[number]) for column, piece in row.items()}
        if 0 not in row and all(
            column in above
            and len(above[column].text.split()) >= FLOWS
            and above[column].box[2] + SPACE * (word.box[3] - word.box[1]) + word.box[2] - word.box[0]
            > far[column]
            for column, word in starts.items()
        ):
            found.add(number)
    return found


def _by_column(row: Sequence[Piece], edges: Sequence[float]) -> dict[int, Piece]:
    """A row's text by the column that it starts in."""
    done: dict[int, Piece] = {}
    for piece in row:
        column = sum(edge <= piece.box[0] for edge in edges)
        held = done.get(column)
        done[column] = Piece(f"{held.text} {piece.text}", union([held.box, piece.box])) if held else piece
    return done


def _first_word(piece: Piece, words: Sequence[Piece]) -> Piece:
    return next((word for word in words if word.box[0] >= piece.box[0]), piece)


def _unwrapped(cells: Sequence[Cell], boxes: Sequence[Box], flowing: Set[int] = frozenset()) -> list[Cell]:
    """Rows that only go on the cells above (close, no spans, the first cell empty or the rest of a label) put
    together with them, and those that are known to be ``flowing`` on."""
    steps = [b[1] - a[1] for a, b in pairwise(boxes)]
    firsts = {cell.row for cell in cells if cell.column == 0 and cell.text}
    apart = [step for number, step in enumerate(steps, 1) if number in firsts]
    near = max(WRAPPED * median(steps), SET_APART * median(apart) if len(apart) > 1 else 0.0)
    rows: list[list[Cell]] = []
    for number in range(len(boxes)):
        row = [cell for cell in cells if cell.row == number]
        close = bool(rows) and steps[number - 1] < near
        goes_on = number in flowing or (close and (not row[0].text or _is_rest(rows[-1], row)))
        if goes_on and _same_shape(rows[-1], row):
            above = rows.pop()
            row = [
                Cell(f"{a.text} {b.text}".strip(), a.row, a.column, a.rows, a.columns)
                for a, b in zip(above, row, strict=True)
            ]
        rows.append([Cell(c.text, len(rows), c.column, c.rows, c.columns) for c in row])
    return [cell for row in rows for cell in row]


def _is_rest(above: Sequence[Cell], row: Sequence[Cell]) -> bool:
    """Whether a row is only the rest of the label ``above``, whose row has more than that."""
    label = row[0].text
    alone = not any(cell.text for cell in row[1:]) and any(cell.text for cell in above[1:])
    return alone and bool(above[0].text) and (label[:1].islower() or above[0].text[-1] in GOES_ON)


def _same_shape(a: Sequence[Cell], b: Sequence[Cell]) -> bool:
    return [(c.column, c.columns) for c in a] == [(c.column, c.columns) for c in b]
