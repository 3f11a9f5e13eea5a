"""Categories that a region's own text and surroundings contradict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from docspec.layout.assign import TEXT_LIKE, fit
from docspec.layout.geometry import rows, same_rows, split, union
from docspec.layout.headings import size
from docspec.layout.ink import ink_share
from docspec.types import Category, Page, Region

DRAWN = 0.02  # share of a picture's pixels that are neither background nor text
LONG_HEADING = 220  # characters beyond which a heading is a paragraph
CAPTION = re.compile(
    r"^\s*(?:fig(?:ure|\.)?|table|tab\.|chart|scheme|exhibit|abb(?:ildung|\.)|tabelle|图|圖|表)\s*"
    r"[\d０-９一二三四五六七八九十IVX]+",
    re.IGNORECASE,
)
NUMBER = re.compile(r"^[(（\[]\s*(?:[A-Z]{0,2}\s*[.\-]?\s*)?\d{1,3}(?:[.\-]\d{1,3})*\s*[a-z']?\s*[)）\]]$")
BULLET = re.compile(r"^\s*[•◦▪▫‣●○■□◆◇➢➤✓✔]\s*\S")


def repair(page: Page, regions: Sequence[Region]) -> list[Region]:
    """``regions`` with their categories set right; boxes and lines stay."""
    repaired = [_one(page, region) for region in regions]
    repaired = _formulas(repaired)
    return _single_title(repaired)


def _one(page: Page, region: Region) -> Region:
    text = " ".join(line.text for line in region.lines).strip()
    category = region.category
    if category == Category.PICTURE and region.lines and not _drawn(page, region):
        category = Category.TEXT
    if category == Category.TABLE and region.lines and not _tabular(region):
        category = Category.TEXT
    if category in (Category.TITLE, Category.SECTION_HEADER) and len(text) > LONG_HEADING:
        category = Category.TEXT
    if category in (Category.PAGE_HEADER, Category.PAGE_FOOTER) and _in_the_middle(page, region):
        category = Category.TEXT
    if category == Category.TEXT and BULLET.match(text):
        category = Category.LIST_ITEM
    return region if category == region.category else fit(replace(region, category=category))


def _drawn(page: Page, region: Region) -> bool:
    return ink_share(page, region.box, [line.box for line in region.lines]) >= DRAWN


def _tabular(region: Region) -> bool:
    """Two rows or two columns at the least."""
    boxes = [line.box for line in region.lines]
    return len(rows(boxes)) > 1 or len(split([(box[0], box[2]) for box in boxes])) > 2


def _in_the_middle(page: Page, region: Region) -> bool:
    middle = (region.box[1] + region.box[3]) / 2 / page.height if page.height else 0.5
    return 0.2 < middle < 0.8


def _formulas(regions: Sequence[Region]) -> list[Region]:
    """A text region with nothing but a number in parentheses far to its right or left is a formula."""
    repaired = list(regions)
    for i, region in enumerate(regions):
        text = "".join(line.text for line in region.lines).strip()
        if region.category not in TEXT_LIKE or not NUMBER.match(text):
            continue
        mates = [
            j
            for j, other in enumerate(regions)
            if j != i
            and other.category in TEXT_LIKE
            and other.lines
            and same_rows(region.box, other.box) > 0.5
            and len(rows([line.box for line in other.lines])) <= 3
        ]
        if mates:
            nearest = min(mates, key=lambda j: abs(regions[j].box[0] - region.box[0]))
            repaired[nearest] = fit(replace(repaired[nearest], category=Category.FORMULA))
            repaired[i] = fit(replace(region, category=Category.CAPTION))
    return repaired


def _single_title(regions: Sequence[Region]) -> list[Region]:
    """One title a page, the largest; the others head sections."""
    titles = [i for i, region in enumerate(regions) if region.category == Category.TITLE]
    best = max(titles, key=lambda i: (size(regions[i]), -regions[i].box[1]), default=-1)
    return [
        replace(region, category=Category.SECTION_HEADER) if i in titles and i != best else region
        for i, region in enumerate(regions)
    ]


def captions(regions: Sequence[Region]) -> list[Region]:
    """Text that names a figure or table and stands at one becomes its caption."""
    floats = [r for r in regions if r.category in (Category.PICTURE, Category.TABLE)]
    return [
        replace(region, category=Category.CAPTION)
        if region.category in (Category.TEXT, Category.SECTION_HEADER, Category.LIST_ITEM)
        and CAPTION.match("".join(line.text for line in region.lines[:1]))
        and any(_touching(region, other) for other in floats)
        else region
        for region in regions
    ]


def _touching(region: Region, other: Region) -> bool:
    reach = 3 * max(size(region), 4.0)
    x0, y0, x1, y1 = union([other.box])
    box = region.box
    return box[0] < x1 + reach and box[2] > x0 - reach and box[1] < y1 + reach and box[3] > y0 - reach
