"""Cuts regions where the white space between their lines, or their flow, shows that they are several."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from docspec.layout.assign import TEXT_LIKE, fit
from docspec.layout.geometry import height, rows, same_rows, split, width
from docspec.layout.pixels import ink_share
from docspec.marks import FORMULA_NUMBER, reads_as_prose, starts_item
from docspec.types import Box, Category, Line, Page, Region, union

# White space in line heights, and how many rows the shortest column beside it has, at least and at most:
# columns of text; shorter ones (two rows of answers side by side are no columns); a formula and its number.
GUTTERS = ((0.35, 8, 10**9), (1.0, 3, 10**9), (3.0, 1, 1))
NOTE_GAP, NOTE_SIZE = 1.0, 0.85  # line heights beside notes, and their size in that of the text, at most
NOTE_LETTERS = 4  # of notes, at the least
LEADING = 1.1  # line heights of nothing between paragraphs
UNREAD = 0.02  # share of ink in such a gap from which a line stands there that nobody read
LAYER = "text-layer"
INDENT = 0.7  # line heights by which a paragraph's first line is set in, at the least,
MAX_INDENT = 4.0  # and at the most: centred lines are set in further
FLOWING = (Category.TEXT, Category.LIST_ITEM, Category.FOOTNOTE)
ENDS = re.compile(r"[.!?:;。！？：；…)）\"'”’]\s*$")


def cut(page: Page, region: Region) -> list[Region]:
    """``region`` in as many pieces as its lines show; itself where it is one, or not text.

    White space cuts columns and paragraphs apart; recognised text is also cut where a line ends early
    although the next line's first word had room, or where a line is set in: detectors see less on
    page images than in PDFs.
    """
    if region.category not in TEXT_LIKE or len(region.lines) < 2:
        return [region]
    if region.category is Category.FORMULA and _is_formula(region.lines):
        return _numbered(region)
    pieces = _pieces(page, sorted(region.lines, key=lambda line: (line.box[1], line.box[0])))
    if region.category in FLOWING:
        pieces = [paragraph for piece in pieces for paragraph in paragraphs(piece)]
    return [fit(replace(region, lines=tuple(piece))) for piece in pieces]


def _is_formula(lines: Sequence[Line]) -> bool:
    """Whether what is laid out as a formula is one, whose lines are a text layer's."""
    layer = any(line.source == LAYER for line in lines)
    return layer and not reads_as_prose(" ".join(line.text for line in lines))


def _numbered(region: Region) -> list[Region]:
    """A formula, whose parts stand in many places, and the number beside it, if it has one there."""
    size = median(height(line.box) for line in region.lines)
    for at, line in enumerate(region.lines):
        for n in range(len(line.spans)):
            tail = line.part(range(n, len(line.spans)))
            if not FORMULA_NUMBER.fullmatch(tail.text.strip()):
                continue
            head = (line.part(range(n)),) if n else ()
            rest = (*region.lines[:at], *head, *region.lines[at + 1 :])
            beside = head or rest
            if beside and _far(tail.box, union(one.box for one in beside), size):
                number = Region(region.page, region.order, tail.box, Category.CAPTION, lines=(tail,))
                return [_beside(region, rest, tail.box), replace(number, confidence=region.confidence)]
    return [region]


def _beside(region: Region, lines: Sequence[Line], number: Box) -> Region:
    """``region`` with only these ``lines``, its box ending where the ``number`` stands."""
    x0, y0, x1, y1 = union(line.box for line in lines)
    a, b, c, d = region.box
    left = min(x0, max(a, number[2])) if number[0] < x0 else min(x0, a)
    right = max(x1, min(c, number[0])) if number[0] > x0 else max(x1, c)
    return replace(region, lines=tuple(lines), box=(left, min(y0, b), right, max(y1, d)))


def _far(number: Box, formula: Box, size: float) -> bool:
    """Whether a number stands clear of the formula on either side."""
    return number[0] - formula[2] > size or formula[0] - number[2] > size


def _pieces(page: Page, lines: Sequence[Line]) -> list[Sequence[Line]]:
    if len(lines) < 2:
        return [lines]
    size = median(height(line.box) for line in lines)
    for parts in (_columns(lines, size), _blocks(page, lines, size)):
        if len(parts) > 1:
            return [piece for part in parts for piece in _pieces(page, part)]
    return [lines]


def _columns(lines: Sequence[Line], size: float) -> list[Sequence[Line]]:
    """Parts on either side of a gutter; one where what looks like a gutter is a gap in few rows.

    A line with pieces on both sides is several lines that its source joined.
    """
    pieces = [(line, span.box) for line in lines for span in line.spans if span.text.strip()]
    spans = [(box[0], box[2]) for _, box in pieces]
    for gap, fewest, most in GUTTERS:
        groups = split(spans, gap * size)
        if len(groups) < 2:
            continue
        extents = [union(pieces[i][1] for i in group) for group in groups]
        counts = [len(rows([pieces[i][1] for i in group])) for group in groups]
        beside = all(same_rows(a, b) > 0.3 for a, b in pairwise(extents))
        notes = (
            len(groups) == 2 and gap >= NOTE_GAP and _are_notes([[pieces[i][0] for i in g] for g in groups])
        )
        if (beside and fewest <= min(counts) <= most) or notes:
            edges = [(a[2] + b[0]) / 2 for a, b in pairwise(extents)]
            return at_edges(lines, edges)
    return [lines]


def _are_notes(columns: Sequence[Sequence[Line]]) -> bool:
    """Whether one of two columns is set smaller than the other: notes beside text, no bullets."""
    if any(sum(char.isalpha() for line in column for char in line.text) < NOTE_LETTERS for column in columns):
        return False
    sizes = [[span.size for line in column for span in line.spans if span.text.strip()] for column in columns]
    if not all(all(size > 0 for size in column) for column in sizes):
        return False
    a, b = map(median, sizes)
    return min(a, b) <= NOTE_SIZE * max(a, b)


def at_edges(lines: Sequence[Line], edges: Sequence[float]) -> list[Sequence[Line]]:
    """``lines`` by column, those that reach over an edge in pieces."""
    columns: list[list[Line]] = [[] for _ in range(len(edges) + 1)]
    for line in lines:
        parts: dict[int, list[int]] = {}
        for number, span in enumerate(line.spans):
            column = sum((span.box[0] + span.box[2]) / 2 > edge for edge in edges)
            parts.setdefault(column, []).append(number)
        for column, numbers in parts.items():
            columns[column].append(line.part(numbers))
    return [column for column in columns if column]


def _blocks(page: Page, lines: Sequence[Line], size: float) -> list[Sequence[Line]]:
    """Parts above one another with nothing between them, on the page's image either."""
    parts: list[list[Line]] = []
    for group in split([(line.box[1], line.box[3]) for line in lines], LEADING * size):
        part = [lines[i] for i in sorted(group)]
        if parts and _unread(page, union(x.box for x in parts[-1]), union(x.box for x in part)):
            parts[-1].extend(part)
        else:
            parts.append(part)
    return list(parts)


def _unread(page: Page, above: Box, below: Box) -> bool:
    gap = (min(above[0], below[0]), above[3], max(above[2], below[2]), below[1])
    third = (gap[3] - gap[1]) / 4  # tails of the letters around do not count
    middle = (gap[0], gap[1] + third, gap[2], gap[3] - third)
    return ink_share(page, middle) > UNREAD


def paragraphs(lines: Sequence[Line]) -> list[Sequence[Line]]:
    """``lines``, of one column and from the top, cut where a paragraph starts."""
    if len(lines) < 2 or any(line.source == "text-layer" for line in lines):
        return [lines]
    if len(rows([line.box for line in lines])) < len(lines):
        return [lines]  # several pieces stand in one row: no running text
    left, right = min(line.box[0] for line in lines), max(line.box[2] for line in lines)
    size = median(height(line.box) for line in lines)
    set_in = [INDENT * size <= line.box[0] - left <= MAX_INDENT * size for line in lines]
    indents = 0 < sum(set_in) <= max(1, len(lines) // 2)
    parts: list[list[Line]] = [[lines[0]]]
    for i, (before, line) in enumerate(pairwise(lines), start=1):
        first = indents and set_in[i] and not set_in[i - 1]
        if _stopped(before, line, right, size) or (first and _started(before, line, left, size)):
            parts.append([line])
        else:
            parts[-1].append(line)
    return list(parts)


def _stopped(before: Line, line: Line, right: float, size: float) -> bool:
    """Whether ``before`` ends where the first word of ``line`` would still have fitted."""
    text = line.text.strip()
    first = _first_word(text)
    room = right - before.box[2]
    needed = width(line.box) * len(first) / max(1, len(text))
    margin = (0.5 if ENDS.search(before.text) or _starts(text) else 2.0) * size
    return room > needed * 1.2 + margin


def _started(before: Line, line: Line, left: float, size: float) -> bool:
    """Whether a line that is set in starts a paragraph: after an end, or after a line that is not set in."""
    return bool(ENDS.search(before.text)) or _starts(line.text) or before.box[0] - left < 0.3 * size


def _starts(text: str) -> bool:
    """Whether ``text`` begins as an item of a list or, with a star, as a note does."""
    return text.lstrip().startswith("*") or starts_item(text)


def _first_word(text: str) -> str:
    word = text.split(" ", 1)[0]
    for place, character in enumerate(word):
        if ord(character) >= 0x2E80:
            return word[: max(1, place)]
    return word
