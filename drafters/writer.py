"""A region's lines as the verifier would write them."""

from __future__ import annotations

from docspec.types import Region, Style


def write_region(region: Region, style: Style) -> str:
    """The text of ``region`` in ``style``."""
    return (" " if style.join_lines else "\n").join(line.text.strip() for line in region.lines)
