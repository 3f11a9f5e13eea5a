"""Algorithms, whose lines detectors take for lists, formulas and paragraphs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from docspec.algorithm_lines import LINES, is_algorithm, line_number
from docspec.layout.assign import fit
from docspec.layout.geometry import height
from docspec.types import Category, Line, Region

ASIDE = 1.5  # heights of a line by which numbers may start left or right of each other, at most
BELOW = 5.0  # heights of a line from one number to the next, at most: long lines are broken
FAR = 12.0  # heights of a line from a number to the text of its line, at most
SHARE = 0.6  # of a table's or picture's lines from which all of it is the algorithm
NAMED = re.compile(r"\s*(?:algorithm|algorithmus|algorithme|procedure|listing)\s*\d", re.IGNORECASE)
NAME_ABOVE = 3.0  # heights of a line from an algorithm's name to its first line, at most
KINDS = (
    *(Category.TEXT, Category.LIST_ITEM, Category.FORMULA, Category.SECTION_HEADER),
    *(Category.CAPTION, Category.FOOTNOTE, Category.TABLE, Category.PICTURE),
)


def with_algorithms(regions: Sequence[Region]) -> list[Region]:
    """``regions`` with the lines of each algorithm as one region of text, and its name as text."""
    done = list(regions)
    for chain in _chains([line for region in regions if region.category in KINDS for line in region.lines]):
        taken = [_taken(region, chain) for region in done]
        lines = [line for own in taken for line in own]
        if not is_algorithm(lines) or not all(map(_may_lose, done, taken)):
            continue
        first = next(region for region, own in zip(done, taken, strict=True) if own)
        algorithm = fit(replace(first, category=Category.TEXT, lines=tuple(lines), level=None))
        rest = [_without(region, own) if own else region for region, own in zip(done, taken, strict=True)]
        done = [*(_named(r, algorithm) for r in rest if r is not None), algorithm]
    return done


def _taken(region: Region, chain: Sequence[Line]) -> list[Line]:
    """The lines of ``region`` that belong to the numbers of ``chain``: in their rows, or between two."""
    if region.category not in KINDS:
        return []
    em = median(height(line.box) for line in chain)
    left, right = min(line.box[0] for line in chain), max(line.spans[0].box[2] for line in chain)
    top, bottom = chain[0].box[1] - em / 2, chain[-1].box[3] + em / 2
    near = region.box[0] <= right + FAR * em
    return [
        line
        for line in region.lines
        if near and line.box[0] >= left - ASIDE * em and top <= line.box[1] and line.box[3] <= bottom
    ]


def _may_lose(region: Region, own: Sequence[Line]) -> bool:
    whole = region.category in (Category.TABLE, Category.PICTURE)
    return not own or not whole or len(own) >= SHARE * len(region.lines)


def _without(region: Region, own: Sequence[Line]) -> Region | None:
    rest = tuple(line for line in region.lines if line not in own)
    kind = Category.TEXT if region.category in (Category.TABLE, Category.PICTURE) else region.category
    return fit(replace(region, category=kind, lines=rest)) if rest else None


def _named(region: Region, algorithm: Region) -> Region:
    """A heading that is the name of the algorithm below it, as text."""
    if region.category is not Category.SECTION_HEADER or not region.lines:
        return region
    gap = algorithm.box[1] - region.box[3]
    close = -1 <= gap <= NAME_ABOVE * height(region.lines[0].box)
    return fit(replace(region, category=Category.TEXT)) if close and NAMED.match(region.lines[0].text) else region


def _chains(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines that begin with numbers, each one more than the one above it."""
    chains: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.box[1], line.box[0])):
        number = line_number(line)
        if number is None:
            continue
        mate = next((chain for chain in chains if _follows(chain[-1], line, number)), None)
        if mate is not None:
            mate.append(line)
        else:
            chains.append([line])
    return [chain for chain in chains if len(chain) >= LINES]


def _follows(last: Line, line: Line, number: int) -> bool:
    em = max(height(last.box), height(line.box))
    return (
        line_number(last) == number - 1
        and abs(line.box[0] - last.box[0]) <= ASIDE * em
        and 0 < line.box[1] - last.box[1] <= BELOW * em
    )
