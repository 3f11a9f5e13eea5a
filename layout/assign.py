"""Which region each text line belongs to; lines outside all regions become regions of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from docspec.layout.geometry import Index, area, height, inside, rows, same_columns, same_rows
from docspec.root_signs import standing
from docspec.types import Box, Category, Line, Region, union
from docspec.watermarks import across

TEXT_LIKE = frozenset(Category) - {Category.PICTURE, Category.TABLE}
ENOUGH = 0.5  # share of a line that a region must cover to own it
WHOLE = 0.9  # share of a line inside one region from which it is not cut
MARK = 3  # characters of a bullet or a number, at the most
REACH = 0.8  # line heights of nothing between two lines of one region
NEARLY = 0.2  # two regions' shares that differ by less are equal: the smaller region owns the line


def assign(regions: Sequence[Region], lines: Sequence[Line]) -> tuple[list[Region], list[Line]]:
    """``regions`` with their lines, and the lines that no region covers.

    A line belongs to the region that covers most of it, and to the smaller one where regions nest:
    detectors give a group of lines its bounding box, which may cover its neighbours' lines too.
    """
    owned: list[list[Line]] = [[] for _ in regions]
    orphans: list[Line] = []
    index = Index([region.box for region in regions])
    marks = across(lines)
    for number, whole in enumerate(lines):
        for line in _pieces(whole, index):
            owner = _owner(line.box, index)
            if owner is not None and number in marks and regions[owner].category in TEXT_LIKE:
                owner = None  # what lies across text, as a watermark does, is no part of it
            (orphans if owner is None else owned[owner]).append(line)
    return [replace(region, lines=tuple(own)) for region, own in zip(regions, owned, strict=True)], orphans


def _owner(box: Box, index: Index) -> int | None:
    """The region that ``box`` belongs to, None where none covers enough of it."""
    shares = {i: inside(box, index.boxes[i]) for i in index.near(box)}
    best = max(shares.values(), default=0.0)
    if best < ENOUGH:
        return None
    close = [i for i, share in shares.items() if share >= max(ENOUGH, best - NEARLY)]
    return min(close, key=lambda i: area(index.boxes[i]))


def _pieces(line: Line, index: Index) -> list[Line]:
    """``line`` cut between spans where no region covers it and its spans lie in different ones.

    Sources join what stands in one row, sometimes across the gutter between two columns.
    """
    if len(line.spans) < 2 or any(inside(line.box, index.boxes[i]) > WHOLE for i in index.near(line.box)):
        return [line]
    groups: list[tuple[int | None, list[int]]] = []
    for number, span in enumerate(line.spans):
        owner = _owner(span.box, index)
        if groups and (owner == groups[-1][0] or owner is None or not span.text.strip()):
            groups[-1][1].append(number)
        else:
            groups.append((owner, [number]))
    if len(groups) > 1 and groups[0][0] is None and _is_mark(line, groups[0][1]):
        groups[:2] = [(groups[1][0], groups[0][1] + groups[1][1])]
    return [line.part(numbers) for _, numbers in groups]


def _is_mark(line: Line, numbers: Sequence[int]) -> bool:
    """Whether these spans of ``line`` are a bullet, a number or a check box."""
    return len("".join(line.spans[number].text for number in numbers).strip()) <= MARK


def fit(region: Region) -> Region:
    """``region`` with its box drawn around its lines; what has more than text keeps its own box as well."""
    if not region.lines or region.category == Category.PICTURE:
        return region
    boxes = [line.box for line in region.lines]
    if region.category in (Category.TABLE, Category.FORMULA):
        boxes.append(region.box)
    return replace(region, box=union(boxes))


def adopt(regions: Sequence[Region], orphans: Sequence[Line]) -> tuple[list[Region], list[Line]]:
    """Gives bullets and numbers that stand just before a region's first line to that region."""
    grown = list(regions)
    left: list[Line] = []
    index = Index([region.box for region in regions])
    for line in orphans:
        reach = 2 * height(line.box)
        near = index.near(line.box, reach) if len(line.text.strip()) <= MARK else []
        owners = [i for i in near if _marks(line, regions[i])]
        if owners:
            region = grown[owners[0]]
            grown[owners[0]] = fit(replace(region, lines=(line, *region.lines)))
        else:
            left.append(line)
    return grown, left


def _marks(line: Line, region: Region) -> bool:
    """Whether ``line`` stands just before the first line of a text region."""
    if region.category not in TEXT_LIKE or not region.lines:
        return False
    first = region.lines[0].box
    gap = first[0] - line.box[2]
    return same_rows(line.box, first) > 0.6 and 0 <= gap <= 2 * max(height(line.box), height(first))


def gather(page: int, orphans: Sequence[Line], others: Sequence[Box]) -> list[Region]:
    """Text regions of ``orphans``: lines below one another, of like size, with nothing in between."""
    groups: list[list[Line]] = []
    reachable: list[list[Line]] = []
    tallest = max((height(line.box) for line in orphans), default=0.0)
    blockers = Index(others)
    for line in sorted(orphans, key=lambda line: (line.box[1], line.box[0])):
        # from the top, so that a group that ends well above can be joined by no later line either
        reachable = [group for group in reachable if group[-1].box[3] + REACH * tallest >= line.box[1]]
        for group in reversed(reachable):
            if group[-1].turn == line.turn and _continues(group[-1].box, line.box, blockers):
                group.append(line)
                break
        else:
            groups.append([line])
            reachable.append(groups[-1])
    return [Region(page, 0, union(line.box for line in g), Category.TEXT, 0.5, tuple(g)) for g in groups]


def _continues(above: Box, below: Box, blockers: Index) -> bool:
    size, other = height(above), height(below)
    if same_rows(above, below) > 0.6:
        gap = max(below[0] - above[2], above[0] - below[2])
        joined = gap <= 1.5 * max(size, other)
    else:
        joined = below[1] - above[3] <= REACH * min(size, other) and same_columns(above, below) > 0.5
    like = max(size, other) <= 1.6 * min(size, other)
    if not (joined and like):
        return False
    between = union((above, below))
    return not any(inside(blockers.boxes[i], between) > 0.5 for i in blockers.near(between))


def in_reading_order(lines: Sequence[Line], right_to_left: bool = False) -> tuple[Line, ...]:
    """``lines`` row by row from the top, each row from the side where reading starts."""
    ordered: list[Line] = []
    for row in rows([standing(line) for line in lines]):
        ordered += [lines[i] for i in (reversed(row) if right_to_left else row)]
    return tuple(ordered)
