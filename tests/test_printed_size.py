"""The size of recognised headings, by the ink of their letters."""

from __future__ import annotations

import numpy as np
import pymupdf
import pytest

from docspec.drafters.reading.printed_size import printed_size, with_printed_sizes
from docspec.types import Category, Image, Line, Page, Region, Span

DPI = 150
HEADINGS = ("The market and the winter", "PARISH ACCOUNTS", "Results in 1843", "Going a-gypsying")


def strip(text: str, size: float, font: str = "helv") -> Image:
    """``text`` in a line of its own, [h, w, 3], with the margin that a detector leaves."""
    with pymupdf.open() as document:
        page = document.new_page(width=400, height=2 * size)
        page.insert_text((5, 1.3 * size), text, fontsize=size, fontname=font)
        pixels = page.get_pixmap(dpi=DPI)
        return np.frombuffer(pixels.samples, np.uint8).reshape(pixels.h, pixels.w, 3).copy()


@pytest.mark.parametrize("font", ["helv", "tiro", "hebo"])
@pytest.mark.parametrize("text", HEADINGS)
def test_print_is_measured(text: str, font: str) -> None:
    """Within a twelfth of what was set, whichever letters a heading has."""
    for size in (10.0, 12.5, 15.0, 20.0):
        assert printed_size(strip(text, size, font), text) * 72 / DPI == pytest.approx(size, rel=0.12)


@pytest.mark.parametrize("text", HEADINGS)
def test_larger_print_is_larger(text: str) -> None:
    """A fifth more shows."""
    small, large = (printed_size(strip(text, size), text) for size in (12.5, 15.0))
    assert large > 1.1 * small


@pytest.mark.parametrize("text", ["", "—", "a", "so"])
def test_too_little_says_nothing(text: str) -> None:
    """Without two tall letters there is no size."""
    assert printed_size(strip(text, 12), text) == 0.0


def test_headings_alone_are_measured() -> None:
    """Text keeps what it has, and so does a heading that no recogniser read."""
    pixels = strip(HEADINGS[0], 15)
    page = Page(0, 400, 30, float(DPI), pixels)
    line = Line((Span(HEADINGS[0], (2, 2, 390, 28)),), (2, 2, 390, 28), "rapidocr", strips=("seen",))
    kinds = (Category.SECTION_HEADER, Category.TEXT)
    heading, text = with_printed_sizes(
        page, [Region(0, n, line.box, kind, lines=(line,)) for n, kind in enumerate(kinds)]
    )
    assert heading.lines[0].spans[0].size == pytest.approx(15, rel=0.12)
    assert text.lines == (line,)
    bare = Region(0, 0, line.box, Category.TITLE, lines=(Line(line.spans, line.box, "rapidocr"),))
    assert with_printed_sizes(page, [bare]) == [bare]
