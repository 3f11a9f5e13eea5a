"""Note marks and exponents in what a recogniser read: "cups.1" whose 1 is printed small and high is "cups.¹".

Recognisers write the figure and forget where it stood. The ink of its strip still shows that: a raised figure
is smaller than its neighbours and stands clear of the line that these stand on.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from docspec.drafters.characters import RAISED
from docspec.drafters.reading.ctc import Transcript
from docspec.drafters.reading.spaces import ink
from docspec.types import Image

# In heights of the pieces of ink around a figure, of which small letters are most:
_CLEAR = 0.3  # how far above the others' feet a raised figure stands at the least
_TALL = 0.35, 1.2  # how tall it is; low resolution may leave half of it
_HIGH = 1.2  # how far its middle is above the others' at the most
_STROKE = 0.75  # how tall the stroke of a raised 1 is at the least, which an apostrophe never is
_LEGIBLE = 6.0  # pixels, of the pieces around: in smaller print figures are a few dots
_NEIGHBOURS = 8  # pieces of ink beside a figure that say where the line stands
_FEWEST = 3
# In heights of the strip:
_LETTER = 0.2  # lower pieces are dots, dashes and dirt
_NEAR = 0.15  # from where the recogniser saw a figure to its ink
_BROKEN = 0.5  # of its own height: so far to the right of it the rest of a broken figure may stand
_APOSTROPHES = "'’"  # what a raised 1 is taken for
_LOW = frozenset(" .,:;-–_")  # what cannot be taken for something raised beside it

Pieces = NDArray[np.float64]  # [n, 4]: left, top, right, bottom


def with_raised(reading: Transcript, strip: Image) -> Transcript:
    """``reading`` of ``strip`` [h, w, 3] with figures that are printed raised as superscript characters.

    No character is added or lost. A figure before a slash is a fraction's and stays.
    """
    text = reading.text
    if not strip.size or not any(map(_may_be_raised, text)):
        return reading
    height, width = strip.shape[:2]
    places = np.array(reading.places) * width
    shows = ink(strip)
    pieces = _pieces(shows)
    written = list(text)
    for own in range(len(pieces)):
        if _is_raised(pieces, own) and _stands_clear(shows, pieces, own):
            for i in _figures_at(pieces[own], text, places, _NEAR * height):
                if text[i] not in _APOSTROPHES or _is_stroke(pieces, own):
                    written[i] = RAISED.get(text[i], RAISED["1"])
    return replace(reading, text="".join(written))


def _may_be_raised(char: str) -> bool:
    return (char.isascii() and char.isdigit()) or char in _APOSTROPHES


def _pieces(shows: NDArray[np.bool_]) -> Pieces:
    """Boxes of connected ink as tall as a character or a raised one, from left to right."""
    import cv2

    height = len(shows)
    _, _, stats, _ = cv2.connectedComponentsWithStats(shows.astype(np.uint8), connectivity=8)
    x, y, wide, tall, _ = stats[1:].T
    kept = tall >= _LETTER * height
    boxes: Pieces = np.stack([x, y, x + wide, y + tall], axis=1)[kept].astype(np.float64)
    return boxes[boxes[:, 0].argsort(kind="stable")]


def _is_raised(pieces: Pieces, own: int) -> bool:
    """Whether a piece is small and high beside its neighbours."""
    _, top, _, bottom = pieces[own]
    tall = bottom - top
    feet, heads = _line_at(pieces, own)
    usual = feet - heads
    if usual < _LEGIBLE or not _TALL[0] * usual <= tall <= _TALL[1] * usual:
        return False
    high = (feet + heads) / 2 - (top + bottom) / 2
    return bool(feet - bottom >= _CLEAR * usual and high <= _HIGH * usual)


def _is_stroke(pieces: Pieces, own: int) -> bool:
    feet, heads = _line_at(pieces, own)
    return bool(pieces[own, 3] - pieces[own, 1] >= _STROKE * (feet - heads))


def _line_at(pieces: Pieces, own: int) -> tuple[float, float]:
    """Where the pieces around one stand and where they end above; nowhere (0, 0) where there are too few."""
    first = max(0, min(own - _NEIGHBOURS // 2, len(pieces) - 1 - _NEIGHBOURS))
    around = np.delete(pieces[first : first + _NEIGHBOURS + 1], own - first, axis=0)
    if len(around) < _FEWEST:
        return 0.0, 0.0
    return float(np.median(around[:, 3])), float(np.median(around[:, 1]))


def _stands_clear(shows: NDArray[np.bool_], pieces: Pieces, own: int) -> bool:
    """Whether nothing is printed where it would stand: the upper half of a broken figure is not raised."""
    feet, heads = _line_at(pieces, own)
    x0, top, x1, bottom = map(int, pieces[own])
    lowest = slice(round(feet - _CLEAR * (feet - heads)), round(feet) + 1)
    return not shows[lowest, x0 + 1 : max(x0 + 2, x1 + round(_BROKEN * (bottom - top)))].any()


def _figures_at(piece: NDArray[np.float64], text: str, places: NDArray[np.float64], near: float) -> list[int]:
    """The figures of ``text`` that were seen at a piece of ink; none where something else is nearer to it."""
    x0, _, x1, _ = piece
    away = np.abs(places - (x0 + x1) / 2)
    nearest = min((i for i in range(len(text)) if text[i] not in _LOW), key=lambda i: float(away[i]))
    if not _may_be_raised(text[nearest]) or away[nearest] > (x1 - x0) / 2 + near:
        return []
    there = [
        i for i in range(len(text)) if i == nearest or (_may_be_raised(text[i]) and x0 <= places[i] <= x1)
    ]
    return [i for i in there if text[i + 1 : i + 2] not in ("/", "⁄")]
