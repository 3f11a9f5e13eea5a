"""How long a window to send: as long as one more draft token is worth the time that it costs. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

LONGEST = 512
PRIOR_WIDTH = 32  # tokens that double a pass's time, until measured
FORGET = 0.9  # weight of the past after each step: a draft's quality changes within a region


@dataclass(slots=True)
class AcceptanceRate:
    """Running estimate of the chance that the next draft token is accepted, for one sequence.

    Starts optimistic, so that the first window (which rides in the prefill) covers an ordinary region.
    """

    hits: float = 40.0
    misses: float = 0.25

    @property
    def value(self) -> float:
        """The estimate, strictly between 0 and 1."""
        return self.hits / (self.hits + self.misses + 0.1)

    def update(self, accepted: int, rejected: bool) -> None:
        """Count one step: ``accepted`` draft tokens taken, and whether the next one was refused."""
        self.hits = FORGET * self.hits + accepted
        self.misses = FORGET * self.misses + rejected


@dataclass(slots=True)
class StepCost:
    """Time of a forward pass as ``base + slope * tokens``, fitted to the passes seen so far.

    Exponentially weighted least squares, so that it follows the device and the cache's growth; until
    passes of different widths were seen, PRIOR_WIDTH tokens are taken to double a pass's time.
    """

    _sums: list[float] = field(default_factory=lambda: [0.0] * 5)  # weight, x, y, xx, xy

    def record(self, tokens: int, seconds: float) -> None:
        """Note that a pass over ``tokens`` positions took ``seconds``."""
        terms = (1.0, tokens, seconds, tokens * tokens, tokens * seconds)
        self._sums = [0.97 * total + term for total, term in zip(self._sums, terms, strict=True)]

    def line(self) -> tuple[float, float]:
        """``(base, slope)`` in seconds and seconds a token, both positive."""
        weight, x, y, xx, xy = self._sums
        if weight == 0:
            return PRIOR_WIDTH * 1e-3, 1e-3
        tokens, seconds = x / weight, y / weight
        variance = xx / weight - tokens**2
        slope = seconds / (PRIOR_WIDTH + tokens)
        if variance >= 1.0:
            slope = (xy / weight - tokens * seconds) / variance
        slope = min(max(slope, seconds * 1e-4), seconds / tokens)
        return max(seconds - slope * tokens, seconds * 1e-3), slope


def window_length(rate: float, base: float, slope: float, rows: int) -> int:
    """The window (0 to 512 draft tokens) beyond which a longer pass costs more than it can save.

    The k-th window token is emitted with chance ``rate ** k`` and costs ``slope`` seconds; each emitted
    token is worth what it costs otherwise, in a plain step of ``rows`` sequences.
    """
    worth = base / rows + slope
    if rate <= 0 or slope >= worth * rate:
        return 0
    return min(LONGEST, int(math.log(slope / worth) / math.log(rate)))
