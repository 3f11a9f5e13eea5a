"""How large recognised headings are printed: their letters' ink is measured, their boxes having margins.

A detector's boxes differ by a quarter for print of one size. Capitals and letters that reach up or down are
0.7 of a font's size high in most fonts, and the text says how many of these there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import numpy as np

from docspec.drafters.characters import is_cjk
from docspec.drafters.reading.spaces import ink
from docspec.markdown import HEADINGS
from docspec.types import Image, Line, Page, Region

TALL = 0.7  # of a font's size: how high capitals are, and letters that reach down
WHOLE = 0.92  # of a font's size: how high a Chinese character is
FEWEST = 2  # tall letters that say how large a line is
LOW = frozenset("acemnorsuvwxzt")
LEAST = 0.2  # of the strip's height: lower pieces are dots and dashes
INKED = 0.04  # of a row's width: ink of Chinese characters, at the least


def with_printed_sizes(page: Page, regions: Sequence[Region]) -> list[Region]:
    """``regions`` with the sizes of what is printed in recognised headings, in points."""
    return [
        replace(region, lines=tuple(_sized(page, line) for line in region.lines))
        if region.category in HEADINGS
        else region
        for region in regions
    ]


def _sized(page: Page, line: Line) -> Line:
    """``line`` with its spans' sizes, where a recogniser read it."""
    if not line.strips:
        return line
    turns = line.turn // 90 if line.turn % 90 == 0 else 0
    found = [printed_size(np.rot90(page.crop(span.box), -turns), span.text) for span in line.spans]
    weighed = [size for size, span in zip(found, line.spans, strict=True) if size for _ in span.text]
    if not weighed:
        return line
    size = median(weighed) * page.height / page.image.shape[0]
    return replace(line, spans=tuple(replace(span, size=size) for span in line.spans))


def printed_size(strip: Image, text: str) -> float:
    """The font's size in pixels of ``text`` in a ``strip`` [h, w, 3]; 0 where too little of it says so."""
    letters = [char for char in text if char.isalnum()]
    if not letters or not strip.size:
        return 0.0
    shows = ink(strip)
    if 2 * sum(map(is_cjk, letters)) > len(letters):
        rows = np.flatnonzero(shows.mean(axis=1) >= INKED)
        return float(rows[-1] - rows[0] + 1) / WHOLE if len(rows) else 0.0
    tall = sum(char not in LOW for char in letters)
    if tall < FEWEST:
        return 0.0
    heights = sorted(_heights(shows), reverse=True)[:tall]
    return median(heights) / TALL if len(heights) >= FEWEST else 0.0


def _heights(shows: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> list[float]:
    """How high each connected piece of ink is."""
    import cv2

    _, _, stats, _ = cv2.connectedComponentsWithStats(shows.astype(np.uint8), connectivity=8)
    high = stats[1:, 3]
    return [float(one) for one in high[high >= LEAST * len(shows)]]
