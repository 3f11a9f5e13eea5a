"""Corrections that a verifier makes again and again are expected where they fit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.following.habits import Habits


def applied(habits: Habits, text: str) -> set[str]:
    """``text`` with each of the expected alternatives."""
    return {text[: a.start] + a.text + text[a.end :] for a in habits.expected(text, 0, len(text))}


def test_a_correction_is_expected_at_the_next_place_like_it() -> None:
    """What was replaced, found again after the same character."""
    habits = Habits()
    habits.learn("B1A is", "BIA is", "the "[-1], " ")
    assert applied(habits, "by the B1A and 1A") == {"by the BIA and 1A"}


def test_punctuation_is_expected_anywhere_but_spaces_only_in_their_place() -> None:
    """A comma says enough by itself; a space only with what stands before it."""
    habits = Habits()
    habits.learn("[x", "(x", " ", "y")
    habits.learn(". H", ".H", "k", "e")
    assert applied(habits, "a [b. C d") == {"a (b. C d", "a [b.C d"}


def test_an_insertion_needs_both_neighbours() -> None:
    """Between the same two characters."""
    habits = Habits()
    habits.learn("nice", "niece", "a", " ")
    assert applied(habits, "a nice ace") == {"a niece ace"}


def test_what_is_always_refuted_is_given_up() -> None:
    """A habit that was never right again is not expected any more, until it is seen again."""
    habits = Habits()
    habits.learn("a,b", "a;b", "x", "y")
    for _ in range(20):
        for alternative in list(habits.expected("1,2", 0, 3)):
            habits.judge("1,2", alternative, right=False)
    assert applied(habits, "1,2") == set()


def test_long_replacements_are_no_habits() -> None:
    """Whole phrases do not come again."""
    habits = Habits()
    habits.learn("a completely different phrase", "words", "", "")
    assert applied(habits, "a completely different phrase") == set()


@given(
    st.lists(st.tuples(st.text("ab .", max_size=5), st.text("ab .", max_size=5)), max_size=90),
    st.text("ab ."),
)
def test_alternatives_lie_in_the_text(corrections: list[tuple[str, str]], text: str) -> None:
    """Whatever was learned, alternatives replace a piece of the text by something else."""
    habits = Habits()
    for drafted, written in corrections:
        habits.learn(drafted, written, "a", "b")
    for alternative in habits.expected(text, 0, len(text)):
        assert 0 <= alternative.start <= alternative.end <= len(text)
        assert text[alternative.start : alternative.end] != alternative.text
        assert 0 < alternative.probability <= 1
