"""Sets the blocks of a page and says what it set: each block's kind, text, lines and boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import pymupdf
from typeset import BOTTOM, SIZE, Column, wrap

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in points


@dataclass(frozen=True)
class Block:
    """What stands in ``box``: ``kind`` as OmniDocBench calls it, ``text`` as it is to be read.

    ``lines`` are the printed ones with their boxes; a table's text is HTML.
    """

    kind: str
    text: str
    box: Box
    lines: tuple[tuple[str, Box], ...]


class Setter:
    """Sets blocks down a column and keeps what it set where."""

    def __init__(self, page: pymupdf.Page, x: float, y: float, width: float) -> None:
        self.column = Column(page, x, y, BOTTOM, width)
        self.blocks: list[Block] = []

    def block(
        self, kind: str, text: str, style: str = "", size: float = SIZE, mark: str = "", after: float = 6.0
    ) -> None:
        """``text`` over the column's width, moved in after a ``mark``."""
        column, indent = self.column, 16.0 if mark else 0.0
        lines: list[tuple[str, Box]] = []
        for runs in wrap(text, column.width - indent - (4 if style == "**" else 0), size):
            column.y += 1.26 * size
            left = x = column.x + indent
            if mark and not lines:
                left = column.x + 2
                column.write(left, column.y, mark, size=size)
            printed = f"{mark} " if mark and not lines else ""
            for own, run in runs:
                x = column.write(x, column.y, run, own or style, size)
                printed += run
            lines.append((printed, (left, column.y - 0.75 * size, x, column.y + 0.25 * size)))
        column.y += after
        words = f"{mark} {text}".strip().replace("*", "")
        self.blocks.append(Block(kind, words, around([box for _, box in lines]), tuple(lines)))

    def field(self, label: str, value: str, stop: float | None, size: float = 11) -> None:
        """A form's line: a label, and its value after it or ``stop`` points in."""
        column = self.column
        column.y += 2 * size
        end = column.write(column.x, column.y, f"{label} ", size=size)
        end = column.write(end if stop is None else column.x + stop, column.y, value, size=size)
        box = (column.x, column.y - 0.75 * size, end, column.y + 0.25 * size)
        self.blocks.append(Block("text_block", f"{label} {value}", box, ((f"{label} {value}", box),)))

    def table(self, rows: Sequence[Sequence[str]], ruled: bool, size: float = SIZE) -> None:
        """``rows`` in columns of one width, each cell in a frame, or without any line."""
        column, height = self.column, 1.7 * size
        top, step = column.y + 2, column.width / len(rows[0])
        lines: list[tuple[str, Box]] = []
        for number, row in enumerate(rows):
            base = top + height * (number + 1) - 0.55 * size
            for place, cell in enumerate(row):
                left = column.x + step * place + 4
                end = column.write(left, base, cell, "" if number else "**", size)
                lines.append((cell, (left, base - 0.75 * size, end, base + 0.25 * size)))
        box = (column.x, top, column.x + column.width, top + height * len(rows))
        if ruled:
            for number in range(len(rows) + 1):
                column.line(top + height * number, box[0], box[2])
            for place in range(len(rows[0]) + 1):
                x = column.x + step * place
                column.page.draw_line((x, box[1]), (x, box[3]), width=0.6)
        column.y = box[3] + 12
        cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
        text = "<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"
        self.blocks.append(Block("table", text, box, tuple(lines)))


def around(boxes: Sequence[Box]) -> Box:
    """The smallest box that holds ``boxes``."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)
