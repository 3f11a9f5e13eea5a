"""Fractions of numbers in scans, found by their bars."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from docspec.drafters.reading.fractions import with_fractions
from docspec.types import Box, Category, Line, Page, Region, Span


def page(*bars: Box, dark: bool = False) -> Page:
    """A page of 200 x 200 points, a pixel each, with bars of ink and a stroke where each number would be."""
    picture = Image.new("RGB", (200, 200), "white")
    draw = ImageDraw.Draw(picture)
    for bar in bars:
        draw.rectangle(bar, fill="black")
    pixels = np.asarray(picture)
    return Page(0, 200, 200, 72.0, 255 - pixels if dark else pixels)


def line(text: str, box: Box) -> Line:
    """A line of one piece."""
    return Line((Span(text, box),), box, "rapidocr")


def found(sheet: Page, lines: list[Line], category: Category = Category.TEXT) -> list[str]:
    """The lines' texts after fractions were looked for."""
    region = Region(0, 0, (0.0, 0.0, 200.0, 200.0), category, lines=tuple(lines))
    return [one.text for one in with_fractions(sheet, region, ("$", "$")).lines]


ABOVE, BELOW = (50.0, 40.0, 70.0, 64.0), (48.0, 70.0, 72.0, 94.0)
BAR = (50, 66, 70, 68)


@pytest.mark.parametrize("dark", [False, True])
def test_two_numbers_with_a_bar_are_a_fraction(dark: bool) -> None:
    """They become one piece, beside what stands at the height of the bar."""
    lines = [line("5", ABOVE), line("F", (20.0, 54.0, 36.0, 78.0)), line("22", BELOW)]
    assert found(page(BAR, dark=dark), lines) == ["F $\\frac{5}{22}$"]


@pytest.mark.parametrize("bars", [(), ((50, 66, 58, 68),), ((50, 50, 70, 90),)])
def test_numbers_without_a_bar_stay(bars: tuple[Box, ...]) -> None:
    """A column of numbers, a dash that is too short, a block of ink: no fraction."""
    lines = [line("5", ABOVE), line("22", BELOW)]
    assert found(page(*bars), lines) == ["5", "22"]


@given(
    st.lists(st.tuples(*[st.integers(0, 60)] * 4, st.sampled_from(["1", "22", "3-7", "x", " 4"])), max_size=8)
)
@settings(max_examples=100, deadline=None)
def test_no_text_is_lost(pieces: list[tuple[int, int, int, int, str]]) -> None:
    """Wherever numbers stand, empty boxes included, every digit is written once."""
    lines = [line(text, (float(x), float(y), float(x + w), float(y + h))) for x, y, w, h, text in pieces]
    written = "".join(found(page((20, 20, 60, 22), (10, 50, 40, 53)), lines))
    for digit in "124x":
        assert written.count(digit) == "".join(text for *_, text in pieces).count(digit)


def test_an_underlined_word_is_no_fraction() -> None:
    """Only numbers are looked at."""
    lines = [line("Total", ABOVE), line("22", BELOW)]
    assert found(page(BAR), lines) == ["Total", "22"]


def test_a_rule_in_a_table_makes_no_fraction() -> None:
    """It stands above a total."""
    assert found(page(BAR), [line("5", ABOVE), line("22", BELOW)], Category.TABLE) == ["5", "22"]


@pytest.mark.parametrize("text", ["37", "3-7", "317"])
def test_a_fraction_that_was_read_as_one_piece(text: str) -> None:
    """Two digits in a tall piece with a bar; what the bar was read as is left out."""
    assert found(page(BAR), [line(text, (50.0, 40.0, 70.0, 94.0))]) == ["$\\frac{3}{7}$"]


def test_rows_of_choices_read_from_the_left() -> None:
    """Labels and fractions of a row come in order, though their tops differ; rows from the top."""
    choices, bars = [], []
    for x, y, name in ((20, 20, "A"), (120, 18, "C"), (20, 110, "B"), (120, 108, "D")):
        choices += [
            line("1", (x + 20.0, y, x + 40.0, y + 24.0)),
            line(name, (x, y + 14.0, x + 12.0, y + 38.0)),
        ]
        choices.append(line("4", (x + 20.0, y + 28.0, x + 40.0, y + 52.0)))
        bars.append((x + 21, y + 25, x + 39, y + 27))
    assert found(page(*bars), sorted(choices, key=lambda one: one.box[1])) == [
        f"{name} $\\frac{{1}}{{4}}$" for name in "ACBD"
    ]
