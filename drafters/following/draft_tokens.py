"""A draft as token ids, readable from any character: after a resync the tokens start in mid-draft."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Protocol

_PIECE = 128  # characters tokenized at a time
# Where tokens may be taken to end: before a plain word's space; where there is none, before punctuation.
_JOINTS = (re.compile(r"(?<=\w)(?= \w)"), re.compile(r"(?<=\w)(?=[^\w\s])"))
_JOINT_REACH = 64


class Codec(Protocol):
    """The verifier's tokenizer, thin."""

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        """Token ids of a piece of running text (no special tokens, no added prefix space) and, per token,
        the character offset in text where it starts."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """Text of the ids, special tokens left out; a broken multi-byte tail decodes to U+FFFD."""
        ...


class DraftTokens:
    """A draft's token ids, made a piece at a time and kept, readable from any character."""

    def __init__(self, text: str, codec: Codec) -> None:
        self.text = text
        self._codec = codec
        self._cuts = [0]  # where pieces start, as far as known
        self._pieces: dict[int, tuple[list[int], list[int]]] = {}
        self._heads: dict[int, tuple[list[int], list[int], int]] = {}  # from in-between characters to a joint
        self._rereads: dict[tuple[int, int, str, int], tuple[list[int], list[int], int]] = {}

    def pieces(self) -> Iterator[list[int]]:
        """All of the draft's ids, a piece at a time."""
        at = 0
        while at < len(self.text):
            ids, _, at = self.piece(at)
            yield ids

    def piece(self, at: int) -> tuple[list[int], list[int], int]:
        """Ids and their draft offsets from character ``at`` on, and the character after the last of them.

        Only the first few characters are tokenized anew: from the next joint on the draft's own
        tokenization goes on.
        """
        start, end = self._piece_around(at)
        own, places = self._encoded(start, end)
        first = bisect_left(places, at)
        if first < len(places) and places[first] == at:
            return own[first:], places[first:], end
        head = self._heads.get(at)
        if head is None:
            joint = self.joint(at)
            ids, offsets = self._codec.encode(self.text[at:joint])
            head = self._heads[at] = ids, [at + offset for offset in offsets], joint
        return head

    def joint(self, at: int) -> int:
        """The next character, at or after ``at``, from which the draft's own tokens can be used."""
        start, end = self._piece_around(at)
        if at == start:
            return at
        _, offsets = self._encoded(start, end)
        joint = _next_joint(self.text, at, min(end, at + _JOINT_REACH))
        found = bisect_left(offsets, end if joint is None else joint)
        if joint is None or found == len(offsets) or offsets[found] != joint:
            found = bisect_left(offsets, min(at + _JOINT_REACH // 4, end))
        return offsets[found] if found < len(offsets) else end

    def reread(self, start: int, end: int, text: str, first: int) -> tuple[list[int], list[int], int]:
        """Like ``piece(first)``, had the draft ``text`` for its characters ``start`` to ``end``.

        Only as far as the next joint. The new text's tokens count as starting at ``start``.
        """
        known = self._rereads.get((start, end, text, first))
        if known is not None:
            return known
        joint = self.joint(end)
        ids, offsets = self._codec.encode(self.text[first:start] + text + self.text[end:joint])
        places = [first + offset for offset in offsets]
        after = end - start - len(text)  # how far what follows the new text stands from where it stood
        places = [place if place < start else max(start, place + after) for place in places]
        self._rereads[start, end, text, first] = ids, places, joint
        return ids, places, joint

    def _encoded(self, start: int, end: int) -> tuple[list[int], list[int]]:
        if start not in self._pieces:
            ids, offsets = self._codec.encode(self.text[start:end])
            self._pieces[start] = (ids, [start + offset for offset in offsets])
        return self._pieces[start]

    def _piece_around(self, at: int) -> tuple[int, int]:
        while self._cuts[-1] <= at and self._cuts[-1] < len(self.text):
            self._cuts.append(self._cut_after(self._cuts[-1]))
        found = bisect_right(self._cuts, at)
        return self._cuts[found - 1], self._cuts[min(found, len(self._cuts) - 1)]

    def _cut_after(self, start: int) -> int:
        wanted = start + _PIECE
        if wanted + _JOINT_REACH >= len(self.text):
            return len(self.text)
        joint = _next_joint(self.text, wanted, wanted + _JOINT_REACH)
        return wanted if joint is None else joint


def _next_joint(text: str, start: int, end: int) -> int | None:
    for pattern in _JOINTS:
        match = pattern.search(text, start, end)
        if match is not None:
            return match.start()
    return None
