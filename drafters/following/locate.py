"""Where in a draft the output has got to: approximate search for the output's last characters.

The distance is Levenshtein's with a free start in the draft, for an occurrence ending at every draft
character at once, by the bit-parallel recurrence of Myers (J. ACM 46, 1999). The roles are the other way
round than usual: the long draft lies along the bits of Python's big integers and the short tail is
stepped through, so that a whole page costs a few dozen integer additions.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docspec.drafters.following.normalise import fold

START = "\x02"  # stands before the draft and before the output, so that short outputs have an anchor
STARTS = 4
TAIL = 32  # folded characters of output that are looked for
_LENGTHS = (8, 16, TAIL)
_ERROR = 1.5  # what one edit costs, in matching characters
_ENDING = 4  # the last characters count once more: they are the ones after the disagreement
_ENDING_WEIGHT = 0.75
_FAR = 0.7  # what doubling the displacement costs
_JUMP = 4.0  # what a jump forward costs, besides its length
_BEHIND, _AHEAD = 128, 384  # folded characters searched first, around the expected place
ENOUGH = 5.0  # a score below this may be chance


@dataclass(frozen=True, slots=True)
class Place:
    """An end of the tail: ``at`` counts characters of the draft, the higher ``score`` the better."""

    at: int
    score: float


class DraftIndex:
    """A draft prepared for search (lazily: most drafts never need it)."""

    def __init__(self, text: str) -> None:
        folded = fold(text)
        self.text = START * STARTS + folded.text
        self._ends = [0] * (STARTS + 1) + folded.ends
        self._codes = np.frombuffer(self.text.encode("utf-32-le"), dtype="<u4")
        self._masks: dict[str, int] = {}

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


def distances(masks: dict[str, int], tails: Sequence[str], size: int) -> NDArray[np.int32]:
    """Edit distance of each of ``tails`` to the nearest piece of text that ends at each position.

    ``masks`` gives for each of their characters its places in the text, as bits; ``size`` is the text's
    length. Returns ``[tails, size + 1]``: column i is for pieces that end before text character i.
    """
    slopes = [_slopes(masks, tail, size) for tail in tails]
    changes = _bits([slope for pair in slopes for slope in pair], size).view(np.int8)  # [2 tails, size]
    result = np.empty((len(tails), size + 1), dtype=np.int32)
    result[:, 0] = [len(tail) for tail in tails]
    np.cumsum(changes[::2] - changes[1::2], axis=1, out=result[:, 1:])
    result[:, 1:] += result[:, :1]
    return result


def _slopes(masks: dict[str, int], tail: str, size: int) -> tuple[int, int]:
    """Bit i of the first (second): the distance goes up (down) by one from position i to i + 1."""
    full = (1 << size) - 1
    rises = falls = 0  # before the tail's first character all distances are 0
    for char in tail:
        equal = masks[char]
        down = equal | falls
        across = (((equal & rises) + rises) ^ rises) | equal
        grows = falls | (~(across | rises) & full)
        shrinks = (rises & across) << 1
        grows = (grows << 1) | 1  # before the text's first character, each tail character is one edit more
        rises = (shrinks | ~(down | grows)) & full
        falls = grows & down & full
    return rises, falls


def _bits(numbers: Sequence[int], size: int) -> NDArray[np.uint8]:
    """The lowest bits of ``numbers``, ``[numbers, size]``."""
    width = (size + 7) // 8
    raw = b"".join(number.to_bytes(width, "little") for number in numbers)
    rows = np.frombuffer(raw, dtype=np.uint8).reshape(len(numbers), width)
    return np.unpackbits(rows, axis=1, count=size, bitorder="little")


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: the output's last folded characters, and what is known about them.

    ``written`` of them (more, if they are more than the tail) came after the output had parted from the
    draft; the last ``exact`` must stand in the draft as they are.
    """

    tail: str
    written: int
    exact: int = 0


def locate(index: DraftIndex, query: Query, parted: int, whole: bool, count: int = 1) -> list[Place]:
    """The ``count`` best ends of the tail in the draft, best first: near ``parted`` (a folded position), or
    in the ``whole`` of it.

    Scores are in characters: what matches at the tail's end, over the length where that is most, less the
    edits and a little for the displacement. The expected place is where the output replaced as many draft
    characters as it wrote, so that ties go to substitution. A jump forward from ``parted`` is a single
    event, however many lines it leaves out, so what matched before it still counts.
    """
    tail, written, size = query.tail, query.written, len(index.text)
    expected = min(parted + written, size)
    low, high = (0, size) if whole else (max(0, parted - _BEHIND), min(size, expected + _AHEAD))
    full = (1 << (high - low)) - 1
    masks = {char: (index.mask(char) >> low) & full for char in set(tail)}
    allowed = _exact_ends(masks, tail[len(tail) - query.exact :], high - low)
    if not allowed.any():
        return []
    lengths = [length for length in _LENGTHS if length < len(tail)] + [len(tail)]
    jumping = 0 < written < len(tail) and not whole
    looked_for = [_ENDING, *lengths, *([written] if jumping else [])]
    edits = distances(masks, [tail[-length:] for length in looked_for], high - low)
    fits = np.array(lengths)[:, None] - _ERROR * edits[1 : 1 + len(lengths)]
    scores = fits.max(axis=0)
    if jumping:
        onward = slice(max(0, parted - low), None)
        np.maximum(scores[onward], len(tail) - _JUMP - _ERROR * edits[-1, onward], out=scores[onward])
    scores += _ENDING_WEIGHT * (_ENDING - edits[0])
    scores -= _FAR * np.log2(1 + np.abs(np.arange(low, high + 1) - expected) / 8)
    scores[~allowed] = -np.inf
    places = []
    for _ in range(min(count, int(allowed.sum()))):
        best = int(np.argmax(scores))
        places.append(Place(index.character(low + best), float(scores[best])))
        scores[best] = -np.inf
    return places


def _exact_ends(masks: dict[str, int], ending: str, size: int) -> NDArray[np.bool_]:
    """Which positions ([size + 1]) ``ending`` stands before."""
    result = np.zeros(size + 1, dtype=np.bool_)
    if not ending:
        return ~result
    found = (1 << size) - 1
    for back, char in enumerate(reversed(ending)):
        found &= masks[char] << back
    if found:
        result[1:] = _bits([found], size)[0]
    return result
