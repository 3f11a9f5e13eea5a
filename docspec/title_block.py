"""What stands above a document's first section: its title, and the names below it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from docspec.layout.headings import size
from docspec.layout.inner_headings import ABSTRACT
from docspec.markdown import HEADINGS
from docspec.numbering import numbers
from docspec.types import Category, PageResult, Region, RegionResult, union

OFF_CENTRE = 0.02  # share of the text's width by which a centred line may be off its middle
INSET = 0.8  # of the font's size: from the text's edges to a centred line, at least
PROSE = 100  # characters of text from which it is no name, place or date

Place = tuple[int, int]  # a page's position, and its region's


def is_centred_title(page: PageResult, first: Region, alike: Sequence[Region]) -> bool:
    """Whether the heading ``first`` is centred over the text, and those of its size, ``alike``, are not."""
    texts = [
        result.region.box
        for result in page.regions
        if result.region.category is Category.TEXT and len(result.region.lines) > 1
    ]
    if not texts or not alike:
        return False
    left, _, right, _ = union(texts)
    others = [region for region in alike if region.page == first.page]
    return (
        bool(others)
        and _is_centred(first, left, right)
        and not any(_is_centred(region, left, right) for region in others)
    )


def _is_centred(region: Region, left: float, right: float) -> bool:
    reach = OFF_CENTRE * (right - left)
    boxes = [line.box for line in region.lines]
    centred = all(abs((box[0] + box[2]) - (left + right)) <= 2 * reach for box in boxes)
    return bool(boxes) and centred and max(box[0] for box in boxes) - left >= INSET * size(region)


def bylines(pages: Sequence[PageResult], levels: Mapping[Place, int]) -> set[Place]:
    """The headings between the title and the first section that are none: names, a place, a date.

    They are deeper than that section, though no section is above them, and nothing that reads as text stands
    below any of them. ``levels`` are those of all headings.
    """
    places = sorted(levels)
    if not places or levels[places[0]] != 1:
        return set()
    between: set[Place] = set()
    for place in places[1:]:
        if place[0] != places[0][0]:
            break
        if between and levels[place] < min(levels[one] for one in between):
            return between if _says_nothing(pages[place[0]], places[0], place) else set()
        between.add(place)
    return set()


def _says_nothing(page: PageResult, title: Place, section: Place) -> bool:
    """Whether what stands between the title and the first section is short text, without numbers before it or
    an abstract's head."""
    between = page.regions[title[1] + 1 : section[1]]
    heads = [result.text for result in between if result.region.category in HEADINGS]
    if any(numbers(heads)) or any(map(ABSTRACT.fullmatch, heads)):
        return False
    return all(
        result.region.category in (Category.TEXT, *HEADINGS) and len(result.text) < PROSE
        for result in between
    )


def as_byline(result: RegionResult) -> RegionResult:
    """A heading as text."""
    return replace(result, region=replace(result.region, category=Category.TEXT, level=None))
