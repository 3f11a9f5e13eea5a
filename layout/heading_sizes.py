"""Headings that a detector sees as one though their rows differ in size: a title and what is below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from statistics import median

from docspec.layout.assign import fit
from docspec.layout.geometry import rows
from docspec.marks import heading_depth
from docspec.types import Category, Line, Region

APART = 1.3  # times the size of the smaller row: a chapter's number and its name are nearer
LARGER = 1.05  # times the size of the text: a bold row that is a heading
LETTERS = 3  # of a row, at the least: less is the mark of a note
HEADS = (Category.TITLE, Category.SECTION_HEADER)


def headings_apart(regions: Sequence[Region]) -> list[Region]:
    """``regions`` with such headings in parts: a smaller one is a heading where it is numbered, or bold and
    larger than the text, else text."""
    if not any(region.category in HEADS and len(region.lines) > 1 for region in regions):
        return list(regions)
    texts = [_size(line) for region in regions if region.category is Category.TEXT for line in region.lines]
    usual = median(texts) if texts else 0.0
    return [part for region in regions for part in _parts(region, usual)]


def _parts(region: Region, usual: float) -> list[Region]:
    spans = [span for line in region.lines for span in line.spans]
    if region.category not in HEADS or not all(span.font and span.size > 0 for span in spans):
        return [region]
    groups = [[region.lines[i] for i in row] for row in rows([line.box for line in region.lines])]
    sizes = [max(map(_size, row)) for row in groups]
    letters = [sum(char.isalpha() for line in row for char in line.text) for row in groups]
    if max(sizes) < APART * min(sizes) or min(letters) < LETTERS:
        return [region]
    large = max(sizes) / APART
    parts = [
        [line for row, _ in group for line in row]
        for _, group in groupby(zip(groups, sizes, strict=True), key=lambda row: row[1] > large)
    ]
    return [
        fit(replace(region, category=_kind(region, part, large, usual), lines=tuple(part))) for part in parts
    ]


def _kind(region: Region, part: Sequence[Line], large: float, usual: float) -> Category:
    size = max(map(_size, part))
    if size > large:
        return region.category
    bold = all(span.bold for line in part for span in line.spans if span.text.strip())
    numbered = heading_depth(" ".join(line.text for line in part)) > 0
    return Category.SECTION_HEADER if numbered or (bold and size >= LARGER * usual) else Category.TEXT


def _size(line: Line) -> float:
    return max((span.size for span in line.spans if span.text.strip()), default=0.0)
