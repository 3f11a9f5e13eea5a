"""Captions within what a detector sees as a table: over or under it, or one for each of several."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from docspec.layout.cut import at_edges
from docspec.layout.geometry import height, rows, split
from docspec.layout.repair import CAPTION
from docspec.types import Box, Category, Line, Region, union

NEAR = 3.0  # heights of a caption between it and its table, at the most
SLACK = 0.2  # of a line's height: what a caption may share with the row beside it
BLANK = 1.0  # heights of a line: the least between two tables


def tables_apart(regions: Sequence[Region]) -> list[Region]:
    """``regions`` with tables under several captions of one row in a piece for each of these, and a caption
    that is a table's first or last row apart from it."""
    return [piece for region in regions for piece in _pieces(region, regions)]


def _pieces(region: Region, regions: Sequence[Region]) -> list[Region]:
    if region.category is not Category.TABLE or not region.lines:
        return [region]
    inside = [line for line in region.lines if CAPTION.match(line.text)]
    around = [
        line
        for other in regions
        if other is not region and other.category is not Category.TABLE
        for line in other.lines[:1]
        if CAPTION.match(line.text) and _is_near(line.box, region.box)
    ]
    captions = [*inside, *around]
    row = max(rows([line.box for line in captions]), key=len, default=[])
    rest = [line for line in region.lines if line not in inside]
    edges = _edges([captions[i].box for i in row], rest) if len(row) > 1 else []
    if not edges:
        return _without_caption(region, inside)
    parts = [
        replace(region, lines=tuple(lines), box=union(line.box for line in lines))
        for lines in at_edges(rest, edges)
    ]
    named = [replace(region, category=Category.CAPTION, lines=(line,), box=line.box) for line in inside]
    return [*named, *parts]


def _without_caption(region: Region, captions: Sequence[Line]) -> list[Region]:
    """``region``, its caption apart where one of ``captions`` is all of its first or last row."""
    for line in captions:
        rest = [other for other in region.lines if other is not line]
        if not rest or any(other.turn != line.turn for other in rest):
            continue
        first, last = (1, 3) if line.turn % 180 == 0 else (0, 2)
        others = union(other.box for other in rest)
        size = (line.box[last] - line.box[first]) * SLACK
        if line.box[last] <= others[first] + size or line.box[first] >= others[last] - size:
            named = replace(region, category=Category.CAPTION, lines=(line,), box=line.box)
            return [named, replace(region, lines=tuple(rest), box=others)]
    return [region]


def _is_near(caption: Box, table: Box) -> bool:
    middle = (caption[0] + caption[2]) / 2
    apart = max(table[1] - caption[3], caption[1] - table[3])
    return table[0] <= middle <= table[2] and apart <= NEAR * height(caption)


def _edges(captions: Sequence[Box], lines: Sequence[Line]) -> list[float]:
    """Between each two of ``captions``, from the left, the middle of the widest strip without text; none if
    text goes over one of these."""
    boxes = [span.box for line in lines for span in line.spans if span.text.strip()]
    groups = [union(boxes[i] for i in group) for group in split([(box[0], box[2]) for box in boxes])]
    strips = [(a[2], b[0]) for a, b in itertools.pairwise(groups)]
    edges: list[float] = []
    for left, right in itertools.pairwise(captions):
        between = [(b - a, (a + b) / 2) for a, b in strips if left[0] < (a + b) / 2 < right[2]]
        wide, middle = max(between, default=(0.0, 0.0))
        if wide < BLANK * height(left):
            return []
        edges.append(middle)
    return edges
