"""Text that is a table, though no detector saw one: labels with their values, and rows between rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, permutations
from statistics import median

from docspec.layout.geometry import height, rows, same_columns, same_rows
from docspec.layout.tables_of_figures import is_of_figures
from docspec.types import Box, Category, Line, Page, Region, union

ROWS = 3  # of such a table, at the least
COLUMNS = 3  # of one that only rules show, at the least
FORM_ROWS = 4  # of one that neither colons nor bold labels show, at the least
FIGURES = 0.25  # share of such a form's values that have a figure, at the least; its labels have none
RAGGED = 0.85  # of the longest label's width: what more than half of the labels are shorter than
WRAPPED = 0.5  # share of the rows that may go on with the value above them
BESIDE = 0.6  # share of the height that labels and values found apart have in common, at the least
SHORT = 40  # characters of a label, at the most
GAP = 1.0  # heights of a line between two pieces of a row, at the least
SLACK = 2.0  # points by which what goes on may stand to the left of the values
ENDS = ".,;-"  # of running text's lines, not of labels
RULED = 0.7  # share of the gaps between rows that a rule goes through


def tables_of_rows(page: Page, regions: Sequence[Region]) -> list[Region]:
    """``regions`` with text as tables whose rows all have a label and its value, or as many pieces each
    between rules."""
    return [
        replace(region, category=Category.TABLE)
        if region.category is Category.TEXT and _is_table(page, region.lines)
        else region
        for region in _values_beside(regions)
    ]


def _values_beside(regions: Sequence[Region]) -> list[Region]:
    """``regions`` with the labels and the values of a form, where they were found apart, as one table."""
    for labels, values in permutations(filter(_is_column, regions), 2):
        if labels.box[2] > values.box[0] or same_rows(labels.box, values.box) < BESIDE:
            continue
        lines = (*labels.lines, *values.lines)
        if _is_form(_in_rows(lines)):
            box = union((labels.box, values.box))
            form = replace(labels, category=Category.TABLE, lines=lines, box=box)
            rest = [region for region in regions if region is not values]
            return _values_beside([form if region is labels else region for region in rest])
    return list(regions)


def _is_column(region: Region) -> bool:
    return (
        region.category is Category.TEXT
        and len(region.lines) >= ROWS
        and not any(line.turn for line in region.lines)
    )


def _in_rows(lines: Sequence[Line]) -> list[list[Line]]:
    return [[lines[i] for i in row] for row in rows([line.box for line in lines])]


def _is_table(page: Page, lines: Sequence[Line]) -> bool:
    if not lines or any(line.turn for line in lines):
        return False
    if is_of_figures(lines):
        return True
    found = _in_rows(lines)
    if _is_form(found):
        return True
    return len(found[0]) >= COLUMNS and _is_grid(found) and _is_ruled(page, found)


def _is_grid(found: Sequence[Sequence[Line]]) -> bool:
    """Whether all rows have the same columns, and gaps between them."""
    if len(found) < ROWS or any(len(row) != len(found[0]) for row in found):
        return False
    size = median(height(line.box) for row in found for line in row)
    for row, below in zip(found, [*found[1:], found[0]], strict=True):
        apart = all(b.box[0] - a.box[2] >= GAP * size for a, b in pairwise(row))
        if not apart or not all(same_columns(a.box, b.box) > 0 for a, b in zip(row, below, strict=True)):
            return False
    return True


def _is_form(found: Sequence[Sequence[Line]]) -> bool:
    """Whether there are labels, each with its value beside it, which may go on in the rows below: labels with
    colons, or bold ones of values that are not, or short ones without figures of values with figures."""
    pairs = [row for row in found if len(row) == 2]
    rest = [row for row in found if len(row) != 2]
    if len(pairs) < ROWS or len(found[0]) != 2 or not _is_grid(pairs) or len(rest) > WRAPPED * len(found):
        return False
    labels, values = [row[0] for row in pairs], [row[1] for row in pairs]
    left = min(line.box[0] for line in values)
    if any(len(row) != 1 or row[0].box[0] < left - SLACK for row in rest):
        return False
    texts = [line.text.strip() for line in labels]
    if any(len(text) > SHORT for text in texts):
        return False
    if all(text.endswith((":", "：")) for text in texts):
        return True
    if all(map(_is_bold, labels)) and not any(map(_is_bold, values)):
        return True
    widths = [line.box[2] - line.box[0] for line in labels]
    names = all(text[:1].isupper() and text[-1] not in ENDS and not re.search(r"\d", text) for text in texts)
    figures = sum(re.search(r"\d", line.text) is not None for line in values)
    return (
        len(pairs) >= FORM_ROWS
        and names
        and figures >= FIGURES * len(pairs)
        and 2 * sum(wide < RAGGED * max(widths) for wide in widths) > len(widths)
    )


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
