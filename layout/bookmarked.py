"""Headings that a PDF's outline names, where the detector saw text, a caption or two pieces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from rapidfuzz import fuzz

from docspec.layout.assign import TEXT_LIKE, fit
from docspec.layout.geometry import rows, same_rows
from docspec.layout.headings import size
from docspec.types import Bookmark, Category, Line, Region

SAME_TITLE = 92  # how alike (of 100) a heading and its entry in the outline are, at least
MOST_ROWS = 4  # of a heading
HEADINGS = (Category.TITLE, Category.SECTION_HEADER)
_NUMBER = re.compile(r"\d+|[ivx]+[a-z]?|[a-z]\d*")


def with_bookmarks(regions: Sequence[Region], bookmarks: Sequence[Bookmark]) -> list[Region]:
    """``regions`` with a section header for each of the page's ``bookmarks`` whose title the page prints.

    That is a whole region, the first rows of one, which is cut there, or two below each other, which are
    joined.
    """
    found = list(regions)
    taken: set[int] = set()  # by id: the headings that entries have
    for bookmark in bookmarks:
        made = (
            _whole(found, bookmark, taken) or _rows(found, bookmark, taken) or _joined(found, bookmark, taken)
        )
        if made is None:
            continue
        found, heading = made
        taken.add(id(heading))
    return found


def same_title(text: str, bookmark: str) -> bool:
    """Whether a heading is the one that an entry of the outline names; one of them may lack the number."""
    a, b = plain(text), plain(bookmark)
    if not a or not b:
        return False
    if a == b or fuzz.ratio(a, b) >= SAME_TITLE:
        return True
    longer, shorter = sorted((a, b), key=len, reverse=True)
    number = longer.removesuffix(shorter)
    return 2 < len(shorter) < len(longer) > len(number) and _NUMBER.fullmatch(number) is not None


def plain(text: str) -> str:
    """Letters and digits alone, in small letters."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).lower() if char.isalnum())


def _text(lines: Sequence[Line]) -> str:
    return " ".join(line.text for line in lines)


def _can_be(region: Region, taken: set[int]) -> bool:
    return id(region) not in taken and region.category in TEXT_LIKE and bool(region.lines)


def _whole(found: list[Region], bookmark: Bookmark, taken: set[int]) -> tuple[list[Region], Region] | None:
    """The region that is the heading; the largest, one that is known to be a heading before others."""
    same = [r for r in found if _can_be(r, taken) and same_title(_text(r.lines), bookmark.title)]
    if not same:
        return None
    best = max(same, key=lambda region: (region.category in HEADINGS, size(region)))
    kept = best.category is Category.TITLE
    heading = best if kept else fit(replace(best, category=Category.SECTION_HEADER))
    return [heading if region is best else region for region in found], heading


def _rows(found: list[Region], bookmark: Bookmark, taken: set[int]) -> tuple[list[Region], Region] | None:
    """The heading as the first rows of a region, which is cut below them."""
    for place, region in enumerate(found):
        if not _can_be(region, taken):
            continue
        groups = rows([line.box for line in region.lines])
        for count in range(1, min(MOST_ROWS, len(groups) - 1) + 1):
            first = {i for group in groups[:count] for i in group}
            lines = [region.lines[i] for i in sorted(first)]
            if same_title(_text(lines), bookmark.title):
                rest = [line for i, line in enumerate(region.lines) if i not in first]
                heading = fit(replace(region, category=Category.SECTION_HEADER, lines=tuple(lines)))
                below = Category.TEXT if region.category in HEADINGS else region.category
                other = fit(replace(region, category=below, lines=tuple(rest)))
                return [*found[:place], heading, other, *found[place + 1 :]], heading
    return None


def _joined(found: list[Region], bookmark: Bookmark, taken: set[int]) -> tuple[list[Region], Region] | None:
    """The heading as two regions, side by side or one just below the other."""
    title = plain(bookmark.title)
    for first in found:
        start = plain(_text(first.lines)) if _can_be(first, taken) else ""
        if len(start) < 2 or len(start) >= len(title) or start not in title:
            continue
        for second in found:
            if second is first or not _can_be(second, taken):
                continue
            beside = same_rows(first.box, second.box) > 0.5
            gap = second.box[1] - first.box[3]
            near = beside or -1 <= gap <= 1.5 * max(size(first), size(second))
            if near and same_title(_text((*first.lines, *second.lines)), bookmark.title):
                lines = (*first.lines, *second.lines)
                heading = fit(replace(first, category=Category.SECTION_HEADER, lines=lines))
                rest = [region for region in found if region is not second]
                return [heading if region is first else region for region in rest], heading
    return None
