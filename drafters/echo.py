"""What the output repeats of itself: table tags, list marks and formulas come again and again.

Prompt lookup (as in "Prompt Lookup Decoding", A. Saxena 2023) on the sequence's own tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

_LENGTHS = (3, 2)  # tokens that must have stood together before; the longer ones are asked first
_BRANCH_LENGTHS = (3, 2, 1)  # the same for branches beside the main proposal
_KEPT = 4  # places remembered of a run
_REACH, _LONGEST_REACH = 6, 24  # tokens proposed at once, at first and after success
_TRIES = 6  # proposals in a row of which none was right, after which echoes are left alone for a while
_PAUSE = 32  # tokens, the first time; twice as many the next


class Echo:
    """Remembers which tokens followed the output's runs of tokens."""

    def __init__(self) -> None:
        self._output: list[int] = []
        self._after: dict[tuple[int, ...], list[int]] = {}  # a run -> where it went on, the last few times
        self._proposed: list[list[int]] = []
        self._reach = _REACH
        self._wrong = 0
        self._pause = _PAUSE
        self._silent_until = 0

    def extend(self, tokens: Sequence[int]) -> None:
        """Take what was emitted, and learn from it whether the last proposals were right."""
        if self._proposed:
            self._learn(max(_agreement(proposal, tokens) for proposal in self._proposed))
            self._proposed = []
        for token in tokens:
            end = len(self._output)
            for length in _BRANCH_LENGTHS:
                if end >= length:
                    places = self._after.setdefault(tuple(self._output[end - length : end]), [])
                    places.append(end)
                    del places[:-_KEPT]
            self._output.append(token)

    def propose(self, limit: int, count: int = 1) -> list[list[int]]:
        """What followed when the output ended like this before, the likeliest first.

        Up to ``count`` proposals that differ from the first token on.
        """
        self._proposed = []
        if limit <= 0 or len(self._output) < self._silent_until:
            return []
        for length in _LENGTHS if count == 1 else _BRANCH_LENGTHS:
            for found in reversed(self._after.get(tuple(self._output[-length:]), [])):
                proposal = self._output[found : found + min(limit, self._reach)]
                if len(self._proposed) < count and all(proposal[0] != one[0] for one in self._proposed):
                    self._proposed.append(proposal)
        return self._proposed

    def _learn(self, accepted: int) -> None:
        self._reach = min(max(_REACH, 2 * accepted), _LONGEST_REACH)
        if accepted:
            self._wrong, self._pause = 0, _PAUSE
            return
        self._wrong += 1
        if self._wrong >= _TRIES:
            self._silent_until = len(self._output) + self._pause
            self._wrong, self._pause = 0, 2 * self._pause


def _agreement(proposal: Sequence[int], tokens: Sequence[int]) -> int:
    pairs = zip(proposal, tokens, strict=False)
    return next((i for i, (own, seen) in enumerate(pairs) if own != seen), min(len(proposal), len(tokens)))
