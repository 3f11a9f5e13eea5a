"""A table region's text as HTML or markdown, in the verifier's way.

The grid is the table's own rules where PyMuPDF finds them, else the alignment of the text (grid.py).
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from docspec.drafters.characters import SOFT_HYPHEN, clean
from docspec.drafters.reading.cell_grid import Cell, Piece, aligned_cells, ruled_cells
from docspec.types import Box, Line, Page, Region, Style

MARGIN = 2.0  # points around the region within which its rules are looked for
ENOUGH_RULED = 0.8  # share of the pieces that ruled cells must hold
TEXT_LAYER = "text-layer"


def write_table(page: Page, region: Region, style: Style) -> str | None:
    """The region as a table in ``style``; None where no grid is found, or ``style`` writes no tables."""
    if style.table is None:
        return None
    pieces = list(pieces_of(region.lines, style.ascii_quotes))
    if len(pieces) < 4:
        return None
    cells = _ruled(page, region, pieces) or aligned_cells(pieces)
    if not cells:
        return None
    return to_markdown(cells) if style.table == "markdown" else to_html(cells)


def pieces_of(lines: Sequence[Line], ascii_quotes: bool = False) -> Iterator[Piece]:
    """The words of ``lines``, each with the part of its span's box that its characters take up."""
    for span in (span for line in lines for span in line.spans):
        text = clean(span.text, ascii_quotes).replace(SOFT_HYPHEN, "-")
        x0, y0, x1, y1 = span.box
        width = (x1 - x0) / max(1, len(text))
        at = 0
        for word in text.split(" "):
            if word:
                yield Piece(word, (x0 + at * width, y0, x0 + (at + len(word)) * width, y1))
            at += len(word) + 1


def to_html(cells: Sequence[Cell]) -> str:
    """``cells`` (sorted by row and column) as an HTML table without white space between its tags."""
    rows = []
    for row in range(_height(cells)):
        inside = "".join(_html_cell(cell) for cell in cells if cell.row == row)
        rows.append(f"<tr>{inside}</tr>")
    return f"<table>{''.join(rows)}</table>"


def to_markdown(cells: Sequence[Cell]) -> str:
    """``cells`` as a markdown table, its first row the header; a spanning cell leaves the others empty."""
    height, width = _height(cells), max(cell.column + cell.columns for cell in cells)
    grid = [["" for _ in range(width)] for _ in range(height)]
    for cell in cells:
        grid[cell.row][cell.column] = cell.text.replace("|", "\\|")
    lines = [f"| {' | '.join(row)} |" for row in grid]
    return "\n".join([lines[0], f"|{' --- |' * width}", *lines[1:]])


def _html_cell(cell: Cell) -> str:
    spans = f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
    spans += f' colspan="{cell.columns}"' if cell.columns > 1 else ""
    return f"<td{spans}>{html.escape(cell.text, quote=False)}</td>"


def _height(cells: Sequence[Cell]) -> int:
    return max(cell.row + cell.rows for cell in cells)


def _ruled(page: Page, region: Region, pieces: Sequence[Piece]) -> list[Cell] | None:
    """The cells that the page's own rules draw around ``pieces``, if they make a table."""
    boxes = _ruled_boxes(page, region.box)
    held = sum(any(_holds(box, piece.box) for box in boxes) for piece in pieces)
    if len(boxes) < 4 or held < ENOUGH_RULED * len(pieces):
        return None
    cells = ruled_cells(pieces, boxes)
    return cells if max(cell.column for cell in cells) > 0 else None


def _ruled_boxes(page: Page, box: Box) -> Sequence[Box]:
    """Cells of the largest ruled table in ``box``, in page points; none without a text layer."""
    if page.handle is None or not any(line.source == TEXT_LAYER for line in page.lines):
        return ()
    return page.handle.ruled_cells((box[0] - MARGIN, box[1] - MARGIN, box[2] + MARGIN, box[3] + MARGIN))


def _holds(cell: Box, box: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return cell[0] <= x <= cell[2] and cell[1] <= y <= cell[3]
