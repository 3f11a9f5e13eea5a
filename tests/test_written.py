"""The output's end, folded as it grows."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from test_cursor import BPE

from docspec.drafters.following.normalise import fold
from docspec.drafters.following.written import TAIL, Written


@example("漢字 😀 “Ω”" * 9, [3, 4, 5, 6, 7, 8, 30])
@given(st.text("abc .\n“é漢😀ﬁ", max_size=90), st.lists(st.integers(0, 200), max_size=8))
def test_the_end_is_the_same_in_any_portions(text: str, reads: list[int]) -> None:
    """Whenever it was asked for before, also between the bytes of a character, it is the text's end."""
    ids = BPE.encode(text)[0]
    written = Written(BPE)
    for upto in sorted(min(read, len(ids)) for read in reads):
        written.tokens += ids[len(written.tokens) : upto]
        known = written.read(upto)
        assert known <= len(fold(BPE.decode(ids[:upto])).text)
    written.tokens += ids[len(written.tokens) :]
    tail, count, white, pending = written.ending()
    assert (tail, count) == (fold(text).text[-TAIL:], len(fold(text).text))
    assert pending == 0
    assert not text or white == text[-1].isspace()


def test_an_unfinished_character_waits_for_its_other_bytes() -> None:
    """Its tokens are pending, and part of the text once it is whole."""
    ids = BPE.encode("a😀")[0]
    written = Written(BPE)
    for at, token in enumerate(ids):
        written.tokens.append(token)
        assert written.ending()[::3] == (("a", at) if at < len(ids) - 1 else ("a😀", 0))


def test_a_long_stretch_is_read_from_its_end() -> None:
    """What lies too far back to be looked for is not decoded."""
    ids = BPE.encode("some words " * 400)[0]
    written = Written(BPE)
    written.tokens += ids
    tail, count, *_ = written.ending()
    assert tail == ("somewords" * 9)[-TAIL:]
    assert TAIL < count < len("somewords") * 400 / 2
