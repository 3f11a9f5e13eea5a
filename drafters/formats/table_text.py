"""Tables as text: HTML, pipe tables and OTSL, to cells and back. Pure.

OTSL is the table language of arXiv 2305.03393: one token a grid place, saying what stands there.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

MAX_SPAN = 200  # rows or columns that one cell may claim: broken output claims anything
MAX_PLACES = 20_000  # of a grid; more is no table

_PIPE_RULE = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_UNESCAPED_PIPE = re.compile(r"(?<!\\)\|")
_OTSL = re.compile(r"<(fcel|ecel|ched|rhed|srow|lcel|ucel|xcel|nl)>")
_HTML_PART = re.compile(r"</?(?:table|thead|tbody|tr|td|th)\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell from ``row`` and ``column`` on, both from 0."""

    text: str
    row: int
    column: int
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True, slots=True)
class Grid:
    """A table's cells, sorted by row and column; the first ``headers`` rows are its head."""

    cells: tuple[Cell, ...]
    headers: int = 0

    @property
    def height(self) -> int:
        """Rows."""
        return max((cell.row + cell.rows for cell in self.cells), default=0)

    @property
    def width(self) -> int:
        """Columns."""
        return max((cell.column + cell.columns for cell in self.cells), default=0)


def filled(cells: Sequence[Cell], width: int = 0) -> list[Cell]:
    """``cells`` with empty ones where the grid, of ``width`` columns at least, has none.

    Of two at one place the first has both texts.
    """
    at: dict[tuple[int, int], int] = {}
    kept: list[Cell] = []
    for cell in cells:
        across = range(cell.column, cell.column + cell.columns)
        places = [(r, c) for r in range(cell.row, cell.row + cell.rows) for c in across]
        other = next((at[place] for place in places if place in at), None)
        if other is not None:
            kept[other] = replace(kept[other], text=f"{kept[other].text} {cell.text}".strip())
            continue
        at |= dict.fromkeys(places, len(kept))
        kept.append(cell)
    grid = Grid(tuple(kept))
    columns = range(max(width, grid.width))
    holes = [Cell("", r, c) for r in range(grid.height) for c in columns if (r, c) not in at]
    return sorted([*kept, *holes], key=lambda cell: (cell.row, cell.column))


def read_table(text: str) -> Grid | None:
    """The table that ``text`` is, in HTML or with pipes; None where it is neither."""
    stripped = text.strip()
    if re.match(r"<(?:table|tr)\b", stripped, re.IGNORECASE):
        return _read_html(stripped)
    if stripped.startswith("|"):
        return _read_pipe(stripped)
    return None


def write_html(grid: Grid, *, header_cells: bool = False) -> str:
    """``grid`` as HTML in one line, its head in ``th`` where ``header_cells``."""
    rows: list[list[str]] = [[] for _ in range(grid.height)]
    for cell in grid.cells:
        tag = "th" if header_cells and cell.row < grid.headers else "td"
        spans = f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
        spans += f' colspan="{cell.columns}"' if cell.columns > 1 else ""
        rows[cell.row].append(f"<{tag}{spans}>{html.escape(cell.text, quote=False)}</{tag}>")
    return "<table>" + "".join(f"<tr>{''.join(row)}</tr>" for row in rows) + "</table>"


def indent_html(table: str) -> str:
    """An HTML table with a line for each row and each cell, two spaces a level; nothing else changes."""
    lines: list[str] = []
    depth, text = 0, ""
    in_cell = False
    for part in re.split(f"({_HTML_PART.pattern})", table, flags=re.IGNORECASE):
        tag = part.lower()
        if not _HTML_PART.fullmatch(part):
            text = part if in_cell else part.strip()
            if text:
                lines[-1:] = [lines[-1] + text] if lines else [text]
        elif tag.startswith(("<td", "<th")) and not tag.startswith("<thead"):
            lines.append("  " * depth + part)
            in_cell = True
        elif tag in ("</td>", "</th>"):
            lines[-1:] = [lines[-1] + part] if lines else [part]
            in_cell = False
        elif tag.startswith("</"):
            depth = max(0, depth - 1)
            lines.append("  " * depth + part)
        else:
            lines.append("  " * depth + part)
            depth += 1
    return "\n".join(lines)


def write_pipe(grid: Grid) -> str:
    """``grid`` as a markdown table, its first row the head; a spanning cell leaves the others empty."""
    rows = [["" for _ in range(grid.width)] for _ in range(grid.height)]
    for cell in grid.cells:
        rows[cell.row][cell.column] = " ".join(cell.text.split()).replace("|", "\\|")
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines[:1], f"|{' --- |' * grid.width}", *lines[1:]])


def write_otsl(grid: Grid) -> str:
    """``grid`` in OTSL, its head as ``ched``, with ``nl`` after each row."""
    places = [["<ecel>"] * grid.width for _ in range(grid.height)]
    for cell in grid.cells:
        for row in range(cell.row, cell.row + cell.rows):
            for column in range(cell.column, cell.column + cell.columns):
                below, right = row > cell.row, column > cell.column
                places[row][column] = "<xcel>" if below and right else "<ucel>" if below else "<lcel>"
        mark = "<ched>" if cell.row < grid.headers else "<fcel>"
        places[cell.row][cell.column] = f"{mark}{cell.text}" if cell.text else "<ecel>"
    return "".join("".join(row) + "<nl>" for row in places)


def read_otsl(text: str) -> Grid:
    """The grid of OTSL tokens. Text before the first token, or after one that has none, keeps a cell."""
    rows: list[list[tuple[str, str]]] = [[]]
    pieces = _OTSL.split(text)
    if pieces[0].strip():
        rows[-1].append(("fcel", pieces[0].strip()))
    for mark, content in zip(pieces[1::2], pieces[2::2], strict=True):
        body = content.strip()
        if mark == "nl":
            rows.append([("fcel", body)] if body else [])
        else:
            rows[-1].append(("fcel" if body and mark in ("lcel", "ucel", "xcel", "ecel") else mark, body))
    if not rows[-1]:
        rows.pop()
    cells = [
        Cell(body, row, column, *_extent(rows, row, column))
        for row, places in enumerate(rows)
        for column, (mark, body) in enumerate(places)
        if mark not in ("lcel", "ucel", "xcel")
    ]
    headers = 0
    while headers < len(rows) and any(mark == "ched" for mark, _ in rows[headers]):
        headers += 1
    return Grid(tuple(cells), headers)


def _extent(rows: Sequence[Sequence[tuple[str, str]]], row: int, column: int) -> tuple[int, int]:
    """How many rows and columns the cell at a place takes up."""
    columns = 1
    while column + columns < len(rows[row]) and rows[row][column + columns][0] == "lcel":
        columns += 1
    height = 1
    while row + height < len(rows) and column < len(rows[row + height]):
        if rows[row + height][column][0] != "ucel":
            break
        height += 1
    return height, columns


def _read_pipe(text: str) -> Grid | None:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    ruled = [i for i, line in enumerate(lines) if "-" in line and _PIPE_RULE.fullmatch(line)]
    cells: list[Cell] = []
    row = 0
    for i, line in enumerate(lines):
        if i in ruled[:1]:
            continue
        parts = [part.strip().replace("\\|", "|") for part in _UNESCAPED_PIPE.split(line)]
        parts = parts[1:] if line.startswith("|") else parts
        parts = parts[:-1] if len(parts) > 1 and not parts[-1] else parts
        cells += [Cell(part, row, column) for column, part in enumerate(parts)]
        row += 1
    return Grid(tuple(cells), 1 if ruled and ruled[0] == 1 else 0) if cells else None


def _read_html(text: str) -> Grid | None:
    reader = _TableReader()
    reader.feed(text)
    reader.close()
    return reader.grid() if reader.cells else None


@dataclass(slots=True)
class _Found:
    row: int
    rows: int
    columns: int
    header: bool
    text: list[str] = field(default_factory=list)


class _TableReader(HTMLParser):
    """Collects the cells of an HTML table; a nested table's cells are text of the cell around them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.cells: list[_Found] = []
        self.row = -1
        self.inside = False
        self.depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.depth += 1
        elif tag == "tr" and self.depth < 2:
            self.row, self.inside = self.row + 1, False
        elif tag in ("td", "th") and self.depth < 2:
            self.row = max(self.row, 0)
            named = dict(attrs)
            found = _Found(self.row, _span(named.get("rowspan")), _span(named.get("colspan")), tag == "th")
            self.cells.append(found)
            self.inside = True
        elif self.inside and tag == "br":
            self.cells[-1].text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self.depth = max(0, self.depth - 1)
        elif tag in ("td", "th") and self.depth < 2:
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.cells[-1].text.append(data)
        elif data.strip():  # text between cells belongs to no cell, and is not lost
            self.row = max(self.row, 0)
            self.cells.append(_Found(self.row, 1, 1, False, [data]))

    def grid(self) -> Grid | None:
        """The cells at their places, spans counted; None where they claim too much."""
        taken: set[tuple[int, int]] = set()
        cells: list[Cell] = []
        places, height = 0, self.row + 1
        reached: dict[int, int] = {}  # by row: the columns before this one are taken
        for found in self.cells:
            column = reached.get(found.row, 0)
            while (found.row, column) in taken:
                column += 1
            rows = min(found.rows, height - found.row)
            reached[found.row] = column + found.columns
            places += rows * found.columns
            if places > MAX_PLACES:
                return None
            spanned = range(found.row, found.row + rows)
            taken.update((row, column + right) for row in spanned for right in range(found.columns))
            text = " ".join("".join(found.text).split())
            cells.append(Cell(text, found.row, column, rows, found.columns))
        head = 0
        while head < height and self._is_head(head):
            head += 1
        return Grid(tuple(cells), head)

    def _is_head(self, row: int) -> bool:
        own = [found.header for found in self.cells if found.row == row]
        return bool(own) and all(own)


def _span(value: str | None) -> int:
    return min(max(int(value), 1), MAX_SPAN) if value and value.isascii() and value.isdigit() else 1
