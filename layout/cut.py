"""Cuts regions where white space between their lines shows that they are several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from docspec.layout.assign import TEXT_LIKE, fit
from docspec.layout.geometry import height, rows, same_rows, split, union
from docspec.types import Line, Region

GUTTER = 1.0  # line heights of nothing between columns that several lines share
LONE_GUTTER = 3.0  # line heights between two pieces of one row (a formula and its number)
LEADING = 1.1  # line heights of nothing between paragraphs


def cut(region: Region) -> list[Region]:
    """``region`` in as many pieces as its white space shows; itself where it is one, or no text."""
    if region.category not in TEXT_LIKE or len(region.lines) < 2:
        return [region]
    return [fit(replace(region, lines=tuple(part))) for part in _pieces(region.lines)]


def _pieces(lines: Sequence[Line]) -> list[Sequence[Line]]:
    if len(lines) < 2:
        return [lines]
    size = median(height(line.box) for line in lines)
    for parts in (_columns(lines, size), _paragraphs(lines, size)):
        if len(parts) > 1:
            return [piece for part in parts for piece in _pieces(part)]
    return [lines]


def _columns(lines: Sequence[Line], size: float) -> list[Sequence[Line]]:
    """Parts on either side of a gutter; one where what looks like a gutter is a gap in a single row."""
    spans = [(line.box[0], line.box[2]) for line in lines]
    for gap in (GUTTER, LONE_GUTTER):
        parts = [[lines[i] for i in sorted(group)] for group in split(spans, gap * size)]
        lone = min(len(rows([line.box for line in part])) for part in parts) < 2
        beside = all(
            same_rows(union(x.box for x in a), union(x.box for x in b)) > 0.3 for a, b in pairwise(parts)
        )
        if len(parts) > 1 and beside and not (lone and gap == GUTTER):
            return list(parts)
    return [lines]


def _paragraphs(lines: Sequence[Line], size: float) -> list[Sequence[Line]]:
    spans = [(line.box[1], line.box[3]) for line in lines]
    return [[lines[i] for i in sorted(group)] for group in split(spans, LEADING * size)]
