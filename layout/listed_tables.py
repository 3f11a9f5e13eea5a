"""Text that a detector took for a table, since dates stand at its right edge, or for items, as bullets are
below titles: a curriculum vitae.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from docspec.layout.assign import fit
from docspec.layout.geometry import height, rows, split
from docspec.marks import SURE_BULLET, starts_item
from docspec.types import Box, Category, Line, Page, Region, union

BULLETS = 2  # items of such text, at the least
INDENTED = 3.0  # heights of a line from the left edge to a bullet, at most
APART = 1.2  # heights of a line between two pieces of a row, at the least
EDGE = 2.0  # heights of a line from the right edge to what ends a row there, at most
OUT = 0.4  # of a line's height: how far left of the bullets titles of items stand, at the least
CELLS = 4  # of a table with rules, at the least
LARGER = 1.05  # times the size of the other rows: a bold row that is a heading
LETTERS = 3  # of capitals that make a heading of a bold row, at the least


def listed(page: Page, region: Region) -> list[Region]:
    """``region`` as headings, items and rows of text where it is such; itself where it is not."""
    if region.category not in (Category.TABLE, Category.LIST_ITEM) or any(line.turn for line in region.lines):
        return [region]
    if sum(_is_item(line) for line in region.lines) < BULLETS:
        return [region]
    groups = [
        sorted((region.lines[i] for i in group), key=lambda line: line.box[0])
        for group in rows([line.box for line in region.lines])
    ]
    if region.category is Category.LIST_ITEM:
        return _rows(region, groups) if _is_entitled(groups) else [region]
    if not _is_listed(groups, region.lines):
        return [region]
    if page.handle is not None and len(page.handle.ruled_cells(region.box)) >= CELLS:
        return [region]
    return _rows(region, groups)


def _is_entitled(groups: Sequence[Sequence[Line]]) -> bool:
    """Whether rows in bold, left of the bullets, stand between items: these are not what goes on an item."""
    bullets = [row[0].box[0] for row in groups if _is_item(row[0])]
    left = min(bullets, default=0.0)
    titles = [
        i
        for i, row in enumerate(groups)
        if row[0].spans[0].bold
        and not starts_item(row[0].text)
        and row[0].box[0] < left - OUT * height(row[0].box)
        and any(_is_item(other[0]) for other in groups[:i])
    ]
    return bool(titles)


def _rows(region: Region, groups: Sequence[Sequence[Line]]) -> list[Region]:
    usual = median(span.size for line in region.lines for span in line.spans if span.text.strip())
    parts: list[tuple[Category, list[Line]]] = []
    for row in groups:
        kind = _kind(row, usual)
        if (
            parts
            and kind is Category.TEXT
            and parts[-1][0] is Category.LIST_ITEM
            and _goes_on(parts[-1][1], row)
        ):
            parts[-1][1].extend(row)
        else:
            parts.append((kind, list(row)))
    return [fit(replace(region, category=kind, lines=tuple(lines), box=_box(lines))) for kind, lines in parts]


def _box(lines: Sequence[Line]) -> Box:
    return union(line.box for line in lines)


def _is_item(line: Line) -> bool:
    """Whether a line begins with a bullet, which may be a line by itself."""
    return SURE_BULLET.match(f"{line.text.strip()} .") is not None


def _is_listed(groups: Sequence[Sequence[Line]], lines: Sequence[Line]) -> bool:
    """Whether rows have two pieces at most, and the second of each stands at the right edge."""
    left, _, right, _ = _box(lines)
    size = median(height(line.box) for line in lines)
    pieces = [_pieces(row, APART * size) for row in groups]
    ends = [row[-1] for row in pieces if len(row) > 1]
    bullets = [line.box[0] - left for line in lines if _is_item(line)]
    return (
        all(len(row) <= 2 for row in pieces)
        and 2 * len(ends) <= len(groups)
        and all(box[0] > (left + right) / 2 and right - box[2] <= EDGE * size for box in ends)
        and all(indent <= INDENTED * size for indent in bullets)
        and not any(_is_item(row[0]) and len(cells) > 1 for row, cells in zip(groups, pieces, strict=True))
    )


def _pieces(row: Sequence[Line], gap: float) -> list[Box]:
    """What stands apart in a row, from the left; a bullet is one with its text."""
    boxes = sorted(line.box for line in row)
    bullet = len(row) > 1 and len(row[0].text.strip()) == 1
    found = [union(boxes[i] for i in group) for group in split([(box[0], box[2]) for box in boxes], gap)]
    return [union(found[:2]), *found[2:]] if bullet and len(found) > 1 else found


def _kind(row: Sequence[Line], usual: float) -> Category:
    if _is_item(row[0]):
        return Category.LIST_ITEM
    spans = [span for line in row for span in line.spans if span.text.strip()]
    letters = [char for span in spans for char in span.text if char.isalpha()]
    capitals = len(letters) >= LETTERS and all(char.isupper() for char in letters)
    larger = all(span.size >= LARGER * usual for span in spans)
    bold = len(row) == 1 and all(span.bold for span in spans)
    return Category.SECTION_HEADER if bold and (capitals or larger) else Category.TEXT


def _goes_on(item: Sequence[Line], row: Sequence[Line]) -> bool:
    """Whether a row is the rest of the item above it: set in as its text is."""
    first, line = item[0], row[0]
    near = line.box[1] - item[-1].box[3] < height(line.box)
    return len(row) == 1 and near and first.box[0] < line.box[0]
