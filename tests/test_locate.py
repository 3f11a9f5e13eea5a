"""Approximate search for the output's tail, and the folding that it works on."""

from __future__ import annotations

import unicodedata

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.following.draft_index import START, STARTS, DraftIndex, Query
from docspec.drafters.following.locate import ENOUGH, TAIL, distances, locate
from docspec.drafters.following.normalise import fold

letters = st.text("abc ", max_size=40)


def plain_distances(text: str, tail: str) -> list[int]:
    """The textbook dynamic programme: row by row over the tail, free start in the text."""
    row = [0] * (len(text) + 1)
    for written, char in enumerate(tail, start=1):
        above, row = row, [written]
        for i, other in enumerate(text):
            row.append(min(above[i] + (char != other), above[i + 1] + 1, row[i] + 1))
    return row


@given(
    st.integers(0, 40).flatmap(
        lambda n: st.lists(st.text("abc ", min_size=n, max_size=n), min_size=1, max_size=3)
    ),
    letters,
    st.data(),
)
def test_bit_parallel_distances_are_those_of_the_plain_programme(
    texts: list[str], tail: str, data: st.DataObject
) -> None:
    """For every ending of the tail, text and end position, however they lie side by side."""
    lengths = data.draw(st.lists(st.integers(0, len(tail)), min_size=1, max_size=4))
    size = len(texts[0])
    masks = {
        char: sum(
            1 << (t * (size + 1) + i + 1)
            for t, text in enumerate(texts)
            for i, other in enumerate(text)
            if other == char
        )
        for char in tail
    }
    plain = [[plain_distances(text, tail[len(tail) - length :]) for text in texts] for length in lengths]
    assert distances(masks, tail, lengths, size, len(texts)).tolist() == plain


@given(st.text(max_size=80))
def test_an_index_finds_each_of_its_characters(text: str) -> None:
    """Masks say where a folded character stands; the start has its sentinels."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    index = DraftIndex(text)
    assert index.text == START * STARTS + fold(text).text
    for char in set(index.text):
        assert index.mask(char) == sum(1 << i for i, other in enumerate(index.text) if other == char)
    assert index.mask("\U0001f9ff") == 0 or "\U0001f9ff" in text


@given(st.text(max_size=80))
def test_folding_keeps_track_of_every_character(text: str) -> None:
    """Ends never go back; what ends there is not white space."""
    folded = fold(text)
    assert len(folded.ends) == len(folded.text)
    assert folded.ends == sorted(folded.ends)
    assert all(not text[end - 1].isspace() for end in folded.ends)


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
    assert best.score <= TAIL + 3
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
