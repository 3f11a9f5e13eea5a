"""Markdown with a label and a box before each block, as the DeepSeek-OCR models write pages. Pure.

``<|ref|>label<|/ref|><|det|>[[x0, y0, x1, y1]]<|/det|>``, a line break, then the block; coordinates are
thousandths of the page's width and height (0 to 999). Format: model card and paper, arXiv 2510.18234.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from docspec.drafters.formats import markdown
from docspec.drafters.formats.boxes import from_grid, to_grid
from docspec.types import Box, Category, Image, PageRegion

GRID = 999
STYLE = markdown.MarkdownOptions(formula=("\\[", "\\]"), inline=("\\(", "\\)"), marginals=True)

_LABELS = {
    Category.CAPTION: "image_caption",
    Category.FOOTNOTE: "footnote",
    Category.FORMULA: "equation",
    Category.LIST_ITEM: "text",
    Category.PAGE_FOOTER: "footer",
    Category.PAGE_HEADER: "header",
    Category.PICTURE: "image",
    Category.SECTION_HEADER: "sub_title",
    Category.TABLE: "table",
    Category.TEXT: "text",
    Category.TITLE: "title",
}
_CATEGORIES = {label: category for category, label in _LABELS.items()} | {
    "text": None,  # a list as well: the block itself tells
    "figure": Category.PICTURE,
    "figure_caption": Category.CAPTION,
    "table_caption": Category.CAPTION,
    "table_footnote": Category.FOOTNOTE,
    "page_number": Category.PAGE_FOOTER,
}
_NUMBERS = r"\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]"
_BOX = rf"<\|det\|>\[?\s*{_NUMBERS}.*?(?:<\|/det\|>|$)"  # to the end of the line where it is broken off
_MARK = re.compile(rf"<\|ref\|>([^<]*)<\|/ref\|>(?:{_BOX})?", re.MULTILINE)
_CENTERED = re.compile(r"<center>(.*?)</center>", re.DOTALL)


def write(regions: Sequence[PageRegion], image: Image) -> str:
    """The page of ``regions``, boxes in pixels of ``image``; regions without a box go without a label."""
    height, width = image.shape[:2]
    blocks = [_block(region, width, height) for region in regions]
    return "\n\n".join(block for block in blocks if block)


def read(output: str, image: Image) -> tuple[PageRegion, ...]:
    """The regions of a page's output, boxes in pixels of ``image``. Never raises; no text is left out."""
    height, width = image.shape[:2]
    return tuple(_regions(output, width, height))


def _block(region: PageRegion, width: int, height: int) -> str:
    body = markdown.write([region], STYLE)
    if region.category is Category.CAPTION and body:
        body = f"<center>{body}</center>"
    if region.box is None or not (body or region.category is Category.PICTURE):
        return body
    numbers = ", ".join(map(str, to_grid(region.box, width, height, GRID)))
    mark = f"<|ref|>{_LABELS[region.category]}<|/ref|><|det|>[[{numbers}]]<|/det|>"
    return f"{mark}\n{body}" if body else mark


def _regions(output: str, width: int, height: int) -> Iterator[PageRegion]:
    reached, label, box = 0, "", None
    for mark in _MARK.finditer(output):
        yield from _labelled(output[reached : mark.start()], label, box)
        reached, label = mark.end(), mark[1].strip()
        box = from_grid(list(map(int, mark.groups()[1:])), width, height, GRID) if mark[2] else None
    yield from _labelled(output[reached:], label, box)


def _labelled(text: str, label: str, box: Box | None) -> Iterator[PageRegion]:
    """The regions of one block: what markdown makes of it, in the label's category where it is one region."""
    body = _CENTERED.sub(r"\1", text).strip()
    category = _CATEGORIES.get(label)
    if category is Category.PICTURE and not body:
        yield PageRegion(category, "", box)
        return
    found = markdown.read(body)
    for region in found:
        plain = region.category is Category.TEXT and category is not None and len(found) == 1
        yield replace(region, box=box, category=category if plain and category else region.category)
