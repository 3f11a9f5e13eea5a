"""Proposals from what was written before."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.following.echo import Echo, Phrases

TOKENS = st.lists(st.integers(0, 5), max_size=60)


def chain_of(echo: Echo, limit: int) -> list[int]:
    """The one continuation."""
    return [token for token, _ in echo.coming(limit)]


def votes_of(phrases: Phrases, run: list[int]) -> dict[int, float]:
    """What each token counts for after ``run``."""
    votes: dict[int, float] = {}
    fourth, third, second, last = (None, None, None, None, *run)[-4:]
    phrases.vote((fourth, third, second, last), (1.0, 3.0, 12.0, 39.0), votes)
    return votes


@given(TOKENS, TOKENS, TOKENS)
def test_phrases_come_to_the_same_in_any_portions(
    before: list[int], after: list[int], run: list[int]
) -> None:
    """A text taken in two portions is the text taken at once, and every vote is for what stood there."""
    once, twice = Phrases(), Phrases()
    once.extend([*before, *after])
    twice.extend(before)
    twice.extend(after)
    assert votes_of(once, run) == votes_of(twice, run)
    whole = [*before, *after]
    followed = {new for old, new in itertools.pairwise(whole) if run and old == run[-1]}
    assert votes_of(once, run).keys() <= followed
    assert bool(votes_of(once, run)) == bool(followed)


def test_what_followed_before_is_proposed_again() -> None:
    """After a run of tokens that was there already, what came then, as far as that is likely."""
    echo = Echo()
    echo.extend([1, 2, 3, 4, 5, 6, 9, 1, 2, 3, 4])
    assert chain_of(echo, 2) == [5, 6]
    assert chain_of(echo, 0) == []
    assert all(chance > 0.9 for _, chance in echo.coming(2))


def test_new_text_has_no_echo() -> None:
    """No token was there before."""
    echo = Echo()
    assert chain_of(echo, 5) == []
    echo.extend([1])
    assert echo.propose(5, nodes=8) == []
    echo.extend([2, 3, 4])
    assert echo.propose(5, nodes=8) == []


def test_longer_agreement_counts_more() -> None:
    """What followed four tokens comes before what followed the last one alone, however often."""
    echo = Echo()
    echo.extend([1, 2, 3, 4, 5, 0, 4, 6, 0, 4, 6, 0, 4, 6, 1, 2, 3, 4])
    found = echo.propose(1, nodes=4)
    assert found[0] == [5]
    assert [6] in found


def test_a_doubtful_continuation_needs_branches() -> None:
    """Where several are as likely, none is proposed alone."""
    echo = Echo()
    echo.extend([1, 2, 10, 1, 3, 11, 1, 4, 12, 1, 5, 13, 1, 6, 14, 1, 7, 15, 1])
    assert chain_of(echo, 1) == []
    assert sorted(echo.propose(1, nodes=6)) == [[2], [3], [4], [5], [6], [7]]


def test_other_texts_are_asked_too() -> None:
    """What the drafts and earlier outputs have is proposed where this output has nothing."""
    known = Phrases()
    known.extend([7, 8, 9])
    echo = Echo([(known, 0.5)])
    echo.extend([7, 8])
    assert chain_of(echo, 3) == [9]


def test_phrases_start_afresh() -> None:
    """Beyond their size they forget, so that memory stays bounded."""
    phrases = Phrases(most=3)
    phrases.extend([1, 2, 3, 4])
    assert votes_of(phrases, [1]) == {2: 1.0}
    phrases.extend([5])
    assert not votes_of(phrases, [1])
    assert phrases.tokens == [5]


@given(TOKENS, TOKENS, st.integers(0, 9), st.integers(0, 30))
def test_proposals_keep_to_their_size(before: list[int], output: list[int], limit: int, nodes: int) -> None:
    """Whatever was written, no path is longer than the limit and the nodes are at most those asked for."""
    known = Phrases()
    known.extend(before)
    echo = Echo([(known, 0.5)])
    echo.extend(output)
    paths = echo.propose(limit, nodes)
    assert all(0 < len(path) <= limit for path in paths)
    shared = {tuple(path[:end]) for path in paths for end in range(1, len(path) + 1)}
    assert len(shared) <= nodes
    chain = [*echo.coming(limit)]
    assert len(chain) <= limit
    assert all(token in {*before, *output} and 0 < chance < 1 for token, chance in chain)
