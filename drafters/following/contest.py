"""One continuation where two are known, the draft's and the echo's: whose token is likelier where they differ.

With branches both are verified. Without them (a serving engine verifies chains only) one has to be chosen.
How long either would go on does not count: what is right comes in the next step too, so that a wrong choice
costs about one step, whichever it was. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from docspec.drafters.following.tree import shared_start

_MEMORY = 0.95  # what the past counts for after each further observation
_WEIGHT = 2.0  # observations that what is assumed at first counts for
_DRAFTED = (0.4, 0.4, 0.3, 0.3)  # chance, at first, that a draft's first, second, ... guessed place is right
_AGREED = 0.5  # the same of a draft whose first tokens are the echo's too


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


@dataclass(frozen=True, slots=True)
class _Choice:
    """Two continuations that differ at their token ``at``, which the echo took for right with ``chance``."""

    share: _Share
    at: int
    drafted: Sequence[int]
    echoed: Sequence[int]
    chance: float


class Contest:
    """Chooses, and learns from what was emitted: both continuations can be compared with it, sent or not."""

    def __init__(self) -> None:
        self._drafted = [_Share(right * _WEIGHT, _WEIGHT) for right in _DRAFTED]  # by guesses
        self._agreed = _Share(_AGREED * _WEIGHT, _WEIGHT)
        self._echoed = _Share(_WEIGHT, _WEIGHT)  # right tokens for each that the echo expected
        self._open: _Choice | None = None

    def echo_wins(self, guesses: int, drafted: list[int], echoed: list[int], chances: list[float]) -> bool:
        """Whether ``echoed``, each token right with its chance if those before are, is better than what is
        ``drafted``, after so many ``guesses`` (1 or more) of the place. Where one has all of the other, the
        longer one is.
        """
        at = shared_start(drafted, echoed)
        if at == min(len(drafted), len(echoed)):
            self._open = None
            return len(echoed) > len(drafted)
        share = self._agreed if at else self._drafted[min(guesses, len(self._drafted)) - 1]
        self._open = _Choice(share, at, drafted, echoed, chances[at])
        return self._echoed.value * chances[at] > share.value

    def settle(self, emitted: Sequence[int]) -> None:
        """Learn from what was emitted where there was a choice."""
        choice, self._open = self._open, None
        if choice is None or shared_start(choice.drafted, emitted) < choice.at or len(emitted) <= choice.at:
            return
        token = emitted[choice.at]
        choice.share.add(token == choice.drafted[choice.at], 1.0)
        self._echoed.add(token == choice.echoed[choice.at], choice.chance)
