"""What the sequences of one verifier learn from each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from docspec.drafters.following.echo import Phrases
from docspec.drafters.following.habits import Habits

_REMEMBERED = 100_000  # tokens of earlier outputs


@dataclass(slots=True)
class Experience:
    """The verifier's usual corrections of drafts, and what it has written."""

    habits: Habits = field(default_factory=Habits)
    phrases: Phrases = field(default_factory=lambda: Phrases(_REMEMBERED))

    def finished(self, output: Sequence[int]) -> None:
        """Take a finished output's tokens."""
        self.phrases.extend(output)
