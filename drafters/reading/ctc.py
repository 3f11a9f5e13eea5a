"""Decoding a recogniser's frames (connectionist temporal classification) without losing its doubts.

Beside the characters it keeps where each one stands, how sure it is, and how likely a space is before it:
PP-OCRv4 often prefers "nothing" to a space that it has seen, and to a hyphen between figures.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from docspec.drafters.reading.cells import LineCells

BLANK = 0
SURE = 0.97  # a character as probable as that has no second reading
WORTH_KEEPING = 0.02  # probability that a second reading needs
HYPHEN_SHOWS = 0.01  # probability that a hyphen between figures needs; without one it has a tenth of that


@dataclass(frozen=True, slots=True)
class Transcript:
    """One recognised strip: per character its place (0..1 of the strip's width), its probability, and the
    probability that a space stands before it.

    ``seconds`` are the second readings of unsure characters: the character's number, what else it may be
    (empty: nothing at all) and how probable that is. ``cells`` are what the recogniser saw of the strip,
    where its models have it (see docspec.drafters.reading.ocr_models.OcrModels).
    """

    text: str
    places: tuple[float, ...] = ()
    confidences: tuple[float, ...] = ()
    spaces: tuple[float, ...] = ()
    seconds: tuple[tuple[int, str, float], ...] = ()
    cells: LineCells | None = field(default=None, repr=False, compare=False)

    @property
    def confidence(self) -> float:
        """Mean probability of the characters; 0 without any."""
        return sum(self.confidences) / len(self.confidences) if self.confidences else 0.0


def decode(frames: NDArray[np.float32], characters: Sequence[str], *, hyphens: bool = False) -> Transcript:
    """Greedy decoding of ``frames`` [T, C] of probabilities; class i is ``characters[i]``, 0 the blank.

    With ``hyphens`` those between figures are seen where the blank was preferred to them. Spaces at either
    end are left out.
    """
    total = len(frames)
    space = frames[:, characters.index(" ")] if " " in characters else np.zeros(len(frames))
    best: NDArray[np.intp] = frames.argmax(axis=1)
    if hyphens:
        best = _with_hyphens(frames, best, space, characters)
    fresh = np.ones(len(best), dtype=bool)
    fresh[1:] = best[1:] != best[:-1]
    text: list[str] = []
    places: list[float] = []
    sure: list[float] = []
    gaps: list[float] = []
    seconds: list[tuple[int, str, float]] = []
    previous = -1
    for start in np.flatnonzero(fresh & (best != BLANK)).tolist():
        end = start + 1
        while end < len(best) and best[end] == best[start]:
            end += 1
        seconds += [(len(text), *second) for second in _seconds(frames[start:end], best[start], characters)]
        text.append(characters[best[start]])
        places.append(min(1.0, float(start + end) / 2 / total))
        sure.append(float(frames[start:end].max()))  # of a hyphen among blanks: what the blanks have
        gaps.append(float(space[previous + 1 : start].max(initial=0.0)))
        previous = end - 1
    first = next((i for i, char in enumerate(text) if char != " "), len(text))
    last = next((i + 1 for i in range(len(text) - 1, -1, -1) if text[i] != " "), first)
    kept = slice(first, last)
    return Transcript(
        "".join(text[kept]),
        tuple(places[kept]),
        tuple(sure[kept]),
        tuple(gaps[kept]),
        tuple((i - first, other, chance) for i, other, chance in seconds if first <= i < last),
    )


def _with_hyphens(
    frames: NDArray[np.float32],
    best: NDArray[np.intp],
    space: NDArray[np.floating[Any]],
    characters: Sequence[str],
) -> NDArray[np.intp]:
    """The ``best`` class of each frame, and a hyphen among the blanks between two figures where it shows."""
    best = best.copy()
    if "-" not in characters:
        return best
    hyphen = characters.index("-")
    hyphens = frames[:, hyphen]
    for before, after in itertools.pairwise(np.flatnonzero(best != BLANK).tolist()):
        if after - before > 1 and characters[best[before]].isdigit() and characters[best[after]].isdigit():
            at = before + 1 + int(hyphens[before + 1 : after].argmax())
            if hyphens[at] >= HYPHEN_SHOWS and hyphens[at] > space[before + 1 : after].max():
                best[at] = hyphen
    return best


def _seconds(
    frames: NDArray[np.float32], best: int, characters: Sequence[str]
) -> Iterator[tuple[str, float]]:
    """What else the ``frames`` of one character may say, and how probable that is at its surest frame."""
    peak = frames[frames[:, best].argmax()]
    if peak[best] > SURE:
        return
    second = int(np.argpartition(peak, -2)[-2])
    if second == best:
        second = int(np.argpartition(peak, -2)[-1])
    if (chance := float(min(peak[best], peak[second]))) >= WORTH_KEEPING:
        yield characters[second], chance
