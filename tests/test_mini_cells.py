"""Cells: the recogniser's frames gathered by character. Pure."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from docspec.drafters.reading.cells import CELL_SIZE, FEATURE_SIZE, CellMaker, LineCells

CHARACTERS = ["", "a", "b", "é", "字", " "]


def cells(classes: list[int]) -> LineCells:
    """Cells of frames that show the given classes."""
    features = np.zeros((len(classes), FEATURE_SIZE), dtype=np.float32)
    features[np.arange(len(classes)), classes] = 1.0
    return CellMaker(CHARACTERS)(features, np.eye(len(CHARACTERS), dtype=np.float32)[classes])


def test_a_cell_for_each_character_and_one_for_the_line() -> None:
    """Runs are characters, repeats after a blank are characters again."""
    made = cells([0, 1, 1, 0, 1, 2, 0, 0])
    assert made.text == "aab"
    assert len(made) == 4
    assert made.lengths.tolist() == [0, 1, 1, 1]


def test_lengths_count_bytes() -> None:
    """A character has its bytes in UTF-8."""
    made = cells([3, 0, 4, 0, 1])
    assert made.text == "é字a"
    assert made.lengths.tolist() == [0, 2, 3, 1]
    assert made.choices[2, 0].tolist() == [*"字".encode(), 256]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_frames_make_cells(classes: list[int]) -> None:
    """Whatever the frames show, cells are finite, and each character of the text has one."""
    made = cells(classes)
    runs = sum(c != 0 and (i == 0 or classes[i - 1] != c) for i, c in enumerate(classes))
    assert made.features.shape == (runs + 1, CELL_SIZE)
    assert np.isfinite(made.features).all()
    assert len(made.text) == runs
    assert made.lengths.sum() == len(made.text.encode())
