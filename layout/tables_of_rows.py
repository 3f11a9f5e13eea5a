"""Text that is a table, though no detector saw one: labels with their values, and rows between rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from docspec.layout.geometry import height, rows, same_columns
from docspec.types import Box, Category, Line, Page, Region, union

ROWS = 3  # of such a table, at the least
COLUMNS = 3  # of one that only rules show, at the least
PITCH = 1.15  # heights of a line from one row of labels to the next, at the least
SHORT = 40  # characters of a label, at the most
GAP = 1.0  # heights of a line between two pieces of a row, at the least
RULED = 0.7  # share of the gaps between rows that a rule goes through


def tables_of_rows(page: Page, regions: Sequence[Region]) -> list[Region]:
    """``regions`` with text as tables whose rows all have a label and its value, or as many pieces each
    between rules."""
    return [
        replace(region, category=Category.TABLE)
        if region.category is Category.TEXT and _is_table(page, region)
        else region
        for region in regions
    ]


def _is_table(page: Page, region: Region) -> bool:
    if len(region.lines) < 2 * ROWS or any(line.turn for line in region.lines):
        return False
    found = [[region.lines[i] for i in row] for row in rows([line.box for line in region.lines])]
    count = len(found[0])
    if len(found) < ROWS or count < 2 or any(len(row) != count for row in found):
        return False
    size = median(height(line.box) for line in region.lines)
    for row, below in zip(found, [*found[1:], found[0]], strict=True):
        apart = all(b.box[0] - a.box[2] >= GAP * size for a, b in pairwise(row))
        if not apart or not all(same_columns(a.box, b.box) > 0 for a, b in zip(row, below, strict=True)):
            return False
    return (count == 2 and _is_labelled(found, size)) or (count >= COLUMNS and _is_ruled(page, found))


def _is_labelled(found: Sequence[Sequence[Line]], size: float) -> bool:
    """Whether the first column is labels: with colons, or bold where the second is not."""
    labels, values = [row[0] for row in found], [row[1] for row in found]
    pitch = min(b.box[1] - a.box[1] for a, b in pairwise(labels))
    if pitch < PITCH * size or any(len(line.text) > SHORT for line in labels):
        return False
    colons = all(line.text.rstrip().endswith((":", "：")) for line in labels)
    return colons or (all(map(_is_bold, labels)) and not any(map(_is_bold, values)))


def _is_bold(line: Line) -> bool:
    return all(span.bold for span in line.spans if span.text.strip())


def _is_ruled(page: Page, found: Sequence[Sequence[Line]]) -> bool:
    if page.handle is None:
        return False
    boxes = [union(line.box for line in row) for row in found]
    rules = page.handle.rules()
    between = [
        any(_middle(a) < _middle(r) < _middle(b) and r[0] <= a[0] and r[2] >= a[2] for r in rules)
        for a, b in pairwise(boxes)
    ]
    return sum(between) >= RULED * len(between)


def _middle(box: Box) -> float:
    return (box[1] + box[3]) / 2
