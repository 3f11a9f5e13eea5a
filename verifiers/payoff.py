"""Whether drafts pay in the batch as it is: what was gained with them, against steps without. Pure.

Each window is judged by estimates of its own (docspec.verifiers.window). In a large batch a token is worth so
little that their errors, and what drafts take that is sent in no window, can be more than windows save.
"""

from __future__ import annotations

from dataclasses import dataclass

FORGET = 0.9  # weight of the past after each step
TRIAL = 12  # steps with drafts before they are judged
LEAST = 1.0  # what steps with drafts have to be worth, of what they took
PAUSE, LONGEST_PAUSE = 24, 768  # steps without, at first and after doubling each time in vain


@dataclass(slots=True)
class Payoff:
    """Says before each step whether drafts are to be asked (``asks``), and learns what came of it."""

    worth: float = 0.0
    spent: float = 0.0
    steps: int = 0  # of this trial
    left: int = 0  # of this pause
    pause: int = PAUSE

    def asks(self) -> bool:
        """Whether the next step asks the drafts."""
        self.left = max(0, self.left - 1)
        return not self.left

    def renew(self, share: float) -> None:
        """Note that so large a share of the batch is new, and with it so much of what was learnt is old."""
        self.left = int(self.left * (1 - share))
        self.pause = max(PAUSE, int(self.pause * (1 - share)))

    def record(self, worth: float, spent: float) -> None:
        """Note a step that asked: its tokens would have taken ``worth`` seconds without drafts, and it took
        ``spent``, the asking counted."""
        self.steps += 1
        if self.steps == 1:
            return  # what was written meanwhile had to be caught up with
        self.worth, self.spent = FORGET * self.worth + worth, FORGET * self.spent + spent
        if self.steps < TRIAL:
            return
        if self.worth < LEAST * self.spent:
            self.left, self.pause = self.pause, min(2 * self.pause, LONGEST_PAUSE)
            self.worth = self.spent = 0.0
            self.steps = 0
        else:
            self.pause = PAUSE
