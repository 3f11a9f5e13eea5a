"""Where cells stand in a region's text. Pure, and the estimate's fit."""

from __future__ import annotations

import random

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from docspec.drafters.reading.cells import CELL_SIZE, LineCells
from docspec.verifiers.mini.formulas import CLOSE, OPEN
from docspec.verifiers.mini.places import Missing, fit, region_places, true_advances


def read(text: str) -> LineCells:
    """Cells of a line that was read as ``text``; a space lost after a character shows in its features."""
    count = len(text) + 1
    lengths = np.array([0, *(len(character.encode()) for character in text)], dtype=np.int64)
    nothing = np.zeros((count, 2, 4), np.int16), np.zeros((count, 2), np.float32)
    return LineCells(np.zeros((count, CELL_SIZE), np.float32), *nothing, text, lengths)


def test_a_lost_space_is_counted_where_it_was() -> None:
    """The character before it takes one byte more; accents take two bytes."""
    advances = true_advances(read("onétwo"), "oné two")
    assert advances is not None
    assert advances.tolist() == [0, 1, 1, 3, 1, 1, 1]


def test_an_invented_character_takes_no_place() -> None:
    """What the text does not have moves nothing."""
    advances = true_advances(read("committtee"), "committee")
    assert advances is not None
    assert advances.sum() == 9


def test_an_illegible_line_says_nothing() -> None:
    """A reading that is mostly wrong has no places."""
    assert true_advances(read("lllllll"), "some words") is None


@given(st.text("ab é字", max_size=30), st.text("ab é字", max_size=30))
@settings(max_examples=200, deadline=None)
def test_advances_add_up_to_the_text(shown: str, text: str) -> None:
    """Whatever was read, the last cell ends where the text does."""
    advances = true_advances(read(shown), text)
    assert advances is None or (advances.sum() == len(text.encode()) and (advances >= 0).all())


def test_lines_are_joined_as_a_reader_would() -> None:
    """The next line goes on after a space; where the last line had a hyphen, in its place."""
    lines = [read("ab"), read("c-"), read("d")]
    places = region_places(lines, [line.lengths for line in lines])
    assert [p.tolist() for p in places] == [[0, 0, 1], [3, 3, 4], [4, 4]]


def test_chinese_lines_are_joined_without_a_space() -> None:
    """After a Chinese character the next line goes on at once."""
    lines = [read("字字"), read("字")]
    places = region_places(lines, [line.lengths for line in lines])
    assert [p.tolist() for p in places] == [[0, 0, 3], [6, 6]]


def test_the_estimate_learns_what_features_show() -> None:
    """Where a feature marks a lost space, the fitted estimate counts it, alone and among other lines."""
    rng = random.Random(0)
    lines = []
    for _ in range(600):
        words = ["".join(rng.choices("abc", k=rng.randint(1, 4))) for _ in range(rng.randint(1, 5))]
        line = read("".join(words))
        ends = np.cumsum([len(word) for word in words])[:-1]
        line.features[ends, 7] = 1.0
        lines.append((line, " ".join(words)))
    torch.manual_seed(0)
    estimate = Missing()
    fit(estimate, lines[:500], 12, rng)
    wanted = [(line, true_advances(line, text)) for line, text in lines[500:]]
    right = [true is not None and np.array_equal(estimate.advances(line)[0], true) for line, true in wanted]
    assert sum(right) > 90


def test_formulas_take_more_room_where_they_are_marked() -> None:
    """The two estimates are of the text without and with marks around formulas."""
    rng = random.Random(0)
    lines = []
    for _ in range(400):
        shown = "".join(rng.choices("abcx", k=rng.randint(2, 9)))
        line = read(shown)
        line.features[1:, 5] = [character == "x" for character in shown]
        lines.append((line, shown.replace("x", f"{OPEN}x{CLOSE}")))
    torch.manual_seed(0)
    estimate = Missing()
    fit(estimate, lines, 12, rng)
    plainly, marked = estimate.advances(lines[0][0])
    assert plainly.sum() == len(lines[0][0].text)
    assert marked.sum() == len(lines[0][1])
