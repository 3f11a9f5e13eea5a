"""What the output repeats of itself, and of earlier outputs: table tags, list marks and formulas come again.

Prompt lookup (as in "Prompt Lookup Decoding", A. Saxena 2023) on the sequence's own tokens, and on what the
same verifier wrote before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_LENGTHS = (3, 2)  # tokens that must have stood together before; the longer ones are asked first
_BRANCH_LENGTHS = (3, 2, 1)  # the same for branches beside the main proposal
_KEPT = 4  # places remembered of a run
_REACH, _LONGEST_REACH = 6, 24  # tokens proposed at once, at first and after success
_TRIES = 6  # proposals in a row of which none was right, after which echoes are left alone for a while
_PAUSE = 32  # tokens, the first time; twice as many the next


class Phrases:
    """Which tokens followed which runs of tokens in a text; beyond ``most`` tokens it starts afresh."""

    def __init__(self, most: int | None = None) -> None:
        self.tokens: list[int] = []
        self._most = most
        self._after: dict[tuple[int, ...], list[int]] = {}  # a run -> where it went on, the last few times

    def extend(self, tokens: Sequence[int]) -> None:
        """Take the text's next tokens."""
        if self._most is not None and len(self.tokens) > self._most:
            self.tokens, self._after = [], {}
        for token in tokens:
            end = len(self.tokens)
            for length in _BRANCH_LENGTHS:
                if end >= length:
                    places = self._after.setdefault(tuple(self.tokens[end - length : end]), [])
                    places.append(end)
                    del places[:-_KEPT]
            self.tokens.append(token)

    def after(self, run: Sequence[int], reach: int) -> Iterator[list[int]]:
        """What followed ``run``, the last time first, up to ``reach`` tokens."""
        for found in reversed(self._after.get(tuple(run), [])):
            yield self.tokens[found : found + reach]


class Echo:
    """Proposes what followed the output's last tokens before, in itself or in ``memory``."""

    def __init__(self, memory: Phrases | None = None) -> None:
        self._own = Phrases()
        self._memory = memory
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
        self._own.extend(tokens)

    def propose(self, limit: int, count: int = 1) -> list[list[int]]:
        """What followed when the output ended like this before, the likeliest first.

        Up to ``count`` proposals that differ from the first token on.
        """
        self._proposed = []
        output, reach = self._own.tokens, min(limit, self._reach)
        if reach <= 0 or len(output) < self._silent_until:
            return []
        for length in _LENGTHS if count == 1 else _BRANCH_LENGTHS:
            for known in (self._own, self._memory):
                if known is None or len(output) < length:
                    continue
                for proposal in known.after(output[-length:], reach):
                    if len(self._proposed) == count:
                        return self._proposed
                    if all(proposal[0] != one[0] for one in self._proposed):
                        self._proposed.append(proposal)
        return self._proposed

    def _learn(self, accepted: int) -> None:
        self._reach = min(max(_REACH, 2 * accepted), _LONGEST_REACH)
        if accepted:
            self._wrong, self._pause = 0, _PAUSE
            return
        self._wrong += 1
        if self._wrong >= _TRIES:
            self._silent_until = len(self._own.tokens) + self._pause
            self._wrong, self._pause = 0, 2 * self._pause


def _agreement(proposal: Sequence[int], tokens: Sequence[int]) -> int:
    pairs = zip(proposal, tokens, strict=False)
    return next((i for i, (own, seen) in enumerate(pairs) if own != seen), min(len(proposal), len(tokens)))
