"""One continuation where two are known, the draft's and the echo's: whose first token is likelier.

With branches both are verified. Without them (a serving engine verifies chains only) one has to be chosen.
How long either would go on does not count: what is right is proposed in the next step again, so that a wrong
choice costs about one step, whichever it was. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_MEMORY = 0.95  # what the past counts for after each further observation
_WEIGHT = 2.0  # observations that what is assumed at first counts for
_DRAFTED = (0.5, 0.4, 0.3, 0.3)  # chance, at first, that a draft's first, second, ... guessed place is right
_SEAM, _SKIPPED = 3, 16  # tokens by which a draft is joined to the echo, and of it that may be left out


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


class _Choice(NamedTuple):
    """Two tokens that may follow; the draft's is right in ``share`` of such cases, as far as is known."""

    share: _Share
    drafted: int
    echoed: int
    chance: float


class Contest:
    """Chooses, and learns from what was emitted: both tokens can be compared with it, sent or not."""

    def __init__(self) -> None:
        self._drafted = [_Share(right * _WEIGHT, _WEIGHT) for right in _DRAFTED]  # by guesses
        self._echoed = _Share(_WEIGHT, _WEIGHT)  # right tokens for each that the echo expected
        self._open: _Choice | None = None

    def better(self, guesses: int, drafted: list[int], echo: Iterator[tuple[int, float]]) -> list[int]:
        """What is ``drafted``, after so many ``guesses`` (1 or more) of the place, or what the ``echo`` has
        (tokens with their chances, of which no more are taken than are needed) and then the draft."""
        token, chance = next(echo, (None, 0.0))
        if token is None or (drafted and token == drafted[0]):
            return drafted
        if drafted:
            share = self._drafted[min(guesses, len(self._drafted)) - 1]
            self._open = _Choice(share, drafted[0], token, chance)
            if self._echoed.value * chance <= share.value:
                return drafted
        return joined([token, *(token for token, _ in echo)], drafted)

    def settle(self, emitted: Sequence[int]) -> None:
        """Learn from what was emitted where there was a choice."""
        choice, self._open = self._open, None
        if choice is not None and emitted:
            choice.share.add(emitted[0] == choice.drafted, 1.0)
            self._echoed.add(emitted[0] == choice.echoed, choice.chance)


def joined(first: list[int], then: list[int]) -> list[int]:
    """The tokens ``first`` and what comes ``then``, but for what of it stands at the end of ``first``."""
    for size in range(min(_SEAM, len(first)), 0, -1):
        ending = first[-size:]
        for end in range(size, min(len(then), len(first) + _SKIPPED) + 1):
            if then[end - size : end] == ending:
                return first + then[end:]
    return first + then
