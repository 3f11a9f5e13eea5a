"""A line's features gathered into one cell for each character that the recogniser saw.

The recogniser reads by connectionist temporal classification: a run of frames for a character, then frames
of nothing. A run and the nothing after it make a cell, which shortens the sequence to about a cell a
character and keeps what the gap showed (CTC compression, Gaido et al. 2021, arXiv 2102.01578).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEATURE_SIZE = 120  # numbers of a frame
NUMBERS = 6  # of a cell, beside its features
CELL_SIZE = 3 * FEATURE_SIZE + NUMBERS
CHARACTER_BYTES = 4
NO_BYTE = 256
_TOP = 2  # the recogniser's choices that a cell names

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class LineCells:
    """The cells of one line; the first is the line's own, for what stands before any character.

    ``features`` [C, 366] are the mean over the character's frames, mean and maximum over the gap after it,
    and the numbers: width of both, the choices' probabilities, the space's, the share of the line.
    ``choices`` [C, 2, 4] are the bytes of the recogniser's first and second choice (256: none); ``sure``
    [C, 2] their probabilities. ``text`` is the first choices, ``lengths`` [C] the bytes of each.
    """

    features: NDArray[np.float16]
    choices: NDArray[np.int16]
    sure: FloatArray
    text: str
    lengths: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.features)


class CellMaker:
    """Makes cells of what a recogniser says: ``characters`` are its classes; the first is the blank, written
    "", the last the space."""

    def __init__(self, characters: Sequence[str]) -> None:
        self._characters = tuple(characters)  # [K]
        self._space = len(characters) - 1
        table = np.full((len(characters), CHARACTER_BYTES), NO_BYTE, dtype=np.int16)
        for index, character in enumerate(characters):
            written = character.encode("utf-8")[:CHARACTER_BYTES]
            table[index, : len(written)] = list(written)
        self._bytes = table

    def __call__(self, features: FloatArray, probabilities: FloatArray) -> LineCells:
        """Cells of a line's features ``[T, 120]`` and the classes' probabilities ``[T, K]``."""
        best = probabilities.argmax(axis=-1)
        starts, ends = _runs(best)
        # segments: the gap at the start, then by turns a run and the gap after it
        edges = np.concatenate([[0], np.stack([starts, ends], axis=1).ravel()])
        widths = np.diff(edges, append=len(features)).astype(np.float32)
        nothing = np.zeros((1, FEATURE_SIZE), dtype=np.float32)  # run and choices of the line's own cell
        padded = np.concatenate([features, nothing])  # a last gap may be empty and start behind the frames
        means = np.add.reduceat(padded, edges) / np.maximum(widths, 1)[:, None] * (widths > 0)[:, None]
        highest = np.maximum.reduceat(padded, edges) * (widths > 0)[:, None]
        seen = np.append(probabilities[:, self._space], 0.0)
        spaces = (np.maximum.reduceat(seen, edges) * (widths > 0))[0::2]
        choices, sure = self._choices(probabilities, best, starts, ends)
        numbers = np.stack(
            [
                np.append(0.0, widths[1::2]) / 4,
                np.log1p(widths[0::2]),
                sure[:, 0] * (np.arange(len(sure)) > 0),
                sure[:, 1],
                spaces,
                edges[0::2] / len(features),
            ],
            axis=1,
        )
        runs = np.concatenate([nothing, means[1::2]])
        cells = np.concatenate([runs, means[0::2], highest[0::2], numbers], axis=1).astype(np.float16)
        text = "".join(self._characters[chosen] for chosen in best[starts])
        lengths = np.array([0, *(len(character.encode()) for character in text)], dtype=np.int64)
        return LineCells(cells, choices, sure, text, lengths)

    def _choices(
        self,
        probabilities: FloatArray,
        best: NDArray[np.int64],
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
    ) -> tuple[NDArray[np.int16], FloatArray]:
        """First and second choice of each run, as bytes, and how sure they are; the line's own cell first."""
        choices = np.full((len(starts) + 1, _TOP, CHARACTER_BYTES), NO_BYTE, dtype=np.int16)
        sure = np.zeros((len(starts) + 1, _TOP), dtype=np.float32)
        sure[0, 0] = 1.0
        for index, (start, end) in enumerate(zip(starts, ends, strict=True), start=1):
            first = best[start]
            chances = probabilities[start:end].max(axis=0)
            choices[index, 0], sure[index, 0] = self._bytes[first], chances[first]
            chances[[0, first]] = 0.0  # the blank is no choice
            second = chances.argmax()
            choices[index, 1], sure[index, 1] = self._bytes[second], chances[second]
        return choices, sure


def _runs(best: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts and ends of the runs of one class that is not the blank (0)."""
    edges = np.flatnonzero(np.diff(best, prepend=-1))
    ends = np.append(edges[1:], len(best))
    seen = best[edges] != 0
    return edges[seen], ends[seen]
