"""Tables that go on over a page break: whether two are one, and as one. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from docspec.drafters.formats.table_text import Grid, read_table
from docspec.drafters.reading.joining import join_lines
from docspec.types import Box

MOST_HEAD = 4  # rows of a head that may be repeated
LOW = 0.6  # of a page's height: a table without a repeated head that ends above that has ended
SAME_LEFT = 6.0  # points between the left edges of two parts
SAME_WIDTH = 0.15  # share of the width by which two parts may differ: they are as wide as their text
LONG_NOTE = 120  # characters of what says that a table goes on, its caption repeated, at the most
_NOTE = re.compile(
    r"\b(?:continued|cont['’]?d|continues|continuation|fortsetzung|fortgesetzt|suite|continuaci[oó]n|continua[cç][aã]o"
    r"|segue|vervolg)\b|\bcont\.|续表|続き|[(（]续[)）]",
    re.IGNORECASE,
)
_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL | re.IGNORECASE)
_CELL = re.compile(r"(<t[dh]\b[^>]*>)(.*?)(?=</t[dh]>)", re.DOTALL | re.IGNORECASE)  # its tag, what it holds
_ENDS = ".;:!?"  # with which a text in a cell has ended
_GROUPS = re.compile(r"</?(?:thead|tbody|tfoot|caption)\b", re.IGNORECASE)


def is_one_table(first: str, second: str, above: Box, below: Box, height: float) -> bool:
    """Whether the table ``second``, the first thing on its page in the box ``below``, goes on with ``first``,
    the last thing on the page before, of this ``height``, in the box ``above``.

    It has as many columns, and either repeats the head or stands in the same place and is as wide, where the
    first part ends low on its page.
    """
    a, b = read_table(first), read_table(second)
    if a is None or b is None or a.width != b.width or a.width < 2 or not _alike(first, second):
        return False
    widths = above[2] - above[0], below[2] - below[0]
    if above[3] < LOW * height:
        return repeated_head(a, b) > 0
    same_place = abs(above[0] - below[0]) <= SAME_LEFT and abs(widths[0] - widths[1]) <= SAME_WIDTH * max(
        widths
    )
    return same_place or repeated_head(a, b) > 0


def says_going_on(text: str) -> bool:
    """Whether a short text says that a table goes on, or goes on here."""
    return len(text) <= LONG_NOTE and _NOTE.search(text) is not None


def as_one(first: str, second: str) -> str:
    """Two parts of a table as one, a repeated head once; no other cell is lost."""
    a, b = read_table(first), read_table(second)
    assert a is not None
    assert b is not None
    head = repeated_head(a, b)
    if first.lstrip().startswith("|"):
        lines = second.strip().split("\n")
        rows = [lines[0], *lines[2:]]  # without the rule below the head
        return "\n".join([first.rstrip(), *rows[head:]])
    start, end = first.rstrip()[: -len("</table>")], first.rstrip()[-len("</table>") :]
    rows = _ROW.findall(second)[head:]
    if not head and _is_rest(_rows(a)[-1], _rows(b)[0]):
        last = _ROW.findall(start)[-1]
        start, rows = start[: start.rindex(last)], [_with_rest(last, rows[0]), *rows[1:]]
    return start + "".join(rows) + end


def _is_rest(above: Sequence[tuple[str, int, int]], row: Sequence[tuple[str, int, int]]) -> bool:
    """Whether a row is the rest of the row ``above``, which a page's end cuts: its texts, which are in half
    of the columns at the most, start small, and what is above each has not ended."""
    if [cell[1:] for cell in above] != [cell[1:] for cell in row]:
        return False
    pairs = [(first, rest) for (first, *_), (rest, *_) in zip(above, row, strict=True) if rest]
    return 0 < len(pairs) <= len(row) / 2 and all(
        first and first[-1] not in _ENDS and rest[0].islower() for first, rest in pairs
    )


def _with_rest(row: str, rest: str) -> str:
    """A row of HTML with the texts of another of the same columns at the ends of its cells."""
    texts = iter(text for _, text in _CELL.findall(rest))
    return _CELL.sub(lambda cell: cell[1] + join_lines([cell[2], next(texts)]), row)


def repeated_head(first: Grid, second: Grid) -> int:
    """How many rows both tables start with; 0 where that is all of one, or cells span on into its rows."""
    rows = _rows(first), _rows(second)
    count = 0
    for a, b in zip(*rows, strict=False):
        if a != b or count == MOST_HEAD:
            break
        count += 1
    whole = count in (len(rows[0]), len(rows[1]))
    cut = any(cell.row < count < cell.row + cell.rows for cell in second.cells)
    return 0 if whole or cut or not any(text for row in rows[1][:count] for text, *_ in row) else count


def _rows(grid: Grid) -> Sequence[Sequence[tuple[str, int, int]]]:
    rows: list[list[tuple[str, int, int]]] = [[] for _ in range(grid.height)]
    for cell in grid.cells:
        rows[cell.row].append((" ".join(cell.text.split()), cell.column, cell.columns))
    return rows


def _alike(first: str, second: str) -> bool:
    """Whether both are written in a way in which rows can be put together."""
    if first.lstrip().startswith("|"):
        lines = second.strip().split("\n")
        return len(lines) > 1 and second.lstrip().startswith("|") and set(lines[1]) <= set("|:- ")
    html = first.strip().endswith("</table>") and second.strip().startswith("<table")
    simple = not _GROUPS.search(first) and not _GROUPS.search(second)
    return html and simple and first.count("<table") == second.count("<table") == 1
