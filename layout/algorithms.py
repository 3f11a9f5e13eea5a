"""Algorithms, whose lines detectors take for lists, formulas and paragraphs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from docspec.algorithm_lines import BOLD, LINES, is_algorithm, is_bold_word, is_head, line_number
from docspec.layout.assign import fit
from docspec.layout.geometry import height
from docspec.types import Category, Line, Region

ASIDE = 1.5  # heights of a line by which numbers may start left or right of each other, at most
BELOW = 5.0  # heights of a line from one number to the next, at most: long lines are broken
FAR = 12.0  # heights of a line from a number to the text of its line, at most
SHARE = 0.6  # of a table's or picture's lines from which all of it is the algorithm
NEXT = 1.0  # heights of a line between two parts of an algorithm without numbers, at most
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
        done = _joined(done, [_taken(region, chain) for region in done])
    if sum(is_bold_word(line) for region in done for line in region.lines) >= BOLD:
        for group in _groups(done):
            done = _joined(done, [_body(region) if region in group else [] for region in done])
    return done


def _joined(regions: list[Region], taken: Sequence[Sequence[Line]]) -> list[Region]:
    """``regions`` with the lines ``taken`` from them as one; as they are where these are no algorithm."""
    lines = [line for own in taken for line in own]
    if not is_algorithm(lines) or not all(map(_may_lose, regions, taken)):
        return regions
    first = next(region for region, own in zip(regions, taken, strict=True) if own)
    algorithm = fit(replace(first, category=Category.TEXT, lines=tuple(lines), level=None))
    rest = [
        part
        for region, own in zip(regions, taken, strict=True)
        for part in (_without(region, own) if own else [region])
    ]
    return [*(_named(region, algorithm) for region in rest), algorithm]


def _groups(regions: Sequence[Region]) -> list[list[Region]]:
    """Regions, from the top, of lines that begin with a program's words, with what stands between two."""
    texts = [r for r in regions if r.category in KINDS and r.lines and not _is_counted(r)]
    groups: list[list[Region]] = []
    for region in sorted(texts, key=lambda region: region.box[1]):
        near = [group for group in groups if _is_next(group[-1], region)]
        if near:
            near[-1].append(region)
        elif any(map(is_bold_word, region.lines)):
            groups.append([region])
    for group in groups:
        while group and not any(map(is_bold_word, group[-1].lines)):
            group.pop()
    return groups


def _is_counted(region: Region) -> bool:
    """Whether a region is an algorithm with numbers, which has been found."""
    return any(line_number(line) is not None for line in region.lines) and is_algorithm(region.lines)


def _is_next(above: Region, region: Region) -> bool:
    em = height(region.lines[0].box)
    across = min(above.box[2], region.box[2]) - max(above.box[0], region.box[0])
    return across > 0 and -em <= region.box[1] - above.box[3] <= NEXT * em


def _body(region: Region) -> list[Line]:
    """The lines of ``region`` without an algorithm's name, and what it takes and gives, at the top."""
    lines = sorted(region.lines, key=lambda line: (line.box[1], line.box[0]))
    start = next((i for i, line in enumerate(lines) if not is_head(line)), len(lines))
    return lines[start:]


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


def _without(region: Region, own: Sequence[Line]) -> list[Region]:
    """What is left of ``region``; an algorithm's name, what it takes and what it gives are apart."""
    kind = Category.TEXT if region.category in (Category.TABLE, Category.PICTURE) else region.category
    parts: list[list[Line]] = [[]]
    for line in sorted((x for x in region.lines if x not in own), key=lambda x: (x.box[1], x.box[0])):
        if is_head(line) and parts[-1]:
            parts.append([])
        parts[-1].append(line)
    return [fit(replace(region, category=kind, lines=tuple(part))) for part in parts if part]


def _named(region: Region, algorithm: Region) -> Region:
    """A heading that is the name of the algorithm below it, as text."""
    if region.category is not Category.SECTION_HEADER or not region.lines:
        return region
    gap = algorithm.box[1] - region.box[3]
    close = -1 <= gap <= NAME_ABOVE * height(region.lines[0].box)
    return (
        fit(replace(region, category=Category.TEXT))
        if close and NAMED.match(region.lines[0].text)
        else region
    )


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
