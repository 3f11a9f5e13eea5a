"""DocTags, the page format of the docling models (SmolDocling, granite-docling; arXiv 2503.11576). Pure.

One element a line, each with its box as four ``<loc_n>`` tokens (left, top, right, bottom, n in 0..500 of the
page's width and height); tables are OTSL; a caption stands inside the table or picture that it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from docspec import marks
from docspec.drafters.formats.boxes import from_grid, to_grid
from docspec.drafters.formats.table_text import read_otsl, read_table, write_html, write_otsl
from docspec.markdown import HEADINGS
from docspec.types import Box, Category, Image, PageRegion

GRID = 500
CAPTIONED = (Category.TABLE, Category.PICTURE)

_NAMES = {
    Category.CAPTION: "caption",
    Category.FOOTNOTE: "footnote",
    Category.FORMULA: "formula",
    Category.LIST_ITEM: "list_item",
    Category.PAGE_FOOTER: "page_footer",
    Category.PAGE_HEADER: "page_header",
    Category.PICTURE: "picture",
    Category.TABLE: "otsl",
    Category.TEXT: "text",
    Category.TITLE: "title",
}
_CATEGORIES = {name: category for category, name in _NAMES.items()} | {
    "chart": Category.PICTURE,
    "code": Category.TEXT,
    "paragraph": Category.TEXT,
    "reference": Category.TEXT,
    "checkbox_selected": Category.TEXT,
    "checkbox_unselected": Category.TEXT,
    "document_index": Category.TABLE,
    "table": Category.TABLE,
}
_ORDERED, _UNORDERED = "ordered_list", "unordered_list"
_LOCATIONS = re.compile(r"(?:<loc_(\d{1,4})>\s*){4}")
_LOCATION = re.compile(r"<loc_(\d{1,4})>")
_HEADING = re.compile(r"section_header(?:_level_(\d))?")
_ELEMENTS = "|".join([*sorted(_CATEGORIES), r"section_header(?:_level_\d)?"])
_TAG = re.compile(rf"<(/?)({_ELEMENTS}|{_ORDERED}|{_UNORDERED})>")
_FRAME = re.compile(r"</?doctag>|<\|?end_of_(?:utterance|text)\|?>|<page_break>")


def write(regions: Sequence[PageRegion], image: Image) -> str:
    """The page of ``regions``, boxes in pixels of ``image``, as DocTags."""
    height, width = image.shape[:2]
    parts: list[str] = []
    open_list = ""
    captions = _captions(regions)
    for number, region in enumerate(regions):
        if number in captions.values():
            continue
        kind = _list_kind(region)
        if open_list and kind != open_list:
            parts[-1] = f"{parts[-1]}\n</{open_list}>"
        caption = regions[captions[number]] if number in captions else None
        element = _element(region, caption, width, height)
        parts.append(f"<{kind}>{element}" if kind and kind != open_list else element)
        open_list = kind
    if open_list:
        parts[-1] = f"{parts[-1]}\n</{open_list}>"
    return f"<doctag>{chr(10).join(parts)}\n</doctag>" if parts else ""


def read(output: str, image: Image) -> tuple[PageRegion, ...]:
    """The regions of a page's output, boxes in pixels of ``image``. Never raises; no text is left out."""
    height, width = image.shape[:2]
    return tuple(_regions(_FRAME.sub("\n", output), width, height))


def _captions(regions: Sequence[PageRegion]) -> dict[int, int]:
    """By table or picture, its caption: right after it, or right before it where that one is still free."""
    found: dict[int, int] = {}
    for number, region in enumerate(regions):
        if region.category not in CAPTIONED:
            continue
        for other in (number + 1, number - 1):
            inside = 0 <= other < len(regions) and regions[other].category is Category.CAPTION
            if inside and other not in found.values():
                found[number] = other
                break
    return found


def _list_kind(region: PageRegion) -> str:
    if region.category is not Category.LIST_ITEM:
        return ""
    return _ORDERED if marks.NUMBER.match(region.text.lstrip()) else _UNORDERED


def _element(region: PageRegion, caption: PageRegion | None, width: int, height: int) -> str:
    name = _NAMES.get(region.category) or f"section_header_level_{min(max((region.level or 2) - 1, 1), 6)}"
    inner = _element(caption, None, width, height) if caption is not None else ""
    return f"<{name}>{_locations(region.box, width, height)}{_content(region)}{inner}</{name}>"


def _locations(box: Box | None, width: int, height: int) -> str:
    if box is None:
        return ""
    return "".join(f"<loc_{number}>" for number in to_grid(box, width, height, GRID))


def _content(region: PageRegion) -> str:
    text = region.text.strip()
    if region.category is Category.PICTURE:
        return ""
    if region.category is Category.TABLE:
        grid = read_table(text)
        return write_otsl(grid) if grid is not None else " ".join(text.split())
    if region.category is Category.FORMULA:
        return marks.bare_formula(text)
    if region.category in HEADINGS:
        return marks.without(marks.HEADING, text).lstrip()
    if region.category is Category.LIST_ITEM:
        return _unmarked(text)
    return text


def _unmarked(item: str) -> str:
    """An item of a list without its bullet, printed or written: the element says that it is one."""
    bare = marks.without(marks.ITEM_BULLET, item)
    return bare if bare != item else marks.without(marks.BULLET, item)


def _regions(text: str, width: int, height: int) -> Iterator[PageRegion]:
    """Elements in order; one that another interrupts, or that never ends, ends there."""
    stack: list[str] = []  # names of the open elements
    reached = 0
    for tag in _TAG.finditer(text):
        yield from _piece(stack, text[reached : tag.start()], width, height)
        reached = tag.end()
        name = tag[2]
        if not tag[1]:
            if not (name == "caption" and stack and _CATEGORIES.get(stack[-1]) in CAPTIONED):
                stack = [open_name for open_name in stack if open_name in (_ORDERED, _UNORDERED)]
            stack.append(name)
        elif name in stack:
            del stack[len(stack) - 1 - stack[::-1].index(name) :]
        else:  # the end of something else ends what is open as well
            stack = [open_name for open_name in stack if open_name in (_ORDERED, _UNORDERED)]
    yield from _piece(stack, text[reached:], width, height)


def _piece(stack: Sequence[str], text: str, width: int, height: int) -> Iterator[PageRegion]:
    """The region of the innermost open element, whose content is ``text``; loose text is a text region."""
    name = stack[-1] if stack else ""
    box, body = _box(text, width, height)
    if not name or name in (_ORDERED, _UNORDERED):
        if body:
            yield PageRegion(Category.TEXT, body, box)
        return
    heading = _HEADING.fullmatch(name)
    category = Category.SECTION_HEADER if heading else _CATEGORIES[name]
    if not body and box is None:
        return
    level = int(heading[1] or 1) + 1 if heading else None
    yield PageRegion(category, _text(category, body, _ORDERED in stack), box, level)


def _text(category: Category, body: str, ordered: bool) -> str:
    if category is Category.TABLE and body:
        grid = read_otsl(body)
        return write_html(grid, header_cells=True) if grid.cells else ""
    if category is Category.LIST_ITEM and not ordered and body:
        return f"- {_unmarked(body)}"
    return body


def _box(text: str, width: int, height: int) -> tuple[Box | None, str]:
    """The box that ``text`` begins with, and the text without location tokens, which may be broken off."""
    found = _LOCATIONS.match(text.lstrip())
    box: Box | None = None
    if found is not None:
        box = from_grid(list(map(int, _LOCATION.findall(found[0]))), width, height, GRID)
    return box, re.sub(r"<loc_\d*$", "", _LOCATION.sub("", text)).strip()
