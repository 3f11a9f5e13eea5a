"""Paragraphs in one region that have a label each in the margin at their left: a region for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from docspec.layout.assign import fit
from docspec.layout.geometry import height, rows
from docspec.types import Category, Region, union

LABEL_LINES = 2  # of a label, at the most
LABELS = 2  # of them, at the least
LEVEL = 0.3  # of a line's height: how far a label may be from its paragraph's first line
BLANK = 1.25  # times the usual distance of two lines: where a paragraph starts
LEFT = (Category.TEXT, Category.SECTION_HEADER)


def parted_by_labels(regions: Sequence[Region]) -> list[Region]:
    """``regions`` with those of text cut above each line that follows a blank and has a label at its left, if
    the first line and another one have such."""
    return [piece for region in regions for piece in _pieces(region, regions)]


def _pieces(region: Region, regions: Sequence[Region]) -> list[Region]:
    lines = region.lines
    if region.category is not Category.TEXT or len(lines) < 2 * LABELS or any(line.turn for line in lines):
        return [region]
    labels = [
        other.box[1]
        for other in regions
        if other.category in LEFT
        and 0 < len(other.lines) <= LABEL_LINES
        and other.box[2] < region.box[0]
        and region.box[1] - height(other.box) < other.box[1] < region.box[3]
    ]
    if len(labels) < LABELS:
        return [region]
    groups = [[lines[i] for i in group] for group in rows([line.box for line in lines])]
    boxes = [union(line.box for line in group) for group in groups]
    steps = [below[1] - above[1] for above, below in pairwise(boxes)]
    named = [any(abs(top - box[1]) <= LEVEL * height(box) for top in labels) for box in boxes]
    cuts = [n for n, step in enumerate(steps, 1) if named[n] and step > BLANK * median(steps)]
    if not named[0] or not cuts:
        return [region]
    parts = [groups[a:b] for a, b in pairwise([0, *cuts, len(groups)])]
    return [fit(replace(region, lines=tuple(line for group in part for line in group))) for part in parts]
