"""Headings that a PDF's outline names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec.layout.bookmarked import same_title, with_bookmarks
from docspec.types import Bookmark, Category, Line, Region, Span


def region(*texts: str, top: float = 0.0, left: float = 50.0, category: Category = Category.TEXT) -> Region:
    """Rows of text below each other."""
    lines = tuple(
        Line((Span(text, box, 10.0),), box, "text-layer")
        for i, text in enumerate(texts)
        for box in [(left, top + 12 * i, left + 5 * len(text), top + 12 * i + 10)]
    )
    box = (left, top, max(line.box[2] for line in lines), lines[-1].box[3])
    return Region(0, 0, box, category, lines=lines)


def kinds(regions: list[Region], *titles: str) -> list[tuple[str, str]]:
    """Category and text of each region, with these entries in the outline."""
    found = with_bookmarks(regions, [Bookmark(1, title, 0) for title in titles])
    return [(one.category.value, " ".join(line.text for line in one.lines)) for one in found]


def test_text_and_captions_that_the_outline_names_are_headings() -> None:
    """A heading that is known already goes first, a title stays one, and tables are left alone."""
    regions = [
        region("III. DESIGN", category=Category.CAPTION),
        region("Kernel", top=40),
        region("Kernel", top=60, category=Category.SECTION_HEADER),
        region("Bees", top=80, category=Category.TITLE),
        region("Hives", top=100, category=Category.TABLE),
    ]
    assert [kind for kind, _ in kinds(regions, "Design", "Kernel", "Bees", "Hives")] == [
        "section-header", "text", "section-header", "title", "table",
    ]  # fmt: skip


def test_a_heading_in_one_piece_with_its_text_is_cut_off() -> None:
    """Also where it has two rows."""
    regions = [region("2.3 Spectra at high", "temperature", "They were measured", "in an oven.")]
    assert kinds(regions, "Spectra at high temperature") == [
        ("section-header", "2.3 Spectra at high temperature"), ("text", "They were measured in an oven."),
    ]  # fmt: skip


def test_a_heading_in_two_pieces_is_joined() -> None:
    """The two stand just below each other or side by side; pieces that are far apart stay so."""
    first, second = region("2.3 Spectra at high"), region("temperature", top=14)
    joined = [("section-header", "2.3 Spectra at high temperature")]
    assert kinds([first, second], "2.3 Spectra at high temperature") == joined
    beside = [region("Spectra of"), region("hot dust", left=110)]
    assert kinds(beside, "Spectra of hot dust") == [("section-header", "Spectra of hot dust")]
    apart = [first, region("temperature", top=300)]
    assert [kind for kind, _ in kinds(apart, "2.3 Spectra at high temperature")] == ["text", "text"]


@pytest.mark.parametrize(
    ("text", "title", "same"),
    [
        ("II. MATERIALS", "II Materials", True),
        ("A. Sensors", "II-A Sensors", True),
        ("A. Sensors", "Sensors", True),
        ("Sensors", "II-A Sensors", True),
        ("Sugar and its price", "Sugar and its prices", True),
        ("Sugar", "Brown sugar", False),
        ("", "", False),
    ],
)
def test_titles_are_the_same_but_for_numbers_and_signs(text: str, title: str, same: bool) -> None:
    """Capitals, signs and small differences aside; a number may be in one of them alone."""
    assert same_title(text, title) is same


words = st.lists(st.sampled_from(["Wood", "Oak", "1", "Elm is", "light."]), min_size=1, max_size=4)


@given(st.lists(words, max_size=5), st.lists(words, max_size=4))
def test_bookmarks_lose_no_line(texts: list[list[str]], titles: list[list[str]]) -> None:
    """Each line stays, in one region alone."""
    regions = [region(*rows, top=60 * i) for i, rows in enumerate(texts)]
    done = with_bookmarks(regions, [Bookmark(1, " ".join(title), 0) for title in titles])
    assert sorted(line.box for one in done for line in one.lines) == sorted(
        line.box for one in regions for line in one.lines
    )
