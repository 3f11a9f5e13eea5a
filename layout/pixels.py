"""What a page's pixels show: whether anything but background is there, text lines aside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from docspec.types import Box, Image, Page

CONTRAST = 40  # of 255, in any channel: more than paper's grain and JPEG's noise
SAMPLES = 400  # pixels a side that are looked at; more change nothing and take time


def ink_share(page: Page, box: Box, holes: Sequence[Box] = ()) -> float:
    """Share of ``box``'s pixels (0..1) outside ``holes`` that are not its background colour.

    The background is the colour that most of those pixels have. 0 where the holes leave nothing.
    """
    x0, y0, x1, y1 = page.pixels(box)
    step = max(1, max(x1 - x0, y1 - y0) // SAMPLES)
    crop = page.image[y0:y1:step, x0:x1:step]
    free = np.ones(crop.shape[:2], dtype=bool)
    for hole in holes:
        a0, b0, a1, b1 = page.pixels(hole, margin=1.0)
        rows = slice(max(0, (b0 - y0) // step), max(0, -(-(b1 - y0) // step)))
        columns = slice(max(0, (a0 - x0) // step), max(0, -(-(a1 - x0) // step)))
        free[rows, columns] = False
    if not free.any():
        return 0.0
    pixels = crop[free]  # [N, 3]
    different = np.abs(pixels.astype(np.int16) - background(pixels)).max(axis=1) > CONTRAST
    return float(different.sum()) / free.size


def background(pixels: Image) -> NDArray[np.int16]:
    """The most frequent colour of ``pixels`` ([..., 3]), as the mean of its cell of 32 levels a channel."""
    flat = pixels.reshape(-1, 3)
    cells = (flat >> 5).astype(np.int32) @ np.array([64, 8, 1], dtype=np.int32)
    commonest = np.bincount(cells).argmax()
    colour: NDArray[np.int16] = flat[cells == commonest].mean(axis=0).astype(np.int16)
    return colour
