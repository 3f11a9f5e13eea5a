"""What the output repeats of itself: table tags, list marks and formulas come again and again.

Prompt lookup (as in "Prompt Lookup Decoding", A. Saxena 2023) on the sequence's own tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

_LENGTHS = (3, 2)  # tokens that must have stood together before; the longer ones are asked first
_REACH, _LONGEST_REACH = 6, 24  # tokens proposed at once, at first and after success
_TRIES = 6  # proposals in a row of which none was right, after which echoes are left alone for a while
_PAUSE = 32  # tokens, the first time; twice as many the next


class Echo:
    """Remembers which tokens followed the output's runs of tokens."""

    def __init__(self) -> None:
        self._output: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}  # a run -> where it went on, the last time
        self._reach = _REACH
        self._wrong = 0
        self._pause = _PAUSE
        self._silent_until = 0

    def extend(self, tokens: Sequence[int]) -> None:
        """Take what was emitted."""
        for token in tokens:
            end = len(self._output)
            for length in _LENGTHS:
                if end >= length:
                    self._after[tuple(self._output[end - length : end])] = end
            self._output.append(token)

    def propose(self, limit: int) -> list[int]:
        """What followed the last time that the output ended like this."""
        if len(self._output) < self._silent_until:
            return []
        for length in _LENGTHS:
            found = self._after.get(tuple(self._output[-length:]))
            if found is not None and len(self._output) >= length:
                return self._output[found : found + min(limit, self._reach)]
        return []

    def learn(self, accepted: int) -> None:
        """Tell how many tokens of the last proposal were right."""
        self._reach = min(max(_REACH, 2 * accepted), _LONGEST_REACH)
        if accepted:
            self._wrong, self._pause = 0, _PAUSE
            return
        self._wrong += 1
        if self._wrong >= _TRIES:
            self._silent_until = len(self._output) + self._pause
            self._wrong, self._pause = 0, 2 * self._pause
