"""Letters and numbers that stand alone, which the detector overlooks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.reading.ocr import read_image
from docspec.drafters.reading.ocr_engine import OcrEngine
from docspec.drafters.reading.overlooked import overlooked

WORD = (20.0, 20.0, 150.0, 60.0)  # where the pages' first word stands


def sheet(*texts: tuple[str, int, int]) -> np.ndarray:
    """White paper with a word at the left, and texts whose baselines start at x, y."""
    image = np.full((300, 600, 3), 255, np.uint8)
    for text, x, y in (("Answer", 25, 50), *texts):
        cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (0, 0, 0), 2)
    return image


def test_a_sign_in_the_row_of_a_word_is_seen() -> None:
    """A letter and a number of two digits, each once; what is found already is not seen again."""
    letter, number = overlooked(sheet(("C", 220, 50), ("17", 300, 50)), [WORD])
    assert 215 < letter[0] < letter[2] < 250
    assert 295 < number[0] < number[2] < 345
    assert 20 < min(letter[1], number[1]) < max(letter[3], number[3]) < 60


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [("C", 220, 200)],  # in no text's row
        [("Choice of words", 220, 50)],  # no single letter: the detector finds words
        [("C", 220, 50), ("_", 220, 60), ("_", 220, 24)],  # a button
    ],
)
def test_other_ink_is_not(texts: list[tuple[str, int, int]]) -> None:
    """What stands in no row, is longer than a number, or has other ink close by."""
    assert overlooked(sheet(*texts), [WORD]) == []


def test_rules_and_pictures_are_not() -> None:
    """A line is too flat, a filled box and noise are too big."""
    image = sheet()
    cv2.line(image, (200, 40), (240, 40), (0, 0, 0), 2)
    cv2.rectangle(image, (300, 10), (420, 90), (0, 0, 0), -1)
    image[20:160, 450:580] = np.random.default_rng(0).integers(0, 256, (140, 130, 1), np.uint8)
    assert overlooked(image, [WORD]) == []


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 40), st.integers(0, 30), st.integers(0, 30)), max_size=4
    ),
    st.integers(0, 2**32 - 1),
)
def test_boxes_lie_on_the_page(found: list[tuple[int, int, int, int]], seed: int) -> None:
    """Whatever the page and the boxes, even empty ones; nothing is found without any text."""
    image = np.random.default_rng(seed).integers(0, 2, (40, 60, 1), np.uint8).repeat(3, 2) * 255
    boxes = [(float(x), float(y), float(x + w), float(y + h)) for x, y, w, h in found]
    for x0, y0, x1, y1 in overlooked(image, boxes):
        assert 0 <= x0 < x1 <= 60
        assert 0 <= y0 < y1 <= 40
    assert overlooked(image, []) == []


class Overlooking(OcrEngine):
    """Finds the pages' word only."""

    def detect(self, image: np.ndarray) -> list[np.ndarray]:
        """Its corners."""
        x0, y0, x1, y1 = WORD
        return [np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)]


def test_what_was_overlooked_is_read() -> None:
    """Letters and numbers; a sign that is neither is left alone."""
    lines = read_image(Overlooking(threads=1), sheet(("B", 200, 50), ("17", 280, 50), ("=", 380, 50)))
    assert [line.text for line in lines] == ["Answer", "B", "17"]
