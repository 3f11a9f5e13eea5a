"""The open page of a PDF; see docspec.types.OpenPage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from docspec.pdf_glyphs import IMAGES, Painted, frames_of, glyphs_of, lines_of_images, rules_of
from docspec.types import Box, Glyph

RULE = 3.0  # points: a rule's width and the tables' margin, at most


class PdfPage:
    """A PyMuPDF page, asked what the stages want to know."""

    def __init__(self, page: Any) -> None:
        self.native = page
        self._tables: list[list[Box]] | None = None  # the cells of each ruled table, once they are asked for
        self._glyphs: tuple[Glyph, ...] | None = None  # the same
        self._rules: tuple[Box, ...] | None = None
        self._painted: list[Painted] | None = None

    def image_boxes(self) -> Sequence[Box]:
        """Where the page shows images; looked for only if it has any, which is soon known."""
        if not self.native.get_images():
            return ()
        return [box for kind, box in self._all_painted() if kind in IMAGES]

    def ruled_cells(self, box: Box) -> Sequence[Box]:
        """Cells in ``box`` of the ruled table that has most of them there.

        Rules are looked for on the whole page, once: those of a table's edge stand around its text, often
        outside of what was found to be the table.
        """
        if self._tables is None:
            images = lines_of_images(self._all_painted())
            found = self.native.find_tables(use_layout=False, add_lines=images or None)
            tables = found.tables if found is not None else []
            self._tables = [[_cell(cell) for cell in table.cells if cell] for table in tables]
        inside = [[cell for cell in cells if _touch(cell, box)] for cells in self._tables]
        return max(inside, key=len, default=[])

    def glyphs(self) -> Sequence[Glyph]:
        """The page's upright glyphs, read once."""
        if self._glyphs is None:
            self._glyphs = glyphs_of(self.native)
        return self._glyphs

    def rules(self) -> Sequence[Box]:
        """The page's horizontal rules, looked for once."""
        if self._rules is None:
            self._rules = rules_of(self._all_painted())
        return self._rules

    def frames(self) -> Sequence[Box]:
        """The boxes of the areas that the page fills or outlines."""
        return frames_of(self._all_painted())

    def _all_painted(self) -> Sequence[Painted]:
        """What the page paints, asked once."""
        if self._painted is None:
            boxes = [(kind, tuple(map(float, box))) for kind, box in self.native.get_bboxlog()]
            self._painted = [(kind, (x0, y0, x1, y1)) for kind, (x0, y0, x1, y1) in boxes]
        return self._painted


def _cell(cell: Any) -> Box:
    x0, y0, x1, y1 = map(float, cell)
    return x0, y0, x1, y1


def _touch(cell: Box, box: Box) -> bool:
    """Whether a cell has more than a rule's width in common with ``box``."""
    wide = min(cell[2], box[2]) - max(cell[0], box[0])
    high = min(cell[3], box[3]) - max(cell[1], box[1])
    return wide > RULE and high > RULE


def turn_upright(page: Any, turn: int = 0) -> None:
    """Makes a PyMuPDF page's own frame the displayed page's, turned clockwise by ``turn`` degrees.

    Text, rules, images and links, and what the layout model sees, have their coordinates in the page without
    its rotation, each with its own origin. So the rotation becomes part of the content, and the crop box the
    page.
    """
    if turn:
        page.set_rotation((page.rotation + turn) % 360)
    if not page.rotation:
        return
    whole, shown = page.mediabox, page.cropbox
    if shown != whole:  # what takes a rotation away forgets the crop box
        page.set_mediabox(type(shown)(shown.x0, whole.y1 - shown.y1, shown.x1, whole.y1 - shown.y0))
    page.remove_rotation()
