"""A formula's ink: its connected pieces, where they are, and what some of them look like.

Pure. Boxes are pixels of the formula's image; the ``size`` is about that of its font, in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docspec.types import Box, Image, middle_in, union

SHOWS, STRONG = 0.25, 0.32  # of the darkest ink: what is ink where some of it is so dark
PAPER = 0.98  # quantile of what is taken for the darkest ink
DIRT = 0.06  # of the size: how wide and high pieces are at the least
CAPITAL = 0.7  # of the size: how high one is
USUAL = 12.0  # pixels: the size where nothing says so
FLAT = 0.16  # of the size: the most that a bar is high
ALONG = 0.9  # of a side: how much of it has ink where there is a line
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

    def trimmed(self, box: Box) -> Box:
        """``box`` as high as the ink in it."""
        x0, y0, x1, y1 = map(round, box)
        rows = np.flatnonzero((self.labels[y0:y1, x0:x1] > 0).any(axis=1))
        return (box[0], float(y0 + rows[0]), box[2], float(y0 + rows[-1] + 1)) if len(rows) else box

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


def ink_of(image: Image, inside: Box | None = None, size: float = 0.0) -> Ink:
    """The ink of ``image`` [h, w, 3], whichever of paper and print is darker: the pieces whose middles are
    ``inside`` a box. Its ``size`` where it is known."""
    import cv2

    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY).astype(np.float32)
    away = np.abs(grey - np.median(grey))
    most = float(np.quantile(away[away > 0.5 * away.max()], PAPER)) if away.max() > 0 else 1.0
    dark: NDArray[np.float32] = np.minimum(away / max(most, 1.0), 1.0).astype(np.float32)
    _, labels, stats, _ = cv2.connectedComponentsWithStats((dark > SHOWS).astype(np.uint8), connectivity=8)
    strong = set(np.unique(labels[dark >= STRONG]).tolist())  # what is faint all over is noise
    found = {
        number: (float(x), float(y), float(x + w), float(y + h))
        for number, (x, y, w, h, _) in enumerate(stats.tolist())
        if number and number in strong and (inside is None or middle_in((x, y, x + w, y + h), inside))
    }
    size = size or _size(list(found.values()))
    kept = {number: box for number, box in found.items() if max(wide(box), high(box)) >= DIRT * size}
    return Ink(dark, labels, kept, size)


def sheared(image: Image, slope: float) -> Image:
    """``image`` with its columns moved so that lines that fall by ``slope`` pixels a pixel are level."""
    import cv2

    height, width = image.shape[:2]
    matrix = np.array([[1, 0, 0], [-slope, 1, slope * width / 2]], np.float32)
    moved: Image = cv2.warpAffine(
        np.ascontiguousarray(image), matrix, (width, height), borderMode=cv2.BORDER_REPLICATE
    )
    return moved


def _size(boxes: Sequence[Box]) -> float:
    """About the size of the font: most tall pieces are letters without descenders."""
    heights = sorted(high(box) for box in boxes if high(box) >= 4 and high(box) >= 0.2 * wide(box))
    if not heights:
        return USUAL
    usual = heights[len(heights) // 2]
    letters = [one for one in heights if 0.6 * usual <= one <= 2.2 * usual]
    return letters[round(0.8 * (len(letters) - 1))] / CAPITAL


def wide(box: Box) -> float:
    """A box's width."""
    return box[2] - box[0]


def high(box: Box) -> float:
    """A box's height."""
    return box[3] - box[1]
