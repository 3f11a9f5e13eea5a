"""Pages as HTML, a labelled ``div`` for each block, as Surya 2 writes them. Pure.

``<div data-bbox="x0 y0 x1 y1" data-label="Text"><p>...</p></div>``; coordinates are thousandths of the page's
width and height, and inside are paragraphs, headings, lists, tables and ``<math>`` with LaTeX. Format:
github.com/datalab-to/surya (``surya/inference/prompts.py`` and ``parsers.py``). What stands inside a block is
docspec.drafters.formats.block_html's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from docspec.drafters.formats import block_html
from docspec.drafters.formats.boxes import from_grid, to_grid
from docspec.types import Box, Category, Image, PageRegion, union

GRID = 1000

_LABELS = {
    Category.CAPTION: "Caption",
    Category.FOOTNOTE: "Footnote",
    Category.FORMULA: "Equation-Block",
    Category.LIST_ITEM: "List-Group",
    Category.PAGE_FOOTER: "Page-Footer",
    Category.PAGE_HEADER: "Page-Header",
    Category.PICTURE: "Image",
    Category.SECTION_HEADER: "Section-Header",
    Category.TABLE: "Table",
    Category.TEXT: "Text",
    Category.TITLE: "Section-Header",
}
# what a label makes of a block that is a paragraph; of any other the block itself tells
_CATEGORIES = {
    "Caption": Category.CAPTION,
    "Footnote": Category.FOOTNOTE,
    "Equation-Block": Category.FORMULA,
    "Page-Footer": Category.PAGE_FOOTER,
    "Page-Header": Category.PAGE_HEADER,
    "Section-Header": Category.SECTION_HEADER,
}
_PICTURES = frozenset({"Image", "Figure", "Diagram", "Complex-Block"})
_OPEN = re.compile(r"<div\b[^<>]*\bdata-(?:bbox|label)\s*=[^<>]*>", re.IGNORECASE)
_LABEL = re.compile(r"data-label\s*=\s*[\"']?([\w-]+)")
_BOX = re.compile(r"data-bbox\s*=\s*[\"']?\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)")


def write(regions: Sequence[PageRegion], image: Image) -> str:
    """The page of ``regions``, boxes in pixels of ``image``; items that follow each other share a block."""
    height, width = image.shape[:2]
    runs = groupby(regions, key=lambda region: region.category is Category.LIST_ITEM)
    blocks = [
        block for items, run in runs for block in ([list(run)] if items else [[region] for region in run])
    ]
    return "\n".join(filter(None, (_block(block, width, height) for block in blocks)))


def read(output: str, image: Image) -> tuple[PageRegion, ...]:
    """The regions of a page's output, boxes in pixels of ``image``. Never raises; no text is left out."""
    height, width = image.shape[:2]
    return tuple(_regions(output, width, height))


def _block(regions: Sequence[PageRegion], width: int, height: int) -> str:
    first = regions[0]
    body = block_html.write(first.category, "\n".join(region.text for region in regions), first.level)
    boxes = [region.box for region in regions if region.box is not None]
    if not (body or first.category is Category.PICTURE):
        return ""
    numbers = to_grid(union(boxes), width, height, GRID) if boxes else []
    place = f'data-bbox="{" ".join(map(str, numbers))}" ' if boxes else ""
    return f'<div {place}data-label="{_LABELS[first.category]}">{body}</div>'


def _regions(output: str, width: int, height: int) -> Iterator[PageRegion]:
    reached, label, box = 0, "", None
    for opening in _OPEN.finditer(output):
        yield from _labelled(output[reached : opening.start()], label, box)
        found, numbers = _LABEL.search(opening[0]), _BOX.search(opening[0])
        reached, label = opening.end(), found[1] if found else ""
        box = from_grid(list(map(int, numbers.groups())), width, height, GRID) if numbers else None
    yield from _labelled(output[reached:], label, box)


def _labelled(html: str, label: str, box: Box | None) -> Iterator[PageRegion]:
    found = block_html.read(html)
    category = _CATEGORIES.get(label)
    if label in _PICTURES and not found:
        yield PageRegion(Category.PICTURE, "", box)
    for region in found:
        plain = region.category is Category.TEXT and category is not None and len(found) == 1
        yield replace(region, box=box, category=category if plain and category else region.category)
