"""A page that is read before anything is timed: first-use costs are no page's."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pymupdf

from docspec.bench.subject import Subject
from docspec.bench.ways import Way

TEXT = "The quick brown fox jumps over the lazy dog, 1234 times; then it rests. " * 6
SCALE = 150 / 72  # pixels to a point


def warm_up(subject: Subject, ways: Sequence[Way]) -> None:
    """Read a page that is made here in each way."""
    with tempfile.TemporaryDirectory() as folder:
        entry = warm_up_page(Path(folder))
        for way in ways:
            if subject.recording is not None:
                subject.recording.begin([entry], TEXT)
            way.read([Path(folder) / entry["page_info"]["image_path"]])


def warm_up_page(folder: Path) -> dict[str, Any]:
    """A page image of one paragraph in ``folder``, and its annotation."""
    document = pymupdf.open()
    page = document.new_page(width=420, height=300)
    page.insert_textbox((40, 60, 380, 250), TEXT, fontsize=11)
    pixels = page.get_pixmap(dpi=round(72 * SCALE))
    pixels.save(folder / "warm-up.png")
    x0, y0, x1, y1 = (SCALE * value for value in (40, 60, 380, 160))
    annotated = {
        "category_type": "text_block",
        "text": TEXT,
        "order": 0,
        "poly": [x0, y0, x1, y0, x1, y1, x0, y1],
    }
    info = {"image_path": "warm-up.png", "width": pixels.width, "height": pixels.height}
    return {"layout_dets": [annotated], "page_info": info}
