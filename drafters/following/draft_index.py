"""A draft prepared for searching it: folded, with an index of all its runs of characters."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docspec.drafters.following.normalise import DENSE, fold

START = "\x02"  # stands before the draft and before the output, so that short outputs have an anchor
STARTS = 4
DOUBLING = 0.7  # what doubling the displacement costs
_SPOTS = 3  # further places looked at
_COMMON = 256  # places of the tail's runs beyond which the commonest run says nothing
SLACK = 8  # folded characters between places that are one
NEAREST = 1 << 12  # displacements up to here are measured in advance


def doublings(displacements: NDArray[np.intp]) -> NDArray[np.float64]:
    """How far displacements by so many folded characters are: one more for each doubling."""
    return np.log2(1 + np.abs(displacements) / 8)


NEAR = doublings(np.arange(-NEAREST, NEAREST + 1))


@dataclass(frozen=True, slots=True)
class Query:
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
        self._codes = np.frombuffer(self.text.encode("utf-32-le"), dtype="<u4")
        self._masks: dict[str, int] = {}
        # a Chinese character says as much as a few letters
        self._run = 2 if 3 * int((self._codes >= ord(DENSE)).sum()) > len(self._codes) else 4
        self._runs: tuple[NDArray[np.uint64], NDArray[np.intp]] | None = None

    def mask(self, char: str) -> int:
        """The integer whose bit i says whether folded character i is ``char``."""
        found = self._masks.get(char)
        if found is None:
            bits = np.packbits(self._codes == ord(char), bitorder="little")
            found = self._masks[char] = int.from_bytes(bits.tobytes(), "little")
        return found

    def folded_position(self, at: int) -> int:
        """How many folded characters end at or before character ``at`` of the draft."""
        return bisect_right(self._ends, at) - 1

    def character(self, folded: int) -> int:
        """The character of the draft that follows its first ``folded`` folded ones."""
        return self._ends[folded]

    def spots(self, query: Query, expected: int) -> list[int]:
        """Folded positions, the likeliest first, about where the tail may end: where most of its runs of
        characters stand, not far from ``expected``."""
        tail = np.frombuffer(query.tail.encode("utf-32-le"), dtype="<u4")
        if len(tail) < self._run or len(self._codes) < self._run:
            return []
        if self._runs is None:
            runs = _runs(self._codes, self._run)
            order = np.argsort(runs)
            self._runs = runs[order], order
        known, order = self._runs
        wanted = _runs(tail, self._run)
        from_end = np.arange(len(wanted))[::-1]
        if query.exact >= self._run:  # the last run is one of those that must stand there
            wanted, from_end = wanted[-1:], from_end[-1:]
        first, last = np.searchsorted(known, wanted, "left"), np.searchsorted(known, wanted, "right")
        counts = last - first
        while (total := int(counts.sum())) > _COMMON and len(counts) > 1:
            counts[np.argmax(counts)] = 0
        if not total:
            return []
        chosen = np.repeat(first - counts.cumsum() + counts, counts) + np.arange(total)
        ends = order[chosen] + np.repeat(from_end, counts) + self._run
        ends = ends[ends <= len(self.text)]
        places, votes = np.unique(ends, return_counts=True)
        worth = votes - DOUBLING * doublings(places - expected)
        spots: list[int] = []
        for i in np.argsort(-worth, kind="stable").tolist():
            spot = int(places[i])
            if all(abs(spot - other) > SLACK for other in spots):
                spots.append(spot)
                if len(spots) == _SPOTS:
                    break
        return spots


def _runs(codes: NDArray[np.uint32], size: int) -> NDArray[np.uint64]:
    """A number for each run of ``size`` characters; equal ones have the same."""
    runs = np.zeros(len(codes) - size + 1, dtype=np.uint64)
    for i in range(size):
        runs = runs * np.uint64(0x1_0000_0001_B3) + codes[i : len(codes) - size + 1 + i]
    return runs
