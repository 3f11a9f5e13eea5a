"""Markdown with a label and a box before each block, as the DeepSeek-OCR models write pages. Pure.

``<|ref|>label<|/ref|><|det|>[[x0, y0, x1, y1]]<|/det|>``, a line break, then the block; coordinates are
thousandths of the page's width and height (0 to 999). Format: model card and paper, arXiv 2510.18234.
Unlimited-OCR (arXiv 2606.23050) writes ``<|det|>label [x0, y0, x1, y1]<|/det|>``, then the block in the same
line, headings without marks; format: transformers' page on it, and its processor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

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
_LABELLED_BOX = rf"<\|det\|>(\w+)\s*{_NUMBERS}.*?(?:<\|/det\|>|$)"
_MARK = re.compile(rf"<\|ref\|>([^<]*)<\|/ref\|>(?:{_BOX})?|{_LABELLED_BOX}", re.MULTILINE)
_CENTERED = re.compile(r"<center>(.*?)</center>", re.DOTALL)
_HEADINGS = (Category.TITLE, Category.SECTION_HEADER)


@dataclass(frozen=True, slots=True)
class Form:
    """How a model writes a block: ``mark`` of its label and numbers, and what stands between blocks.

    ``plain``: headings have no marks and one label, captions nothing around them.
    """

    mark: str
    between: str
    plain: bool


ABOVE = Form("<|ref|>{label}<|/ref|><|det|>[[{numbers}]]<|/det|>\n", "\n\n", plain=False)
IN_LINE = Form("<|det|>{label} [{numbers}]<|/det|>", "\n", plain=True)


def write(regions: Sequence[PageRegion], image: Image, form: Form = ABOVE) -> str:
    """The page of ``regions``, boxes in pixels of ``image``; regions without a box go without a label."""
    height, width = image.shape[:2]
    blocks = [_block(region, width, height, form) for region in regions]
    return form.between.join(block for block in blocks if block)


def read(output: str, image: Image) -> tuple[PageRegion, ...]:
    """The regions of a page's output, boxes in pixels of ``image``. Never raises; no text is left out."""
    height, width = image.shape[:2]
    return tuple(_regions(output, width, height))


def text_of(output: str) -> str:
    """``output`` without its labels and boxes, a block after the other."""
    return "\n".join(block for block in map(str.strip, _MARK.sub("\n", output).split("\n")) if block)


def _block(region: PageRegion, width: int, height: int, form: Form) -> str:
    body, label = markdown.write([region], STYLE), _LABELS[region.category]
    if form.plain and region.category in _HEADINGS:
        body, label = body.lstrip("# "), _LABELS[Category.TITLE]
    elif region.category is Category.CAPTION and body and not form.plain:
        body = f"<center>{body}</center>"
    if region.box is None or not (body or region.category is Category.PICTURE):
        return body
    numbers = ", ".join(map(str, to_grid(region.box, width, height, GRID)))
    return f"{form.mark.format(label=label, numbers=numbers)}{body}".rstrip("\n")


def _regions(output: str, width: int, height: int) -> Iterator[PageRegion]:
    reached, label, box = 0, "", None
    for mark in _MARK.finditer(output):
        yield from _labelled(output[reached : mark.start()], label, box)
        reached, label = mark.end(), (mark[1] or mark[6] or "").strip()
        numbers = [int(number) for number in (*mark.groups()[1:5], *mark.groups()[6:]) if number]
        box = from_grid(numbers, width, height, GRID) if numbers else None
    yield from _labelled(output[reached:], label, box)


def _labelled(text: str, label: str, box: Box | None) -> Iterator[PageRegion]:
    """The regions of one block: what markdown makes of it, in the label's category where it is one region."""
    body = _CENTERED.sub(r"\1", text).strip()
    category = _CATEGORIES.get(label)
    if category is Category.PICTURE and not body:
        yield PageRegion(category, "", box)
        return
    found = markdown.read(body)
    if category in _HEADINGS and len(found) == 1 and found[0].category is Category.LIST_ITEM:
        found = (PageRegion(Category.TEXT, body),)  # a heading's number is no list's
    for region in found:
        plain = region.category is Category.TEXT and category is not None and len(found) == 1
        yield replace(region, box=box, category=category if plain and category else region.category)
