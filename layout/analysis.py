"""The layout stage: a page's lines and a detector's boxes to regions in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from docspec.layout.algorithms import with_algorithms
from docspec.layout.assign import TEXT_LIKE, adopt, assign, fit, gather, in_reading_order
from docspec.layout.bookmarked import with_bookmarks
from docspec.layout.captions import caption_parents
from docspec.layout.cards import by_card
from docspec.layout.chapter_heads import join_chapters
from docspec.layout.chart_labels import with_labels
from docspec.layout.code_blocks import with_code_blocks
from docspec.layout.cut import cut
from docspec.layout.displayed import with_displays
from docspec.layout.geometry import Index, area, covered, intersection
from docspec.layout.heading_sizes import headings_apart
from docspec.layout.headings import with_levels
from docspec.layout.inner_headings import with_inner_headings
from docspec.layout.listed_tables import listed
from docspec.layout.notes import with_notes
from docspec.layout.order import reading_order
from docspec.layout.overlaps import resolve
from docspec.layout.pixels import ink_share
from docspec.layout.plain_headings import without_plain
from docspec.layout.prose_tables import tables_of_prose
from docspec.layout.repair import join_numbers, repair
from docspec.layout.side_by_side import tables_apart
from docspec.layout.side_labels import parted_by_labels
from docspec.layout.tables_of_rows import tables_of_rows
from docspec.root_signs import with_root_signs
from docspec.turning import is_right_to_left
from docspec.types import Box, Category, Detector, Dropped, Line, Page, Region, union
from docspec.vertical import is_vertical

BLANK = 0.002  # share of a region's pixels that are ink below which nothing is there


@dataclass(frozen=True, slots=True)
class Layout:
    """A page's regions in reading order (``regions[i].order == i``), and what was left out and why."""

    regions: tuple[Region, ...]
    dropped: tuple[Dropped, ...] = ()


def analyse(page: Page, lines: Sequence[Line], detector: Detector) -> Layout:
    """Regions of ``page`` with their lines, categories, order, heading levels and parents.

    Every one of ``lines`` is in exactly one region, or in ``dropped``; so is every detected region.
    Raises what the detector raises.
    """
    lines, no_lines = _usable(page, with_root_signs(lines))
    found, no_regions = resolve(detector.detect(page, lines))
    regions, orphans = assign(found, lines)
    regions = tables_of_rows(page, tables_of_prose(page, regions))
    regions = [piece for region in regions for piece in _pieces(page, fit(region))]
    regions, orphans = adopt(regions, orphans)
    regions += gather(page.index, orphans, [region.box for region in regions])
    regions, empty = _without_empty(page, with_code_blocks(with_labels(regions), lines))
    regions = with_inner_headings(join_numbers(with_displays(regions)))
    regions = tables_apart(
        repair(page, headings_apart(join_chapters(with_bookmarks(regions, page.bookmarks))))
    )
    regions = with_notes(without_plain(regions), page.height)
    regions = _ordered(with_algorithms(parted_by_labels(regions)), _right_to_left(lines))
    return Layout(tuple(with_levels(regions)), (*no_lines, *no_regions, *empty))


def _pieces(page: Page, region: Region) -> list[Region]:
    """``region`` in as many pieces as it is; the rows of a curriculum vitae are not cut at their gaps."""
    parts = listed(page, region)
    if len(parts) > 1:
        return parts
    return [piece for part in by_card(page, region) for piece in cut(page, part)]


def _usable(page: Page, lines: Sequence[Line]) -> tuple[list[Line], list[Dropped]]:
    """Lines with text on the page; the others with the reason why they are none."""
    frame = (0.0, 0.0, page.width, page.height)
    kept: list[Line] = []
    dropped: list[Dropped] = []
    for line in lines:
        if not line.text.strip():
            dropped.append(Dropped(line.box, None, "line without text", line.text))
        elif area(line.box) > 0 and intersection(line.box, frame) <= 0:
            dropped.append(Dropped(line.box, None, "line outside the page", line.text))
        else:
            kept.append(line)
    return kept, dropped


def _without_empty(page: Page, regions: Sequence[Region]) -> tuple[list[Region], list[Dropped]]:
    """``regions`` without those that have neither lines nor anything to see that no other region has."""
    kept: list[Region] = []
    dropped: list[Dropped] = []
    index = Index([region.box for region in regions])
    for i, region in enumerate(regions):
        if region.lines:
            kept.append(region)
            continue
        others = [index.boxes[j] for j in index.near(region.box) if j != i]
        if ink_share(page, region.box) < BLANK:
            dropped.append(Dropped(region.box, region.category, "nothing is there"))
        elif region.category in TEXT_LIKE and others and covered(others, region.box) > 0.5:
            dropped.append(Dropped(region.box, region.category, "its text belongs to other regions"))
        else:
            kept.append(region)
    return kept, dropped


def _ordered(regions: Sequence[Region], right_to_left: bool) -> list[Region]:
    """``regions`` in reading order, numbered, with their lines in order and captions' parents."""
    frame = (
        union(r.box for r in regions if not _is_sideways(r)) if not all(map(_is_sideways, regions)) else None
    )
    stamps = [frame is not None and _is_sideways(r) and _is_aside(r.box, frame) for r in regions]
    kinds = [Category.PAGE_HEADER if stamp else r.category for r, stamp in zip(regions, stamps, strict=True)]
    order = reading_order([r.box for r in regions], kinds, right_to_left)
    sequence = [regions[i] for i in order]
    parents = caption_parents([r.box for r in sequence], [r.category for r in sequence])
    return [
        replace(region, order=i, parent=parents.get(i), lines=in_reading_order(region.lines, right_to_left))
        for i, region in enumerate(sequence)
    ]


def _is_sideways(region: Region) -> bool:
    return bool(region.lines) and all(line.turn for line in region.lines)


def _is_aside(box: Box, frame: Box) -> bool:
    """Whether a stamp stands in the margin: it is read before the text, not in the middle of it."""
    return box[2] <= frame[0] or box[0] >= frame[2]


def _right_to_left(lines: Sequence[Line]) -> bool:
    """Whether most letters are of a script that is written from right to left, or stand in columns, which are
    read from the right as well."""
    vertical = sum(len(line.text) for line in lines if is_vertical(line))
    if 2 * vertical > sum(len(line.text) for line in lines):
        return True
    return is_right_to_left(line.text for line in lines)
