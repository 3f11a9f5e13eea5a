"""Which ink each recognised character of a formula is: characters from the left, pieces of ink from the left.

A recogniser writes a row of characters and about where each is. Its row and the row of pieces are aligned as
two strings are, by what a character's place and height make of a piece. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from docspec.drafters.characters import SUPERSCRIPTS
from docspec.drafters.reading.formulas import signs
from docspec.drafters.reading.formulas.signs import CLOSING, FENCES, OPENING
from docspec.types import Box, union

# What recognisers write for signs of formulas.
MEANT = dict(
    zip(
        "一—–－−十＋土卜（）［］｛｝，．：；！＝＜＞Ⅱ€∆｜丨ーµ二三°",
        "-----++±+()[]{},.:;!=<>ΠεΔ||-μ=≡∘",
        strict=True,
    )
)
SEVERAL = dict.fromkeys('ij!?:;÷≤≥⩽⩾±∓ÄÖÜäöüẋẏ"%', 2) | dict.fromkeys("=≠≃≅≈", 2)
SEVERAL |= dict.fromkeys("≡Ξ…⋯∴÷", 3)
REACH = 4.0  # of the size: no character is farther from where it was seen
MOST = 4  # pieces that one character may be made of, and characters that may be one piece
PLACE = 0.45  # of the size: how far a character usually is from where it was seen
FARTHEST = 4.0  # the most that being elsewhere costs
HEIGHT = 0.8  # what a height costs that is e times what it should be
MISSED, MADE_UP = 1.6, 2.6  # what it costs that a piece has no character, a character no piece
BROKEN, APART = 0.8, 2.0  # for each piece more than a character has: close to the others, or not
CLOSE = 0.06  # of the size: how far the pieces of a broken character are apart, at the most
TOUCHING = 0.6  # for each of the characters that touch
NARROW = 0.3  # of the size: how wide each of these is at the least
SCALES = (1.0, 0.72, 0.55)  # sizes of the row, of its scripts and of their scripts
EXTENTS = dict.fromkeys("∂∇!?ℏ%&", (0.7, 0.0)) | {"∞": (0.44, 0.0), "ρ": (0.44, 0.2)}
FLAT_SIGNS = frozenset("-=≡~∼≈.,·⋅:;'’")


@dataclass(frozen=True, slots=True)
class Seen:
    """A character with the ink that it is, and the numbers of the pieces."""

    char: str
    box: Box
    pieces: tuple[int, ...]


def meant(char: str) -> str:
    """The sign that a recogniser means: a raised figure is a figure that stands high."""
    return MEANT.get(char) or SUPERSCRIPTS.get(char) or char


def extent(char: str) -> tuple[float, float]:
    """How far the ink of ``char`` reaches above its baseline and below it, in sizes of its font."""
    return EXTENTS.get(char) or signs.extent(char)


def tells_size(char: str) -> bool:
    """Whether the height of ``char`` is a measure of its size."""
    return char.isalnum() or char in EXTENTS


def aligned(
    text: Sequence[tuple[str, float]], boxes: dict[int, Box], size: float
) -> tuple[list[Seen], list[int]]:
    """The characters (with where they were seen, as pixels from the left) on the pieces, and the pieces
    without one; characters without a piece are left out."""
    order = sorted(boxes, key=lambda number: _left(boxes[number], size))
    rows, columns = len(text), len(order)
    cost = [[math.inf] * (columns + 1) for _ in range(rows + 1)]
    back: list[list[tuple[int, int]]] = [[(0, 0)] * (columns + 1) for _ in range(rows + 1)]
    cost[0][0] = 0.0
    for i in range(rows + 1):
        for j in range(columns + 1):
            for more, taken, price in _moves(text, boxes, order, i, j, size):
                if cost[i][j] + price < cost[i + more][j + taken]:
                    cost[i + more][j + taken] = cost[i][j] + price
                    back[i + more][j + taken] = (more, taken)
    seen: list[Seen] = []
    missed: list[int] = []
    i, j = rows, columns
    while i or j:
        more, taken = back[i][j]
        chars, numbers = text[i - more : i], tuple(order[j - taken : j])
        if chars and numbers:
            seen += _parted(chars, numbers, boxes)
        elif numbers:
            missed += numbers
        i, j = i - more, j - taken
    return seen[::-1], missed[::-1]


def _left(box: Box, size: float) -> float:
    """Where a piece comes in a row: at its middle, a wide one soon after its beginning."""
    return min((box[0] + box[2]) / 2, box[0] + size / 2)


def _moves(
    text: Sequence[tuple[str, float]],
    boxes: dict[int, Box],
    order: Sequence[int],
    i: int,
    j: int,
    size: float,
) -> list[tuple[int, int, float]]:
    """Ways on from ``i`` characters and ``j`` pieces: how many of each, and at what cost."""
    found: list[tuple[int, int, float]] = []
    if j < len(order):
        box = boxes[order[j]]
        small = max(box[2] - box[0], box[3] - box[1]) / size
        found.append((0, 1, MISSED * min(1.0, 0.25 + small)))
    if i == len(text):
        return found
    char, place = text[i]
    found.append((1, 0, MADE_UP * (0.4 if char in FLAT_SIGNS else 1.0)))
    if j == len(order) or abs(place - (boxes[order[j]][0] + boxes[order[j]][2]) / 2) > REACH * size:
        return found
    usual = SEVERAL.get(char, 1)
    for taken in range(1, min(MOST, len(order) - j) + 1):
        ink = [boxes[number] for number in order[j : j + taken]]
        if taken > 1 and not _one_sign(ink):
            break
        whole = union(ink)
        price = _away(place, whole, size) + _unlike(char, whole, size)
        if taken > usual:
            price += (BROKEN if _touching(ink, size) else APART) * (taken - usual)
        found.append((1, taken, price + 0.3 * max(0, usual - taken)))
    box = boxes[order[j]]
    for more in range(2, min(MOST, len(text) - i) + 1):
        if box[2] - box[0] < NARROW * size * more:
            break
        price = sum(_away(at, box, 2 * size) for _, at in text[i : i + more]) / more
        found.append((more, 1, price + TOUCHING * more))
    return found


def _one_sign(ink: Sequence[Box]) -> bool:
    """Whether pieces stand above each other, or so close that they may be a broken sign."""
    left, right = max(box[0] for box in ink), min(box[2] for box in ink)
    narrow = min(box[2] - box[0] for box in ink)
    return right - left >= 0.35 * narrow or left - right <= 1.5


def _touching(ink: Sequence[Box], size: float) -> bool:
    """Whether each piece is next to the one before."""
    return all(
        max(max(a[0], b[0]) - min(a[2], b[2]), max(a[1], b[1]) - min(a[3], b[3])) <= max(1.0, CLOSE * size)
        for a, b in pairwise(ink)
    )


def _away(place: float, box: Box, size: float) -> float:
    off = (place - (box[0] + box[2]) / 2) / (PLACE * size)
    return min(FARTHEST, off * off / 2)


def _unlike(char: str, box: Box, size: float) -> float:
    """How unlike ``char`` a piece is by its height, as large as the row's or as a script's."""
    wide, high = box[2] - box[0], box[3] - box[1]
    if char in "-.,·⋅'’":
        flat = high <= 0.25 * size if char == "-" else max(wide, high) <= 0.4 * size
        return 0.0 if flat else 2.0
    if char in OPENING or char in CLOSING or char in FENCES or char in "/∑∏∫∮√":
        return 0.0 if high >= 0.6 * size else 1.5
    up, down = extent(char)
    if not tells_size(char):
        return 0.0 if max(wide, high) >= 0.25 * size else 1.0
    if high <= 0.15 * size:
        return 2.5
    return HEIGHT * min(abs(math.log(high / (scale * size * (up + down)))) for scale in SCALES)


def _parted(
    chars: Sequence[tuple[str, float]], numbers: tuple[int, ...], boxes: dict[int, Box]
) -> list[Seen]:
    """The characters on their ink, last first; several on one piece share it by where they were seen."""
    box = union([boxes[number] for number in numbers])
    if len(chars) == 1:
        return [Seen(chars[0][0], box, numbers)]
    step = (box[2] - box[0]) / len(chars)
    return [
        Seen(char, (box[0] + n * step, box[1], box[0] + (n + 1) * step, box[3]), numbers)
        for n, (char, _) in reversed(list(enumerate(chars)))
    ]
