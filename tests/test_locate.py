"""Approximate search for the output's tail, and the folding that it works on."""

from __future__ import annotations

import unicodedata

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.following.draft_index import START, STARTS, DraftIndex, Query
from docspec.drafters.following.locate import ENOUGH, locate
from docspec.drafters.following.normalise import fold, folded
from docspec.drafters.following.written import TAIL


@given(st.text(max_size=80))
def test_an_index_knows_where_each_folded_character_ends(text: str) -> None:
    """Positions and characters are each other's inverse, the start's sentinels aside."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    index, ends = DraftIndex(text), fold(text).ends
    assert index.text == START * STARTS + fold(text).text
    assert [index.character(STARTS + i + 1) for i in range(len(ends))] == ends
    assert all(index.character(index.folded_position(end)) == end for end in ends)


@given(st.text("ab漢字，", min_size=8, max_size=60), st.integers(0, 60))
def test_a_spot_is_where_the_tail_stands_and_never_outside(text: str, at: int) -> None:
    """Where all of the tail is in the draft once, that is the likeliest spot; none is beyond the end."""
    index = DraftIndex("0123456789" + text + "9876543210")
    tail = index.text[STARTS + 10 :][:at][-TAIL:]
    spots = index.spots(Query(tail, 0), 0)
    assert all(0 <= spot <= len(index.text) for spot in spots)
    unique = fold("0123456789" + text).text[:16]
    assert index.spots(Query(unique, 0), 0)[:1] == [index.text.index(unique) + len(unique)]


@given(st.text(max_size=80))
def test_folding_keeps_track_of_every_character(text: str) -> None:
    """Ends never go back; what ends there is not white space."""
    folded = fold(text)
    assert len(folded.ends) == len(folded.text)
    assert folded.ends == sorted(folded.ends)
    assert all(not text[end - 1].isspace() for end in folded.ends)


@given(st.text(max_size=80) | st.text("ab \n-", max_size=80))
def test_folding_is_the_same_without_places(text: str) -> None:
    """The text alone is the text of the folding that knows where everything came from."""
    assert folded(text) == fold(text).text


@given(st.text(max_size=80))
def test_folding_does_not_depend_on_composition(text: str) -> None:
    """Precomposed and decomposed Latin letters fold alike."""
    latin = "".join(char for char in text if ord(char) < 0x250)
    composed, decomposed = (unicodedata.normalize(form, latin) for form in ("NFC", "NFD"))
    assert fold(composed).text == fold(decomposed).text


def test_folding_makes_two_readers_spellings_equal() -> None:
    """Ligatures, quotes, dashes, full width, white space, invisible characters."""
    assert fold("ﬁne “quo\u00adtes” — it’s\n\n ＡＢ１").text == 'fine"quotes"-it\'sAB1'
    assert fold("a ﬁb").ends == [1, 3, 3, 4]


def find(draft: str, output: str, parted: str, exact: int = 0) -> str | None:
    """What follows in ``draft`` the place of ``output``, which parted from it after ``parted``."""
    index = DraftIndex(draft)
    tail = fold(output).text[-TAIL:]
    written = len(fold(output).text) - len(fold(parted).text)
    places = locate(index, Query(tail, written, exact), index.folded_position(len(parted)))
    return draft[places[0].at :] if places else None


@given(st.text("abcdef", min_size=20, max_size=60), st.data())
def test_what_the_draft_goes_on_with_is_found_behind_it(text: str, data: st.DataObject) -> None:
    """Whatever was written since, a place is found, and the one behind it where that is the draft's own."""
    at = data.draw(st.integers(12, len(text) - 4))
    new = data.draw(st.text("abcdef", min_size=1, max_size=4))
    index = DraftIndex(text)
    query = Query((START * STARTS + text[:at] + new)[-TAIL:], len(new))
    [best] = locate(index, query, index.folded_position(at))
    assert best.score <= TAIL + 4
    if new == text[at : at + len(new)]:
        assert best.at == at + len(new)


def test_of_equal_places_the_nearest_wins_and_of_equal_edits_substitution() -> None:
    """In text that repeats itself, and inside a word."""
    draft = "one two three. " * 20
    for nth in (2, 9, 17):
        parted = draft[: 15 * nth + 6]
        assert find(draft, parted + "n", parted) == draft[15 * nth + 7 :]
    assert find("see the qnick brown fox", "see the qu", "see the q") == "ick brown fox"


def test_a_line_left_out_is_one_jump() -> None:
    """What matched before the jump counts, so that a few characters after it are enough."""
    draft = "It all ended here.\nPage 7 of the report, draft of May.\nAnother one began."
    assert find(draft, "It all ended here.\nAno", "It all ended here.") == "ther one began."


def test_an_ending_that_must_agree_exactly_is_not_replaced_by_a_similar_one() -> None:
    """Without such a place there is none."""
    assert find("a similar ending", "a similar endink", "a similar endin", exact=2) is None
    assert find("a similar ending", "a similes ending", "a simil", exact=2) == ""


def test_white_space_makes_no_difference() -> None:
    """Lost and added spaces and line breaks are no edits."""
    assert find("hegot7pennies,5 nickels", "he got 7 pennies, 5", "he") == " nickels"


def test_a_tail_that_is_not_there_scores_too_little() -> None:
    """Chance similarity in a whole long draft stays below the bound."""
    chance = np.random.default_rng(3)
    words = ["".join(chance.choice(list("etaoinshrdlu"), size=chance.integers(2, 9))) for _ in range(900)]
    draft, other = " ".join(words[:700]), " ".join(words[700:])
    index = DraftIndex(draft)
    queries = [Query(other[i : i + 32], 100) for i in range(0, 900, 30)]
    found = [place for query in queries for place in locate(index, query, 300)]
    assert sum(place.score >= ENOUGH for place in found) <= 3


def test_several_places_come_best_first() -> None:
    """The best one is the one that is found alone; the others are different places that score less."""
    index = DraftIndex("one two three four, one two three five, one two three six")
    query = Query("onetwothree", 0)
    places = locate(index, query, 0, count=3)
    assert places[:1] == locate(index, query, 0)
    assert len({place.at for place in places}) == 3
    assert [place.score for place in places] == sorted((place.score for place in places), reverse=True)
