"""Whether drafts pay in the batch as it is: what was gained with them, against steps without. Pure.

Each window is judged by estimates of its own (docspec.verifiers.window). In a large batch a token is worth so
little that their errors, and what drafts take that is sent in no window, can be more than windows save. Then
drafts are tried now and then: as seldom as keeps what trying loses small, or soon where they paid before.
"""

from __future__ import annotations

from dataclasses import dataclass

FORGET = 0.95  # weight of the past after each step
TRIAL = 12  # steps with drafts before they are judged
LEAST = 1.0  # what steps with drafts have to be worth, of what they took
HOPELESS = 3.0  # steps without drafts whose time ends a trial as soon as it has lost so much,
LEARNING = 3  # but for its first steps, in which estimates learn
SHARE = 0.01  # of all steps' time that trials in vain may take
CREDIT = 20.0  # steps without drafts whose time, gained before, may be lost by trials without waiting longer
PAUSE, LONGEST_PAUSE = 24, 4096  # steps without drafts after a trial in vain


@dataclass(slots=True)
class Payoff:
    """Says before each step whether drafts are to be asked (``asks``), and learns what came of it."""

    worth: float = 0.0
    spent: float = 0.0
    gained: float = 0.0  # seconds, all in all; what pauses make up for is forgotten
    steps: int = 0  # of this trial
    left: int = 0  # of this pause

    def asks(self) -> bool:
        """Whether the next step asks the drafts."""
        self.left = max(0, self.left - 1)
        return not self.left

    def renew(self, share: float) -> None:
        """Note that so large a share of the batch is new, and with it so much of what was learnt is old."""
        self.left = int(self.left * (1 - share))

    def record(self, worth: float, spent: float, plain: float) -> None:
        """Note a step that asked: its tokens would have taken ``worth`` seconds without drafts, and it took
        ``spent``, the asking counted. A step without drafts takes ``plain`` seconds."""
        self.steps += 1
        self.gained = min(self.gained + worth - spent, CREDIT * plain)
        if self.steps == 1:
            return  # what was written meanwhile had to be caught up with
        self.worth, self.spent = FORGET * self.worth + worth, FORGET * self.spent + spent
        hopeless = self.steps > LEARNING and self.spent - self.worth > HOPELESS * plain
        if hopeless or (self.steps >= TRIAL and self.worth < LEAST * self.spent):
            self.left = int(min(max(PAUSE, -self.gained / (SHARE * plain)), LONGEST_PAUSE))
            self.gained = max(0.0, self.gained)
            self.worth = self.spent = 0.0
            self.steps = 0
