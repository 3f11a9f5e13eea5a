"""Two pages in OmniDocBench's format, made for the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pymupdf

HEADING = "Two short pages"
PARAGRAPHS = (
    "Speculative decoding drafts many tokens at once and lets a larger model verify them in a single pass.",
    "A second page is read as the first one was, and nothing of it is left out of any table.",
)
SCALE = 150 / 72


def save_pages(folder: Path) -> Path:
    """Write two pages of a heading and a paragraph to ``folder``; the second's size is listed wrong."""
    (folder / "images").mkdir()
    entries = [_page(folder / "images", number, text) for number, text in enumerate(PARAGRAPHS)]
    size = entries[1]["page_info"]
    size["width"], size["height"] = size["height"], size["width"]
    (folder / "OmniDocBench.json").write_text(json.dumps(entries), encoding="utf-8")
    return folder


def _page(folder: Path, number: int, text: str) -> dict[str, Any]:
    document = pymupdf.open()
    page = document.new_page(width=360, height=220)
    page.insert_text((40, 50), HEADING, fontsize=18, fontname="hebo")
    page.insert_textbox((40, 80, 320, 180), text, fontsize=12)
    pixels = page.get_pixmap(dpi=150)
    pixels.save(folder / f"page_{number}.png")
    regions = [
        {"category_type": "title", "text": HEADING, "order": 1, "poly": _poly(36, 30, 240, 58)},
        {"category_type": "text_block", "text": text, "order": 2, "poly": _poly(36, 78, 324, 116)},
    ]
    attributes = {"language": "english", "layout": "single_column", "data_source": "book"}
    return {
        "layout_dets": regions,
        "page_info": {
            "image_path": f"page_{number}.png",
            "width": pixels.width,
            "height": pixels.height,
            "page_attribute": attributes,
        },
    }


def _poly(x0: float, y0: float, x1: float, y1: float) -> list[float]:
    return [SCALE * value for value in (x0, y0, x1, y0, x1, y1, x0, y1)]
