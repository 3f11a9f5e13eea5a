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
        """Cells of the largest ruled table in ``box``; none on rotated pages.

        PyMuPDF turns a rotated page back while it looks for tables, which invalidates the open page.
        """
        if self.native.rotation:
            return ()
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
