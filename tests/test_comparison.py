"""What the verifier changed, in words that a person would mark."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.following.cursor import agreement, corrections
from docspec.types import Correction

texts = st.text("ab c.\n漢字", max_size=30)


def test_a_wrong_word_is_marked_whole() -> None:
    """Not the letter inside it."""
    text = "the quick brown fox"
    assert corrections("the qnick brown fox", text) == (Correction(4, 9, "qnick"),)


def test_neighbouring_wrong_words_are_one_correction() -> None:
    """With the space between them."""
    assert corrections("see tbe qnick fox", "see the quick fox") == (Correction(4, 13, "tbe qnick"),)


def test_words_left_out_and_put_in() -> None:
    """An empty span where the verifier left words out, an empty draft where it put some in."""
    [gone] = corrections("one two three", "one three")
    assert gone.start == gone.end == 4
    assert gone.draft.strip() == "two"
    [new] = corrections("one three", "one two three")
    assert "one two three"[new.start : new.end].strip() == "two"
    assert not new.draft.strip()


def test_white_space_alone_is_no_correction() -> None:
    """Line breaks belong to the layout."""
    assert corrections("one\ntwo  three", "one two three") == ()
    assert corrections("", "") == ()


def test_scripts_without_spaces_are_marked_by_character() -> None:
    """A Chinese sentence is not one word."""
    assert corrections("美人焦植株高度", "美人蕉植株高度") == (Correction(2, 3, "焦"),)


@given(texts, texts)
def test_undoing_the_corrections_gives_the_draft(draft: str, text: str) -> None:
    """Up to white space; they are in order and do not overlap."""
    undone, reached = "", 0
    for change in corrections(draft, text):
        assert reached <= change.start <= change.end <= len(text)
        undone += text[reached : change.start] + change.draft
        reached = change.end
    undone += text[reached:]
    assert "".join(undone.split()) == "".join(draft.split())


@given(texts, texts)
def test_agreement_is_a_share(draft: str, text: str) -> None:
    """One for equal texts, symmetric, within 0 and 1."""
    assert agreement(text, text) == 1.0
    assert 0.0 <= agreement(draft, text) == agreement(text, draft) <= 1.0
