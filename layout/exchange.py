"""Regions as layoutparser's ``lp.Layout`` and back.

Coordinates there are pixels of the page's image, as layoutparser's own models give them; here they are
page points. What ``lp.TextBlock`` has no field for (heading levels, spans, boxes of lines) does not survive.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from docspec.layout.geometry import area, clip
from docspec.types import Box, Category, Line, Page, Region, Span

SOURCE = "layoutparser"

# The classes of layoutparser's model zoo that are no text; None is no region (frames, rules).
FOREIGN: dict[str, Category | None] = {
    # PubLayNet's "Title": headings of every level
    **dict.fromkeys(("Title", "Headline", "Subtitle"), Category.SECTION_HEADER),
    **dict.fromkeys(("Figure", "ImageRegion", "Photograph", "Illustration", "Map"), Category.PICTURE),
    **dict.fromkeys(("Comics/Cartoon", "Editorial Cartoon", "Advertisement"), Category.PICTURE),
    **dict.fromkeys(("Table", "TableRegion"), Category.TABLE),
    **dict.fromkeys(("Equation", "MathsRegion"), Category.FORMULA),
    **dict.fromkeys(("SeparatorRegion", "Page Frame", "Row", "Title Region")),
    "List": Category.LIST_ITEM,
}


def to_layoutparser(regions: Iterable[Region], page: Page) -> Any:
    """``regions`` as an ``lp.Layout`` of text blocks in pixels of ``page.image``.

    A block's ``type`` is the category's name, ``id`` the reading order, ``text`` the lines' text with line
    breaks; ``parent`` and ``score`` are the region's parent and confidence.
    """
    import layoutparser as lp

    sx, sy = _scale(page)
    return lp.Layout(
        [
            lp.TextBlock(
                lp.Rectangle(*(side * scale for side, scale in zip(region.box, (sx, sy) * 2, strict=True))),
                text="\n".join(line.text for line in region.lines) or None,
                id=region.order,
                type=region.category.value,
                parent=region.parent,
                score=region.confidence,
            )
            for region in regions
        ]
    )


def from_layoutparser(layout: Iterable[Any], page: Page) -> list[Region]:
    """The regions of an ``lp.Layout`` whose coordinates are pixels of ``page.image``.

    Takes this project's categories and those of layoutparser's model zoo; other types become text.
    Blocks of any shape count with their bounding boxes. A block's text becomes lines, one below another
    in its box. Frames, rules and blocks without area on the page are left out.
    """
    sx, sy = _scale(page)
    frame = (0.0, 0.0, page.width, page.height)
    regions: list[Region] = []
    for block in layout:
        x0, y0, x1, y1 = (float(value) for value in block.coordinates)
        box = clip((x0 / sx, y0 / sy, x1 / sx, y1 / sy), frame)
        category = _category(getattr(block, "type", None))
        if category is None or area(box) <= 0:
            continue
        identity, score = getattr(block, "id", None), getattr(block, "score", None)
        regions.append(
            Region(
                page.index,
                identity if isinstance(identity, int) else len(regions),
                box,
                category,
                1.0 if score is None else float(score),
                _lines(getattr(block, "text", None), box),
                parent=getattr(block, "parent", None),
            )
        )
    return regions


def _scale(page: Page) -> tuple[float, float]:
    height, width = page.image.shape[:2]
    return width / page.width, height / page.height


def _category(name: object) -> Category | None:
    key = str(name)
    if key in FOREIGN:
        return FOREIGN[key]
    return Category(key) if key in set(Category) else Category.TEXT


def _lines(text: str | None, box: Box) -> tuple[Line, ...]:
    parts: Sequence[str] = text.split("\n") if text else ()
    step = (box[3] - box[1]) / max(1, len(parts))
    boxes = [(box[0], box[1] + i * step, box[2], box[1] + (i + 1) * step) for i in range(len(parts))]
    return tuple(Line((Span(part, slot),), slot, SOURCE) for part, slot in zip(parts, boxes, strict=True))
