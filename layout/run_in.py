"""Headings that run into their paragraph: bold words, a gap wider than between words, then the text.

Where somebody only stresses a paragraph's first words, an ordinary space follows them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from docspec.layout.assign import fit
from docspec.layout.geometry import rows
from docspec.types import Category, Line, Region

GAP = (0.7, 2.6)  # of the font's size: between heading and text, at least and at most
UNDER = 2.0  # of the font's size: how far the paragraph's other rows may start from the heading's left edge
LONG = 100  # characters of such a heading, at the most
LETTERS = 2  # of it, at the least


def with_run_in_headings(regions: Sequence[Region]) -> list[Region]:
    """``regions`` with the headings that run into paragraphs as section headers of their own."""
    return [piece for region in regions for piece in _pieces(region)]


def _pieces(region: Region) -> list[Region]:
    if region.category is not Category.TEXT or len(region.lines) < 3:
        return [region]
    pieces: list[tuple[Category, list[Line]]] = [(Category.TEXT, [])]
    groups = rows([line.box for line in region.lines])
    for place, group in enumerate(groups):
        row = [region.lines[i] for i in group]
        below = [region.lines[i] for i in groups[place + 1]] if place + 1 < len(groups) else []
        if _runs_in(row, below):
            pieces += [(Category.SECTION_HEADER, row[:1]), (Category.TEXT, row[1:])]
        else:
            pieces[-1][1].extend(row)
    if len(pieces) == 1:
        return [region]
    return [
        fit(replace(region, category=category, lines=tuple(lines))) for category, lines in pieces if lines
    ]


def _runs_in(row: Sequence[Line], below: Sequence[Line]) -> bool:
    """Whether ``row`` is a heading and the start of its text, which goes on ``below`` both."""
    if len(row) != 2 or not below:
        return False
    head, text = row
    size = max((span.size for span in head.spans), default=0.0)
    if size <= 0 or head.turn or text.turn or len(head.text) > LONG or _ends_label(head.text):
        return False
    gap = text.box[0] - head.box[2]
    left = min(line.box[0] for line in below)
    return (
        sum(char.isalpha() for char in head.text) >= LETTERS
        and all(span.bold for span in head.spans if span.text.strip())
        and not any(span.bold for span in text.spans[:1])
        and GAP[0] * size <= gap <= GAP[1] * size
        and -UNDER * size <= left - head.box[0] <= 0.1 * size
        and text.box[2] - head.box[0] > 0.8 * (max(line.box[2] for line in below) - left)
    )


def _ends_label(text: str) -> bool:
    """Whether a colon makes of ``text`` the label of a value beside it."""
    return text.rstrip().endswith((":", "："))
