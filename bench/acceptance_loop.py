"""The decode loop over recorded text: what each step would accept. No model runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from docspec.drafters.following.cursor import Codec
from docspec.drafters.following.tree import Tree
from docspec.types import DecodeStats
from docspec.verifiers.acceptance import accept_exact

END = -1  # the end token; no vocabulary has it
PAST = -2  # what is chosen after the end


class Cursor(Protocol):
    """What the decode loop needs of a draft."""

    def propose(self, limit: int, reach: int = 0) -> Tree:
        """Up to ``limit`` next tokens, and ``reach`` in each branch beside them."""
        ...

    def advance(self, emitted: Sequence[int]) -> None:
        """Take what a step emitted."""
        ...


class TokenCursor:
    """The draft followed on tokens alone, as prompt lookup does: the baseline for ``DraftCursor``.

    After a rejection: the nearest place where the longest run of the output's last tokens (three at the
    most, at least two) stands in the draft; else one draft token is skipped.
    """

    def __init__(self, draft: str, codec: Codec) -> None:
        self._draft = [*codec.encode(draft)[0], END] if draft else []
        self._next = 0
        self._output: list[int] = []

    def propose(self, limit: int, reach: int = 0) -> Tree:
        """Up to ``limit`` next draft tokens; it knows no branches."""
        return Tree.chain(self._draft[self._next : self._next + limit])

    def advance(self, emitted: Sequence[int]) -> None:
        """Take what a step emitted."""
        self._output.extend(emitted)
        for token in emitted:
            agrees = self._next < len(self._draft) and self._draft[self._next] == token
            self._next = self._next + 1 if agrees else self._resync()

    def _resync(self) -> int:
        for size in (3, 2):
            tail = self._output[-size:]
            ends = (end for end in range(size, len(self._draft) + 1) if self._draft[end - size : end] == tail)
            found = min(ends, key=lambda end: abs(end - self._next - 1), default=None)
            if found is not None:
                return found
        return min(self._next + 1, len(self._draft))


def replay(codec: Codec, cursor: Cursor, truth: str, window: int, reach: int = 0) -> DecodeStats:
    """The decode loop over one region whose verifier writes ``truth``; ``reach`` tokens in each branch."""
    wanted = [*codec.encode(truth)[0], END]
    done = steps = accepted = drafted = 0
    while done < len(wanted):
        tree = cursor.propose(window, reach)
        coming = [*wanted[done : done + len(tree) + 1], *[PAST] * len(tree)]
        nodes, tokens = accept_exact([coming[depth] for depth in (0, *tree.depths)], tree)
        emitted = tokens if tokens[-1] != PAST else tokens[:-1]
        cursor.advance(emitted)
        done += len(emitted)
        steps, accepted, drafted = steps + 1, accepted + len(nodes), drafted + len(tree)
    return DecodeStats(done, accepted, drafted, steps)
