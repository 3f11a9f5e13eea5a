"""One continuation where two are known: the draft's and the echo's, by what either was worth lately.

With branches both are verified. Without them (a serving engine verifies chains only) the one has to be chosen
that will have more tokens right. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from docspec.drafters.following.tree import shared_start

_MEMORY = 0.9  # what the past counts for after each further observation
_WEIGHT = 2.0  # observations that what is assumed at first counts for
_DRAFTED = (3.0, 3.0, 3.0, 3.0)  # right tokens, at first, of a draft's first, second, ... guessed place


@dataclass(slots=True)
class _Share:
    """A ratio of two sums in which the past fades."""

    part: float
    whole: float

    def add(self, part: float, whole: float) -> None:
        self.part = _MEMORY * self.part + part
        self.whole = _MEMORY * self.whole + whole

    @property
    def value(self) -> float:
        return self.part / self.whole


class Contest:
    """Chooses, and learns from what was emitted: both continuations can be compared with it, sent or not."""

    def __init__(self) -> None:
        self._drafted = [_Share(right * _WEIGHT, _WEIGHT) for right in _DRAFTED]  # by guesses
        self._echoed = _Share(_WEIGHT, _WEIGHT)  # right tokens for each that the echo expected
        self._open: tuple[_Share, Sequence[int], Sequence[int], float] | None = None

    def choose(self, guesses: int, drafted: list[int], echoed: list[int], expected: float) -> list[int]:
        """The better of two continuations: a draft's after so many ``guesses`` (1 or more) of the place, and
        the echo's, which expects so many of its tokens to be right."""
        worth = self._drafted[min(guesses, len(self._drafted)) - 1]
        self._open = worth, drafted, echoed, expected
        return echoed if self._echoed.value * expected > worth.value else drafted

    def settle(self, emitted: Sequence[int]) -> None:
        """Learn from what was emitted where there was a choice."""
        if self._open is not None:
            worth, drafted, echoed, expected = self._open
            worth.add(shared_start(drafted, emitted), 1.0)
            self._echoed.add(shared_start(echoed, emitted), expected)
            self._open = None
