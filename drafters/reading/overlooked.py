"""Letters and numbers that stand alone, which a detector trained on words overlooks: "C" before an answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from docspec.types import Box, Image

# In heights of the page's usual piece of text, whose box has a margin:
_TALL = 0.3, 1.3  # a character
_WIDE = 0.06, 4.0  # one or a few
_TOGETHER = 0.35  # the widest gap between characters of one number
_FAR = 12.0  # text of the same row is nearer than that
_FREE = 0.2  # around it there is nothing to speak of
_MARGIN = 0.1  # of the boxes of what was found
_CONTRAST = 30  # grey levels between ink and what is around it
_FILLED = 0.12  # share of its box that a character's ink takes at the least
_LIKE = 2.5  # how much taller, at the most, the box of text beside it
_BESIDE = 0.25  # ink around it, as a share of its own, at the most


def overlooked(image: Image, found: Sequence[Box]) -> list[Box]:
    """Boxes of ink that may be single characters, in a row with pieces of text that were ``found``.

    ``found`` and the boxes are in pixels of ``image`` [H, W, 3] RGB. What they hold has still to be read:
    anything of the size of a character may be there.
    """
    import cv2

    if not found:
        return []
    boxes = np.array(found)
    heights = boxes[:, 3] - boxes[:, 1]
    size = float(np.median(np.minimum(heights, boxes[:, 2] - boxes[:, 0])))
    if size < 4:
        return []
    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    around = 2 * int(size) + 1
    mean, inverse = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
    ink = cv2.adaptiveThreshold(grey, 1, mean, inverse, around, _CONTRAST)
    rest = ink.copy()
    for x0, y0, x1, y1 in boxes + _MARGIN * size * np.array([-1, -1, 1, 1]):
        rest[max(0, int(y0)) : int(y1) + 1, max(0, int(x0)) : int(x1) + 1] = 0
    joined = cv2.morphologyEx(rest, cv2.MORPH_CLOSE, np.ones((1, 1 + int(_TOGETHER * size)), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    x, y, wide, tall, area = stats[1:].T
    bounds = [tall >= _TALL[0] * size, tall <= _TALL[1] * size, wide >= _WIDE[0] * size]
    bounds += [wide <= _WIDE[1] * size, area >= _FILLED * wide * tall]
    kept = np.stack([x, y, x + wide, y + tall], axis=1)[np.all(bounds, axis=0)].astype(float)
    return [
        (x0, y0, x1, y1)
        for x0, y0, x1, y1 in kept[_in_a_row(kept, boxes, size)].tolist()
        if _stands_free(ink, (x0, y0, x1, y1), round(_FREE * size))
    ]


def _in_a_row(pieces: NDArray[np.float64], boxes: NDArray[np.float64], size: float) -> NDArray[np.bool_]:
    """Which of ``pieces`` [n, 4] have text of their height beside them."""
    own = pieces[:, None]  # [n, 1, 4]
    tall = own[..., 3] - own[..., 1]
    shared = np.minimum(own[..., 3], boxes[:, 3]) - np.maximum(own[..., 1], boxes[:, 1])  # [n, boxes]
    apart = np.maximum(boxes[:, 0] - own[..., 2], own[..., 0] - boxes[:, 2])
    like = boxes[:, 3] - boxes[:, 1] < _LIKE * tall + _MARGIN * size
    return np.asarray(np.any((shared > tall / 2) & like & (apart < _FAR * size), axis=1))


def _stands_free(ink: NDArray[np.uint8], box: Box, reach: int) -> bool:
    x0, y0, x1, y1 = map(int, box)
    own = int(ink[y0:y1, x0:x1].sum())
    near = int(ink[max(0, y0 - reach) : y1 + reach, max(0, x0 - reach) : x1 + reach].sum())
    return near - own <= _BESIDE * own
