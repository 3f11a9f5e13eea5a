"""Labels in the margin, each before the paragraph at its right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pymupdf
from hypothesis import given
from hypothesis import strategies as st

from docspec import parse
from docspec.layout.side_labels import parted_by_labels
from docspec.types import Category, Line, Region, Span, union


def region(left: float, *tops: float, category: Category = Category.TEXT) -> Region:
    """A region with a line of ten points at each of ``tops``."""
    boxes = [(left, top, left + 40, top + 10) for top in tops]
    lines = tuple(Line((Span("words", box),), box, "text-layer") for box in boxes)
    return Region(0, 0, union(boxes), category, lines=lines)


TEXT = region(170, 100, 114, 128, 160, 174)


def sizes(*labels: Region, text: Region = TEXT) -> list[int]:
    """How many lines each piece of ``text`` has, beside ``labels``."""
    return [len(one.lines) for one in parted_by_labels([*labels, text])[len(labels) :]]


def test_text_is_cut_at_its_labels() -> None:
    """Above each line that follows a blank and has a label, if the first line has one."""
    assert sizes(region(60, 100), region(60, 160)) == [3, 2]
    assert sizes(region(60, 100.5), region(60, 160, category=Category.SECTION_HEADER)) == [3, 2]
    assert sizes(region(60, 100), region(60, 114)) == [5]
    assert sizes(region(60, 128), region(60, 160)) == [5]
    assert sizes(region(60, 100)) == [5]
    assert sizes(region(300, 100), region(300, 160)) == [5]
    assert sizes(region(60, 100), region(60, 160), text=region(170, 100, 114, 128, 142, 156)) == [5]


@given(
    st.lists(st.integers(0, 12), unique=True, max_size=6),
    st.lists(st.integers(0, 12), min_size=1, unique=True),
)
def test_no_line_is_lost(labels: Sequence[int], tops: Sequence[int]) -> None:
    """Whatever is cut, the lines are the same, in their order."""
    text = region(170, *(15.0 * top for top in sorted(tops)))
    made = parted_by_labels([*(region(60, 15.0 * label) for label in labels), text])[len(labels) :]
    assert [line for one in made for line in one.lines] == list(text.lines)


def test_labels_are_read_before_their_paragraphs(tmp_path: Path) -> None:
    """Though the detector sees one paragraph in all of the text at their right."""
    document = pymupdf.open()
    page = document.new_page(width=595, height=842)
    words = "of the harbour that the keeper counts before breakfast every day"
    for number, label in enumerate(("The lamp", "The nets", "The tower")):
        page.insert_text((60, 80 + 68 * number), label, fontsize=11, fontname="hebo")
        for row in range(4):
            page.insert_text((170, 80 + 68 * number + 14 * row), f"{number}{row} {words}", fontsize=11)
    document.save(tmp_path / "a.pdf")
    text = parse(tmp_path / "a.pdf", verifier="draft-only").markdown
    places = [text.index(part) for part in ("The lamp", "00 ", "The nets", "10 ", "The tower", "20 ")]
    assert places == sorted(places)
