"""Ink outside the text layer that is nothing but print and rules: tables that are pictures or drawings."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from docspec.drafters.reading.page_ink import Mask, cells_of
from docspec.types import Box, Line, Page, middle_in

FIGURE = re.compile(r"\s*(?:fig(?:ure|\.)|abb(?:ildung|\.)|图|圖)\s*\d", re.IGNORECASE)
REACH = 24.0  # points from a picture to its caption
SMALLEST = 40.0, 14.0  # points: the width and height of a picture that is looked at
RULE, THIN = 24, 4  # pixels of the mask: how long a rule is at the least, how thick at the most
TOGETHER = 9  # pixels: gaps between words of one piece
HEIGHTS = 3.5, 30.0  # points: what a piece of print may measure
FILL = 0.12, 0.97  # share of ink in the box of a piece of print
NARROW = 0.3  # of its height: the least that a piece is wide
PRINT = 0.85  # share of the ink besides rules that is in such pieces
PIECES, LONG = 3, 8.0  # how many there are at the least, and how many heights they are wide together
CELLS = 6  # the same of a table that is drawn
GROUND = 0.4  # share of the pixels that are of one tone
TONE, SAMPLES = 8, 200  # half of a tone's grey levels; pixels of a side that are looked at
ALIKE = 2.5  # how many times as high as the lower quarter the median may be


def pictures_of_print(rest: Mask, page: Page, images: Sequence[Box], lines: Sequence[Line]) -> list[Box]:
    """Where ``rest``, the ink that no text covers, is print and nothing else but rules, on a plain ground:
    which of the page's ``images`` are such, and which islands of ink, in page points.
    """
    if not rest.any():
        return []
    scale = page.height / rest.shape[0]
    found: list[Box] = []
    pasted = list(dict.fromkeys(_on_page(image, page) for image in images))
    drawn = _islands(rest, page) if long_rules(rest).any() else []
    for box, pieces in (*((box, PIECES) for box in pasted), *((box, CELLS) for box in drawn)):
        large = box[2] - box[0] >= SMALLEST[0] and box[3] - box[1] >= SMALLEST[1]
        known = any(middle_in(line.box, box) for line in lines)
        if not large or known or has_middle(found, box) or _is_figure(box, lines):
            continue
        if is_print(rest[cells_of(rest, page, box)], scale, pieces) and _is_plain(page, box):
            found.append(box)
    return found


def _is_figure(box: Box, lines: Sequence[Line]) -> bool:
    """Whether one of ``lines`` just below ``box`` says that it is a figure, whose words are labels."""
    return any(
        FIGURE.match(line.text)
        and -REACH < line.box[1] - box[3] < REACH
        and line.box[0] < box[2]
        and box[0] < line.box[2]
        for line in lines
    )


def has_middle(boxes: Sequence[Box], box: Box) -> bool:
    """Whether the middle of ``box`` is in one of ``boxes``."""
    return any(middle_in(box, outer) for outer in boxes)


def _is_plain(page: Page, box: Box) -> bool:
    """Whether much of ``box`` is of one tone, as paper is and photographs are not."""
    crop = page.crop(box)
    step = max(1, max(crop.shape[:2]) // SAMPLES)
    tones = np.bincount(
        crop[::step, ::step].mean(axis=2).astype(np.int64).ravel() // TONE, minlength=256 // TONE
    )
    return bool((tones[:-1] + tones[1:]).max() >= GROUND * tones.sum())


def _islands(ink: Mask, page: Page) -> list[Box]:
    """The boxes of ink that is together."""
    import cv2

    joined = cv2.dilate(ink.astype(np.uint8), np.ones((TOGETHER, TOGETHER), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    sx, sy = page.width / ink.shape[1], page.height / ink.shape[0]
    return [(x * sx, y * sy, (x + w) * sx, (y + h) * sy) for x, y, w, h, _ in stats[1:count].tolist()]


def is_print(ink: Mask, scale: float, pieces: int = PIECES) -> bool:
    """Whether ``ink`` [h, w], whose pixels are ``scale`` points, is print in so many ``pieces`` at the least,
    with no more than rules around them."""
    import cv2

    letters = ink & ~long_rules(ink)
    if not letters.any():
        return False
    joined = cv2.morphologyEx(letters.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, TOGETHER), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    inks = np.bincount(labels[letters], minlength=count)[1:]
    wide, high = stats[1:, 2], stats[1:, 3]
    like = (high * scale >= HEIGHTS[0]) & (high * scale <= HEIGHTS[1]) & (wide >= NARROW * high)
    filled = inks / (wide * high)
    like &= (filled >= FILL[0]) & (filled <= FILL[1])
    if like.sum() < pieces or (wide[like] / high[like]).sum() < LONG:
        return False
    lower, middle = np.quantile(high[like], [0.25, 0.5])
    return bool(middle <= ALIKE * lower and inks[like].sum() >= PRINT * inks.sum())


def long_rules(ink: Mask) -> NDArray[np.bool_]:
    """The pixels of ``ink`` that are long thin rules, either way."""
    import cv2

    found = np.zeros(ink.shape, dtype=bool)
    dots = ink.astype(np.uint8)
    for along, across in (
        (np.ones((1, RULE), np.uint8), (THIN + 1, 1)),
        (np.ones((RULE, 1), np.uint8), (1, THIN + 1)),
    ):
        runs = cv2.morphologyEx(dots, cv2.MORPH_OPEN, along)
        thick = cv2.morphologyEx(runs, cv2.MORPH_OPEN, np.ones(across, np.uint8))
        found |= (runs > 0) & (thick == 0)
    return found


def _on_page(box: Box, page: Page) -> Box:
    return max(0.0, box[0]), max(0.0, box[1]), min(page.width, box[2]), min(page.height, box[3])
