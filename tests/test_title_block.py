"""Titles as large as sections, names below them, chapters' numbers, speakers, and curricula vitae."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pymupdf
import pytest

from docspec import parse
from docspec.layout.chapter_heads import join_chapters
from docspec.layout.heading_sizes import headings_apart
from docspec.layout.order import reading_order
from docspec.types import Category, Line, Region, Span

PROSE = (
    "The miller of the upper valley grinds only barley, because the lower wheel was broken by the ice in "
    "March. He pays the carpenter in flour, and both of them call it a fair exchange. "
)
WIDTH, LEFT, RIGHT = 480, 50, 430

Piece = tuple[str, float, str, str]  # text, font size, font, "left" or "centre"


def read(path: Path, pieces: Sequence[Piece]) -> list[str]:
    """The headings of a page with ``pieces`` below each other."""
    document = pymupdf.open()
    page = document.new_page(width=WIDTH, height=640)
    top = 50.0
    for text, size, font, align in pieces:
        room = pymupdf.Rect(LEFT, top, RIGHT, top + 300)
        left = page.insert_textbox(
            room, text, fontsize=size, fontname=font, align=1 if align == "centre" else 0
        )
        top += 300 - left + 14
    document.save(path)
    written = parse(path, verifier="draft-only").markdown
    return [line for line in written.splitlines() if line.startswith("#")]


def heading(
    text: str, box: tuple[float, float, float, float], size: float = 0.0, bold: bool = True
) -> Region:
    """A section header of one line; its size is the box's height where none is given."""
    span = Span(text, box, size or box[3] - box[1], "F", bold=bold)
    return Region(0, 0, box, Category.SECTION_HEADER, lines=(Line((span,), box, "text-layer"),))


def texts(regions: list[Region]) -> list[str]:
    """Each region's text."""
    return [" ".join(line.text for line in region.lines) for region in regions]


def test_a_centred_title_as_large_as_sections(tmp_path: Path) -> None:
    """It alone is centred; the author below it, in a smaller print, is no heading."""
    pieces = [
        ("Barley of the Upper Valley", 14, "tibo", "centre"),
        ("Ada Lindqvist", 11, "tiro", "centre"),
        ("1 Introduction", 14, "tibo", "left"),
        (PROSE * 2, 10, "tiro", "left"),
        ("2 Flour", 14, "tibo", "left"),
        (PROSE * 2, 10, "tiro", "left"),
    ]
    assert read(tmp_path / "a.pdf", pieces) == [
        "# Barley of the Upper Valley",
        "## 1 Introduction",
        "## 2 Flour",
    ]


def test_sections_that_are_all_centred_are_no_titles(tmp_path: Path) -> None:
    """Where every heading is centred, the first one is one of them."""
    pieces = [
        piece
        for name in ("Barley", "Flour", "Bread")
        for piece in ((name, 14, "tibo", "centre"), (PROSE * 2, 10, "tiro", "left"))
    ]
    assert read(tmp_path / "a.pdf", pieces) == ["## Barley", "## Flour", "## Bread"]


def test_speakers_are_no_headings(tmp_path: Path) -> None:
    """Names that take turns are bold text; what sections have in common below theirs stays a heading."""
    said = (PROSE, 10, "helv", "left")
    turns = [piece for name in ("Ada", "Ben") * 2 for piece in ((name, 11, "hebo", "left"), said)]
    assert read(tmp_path / "a.pdf", turns) == []
    sections = [
        piece
        for name, size in (("Barley", 16), ("Uses", 11), ("Oats", 16), ("Uses", 11))
        for piece in ((name, size, "hebo", "left"), said)
    ]
    assert [line.lstrip("# ") for line in read(tmp_path / "b.pdf", sections)] == [
        "Barley",
        "Uses",
        "Oats",
        "Uses",
    ]


def test_a_chapter_is_one_heading() -> None:
    """Its number, with or without a word before it, is joined with the name below it, and with no other."""
    name = heading("The Mill", (50, 130, 170, 154))
    assert texts(join_chapters([heading("Chapter 1", (50, 80, 150, 100)), name])) == ["Chapter 1 The Mill"]
    assert texts(join_chapters([heading("7", (50, 60, 80, 108)), name])) == ["7 The Mill"]
    apart = [heading("Chapter 1", (50, 10, 150, 30)), name]
    assert join_chapters(apart) == apart
    page = [heading("12", (50, 110, 60, 120)), name]  # smaller than the name: no chapter's number
    assert join_chapters(page) == page


def test_a_title_and_what_is_below_it_are_apart() -> None:
    """Rows of one region whose sizes are far apart are two; the mark of a note stays."""
    title, below = heading("The Mill", (50, 50, 200, 76)), heading("A report", (50, 80, 120, 94), bold=False)
    both = Region(0, 0, (50, 50, 200, 94), Category.TITLE, lines=(*title.lines, *below.lines))
    parts = headings_apart([both])
    assert texts(parts) == ["The Mill", "A report"]
    assert [part.category for part in parts] == [Category.TITLE, Category.TEXT]
    mark = heading("a", (201, 44, 205, 49))
    noted = Region(0, 0, (50, 44, 205, 76), Category.TITLE, lines=(*mark.lines, *title.lines))
    assert headings_apart([noted]) == [noted]


@pytest.mark.parametrize("last", [3, 1])
def test_authors_are_read_row_by_row(last: int) -> None:
    """Short texts in a grid of three columns, whose last row may be short."""
    boxes = [
        (100.0 * i, 50.0 * row, 100.0 * i + 80, 50.0 * row + 30)
        for row in range(2)
        for i in range(3 if not row else last)
    ]
    assert reading_order(boxes, [Category.TEXT] * len(boxes)) == list(range(len(boxes)))


def test_a_section_below_authors_is_read_after_all_of_them() -> None:
    """A heading at the left edge of its text does not belong to the columns above it."""
    boxes = [
        (90.0, 100.0, 170.0, 130.0),
        (340.0, 100.0, 405.0, 130.0),
        (60.0, 170.0, 147.0, 190.0),
        (60.0, 195.0, 436.0, 280.0),
    ]
    kinds = [Category.TEXT, Category.TEXT, Category.SECTION_HEADER, Category.TEXT]
    assert reading_order(boxes, kinds) == [0, 1, 2, 3]


def test_a_curriculum_vitae(tmp_path: Path) -> None:
    """Dates at the right edge stay with what they date; titles of posts are no part of items above."""
    document = pymupdf.open()
    page = document.new_page(width=612, height=792)
    page.insert_text((60, 60), "Ada Lindqvist", fontsize=18, fontname="hebo")
    page.insert_text((60, 76), "Harbour Road 3, Northern Isle, ada@isle.example", fontsize=9)
    top = 105.0
    posts: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {
        "WORK": [("Isle Council", "2019 - now", ("Lit the lamp", "Kept the gate closed")),
                 ("Goats of the Isle", "2015 - 2019", ("Fed forty goats", "Mended nets"))],
        "SCHOOL": [("School of the Isle", "2010 - 2015", ("First of eleven pupils",))],
    }  # fmt: skip
    for name, entries in posts.items():
        page.insert_text((60, top), name, fontsize=11, fontname="hebo")
        top += 16
        for post, years, items in entries:
            page.insert_text((60, top), post, fontsize=10, fontname="hebo")
            page.insert_text((550 - pymupdf.get_text_length(years, fontsize=10), top), years, fontsize=10)
            top += 14
            for item in items:
                page.insert_text((72, top), "\u2022", fontsize=10)
                page.insert_text((84, top), item, fontsize=10)
                top += 13
            top += 6
    document.save(tmp_path / "a.pdf")
    written = parse(tmp_path / "a.pdf", verifier="draft-only").markdown
    assert "<table" not in written
    assert [line for line in written.splitlines() if line.startswith("## ")] == ["## WORK", "## SCHOOL"]
    for entries in posts.values():
        for post, years, items in entries:
            assert f"**{post}** {years}\n" in written
            assert all(f"\n- {item}\n" in f"{written}\n" for item in items)
