"""How a formula's ink stands: bars, roots and tall signs, and what is read together as one strip. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from docspec.drafters.reading.formulas.ink import FLAT, Ink, high, wide
from docspec.drafters.reading.formulas.parts import overlap
from docspec.types import Box

LONG = 0.42  # of the size: how long a bar is, at the least
OVER = 0.6  # of the size: how far from its bar the parts of a fraction stand, at the most
TALL = 1.75  # of the size: from this height on a sign is read alone
BESIDE = 0.9  # of the size: the widest gap in what is read as one strip
SCRIPT = 0.25  # of the size: the widest gap before a script
MARK, ABOVE = 0.3, 0.22  # of the size: how high a dot is, and how far above its letter, at the most
SHARED = 0.3  # of the lower one's height: how much of it neighbours have in common
STACKED = 0.4  # of the narrower one's width: how much of it such scripts share
LETTER, APART = 0.24, 0.06  # of the size: how high scripts above one another are, and how far apart


@dataclass(frozen=True, slots=True)
class Layout:
    """How a formula's pieces stand: ``rules`` of fractions and roots, ``roots`` (the piece and its sign's
    box), ``tall`` signs, and ``groups`` of pieces that are read as one strip."""

    rules: list[Box]
    roots: dict[int, Box]
    tall: list[int]
    groups: list[list[int]]


def layout_of(ink: Ink) -> Layout:
    """The rules, roots, tall signs and groups of ``ink``."""
    size = ink.size
    roots = {number: found for number in ink.boxes if (found := _root(ink, number)) is not None}
    flat = [number for number, box in ink.boxes.items() if is_flat(box, size) and number not in roots]
    solid = [box for number, box in ink.boxes.items() if number not in flat and number not in roots]
    bars = [number for number in flat if _parts_a_fraction(ink.boxes[number], solid, size)]
    rules = [rule for _, rule in roots.values()] + [ink.boxes[number] for number in bars]
    tall = [
        number
        for number, box in ink.boxes.items()
        if high(box) > TALL * size and number not in roots and number not in bars
    ]
    rest = [number for number in ink.boxes if number not in {*roots, *bars, *tall}]
    groups = [part for group in grouped(ink, rest, rules, tall) for part in _unstacked(ink, group)]
    return Layout(rules, {number: sign for number, (sign, _) in roots.items()}, tall, groups)


def is_flat(box: Box, size: float) -> bool:
    """Whether a piece is a bar: of a fraction, a minus, half of an equals sign, what stands over a letter."""
    return high(box) <= max(3.0, FLAT * size) and wide(box) >= LONG * size and wide(box) >= 3 * high(box)


def _parts_a_fraction(bar: Box, solid: Sequence[Box], size: float) -> bool:
    """Whether something stands right above a bar and right below it."""
    over = [box for box in solid if bar[0] - 0.1 * size <= (box[0] + box[2]) / 2 <= bar[2] + 0.1 * size]
    above = any(0 <= bar[1] - box[3] + 0.1 * size <= OVER * size for box in over)
    below = any(0 <= box[1] - bar[3] + 0.1 * size <= OVER * size for box in over)
    return above and below


def _root(ink: Ink, number: int) -> tuple[Box, Box] | None:
    """The sign and the rule of a piece that is a root: a line at its top with none of its ink below."""
    x0, y0, x1, y1 = map(round, ink.boxes[number])
    if y1 - y0 < 0.75 * ink.size or x1 - x0 < 0.8 * ink.size:
        return None
    own = ink.labels[y0:y1, x0:x1] == number
    thick = max(2, round(FLAT * ink.size))
    below = own[thick:].any(axis=0)
    last = int(np.flatnonzero(below).max(initial=-1)) + 1
    if x1 - x0 - last < LONG * ink.size or not own[:thick, last:].any(axis=0).mean() > 0.9:
        return None
    if last < 0.25 * ink.size or not own[(y1 - y0) // 2 :, :last].any():
        return None
    return (float(x0), float(y0), float(x0 + last), float(y1)), (
        float(x0 + last),
        float(y0),
        float(x1),
        float(y0 + thick),
    )


def grouped(
    ink: Ink, numbers: Sequence[int], rules: Sequence[Box] = (), tall: Sequence[int] = ()
) -> list[list[int]]:
    """The pieces of these ``numbers`` by what is read as one strip, each from the left: nothing across
    ``rules`` and ``tall`` signs."""
    boxes, size = {number: ink.boxes[number] for number in numbers}, ink.size
    walls = [ink.boxes[number] for number in tall]
    left = sorted(boxes, key=lambda number: boxes[number][0])
    group = {number: number for number in left}

    def first(number: int) -> int:
        while group[number] != number:
            number = group[number]
        return number

    for i, a in enumerate(left):
        for b in left[i + 1 :]:
            if boxes[b][0] - boxes[a][2] > BESIDE * size:
                continue
            if _together(boxes[a], boxes[b], rules, walls, size):
                group[first(b)] = first(a)
    found: dict[int, list[int]] = {}
    for number in left:
        found.setdefault(first(number), []).append(number)
    return list(found.values())


def _unstacked(ink: Ink, group: Sequence[int]) -> list[list[int]]:
    """A group without the scripts that stand one above the other, and these in groups of their own: a row of
    characters has no place for both."""
    boxes, size = ink.boxes, ink.size
    letters = [number for number in group if high(boxes[number]) >= LETTER * size]
    upper: set[int] = set()
    lower: set[int] = set()
    for a in letters:
        for b in letters:
            gap = boxes[b][1] - boxes[a][3]
            narrow = min(wide(boxes[a]), wide(boxes[b]))
            shared = min(boxes[a][2], boxes[b][2]) - max(boxes[a][0], boxes[b][0])
            if gap >= max(1.5, APART * size) and shared >= STACKED * narrow:
                upper.add(a)
                lower.add(b)
    if not upper:
        return [list(group)]
    for mark in set(group) - set(letters):
        letter = _letter_under(boxes[mark], {number: boxes[number] for number in letters}, size)
        for scripts in (upper, lower):
            if letter in scripts:
                scripts.add(mark)
    rest = [number for number in group if number not in upper | lower]
    return [
        *([rest] if rest else []),
        *grouped(ink, [number for number in group if number in upper]),
        *grouped(ink, [number for number in group if number in lower - upper]),
    ]


def _letter_under(mark: Box, letters: dict[int, Box], size: float) -> int:
    """The letter that a ``mark`` is a part of, the dot of an i say; -1 where there is none."""
    middle = (mark[0] + mark[2]) / 2
    near = [
        number
        for number, box in letters.items()
        if box[0] - 0.1 * size <= middle <= box[2] + 0.1 * size and 0 <= box[1] - mark[3] <= ABOVE * size
    ]
    return min(near, key=lambda number: letters[number][1] - mark[3], default=-1)


def _together(a: Box, b: Box, rules: Sequence[Box], walls: Sequence[Box], size: float) -> bool:
    gap = max(a[0], b[0]) - min(a[2], b[2])
    if gap >= 0:
        if any(a[2] <= (wall[0] + wall[2]) / 2 <= b[0] and overlap(wall, a) > 0 for wall in walls):
            return False
        upper, lower = (_stretched(box, size) for box in (a, b))
        shared = overlap(upper, lower) / min(upper[3] - upper[1], lower[3] - lower[1])
        return shared >= SHARED or (gap <= SCRIPT * size and overlap(a, b) > 0)
    above, below = sorted((a, b), key=lambda box: box[1] + box[3])
    between = below[1] - above[3]
    if between <= 0:
        return True
    if any(above[1] < rule[1] < below[3] and rule[0] < above[2] and above[0] < rule[2] for rule in rules):
        return False
    marks = min(high(above), high(below)) <= MARK * size
    inside = -gap >= 0.5 * min(wide(a), wide(b))
    return marks and inside and between <= ABOVE * size


def _stretched(box: Box, size: float) -> Box:
    """``box``, at least as high as a small letter: of bars and dots."""
    more = max(0.0, 0.3 * size - high(box)) / 2
    return box[0], box[1] - more, box[2], box[3] + more
