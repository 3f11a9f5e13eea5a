"""Drafts tokenized a piece at a time, from any character."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.following.draft_tokens import DraftTokens


class Words:
    """A token is a space and the letters after it; it counts what it has tokenized."""

    def __init__(self) -> None:
        self.seen = 0

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        """One id for each character that starts a word or is not a letter."""
        self.seen += len(text)
        starts = [i for i, char in enumerate(text) if not char.isalnum() or i == 0 or text[i - 1] in "\n.,"]
        return [ord(text[i]) for i in starts], starts

    def decode(self, ids: Sequence[int]) -> str:
        """Not needed here."""
        raise NotImplementedError


def read_on(tokens: DraftTokens, at: int) -> tuple[list[int], list[int]]:
    """All tokens from character ``at`` to the end."""
    ids: list[int] = []
    offsets: list[int] = []
    while at < len(tokens.text):
        more, starts, reached = tokens.piece(at)
        assert reached > at
        ids, offsets, at = ids + more, offsets + starts, reached
    return ids, offsets


@given(st.text("ab ,.\n漢", max_size=900), st.floats(0, 1))
def test_reading_on_reaches_the_end_from_anywhere(text: str, part: float) -> None:
    """Every piece moves forward; offsets are the draft's, in order, from the start on."""
    at = int(part * len(text))
    ids, offsets = read_on(DraftTokens(text, Words()), at)
    assert offsets == sorted(offsets)
    assert [chr(i) for i in ids] == [text[offset] for offset in offsets]
    assert offsets[:1] == ([at] if at < len(text) else [])


def test_pieces_join_where_the_whole_would_have_been_cut() -> None:
    """In prose, pieces give the tokens of the whole."""
    text = "Some words, and more words. " * 100
    assert read_on(DraftTokens(text, Words()), 0) == Words().encode(text)


def test_a_jump_into_a_long_draft_costs_a_piece() -> None:
    """Not the tokenizing of all that was skipped."""
    codec = Words()
    tokens = DraftTokens("Some words, and more words. " * 4000, codec)
    tokens.piece(100_003)
    assert codec.seen < 1000
    tokens.piece(100_009)
    assert codec.seen < 1100
