"""What a model elsewhere is asked and what it answers, whichever way leads there."""

from __future__ import annotations

from dataclasses import dataclass

from docspec.types import Category, DecodeStats, Image

DRAFTS = 8  # of one request: all are searched when the output leaves the best one


@dataclass(frozen=True, slots=True)
class Question:
    """One request: its pixels, what it is of, and its drafts in the model's words, best first."""

    image: Image
    category: Category | None
    drafts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model wrote: ``text``, and its ``tokens`` where they are known.

    ``ended`` says whether it ended by itself. Without counts of the drafts, which ``speculated`` tells,
    ``stats`` has the tokens only.
    """

    text: str
    tokens: tuple[int, ...] | None
    ended: bool
    stats: DecodeStats
    speculated: bool
