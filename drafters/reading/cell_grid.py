"""Pieces of text to a table's grid by their alignment. Pure geometry.

Pieces that overlap vertically are a row; a column edge is a strip of blank that (almost) no
row crosses. Pieces that do cross one are cells that span.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace
from itertools import accumulate, groupby, pairwise
from statistics import median

from docspec.drafters.formats.table_text import Cell
from docspec.drafters.reading.pieces import AMOUNT, Piece, merged, rows_of, with_signs
from docspec.drafters.reading.table_heads import Rule, head_cells, head_rows
from docspec.types import Box, union

MIN_BLANK = 0.5  # of a piece's height: narrower strips do not part columns
STRIP = 0.56  # of a piece's height: wider than a space of a font of fixed width
SLIM = 0.3  # the same of a strip that all texts on one side end or start at
ALIGNED = 0.7  # points between such texts, at the most
FEW = 4  # rows in which a strip of blank of that width is no accident, at the least
FEWER = 3  # the same where all texts on both sides are set at it
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
    rows[count:] = _merged(words[count:])
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


def _merged(rows: Sequence[Sequence[Piece]]) -> list[list[Piece]]:
    """The words of each row run together, but not over strips where no word of any row stands and that are
    wider than between words: a column set at the right may end close to one set at the left. Slimmer strips
    part only rows that have a text in most columns: else they may be within a text over several of these."""
    wide, slim = _strips(rows)
    parted = [merged(row, wide + slim) for row in rows]
    usual = median(len(row) for row in parted) if parted else 0
    return [
        cells if len(cells) >= usual else merged(row, wide) for row, cells in zip(rows, parted, strict=True)
    ]


def _strips(rows: Sequence[Sequence[Piece]]) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """From where to where no word of any of ``rows`` stands, where that is wider than between words, or
    slimmer and all texts on a side are set at it. There are none of fewer than FEW rows, or FEWER."""
    spans = sorted((piece.box[0], piece.box[2]) for row in rows for piece in row)
    if len(rows) < FEWER or not spans:
        return [], []
    height = median(piece.box[3] - piece.box[1] for row in rows for piece in row)
    ends = list(accumulate((right for _, right in spans), max))
    found: tuple[list[tuple[float, float]], list[tuple[float, float]]] = [], []
    for start, (end, _) in zip(ends, spans[1:], strict=False):
        pairs = [pair for row in rows for pair in pairwise(row) if pair[0].box[2] <= start < pair[1].box[0]]
        ended = all(start - left.box[2] < ALIGNED for left, _ in pairs)
        started = all(right.box[0] - end < ALIGNED for _, right in pairs)
        wide = end - start >= STRIP * height
        if wide and (len(rows) >= FEW or (len(pairs) >= FEWER and ended and started)):
            found[0].append((start, end))
        elif end - start >= SLIM * height and len(pairs) >= FEW and (ended or started):
            found[1].extend([(start, end)] if len({left.text for left, _ in pairs}) > 1 else [])
    return found


def _column_edges(rows: Sequence[Sequence[Piece]]) -> list[float]:
    """The middles of the blank strips between columns."""
    spans = [(piece.box[0], piece.box[2], number) for number, row in enumerate(rows) for piece in row]
    if not spans:
        return []
    height = median(piece.box[3] - piece.box[1] for row in rows for piece in row)
    blank = MIN_BLANK * height
    stops = sorted({x for left, right, _ in spans for x in (left, right)})
    allowed = int(MAY_CROSS * len(rows))
    edges: list[float] = []
    strip: list[tuple[float, float, int]] = []  # from x, to x, how many rows cross there
    for a, b in pairwise(stops):
        crossing = len({number for left, right, number in spans if left < b and right > a})
        if crossing <= allowed:
            strip.append((a, b, crossing))
            continue
        slim = SLIM * height if not any(crosses for *_, crosses in strip) else blank
        if strip and a - strip[0][0] >= slim and strip[0][0] > stops[0]:
            edges += _around_sparse(rows, strip[0][0], a, blank) or [_edge(strip, blank)]
        strip = []
    return edges


def _edge(strip: Sequence[tuple[float, float, int]], blank: float) -> float:
    """The middle of a strip between columns: of its widest part that fewest rows cross, where that is one."""
    least = min(crossing for _, _, crossing in strip)
    parts = [list(group) for few, group in groupby(strip, lambda part: part[2] == least) if few]
    start, end = max(((part[0][0], part[-1][1]) for part in parts), key=lambda part: part[1] - part[0])
    return (start + end) / 2 if end - start >= blank else (strip[0][0] + strip[-1][1]) / 2


def _around_sparse(rows: Sequence[Sequence[Piece]], start: float, end: float, blank: float) -> list[float]:
    """The edges on both sides of a column that has text in few rows, beside text on both of its sides; none
    where there is no such column from ``start`` to ``end``."""
    inner = [
        piece.box
        for row in rows
        if row[0].box[2] <= start and row[-1].box[0] >= end
        for piece in row
        if start + blank <= piece.box[0] and piece.box[2] <= end - blank
    ]
    if not inner:
        return []
    x0, _, x1, _ = union(inner)
    return [(start + x0) / 2, (x1 + end) / 2]


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
