"""Sequences whose drafts are given as token ids, over a model without words."""

from __future__ import annotations

from collections.abc import Hashable
from collections.abc import Sequence as Seq

from docspec.drafters.following.cursor import DraftCursor
from docspec.drafters.following.drafted_next import DraftedNext
from docspec.verifiers.sequence import Prompt, Sequence

FIRST = 0x30000  # the character that stands for token 0: no rule of Unicode changes those from there on


class Signs:
    """A codec of one character a token, for a vocabulary of ``size``."""

    def __init__(self, size: int) -> None:
        self.size = size

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        """Token ids, and where each begins."""
        return [(ord(sign) - FIRST) % self.size for sign in text], list(range(len(text)))

    def decode(self, ids: Seq[int]) -> str:
        """The characters."""
        return "".join(chr(FIRST + token) for token in ids)


def drafted(key: Hashable, prompt: Prompt, draft: Seq[int], end: int, limit: int, size: int) -> Sequence:
    """A sequence of at most ``limit`` tokens with one draft, or none where it is empty."""
    codec = Signs(size)
    text = codec.decode(draft)
    return Sequence(
        key=key,
        prompt=prompt,
        cursor=DraftCursor([text] if text else [], codec, end),
        end_tokens=frozenset((end,)),
        limit=limit,
        draft=DraftedNext(text, codec, end),
    )
