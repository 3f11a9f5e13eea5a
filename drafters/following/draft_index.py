"""A draft prepared for searching it: folded, with an index of all its runs of characters."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from docspec.drafters.following.normalise import DENSE, fold

START = "\x02"  # stands before the draft and before the output, so that short outputs have an anchor
STARTS = 4
DOUBLING = 0.7  # what doubling the displacement costs
_SPOTS = 3  # further places looked at
_COMMON = 16  # places of a run of characters beyond which it says nothing
_VOTES = 2  # runs that must stand at a place
_PROMISING = 8  # places with most runs
_APART = 8  # folded characters between places that are not one
_NEAREST = 64  # displacements up to here are measured in advance


def doublings(displacement: int) -> float:
    """How far a displacement by so many folded characters is: one more for each doubling."""
    distance = abs(displacement)
    return _NEAR[distance] if distance < _NEAREST else math.log2(1 + distance / 8)


_NEAR = [math.log2(1 + distance / 8) for distance in range(_NEAREST)]


class Query(NamedTuple):
    """What is looked for: the output's last folded characters, and what is known about them.

    ``written`` of them (more, if they are more than the tail) came after the output had parted from the
    draft; the last ``exact`` must stand in the draft as they are.
    """

    tail: str
    written: int
    exact: int = 0


class DraftIndex:
    """A draft prepared for search (lazily: most drafts never need it)."""

    def __init__(self, text: str) -> None:
        folded = fold(text)
        self.text = START * STARTS + folded.text
        self._ends = [0] * (STARTS + 1) + folded.ends
        # a Chinese character says as much as a few letters
        self._run = 2 if 3 * sum(char >= DENSE for char in self.text) > len(self.text) else 4
        self._runs: tuple[NDArray[np.uint32], NDArray[np.intp]] | None = None

    def folded_position(self, at: int) -> int:
        """How many folded characters end at or before character ``at`` of the draft."""
        return bisect_right(self._ends, at) - 1

    def character(self, folded: int) -> int:
        """The character of the draft that follows its first ``folded`` folded ones."""
        return self._ends[folded]

    def spots(self, query: Query, expected: int) -> list[int]:
        """Folded positions, the likeliest first, about where the tail may end: where most of its runs of
        characters stand, not far from ``expected``. None where its last characters are nowhere."""
        run, tail = self._run, query.tail
        if len(tail) < run or tail[1 - run :] not in self.text:
            return []
        if self._runs is None:
            runs = _runs(self.text, run)
            order = np.argsort(runs, kind="stable")
            self._runs = runs[order], order
        known, order = self._runs
        wanted = _runs(tail, run)
        if query.exact >= run:  # the last run is one of those that must stand there
            wanted = wanted[-1:]
        first, last = known.searchsorted(wanted), known.searchsorted(wanted, "right")
        counts = last - first
        counts[counts > _COMMON] = 0
        until = counts.cumsum()
        if not until[-1]:
            return []
        chosen = np.repeat(first - until + counts, counts) + np.arange(until[-1])
        from_end = np.arange(run + len(wanted) - 1, run - 1, -1)
        votes = Counter((order[chosen] + np.repeat(from_end, counts)).tolist())
        likely = [(count, spot) for spot, count in votes.items() if count >= _VOTES]
        if len(likely) > _PROMISING:
            likely = sorted(likely, key=lambda one: -one[0])[:_PROMISING]
        worth = [
            (count - DOUBLING * doublings(spot - expected), spot)
            for count, spot in likely
            if spot <= len(self.text)
        ]
        worth.sort(reverse=True)
        spots: list[int] = []
        for _, spot in worth:
            if all(abs(spot - other) > _APART for other in spots):
                spots.append(spot)
                if len(spots) == _SPOTS:
                    break
        return spots


def _runs(text: str, size: int) -> NDArray[np.uint32]:
    """A number for each run of ``size`` characters, 2 or 4; equal ones have the same, others seldom."""
    codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4").astype("<u1" if size == 4 else "<u2")
    count = len(codes) - size + 1
    return np.ndarray((count,), "<u4", codes.tobytes(), strides=codes.strides).copy()
