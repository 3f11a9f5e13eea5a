"""PDFs with a few words on each of their small pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pymupdf

Colour = tuple[float, float, float]


def make_pdf(path: Path, texts: Sequence[str], colours: Mapping[str, Colour] = MappingProxyType({})) -> Path:
    """A PDF with a page for each text, of the colour that is its first word's, if that has one."""
    document = pymupdf.open()
    for text in texts:
        page = document.new_page(width=200, height=80)
        if (colour := colours.get(text.split(maxsplit=1)[0] if text.strip() else "")) is not None:
            page.draw_rect(page.rect, color=colour, fill=colour)
        page.insert_text((20, 40), text, fontsize=11)
    path.parent.mkdir(parents=True, exist_ok=True)
    document.save(path)
    document.close()
    return path
