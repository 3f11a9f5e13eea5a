"""A draft of token ids against the output: for who has ids and no text. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from docspec.drafters.following.tree import Tree, shared_start

_CONTEXT = 2  # tokens that have to agree before a place in the draft is believed
_LONGEST = 16  # tokens by which places are told apart
_PLACES = 64  # that are looked at: more say the same


class IdCursor:
    """Follows the output along ``ids``; proposes as DraftCursor does, with the same meaning.

    After a disagreement, the place whose tokens before it agree with the output's last ones furthest is where
    it goes on, the nearest of equals. It knows no characters: where texts are at hand, DraftCursor finds back
    sooner.
    """

    def __init__(self, ids: Sequence[int], end_token: int | None) -> None:
        self._ids = [*ids, *([] if end_token is None else [end_token])]
        self._at: int | None = 0  # None: the output has left the draft
        self._parted = 0  # where in the draft it did
        self._tail: list[int] = []  # the output's last tokens
        self._places: dict[tuple[int, ...], list[int]] | None = None  # made when it is first needed

    def propose(self, limit: int) -> Tree:
        """Up to ``limit`` tokens that come next; empty where no place in the draft is known."""
        coming = [] if self._at is None else self._ids[self._at : self._at + max(0, limit)]
        return Tree.chain(coming)

    def advance(self, emitted: Sequence[int]) -> None:
        """Take what a step emitted."""
        agreed = 0
        if self._at is not None:
            agreed = shared_start(self._ids[self._at : self._at + len(emitted)], emitted)
            self._at += agreed
        self._tail = [*self._tail, *emitted][-_LONGEST:]
        if agreed < len(emitted):
            if self._at is not None:
                self._parted = self._at + len(emitted) - agreed
            self._at = self._found()

    def _found(self) -> int | None:
        """The place after the tokens that agree with the output's last ones best."""
        if self._places is None:
            self._places = {}
            for end in range(_CONTEXT, len(self._ids)):
                self._places.setdefault(tuple(self._ids[end - _CONTEXT : end]), []).append(end)
        places = self._places.get(tuple(self._tail[-_CONTEXT:]), [])
        near = sorted(places, key=lambda place: abs(place - self._parted))[:_PLACES]
        return max(near, key=self._agreement, default=None)

    def _agreement(self, place: int) -> int:
        """How many tokens before ``place`` are the output's last ones."""
        count = 0
        while count < min(place, len(self._tail)) and self._ids[place - 1 - count] == self._tail[-1 - count]:
            count += 1
        return count
