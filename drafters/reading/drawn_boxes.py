"""Check boxes that a page draws, found in its pixels beside lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from docspec.check_boxes import NEAR, SIGNS, CheckBox
from docspec.types import Box, Image, Line, Page

# In heights of the line beside it, whose box is that of its font:
SIDE = 0.45, 1.5
SQUARE = 1.25  # the longer side over the shorter one, at the most
FRAME = 0.85  # share of each side of the frame that is drawn
WITHIN = 0.25  # of the side: what is further inside is a tick or nothing
TICK = 0.06  # share of ink inside that is a tick, at the least
PAPER = 0.75  # share of a box's inside that is more than a tick: a bullet, or a picture
RING = 0.25  # share of ink in the paper around what fills a box, at the most
RULE = 1.0  # points: half of what a cell's rules may be wide
CONTRAST = 60  # grey levels between ink and paper


def drawn_boxes(page: Page, lines: Sequence[Line]) -> list[CheckBox]:
    """The small empty or ticked squares just before or after ``lines``, which no text of them is."""
    if not lines:
        return []
    grey = _grey(page.image)
    found: list[CheckBox] = []
    for line in lines:
        height = line.box[3] - line.box[1]
        if line.turn or height <= 0 or line.text.strip()[:1] in SIGNS:
            continue
        x0, y0, x1, y1 = line.box
        for left, right in ((x0 - NEAR * height, x0 + height / 4), (x1 - height / 4, x1 + NEAR * height)):
            area = page.pixels((left, y0 - height / 2, right, y1 + height / 2))
            for check in _boxes_at(page, area, grey[area[1] : area[3], area[0] : area[2]], height):
                inside = y0 < (check.box[1] + check.box[3]) / 2 < y1
                if inside and not _is_known(check.box, lines, found):
                    found.append(check)
    return found


def boxes_within(page: Page, cells: Sequence[Box], height: float) -> list[CheckBox]:
    """The check boxes in ``cells`` of a table that hold no text, beside lines of so many points."""
    found: list[CheckBox] = []
    for x0, y0, x1, y1 in cells:
        area = page.pixels((x0 + RULE, y0 + RULE, x1 - RULE, y1 - RULE))
        if area[2] - area[0] >= 4 and area[3] - area[1] >= 4:
            grey = _grey(page.image[area[1] : area[3], area[0] : area[2]])
            found += _boxes_at(page, area, grey, height)
    return found


def _grey(image: Image) -> NDArray[np.uint8]:
    import cv2

    grey: NDArray[np.uint8] = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    return grey


def _boxes_at(
    page: Page, area: tuple[int, int, int, int], grey: NDArray[np.uint8], height: float
) -> Iterator[CheckBox]:
    """The check boxes, in page points, in ``grey``, the page's pixels in ``area``, beside lines of ``height``
    points."""
    scale = page.width / page.image.shape[1]
    left, top = area[:2]
    for (a, b, c, d), ticked in _squares(grey, height / scale):
        yield CheckBox(((a + left) * scale, (b + top) * scale, (c + left) * scale, (d + top) * scale), ticked)


def _squares(grey: NDArray[np.uint8], size: float) -> list[tuple[tuple[int, int, int, int], bool]]:
    """Frames in a piece of a page beside a line of ``size`` pixels: where, and whether ink is inside."""
    import cv2

    if min(grey.shape) < 4:
        return []
    ink = (np.abs(grey.astype(np.int16) - int(np.median(grey))) > CONTRAST).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    found = []
    for x, y, w, h, _ in stats[1:count].tolist():
        if not (
            SIDE[0] * size <= min(w, h) and max(w, h) <= SIDE[1] * size and max(w, h) <= SQUARE * min(w, h)
        ):
            continue
        piece = ink[y : y + h, x : x + w]
        thick = max(1, round(0.12 * min(w, h)))
        sides = (
            piece[:thick].max(axis=0),
            piece[-thick:].max(axis=0),
            piece[:, :thick].max(axis=1),
            piece[:, -thick:].max(axis=1),
        )
        margin = max(thick + 1, round(WITHIN * min(w, h)))
        inner = piece[margin:-margin, margin:-margin]
        if not inner.size or any(side.mean() < FRAME for side in sides):
            continue
        if inner.mean() < PAPER or _has_ring(piece, margin):
            found.append(((x, y, x + w, y + h), bool(inner.mean() >= TICK)))
    return found


def _has_ring(piece: NDArray[np.uint8], margin: int) -> bool:
    """Whether paper goes all around between a frame and what fills it: a box ticked by a square or a dot."""
    rings = [piece[at : piece.shape[0] - at, at : piece.shape[1] - at] for at in range(1, margin + 1)]
    edges = [np.concatenate([ring[0], ring[-1], ring[:, 0], ring[:, -1]]) for ring in rings if ring.size]
    return any(edge.mean() < RING for edge in edges)


def _is_known(box: Box, lines: Sequence[Line], found: Sequence[CheckBox]) -> bool:
    """Whether the box is a letter or a sign of some line, or found already."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    spans = [span.box for line in lines for span in line.spans if span.text.strip()]
    return any(b[0] <= x <= b[2] and b[1] <= y <= b[3] for b in (*spans, *(check.box for check in found)))
