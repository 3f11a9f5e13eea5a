"""Where a page image has ink, and which of it looks like print: without reading anything.

Works at a coarse resolution, so that a page costs milliseconds. Boxes are page points.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from docspec.types import Box, Image, Page, union

STEM = 4  # pixels at DPI: wider than the stem of any letter of a text
COVERED = 0.6  # share of ink in a box that a bar may cover, at the least
DPI = 80.0  # print of 6 points is then 7 pixels tall, enough to see lines
CONTRAST = 40  # grey levels between ink and the paper around it
PAPER = 4, 11  # the paper is the median tone of 11 x 11 pixels of an image this many times smaller
LINE_HEIGHTS = (3.5, 45.0)  # points: what a blob may measure to be a line of print
MIN_ASPECT = 2.5
FILL = (0.18, 0.9)  # share of ink in a line's box

Mask = NDArray[np.bool_]  # [h, w] at DPI


def ink_of(page: Page) -> Mask:
    """Which pixels of the page, at DPI, differ from the paper around them, darker or lighter."""
    return ink_mask(page.image, page.width * DPI / 72, page.height * DPI / 72)


def ink_mask(image: Image, width: float, height: float) -> Mask:
    """As ``ink_of``, for an image to be looked at as ``width`` x ``height`` pixels."""
    import cv2

    size = max(1, round(width)), max(1, round(height))
    if size[0] * size[1] > image.shape[0] * image.shape[1]:
        size = image.shape[1], image.shape[0]
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    coarse = max(1, size[0] // PAPER[0]), max(1, size[1] // PAPER[0])
    paper = cv2.medianBlur(cv2.resize(grey, coarse, interpolation=cv2.INTER_LINEAR), PAPER[1])
    mask: Mask = cv2.absdiff(grey, cv2.resize(paper, size)) > CONTRAST
    return mask


def cover_share(mask: Mask, page: Page, boxes: Sequence[Box], inside: Box | None = None) -> float:
    """The share of the ink (within ``inside``) that lies in ``boxes``; 1 where there is no ink."""
    area = cells_of(mask, page, inside or (0.0, 0.0, page.width, page.height))
    total = int(mask[area].sum())
    if not total:
        return 1.0
    return int((mask & painted(mask, page, boxes))[area].sum()) / total


def inked_share(mask: Mask, page: Page, boxes: Sequence[Box]) -> float:
    """The share of ``boxes`` that have ink in them; 1 for none. Text without ink is hidden text."""
    if not boxes:
        return 1.0
    return sum(bool(mask[cells_of(mask, page, box)].any()) for box in boxes) / len(boxes)


def may_have_bar(mask: Mask, page: Page, box: Box) -> bool:
    """Whether ink fills the middle of ``box`` from top to bottom further than a letter's stem does."""
    quarter = (box[3] - box[1]) / 4
    full = mask[cells_of(mask, page, (box[0], box[1] + quarter, box[2], box[3] - quarter))].all(axis=0)
    return bool((np.convolve(np.atleast_1d(full), np.ones(STEM, np.uint8), "valid") == STEM).any())


def widest_blank(mask: Mask, page: Page, box: Box) -> float:
    """Points of the widest strip within ``box`` that has no ink from top to bottom, ink on both sides."""
    inked = np.flatnonzero(mask[cells_of(mask, page, box)].any(axis=0))
    widest = int(np.diff(inked).max(initial=1)) - 1
    return float(widest * page.width / mask.shape[1])


def is_bar(mask: Mask, page: Page, box: Box) -> bool:
    """Whether ``box`` is covered: all of it ink of one colour, as no characters are."""
    if mask[cells_of(mask, page, box)].mean() < COVERED:
        return False
    x, y = 0.1 * min(box[2] - box[0], box[3] - box[1]), 0.15 * (box[3] - box[1])
    inner = page.crop((box[0] + x, box[1] + y, box[2] - x, box[3] - y))
    return bool((inner.max(axis=(0, 1)).astype(int) - inner.min(axis=(0, 1)) < CONTRAST).all())


def outside(mask: Mask, page: Page, boxes: Sequence[Box]) -> Mask:
    """The ink that is not in ``boxes``, nor just beside them."""
    return mask & ~painted(mask, page, boxes, grow=1.0)


def unread_print(rest: Mask, page: Page) -> list[Box]:
    """Blocks of ink, which ``outside`` has left, that look like lines of print, in page points.

    Ink is run together sideways; what comes out long, low and evenly filled is taken for a line, and lines
    that are close for a block. Photographs and drawings leave few such shapes, and fewer near each other.
    """
    import cv2

    if not rest.any():
        return []
    joined = cv2.morphologyEx(rest.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, 9), dtype=np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    sx, sy = page.width / rest.shape[1], page.height / rest.shape[0]
    found: list[Box] = []
    for x, y, w, h, _ in stats[1:count].tolist():
        fill = rest[y : y + h, x : x + w].mean()
        if (
            LINE_HEIGHTS[0] <= h * sy <= LINE_HEIGHTS[1]
            and w >= MIN_ASPECT * h
            and FILL[0] <= fill <= FILL[1]
        ):
            found.append((x * sx, y * sy, (x + w) * sx, (y + h) * sy))
    return [union(block) for block in _blocks(found) if _is_print(block)]


def _is_print(block: Sequence[Box]) -> bool:
    """Whether the lines amount to something: several, or one long one, of like height."""
    heights = sorted(box[3] - box[1] for box in block)
    long = sum((box[2] - box[0]) / (box[3] - box[1]) for box in block)
    alike = heights[len(heights) // 2] < 2.5 * heights[len(heights) // 4]
    return alike and (len(block) >= 3 or long >= 12)


def _blocks(boxes: Sequence[Box]) -> list[list[Box]]:
    """Boxes grown by a line's height that touch, taken together."""
    blocks: list[tuple[Box, list[Box]]] = []
    for box in boxes:
        grow = 1.2 * (box[3] - box[1])
        reach = (box[0] - grow, box[1] - grow, box[2] + grow, box[3] + grow)
        members = [box]
        apart = []
        for other, inside in blocks:
            if _touch(reach, other):
                members += inside
                reach = union([reach, other])
            else:
                apart.append((other, inside))
        blocks = [*apart, (reach, members)]
    return [members for _, members in blocks]


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def painted(mask: Mask, page: Page, boxes: Sequence[Box], grow: float = 0.0) -> Mask:
    """The pixels of ``mask`` within ``boxes``, grown by ``grow`` points."""
    inside = np.zeros(mask.shape, dtype=bool)
    for x0, y0, x1, y1 in boxes:
        inside[cells_of(mask, page, (x0 - grow, y0 - grow, x1 + grow, y1 + grow))] = True
    return inside


def cells_of(mask: Mask, page: Page, box: Box) -> tuple[slice, slice]:
    """The rows and columns of ``mask`` that ``box`` touches, at least one of each."""
    sx, sy = mask.shape[1] / page.width, mask.shape[0] / page.height
    x0, y0 = max(0, int(box[0] * sx)), max(0, int(box[1] * sy))
    return slice(y0, max(y0 + 1, int(np.ceil(box[3] * sy)))), slice(
        x0, max(x0 + 1, int(np.ceil(box[2] * sx)))
    )
