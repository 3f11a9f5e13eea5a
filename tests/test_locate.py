"""Approximate search for the output's tail, and the folding that it works on."""

from __future__ import annotations

import unicodedata

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.locate import ENOUGH, START, STARTS, DraftIndex, Query, distances, locate
from docspec.drafters.normalise import fold

letters = st.text("abc ", max_size=40)


def plain_distances(text: str, tail: str) -> list[int]:
    """The textbook dynamic programme: row by row over the tail, free start in the text."""
    row = [0] * (len(text) + 1)
    for written, char in enumerate(tail, start=1):
        above, row = row, [written]
        for i, other in enumerate(text):
            row.append(min(above[i] + (char != other), above[i + 1] + 1, row[i] + 1))
    return row


@given(letters, letters)
def test_bit_parallel_distances_are_those_of_the_plain_programme(text: str, tail: str) -> None:
    """For every end position."""
    masks = {char: sum(1 << i for i, other in enumerate(text) if other == char) for char in tail}
    assert distances(masks, tail, len(text)).tolist() == plain_distances(text, tail)


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
    """Positions never go back, and end with the text's length."""
    folded = fold(text)
    assert len(folded.starts) == len(folded.text) + 1
    assert folded.starts == sorted(folded.starts)
    assert folded.starts[-1] == len(text)


@given(st.text(max_size=80))
def test_folding_does_not_depend_on_composition(text: str) -> None:
    """Precomposed and decomposed Latin letters fold alike."""
    latin = "".join(char for char in text if ord(char) < 0x250)
    composed, decomposed = (unicodedata.normalize(form, latin) for form in ("NFC", "NFD"))
    assert fold(composed).text == fold(decomposed).text


def test_folding_makes_two_readers_spellings_equal() -> None:
    """Ligatures, quotes, dashes, full width, white space, invisible characters."""
    assert fold("ﬁne “quo\u00adtes” — it’s\n\n ＡＢ１").text == 'fine "quotes" - it\'s AB1'
    assert fold("aﬁb").starts == [0, 1, 1, 2, 3]


def test_a_tail_is_found_near_where_it_is_expected() -> None:
    """Of equal places the nearest wins, and of equal edits substitution."""
    index = DraftIndex("one two three. " * 20)
    for nth in (2, 9, 17):
        parted = STARTS + 15 * nth + 6
        found = locate(index, Query("one two three. one twn", 1), parted, whole=False)
        assert found is not None
        assert found.at == 15 * nth + 7
    found = locate(DraftIndex("the qnick brown fox"), Query("the qu", 1), STARTS + 5, whole=True)
    assert found is not None
    assert found.at == 6


def test_a_line_left_out_is_one_jump() -> None:
    """What matched before the jump counts, so that a few characters after it are enough."""
    index = DraftIndex("It ended here. Page 7 of the report, draft of May. Another one began.")
    found = locate(index, Query("It ended here. Anot", 4), STARTS + 15, whole=False)
    assert found is not None
    assert found.at == index.text.index("Another") - STARTS + 4


def test_an_ending_that_must_agree_exactly_is_not_replaced_by_a_similar_one() -> None:
    """Without such a place there is none."""
    index = DraftIndex("a similar ending")
    assert locate(index, Query("a similar endink", 3, exact=2), STARTS + 13, whole=True) is None
    assert locate(index, Query("a similes ending", 3, exact=2), STARTS + 13, whole=True) is not None


def test_a_tail_that_is_not_there_scores_too_little() -> None:
    """Chance similarity in a whole long draft stays below the bound."""
    chance = np.random.default_rng(3)
    words = ["".join(chance.choice(list("etaoinshrdlu"), size=chance.integers(2, 9))) for _ in range(900)]
    draft, other = " ".join(words[:700]), " ".join(words[700:])
    index = DraftIndex(draft)
    queries = [Query(other[i : i + 32], 100) for i in range(0, 900, 30)]
    found = [locate(index, query, 300, whole=True) for query in queries]
    assert sum(place is not None and place.score >= ENOUGH for place in found) <= 3
