"""The open page of a PDF; see docspec.types.OpenPage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from docspec.types import Box

IMAGES = ("fill-image", "fill-imgmask")  # MuPDF's names of what is painted


class PdfPage:
    """A PyMuPDF page, asked what the stages want to know."""

    def __init__(self, page: Any) -> None:
        self.native = page

    def image_boxes(self) -> Sequence[Box]:
        """Where the page shows images; looked for only if it has any, which is soon known."""
        if not self.native.get_images():
            return ()
        return [box for kind, box in self.native.get_bboxlog() if kind in IMAGES]

    def ruled_cells(self, box: Box) -> Sequence[Box]:
        """Cells of the largest ruled table in ``box``."""
        found = self.native.find_tables(clip=box, use_layout=False)
        tables = found.tables if found is not None else []
        if not tables:
            return ()
        largest = max(
            tables, key=lambda table: (table.bbox[2] - table.bbox[0]) * (table.bbox[3] - table.bbox[1])
        )
        return [
            (float(x0), float(y0), float(x1), float(y1)) for x0, y0, x1, y1 in filter(None, largest.cells)
        ]


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
