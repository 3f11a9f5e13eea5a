"""A formula's ink: its connected pieces, which are bars, roots or tall signs, and which stand together.

Pure. Boxes are pixels of the formula's image; the ``size`` is about that of its font, in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docspec.drafters.reading.formulas.parts import overlap
from docspec.types import Box, Image, union

SHOWS = 0.25  # of the darkest ink: what is ink
PAPER = 0.98  # quantile of what is taken for the darkest ink
DIRT = 0.06  # of the size: how wide and high pieces are at the least
CAPITAL = 0.7  # of the size: how high one is
FLAT = 0.16  # of the size: the most that a bar is high
LONG = 0.42  # of the size: how long a bar is, at the least
OVER = 0.6  # of the size: how far from its bar the parts of a fraction stand, at the most
TALL = 1.75  # of the size: from this height on a sign is read alone
ALONG = 0.9  # of a side: how much of it has ink where there is a line
BESIDE = 0.9  # of the size: the widest gap in what is read as one strip
SCRIPT = 0.25  # of the size: the widest gap before a script
MARK = (
    0.3,
    0.22,
)  # of the size: how high an accent or a dot is, and how far it is above its letter, at the most
SHARED = 0.3  # of the lower one's height: how much of it neighbours have in common
LETTER, APART = 0.24, 0.06  # of the size: how high scripts are that stand above each other, and how far apart
MARGIN = 0.3  # of the size: around a strip


@dataclass(frozen=True, slots=True)
class Ink:
    """A formula's ink: how dark each pixel is (0..1) [h, w], the number of the piece it belongs to (0: none)
    [h, w], and the boxes of the pieces by their numbers."""

    dark: NDArray[np.float32]
    labels: NDArray[np.int32]
    boxes: dict[int, Box]
    size: float

    def strip(self, numbers: Sequence[int]) -> Image:
        """These pieces alone, black on white, [h, w, 3], with a margin."""
        import cv2

        margin = max(3, round(MARGIN * self.size))
        x0, y0, x1, y1 = map(round, union([self.boxes[number] for number in numbers]))
        labels = np.pad(self.labels[y0:y1, x0:x1], margin)
        dark = np.pad(self.dark[y0:y1, x0:x1], margin)
        own = cv2.dilate(np.isin(labels, numbers).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        grey = np.where(own & ((labels == 0) | np.isin(labels, numbers)), 255 * (1 - dark), 255)
        return np.repeat(grey.clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2)

    def origin(self, numbers: Sequence[int]) -> tuple[float, float]:
        """Where the left top corner of their strip lies."""
        margin = max(3, round(MARGIN * self.size))
        x0, y0, _, _ = union([self.boxes[number] for number in numbers])
        return x0 - margin, y0 - margin

    def fills(self, box: Box, side: str) -> bool:
        """Whether there is ink all along the ``side`` ("top", "left" or "right") of ``box``."""
        x0, y0, x1, y1 = map(round, box)
        own = self.labels[y0:y1, x0:x1] > 0
        if side == "top":
            return bool(own[: max(2, len(own) // 7)].any(axis=0).mean() >= ALONG)
        edge = max(1, round(FLAT / 2 * self.size))
        return bool((own[:, :edge] if side == "left" else own[:, -edge:]).any(axis=1).mean() >= ALONG)

    def delimiter(self, box: Box) -> str:
        """Which delimiter a tall piece is: a bracket has ink along one side, a parenthesis bends."""
        x0, y0, x1, y1 = map(round, box)
        left, right = self.fills(box, "left"), self.fills(box, "right")
        if left or right:
            return "|" if left and right else "[" if left else "]"
        own = self.labels[y0:y1, x0:x1] > 0
        middles = [
            float((third * np.arange(x1 - x0)).sum() / max(1, third.sum()))
            for third in np.array_split(own, 3, axis=0)
        ]
        return "(" if middles[1] < (middles[0] + middles[2]) / 2 else ")"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a formula's pieces stand: ``rules`` of fractions and roots, ``roots`` (the piece and its sign's
    box), ``tall`` signs, and ``groups`` of pieces that are read as one strip."""

    rules: list[Box]
    roots: dict[int, Box]
    tall: list[int]
    groups: list[list[int]]


def ink_of(image: Image, inside: Box | None = None, size: float = 0.0) -> Ink:
    """The ink of ``image`` [h, w, 3], whichever of paper and print is darker: the pieces whose middles are
    ``inside`` a box. Its ``size`` where it is known."""
    import cv2

    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY).astype(np.float32)
    away = np.abs(grey - np.median(grey))
    most = float(np.quantile(away[away > 0.5 * away.max()], PAPER)) if away.max() > 0 else 1.0
    dark: NDArray[np.float32] = np.minimum(away / max(most, 1.0), 1.0).astype(np.float32)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (dark > SHOWS).astype(np.uint8), connectivity=8
    )
    found = {
        number: (float(x), float(y), float(x + w), float(y + h))
        for number, (x, y, w, h, _) in enumerate(stats.tolist())
        if number and count and (inside is None or _holds(inside, (x, y, x + w, y + h)))
    }
    size = size or _size(list(found.values()))
    kept = {number: box for number, box in found.items() if max(_wide(box), _high(box)) >= DIRT * size}
    return Ink(dark, labels, kept, size)


def _holds(inside: Box, box: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return inside[0] <= x <= inside[2] and inside[1] <= y <= inside[3]


def _size(boxes: Sequence[Box]) -> float:
    """About the size of the font: most tall pieces are letters without descenders."""
    high = sorted(_high(box) for box in boxes if _high(box) >= 4 and _high(box) >= 0.2 * _wide(box))
    if not high:
        return 12.0
    usual = high[len(high) // 2]
    letters = [one for one in high if 0.6 * usual <= one <= 2.2 * usual]
    return letters[round(0.8 * (len(letters) - 1))] / CAPITAL


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
        if _high(box) > TALL * size and number not in roots and number not in bars
    ]
    rest = [number for number in ink.boxes if number not in {*roots, *bars, *tall}]
    groups = [part for group in grouped(ink, rest, rules, tall) for part in _unstacked(ink, group)]
    return Layout(rules, {number: sign for number, (sign, _) in roots.items()}, tall, groups)


def is_flat(box: Box, size: float) -> bool:
    """Whether a piece is a bar: of a fraction, a minus, half of an equals sign, what stands over a letter."""
    return _high(box) <= max(3.0, FLAT * size) and _wide(box) >= LONG * size and _wide(box) >= 3 * _high(box)


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
    letters = [number for number in group if _high(boxes[number]) >= LETTER * size]
    upper: set[int] = set()
    lower: set[int] = set()
    for a in letters:
        for b in letters:
            gap = boxes[b][1] - boxes[a][3]
            wide = min(_wide(boxes[a]), _wide(boxes[b]))
            shared = min(boxes[a][2], boxes[b][2]) - max(boxes[a][0], boxes[b][0])
            if gap >= max(1.5, APART * size) and shared >= 0.4 * wide:
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
        if box[0] - 0.1 * size <= middle <= box[2] + 0.1 * size and 0 <= box[1] - mark[3] <= MARK[1] * size
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
    marks = min(_high(above), _high(below)) <= MARK[0] * size
    inside = -gap >= 0.5 * min(_wide(a), _wide(b))
    return marks and inside and between <= MARK[1] * size


def _stretched(box: Box, size: float) -> Box:
    """``box``, at least as high as a small letter: of bars and dots."""
    more = max(0.0, 0.3 * size - _high(box)) / 2
    return box[0], box[1] - more, box[2], box[3] + more


def _wide(box: Box) -> float:
    return box[2] - box[0]


def _high(box: Box) -> float:
    return box[3] - box[1]
