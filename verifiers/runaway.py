"""Runaway repetition: a verifier that writes the same few tokens over and over until its limit. Pure.

A loop is an exact repetition of up to 64 tokens at the output's end. Documents repeat as well (empty table
cells, dotted leaders, ruled forms), so it takes many repeats, fewer once the output is longer than its draft
explains, and more than the draft repeats itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

# Chosen by eye, with room: of a real model's outputs for nine pages none repeats more than 74 tokens.
LONGEST_PERIOD = 64  # tokens
PATIENT = (32, 1024)  # repeats and tokens of a loop while the draft may explain the output's length
EAGER = (16, 256)  # the same once it does not, or the output has reached its limit
EXPLAINED = (2, 256)  # output that a draft of n tokens explains: 2 n + 256
BOUND = (8, 4096)  # output that no draft of n tokens comes to, repetition or not


class Runaway(NamedTuple):
    """Why an output counts as degenerate; its first ``kept`` tokens end with the loop's first period.

    ``period`` is 0 where the output does not repeat but has passed the bound set by the draft.
    """

    kept: int
    period: int
    length: int  # tokens of the loop, or of the output where it does not repeat

    @property
    def reason(self) -> str:
        """One line for the user."""
        if not self.period:
            return f"runaway output: {self.length} tokens, far more than the draft has"
        return f"runaway repetition: {self.period} token(s) {self.length // self.period} times over"


class _Drafted(NamedTuple):
    """What the drafts say of the output to expect."""

    tokens: int  # of the longest draft
    repeated: int  # of the longest repetition in any draft


class Repetition:
    """The repetitions of up to LONGEST_PERIOD tokens that a growing output ends with.

    The output repeats with period p as long as each token equals the p-th before it. A token's earlier places
    are linked, so that a step looks only at equal tokens nearby: one or two in ordinary text.
    """

    def __init__(self) -> None:
        self.size = 0
        self.starts: dict[int, int] = {}  # by period: the first token that equalled the period-th before it
        self._last: dict[int, int] = {}
        self._before: list[int] = []  # the previous place of the same token, or -1

    def push(self, token: int) -> None:
        """Take the output's next token."""
        here = self.size
        earlier = self._last.get(token, -1)
        self._before.append(earlier)
        self._last[token] = here
        self.size += 1
        starts = {}
        while earlier >= 0 and here - earlier <= LONGEST_PERIOD:
            period = here - earlier
            starts[period] = self.starts.get(period, here)
            earlier = self._before[earlier]
        self.starts = starts

    @property
    def longest(self) -> int:
        """Tokens of the longest repetition, its first period included; 0 without any."""
        return max((self._length(period) for period in self.starts), default=0)

    def _length(self, period: int) -> int:
        return self.size - self.starts[period] + period

    def beyond(self, repeats: int, tokens: int) -> Runaway | None:
        """The repetition of at least so many repeats and so many tokens, of the shortest period."""
        for period in sorted(self.starts):
            if self._length(period) >= max(repeats * period, tokens):
                return Runaway(self.starts[period], period, self._length(period))
        return None


class RunawayGuard:
    """Watches one output; ``found`` is set from the token on at which it counts as degenerate.

    ``drafts`` gives the token ids of the output's drafts and is asked at most once, when the output first
    looks suspicious. Without drafts there is no bound on the length. A loop of any period up to 64 is found
    within 2048 of its tokens, or twice the longest repetition in a draft.
    """

    def __init__(self, drafts: Callable[[], Sequence[Sequence[int]]] = lambda: ()) -> None:
        self.found: Runaway | None = None
        self._drafts = drafts
        self._known: _Drafted | None = None
        self._seen = Repetition()

    def push(self, token: int) -> bool:
        """Take the output's next token; whether the output is degenerate."""
        self._seen.push(token)
        size = self._seen.size
        if self.found is None and (size > BOUND[1] or self._seen.longest >= EAGER[1]):
            drafted = self._drafted()
            unexplained = drafted.tokens > 0 and size > EXPLAINED[0] * drafted.tokens + EXPLAINED[1]
            self.found = self._loop(EAGER if unexplained else PATIENT)
            if self.found is None and drafted.tokens > 0 and size > BOUND[0] * drafted.tokens + BOUND[1]:
                self.found = Runaway(size, 0, size)
        return self.found is not None

    def at_limit(self) -> bool:
        """Whether an output that has reached its limit without an end is degenerate: it ends in a loop."""
        if self.found is None and self._seen.longest >= EAGER[1]:
            self.found = self._loop(EAGER)
        return self.found is not None

    def _loop(self, wanted: tuple[int, int]) -> Runaway | None:
        repeats, tokens = wanted
        return self._seen.beyond(repeats, max(tokens, 2 * self._drafted().repeated))

    def _drafted(self) -> _Drafted:
        if self._known is None:
            drafts = self._drafts()
            self._known = _Drafted(max(map(len, drafts), default=0), max(map(_repeated, drafts), default=0))
        return self._known


def _repeated(tokens: Sequence[int]) -> int:
    """Tokens of the longest repetition anywhere in ``tokens``."""
    seen, longest = Repetition(), 0
    for token in tokens:
        seen.push(token)
        longest = max(longest, seen.longest)
    return longest
