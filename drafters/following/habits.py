"""What a verifier keeps writing otherwise than the drafts: learned from its corrections, expected again.

The same reader makes the same mistakes ("B1A", a space after every full stop), and the same verifier has the
same taste ("(" for "[", plain quotes).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from docspec.types import Alternative

_LONGEST = 6, 24  # characters of the draft and of the output that a habit replaces
_KEPT = 64  # habits; the longest unused one goes
_LEAST = 0.15  # share of right guesses below which a habit is not followed
_PER_HABIT = 2  # places in a stretch of draft


@dataclass(slots=True)
class _Habit:
    """``after`` stands before what is replaced, ``before`` behind it; either may be empty."""

    after: str
    drafted: str
    before: str
    written: str
    right: float = 1.0
    tried: float = 2.0
    looked_for: str = field(init=False)

    def __post_init__(self) -> None:
        self.looked_for = self.after + self.drafted + self.before

    @property
    def chance(self) -> float:
        return self.right / self.tried


class Habits:
    """Corrections seen so far. May be shared by all sequences of one verifier."""

    def __init__(self) -> None:
        self._habits: dict[tuple[str, str, str, str], _Habit] = {}
        self._likely: dict[float, list[_Habit]] = {}  # those with at least that chance, as far as asked for

    def learn(self, drafted: str, written: str, before: str, after: str) -> None:
        """Take a correction: ``written`` stands for ``drafted``, between ``before`` and ``after``."""
        start = 0
        while start < min(len(drafted), len(written)) and drafted[start] == written[start]:
            start += 1
        end = 0
        while end < min(len(drafted), len(written)) - start and drafted[-1 - end] == written[-1 - end]:
            end += 1
        left, right = before + drafted[:start], drafted[len(drafted) - end :] + after
        old, new = drafted[start : len(drafted) - end], written[start : len(written) - end]
        if old == new or len(old) > _LONGEST[0] or len(new) > _LONGEST[1]:
            return
        bare = len(old) > 1 or (old and not old.isalnum() and not old.isspace())
        habit = _Habit("" if bare else left[-1:], old, "" if old else right[:1], new)
        key = (habit.after, old, habit.before, new)
        self._likely.clear()
        known = self._habits.pop(key, None)
        if known is not None:
            known.right, known.tried = known.right + 1, known.tried + 1
        self._habits[key] = known or habit
        if len(self._habits) > _KEPT:
            del self._habits[min(self._habits, key=lambda key: self._habits[key].right)]

    def expected(self, text: str, start: int, end: int, least: float = _LEAST) -> Iterator[Alternative]:
        """Where, between two characters of a draft, the verifier may write something else again: what has at
        least that chance."""
        likely = self._likely.get(least)
        if likely is None:
            habits = self._habits.values()
            likely = [habit for habit in habits if habit.looked_for and habit.chance >= least]
            self._likely[least] = likely
        stretch = text[max(0, start - 1) : end]  # what stands before is a character at most
        for habit in [habit for habit in likely if habit.looked_for in stretch]:
            at = start - len(habit.after)
            for _ in range(_PER_HABIT):
                at = text.find(habit.looked_for, max(0, at), end)
                if at < 0:
                    break
                place = at + len(habit.after)
                yield Alternative(place, place + len(habit.drafted), habit.written, habit.chance)
                at += 1

    def judge(self, text: str, alternative: Alternative, right: bool) -> None:
        """Tell whether an expected alternative was right."""
        self._likely.clear()
        drafted = text[alternative.start : alternative.end]
        for habit in self._habits.values():
            if habit.drafted == drafted and habit.written == alternative.text:
                context = text[max(0, alternative.start - len(habit.after)) : alternative.start]
                if context == habit.after:
                    habit.right, habit.tried = habit.right + right, habit.tried + 1
