"""Heading levels on one page, from numbering and from size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from docspec.layout.geometry import height
from docspec.marks import heading_depth
from docspec.types import Category, Region

FIRST, LAST = 2, 6  # levels of section headers; 1 is the title's
LIKE = 1.12  # sizes within this factor are one size


def with_levels(regions: Sequence[Region]) -> list[Region]:
    """``regions`` with the level of each title (1) and section header (2 to 6).

    "3.1.2 Name" is one deeper than "3.1 Name"; headers without numbers take the level of the numbered
    header of their size, and among themselves rank by size.
    """
    numbered: list[tuple[float, int]] = []
    for region in regions:
        if region.category == Category.SECTION_HEADER and (depth := heading_depth(_text(region))):
            numbered.append((size(region), min(LAST, FIRST + depth - 1)))
    ranks = _ranks([size(r) for r in regions if r.category == Category.SECTION_HEADER])
    return [replace(region, level=_level(region, numbered, ranks)) for region in regions]


def size(region: Region) -> float:
    """A region's font size in points: its spans' where known, else from its lines' heights."""
    sizes = [span.size for line in region.lines for span in line.spans if span.size > 0 and span.text.strip()]
    if sizes:
        return median(sizes)
    return 0.75 * median([height(line.box) for line in region.lines] or [0.0])


def _level(region: Region, numbered: Sequence[tuple[float, int]], ranks: Sequence[float]) -> int | None:
    if region.category == Category.TITLE:
        return 1
    if region.category != Category.SECTION_HEADER:
        return None
    if depth := heading_depth(_text(region)):
        return min(LAST, FIRST + depth - 1)
    own = size(region)
    same = [level for other, level in numbered if max(own, other) <= LIKE * min(own, other)]
    if same:
        return min(same)
    return min(LAST, FIRST + sum(own * LIKE < rank for rank in ranks))


def _ranks(sizes: Sequence[float]) -> list[float]:
    """The distinct sizes, largest first; one within a factor of ``LIKE`` of a larger one is that one."""
    distinct: list[float] = []
    for value in sorted(sizes, reverse=True):
        if not distinct or value * LIKE < distinct[-1]:
            distinct.append(value)
    return distinct


def _text(region: Region) -> str:
    return " ".join(line.text for line in region.lines)
