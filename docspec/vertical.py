"""Chinese and Japanese set in columns from the right: characters one below the other as lines. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from docspec.drafters.characters import is_cjk
from docspec.types import Line, Span, union

FEWEST = 3  # characters of a column
MOST = 0.6  # share of a page's characters that stand in columns
NEXT = 0.9  # of a character's size: the widest gap to the next one below
SAME = 0.35  # of its size: how far their middles may be apart


def is_vertical(line: Line) -> bool:
    """Whether ``line`` is a column of characters."""
    text = "".join(line.text.split())
    x0, y0, x1, y1 = line.box
    return len(text) > 1 and y1 - y0 > 1.5 * (x1 - x0) and sum(map(is_cjk, text)) > len(text) / 2


def with_columns(lines: Sequence[Line]) -> tuple[Line, ...]:
    """``lines`` with characters that stand below each other as columns; as they are, where few do."""
    single = [line for line in lines if len(line.text.strip()) == 1 and is_cjk(line.text.strip())]
    if len(single) < FEWEST:
        return tuple(lines)
    columns: list[list[Line]] = []
    for line in sorted(single, key=lambda line: line.box[1]):
        column = next((column for column in columns if _follows(column[-1], line)), None)
        if column is None:
            columns.append([line])
        else:
            column.append(line)
    columns = [column for column in columns if len(column) >= FEWEST]
    total = sum(len("".join(line.text.split())) for line in lines)
    if sum(map(len, columns)) < MOST * total:
        return tuple(lines)
    taken = {id(line) for column in columns for line in column}
    return (*(line for line in lines if id(line) not in taken), *map(_column, columns))


def _follows(above: Line, line: Line) -> bool:
    size = max(above.box[2] - above.box[0], 1.0)
    apart = abs((above.box[0] + above.box[2]) - (line.box[0] + line.box[2])) / 2
    return apart < SAME * size and -size < line.box[1] - above.box[3] < NEXT * size


def _column(lines: Sequence[Line]) -> Line:
    text = "".join(line.text.strip() for line in lines)
    box = union(line.box for line in lines)
    span: Span = replace(lines[0].spans[0], text=text, box=box)
    return replace(lines[0], spans=(span,), box=box)
