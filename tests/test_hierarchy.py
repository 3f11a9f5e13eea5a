"""One hierarchy of headings over a whole document."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec import Category, Document, parse
from docspec.assemble import to_markdown
from docspec.hierarchy import with_hierarchy
from docspec.result_json import to_json
from docspec.types import Bookmark, Finish, Line, PageResult, Region, RegionResult, Span, Verdict

BODY = (
    "The miller of the upper valley grinds only barley, because the lower wheel was broken by the ice in "
    "March. He pays the carpenter in flour, and both of them call it a fair exchange. On market days the "
    "queue reaches the bridge, and the children sell warm bread to those who wait. "
)

Piece = tuple[str, float, str]  # text, font size, font; body text has size 10


def typeset(
    path: Path, pages: Sequence[Sequence[Piece]], outline: Sequence[tuple[int, str, int]] = ()
) -> Path:
    """A PDF with ``pages`` of pieces below each other."""
    document = pymupdf.open()
    for pieces in pages:
        page = document.new_page(width=480, height=640)
        top = 60.0
        for text, size, font in pieces:
            room = pymupdf.Rect(50, top, 430, top + 300)
            left = page.insert_textbox(room, text, fontsize=size, fontname=font)
            top += 300 - left + 12
    if outline:
        document.set_toc([list(entry) for entry in outline])
    document.save(path)
    return path


def body(times: int = 1) -> Piece:
    """A paragraph."""
    return BODY * times, 10, "helv"


def read(path: Path) -> Document:
    """The document, by its text layer alone."""
    return parse(path, verifier="draft-only")


def heads(document: Document) -> list[str]:
    """The headings of its markdown."""
    return [line for line in document.markdown.splitlines() if line.startswith("#")]


def test_the_outline_says_the_levels_and_what_is_a_heading(tmp_path: Path) -> None:
    """Also of headings that look like text, stand in one piece with it, or are all of one size."""
    pages = [
        [("Bees in Winter", 11, "hebo"), body(2), ("Before the frost", 10, "hebo"), body(2)],
        [
            ("Feeding", 10, "hebo"),
            body(),
            ("Sugar and its price", 10, "helv"),
            body(),
            ("After", 10, "hebo"),
            body(),
        ],
    ]
    outline = [
        (1, "Bees in Winter", 1), (2, "Before the frost", 1), (3, "Feeding", 2),
        (4, "Sugar and its price", 2), (2, "After", 2),
    ]  # fmt: skip
    document = read(typeset(tmp_path / "a.pdf", pages, outline))
    expected = [
        "# Bees in Winter",
        "## Before the frost",
        "### Feeding",
        "#### Sugar and its price",
        "## After",
    ]
    assert heads(document) == expected
    assert document.markdown.count("Sugar and its price") == 1
    levels = [
        region["level"]
        for page in to_json(document)["pages"]
        for region in page["regions"]
        if region["category"] in ("title", "section-header")
    ]
    assert levels == [1, 2, 3, 4, 2]


def test_an_outline_without_the_title_starts_one_below_it(tmp_path: Path) -> None:
    """Papers have their sections in the outline, but not their title; numbers may be in it alone."""
    pages = [
        [("On the Keeping of Bees", 20, "tibo"), body(2), ("Hives", 13, "tibo"), body(2)],
        [("Straw", 11, "tibo"), body(2), ("Swarms", 13, "tibo"), body(2), ("References", 13, "tibo"), body()],
    ]
    outline = [(1, "1 Hives", 1), (2, "1.1 Straw", 2), (1, "2 Swarms", 2)]
    document = read(typeset(tmp_path / "a.pdf", pages, outline))
    assert heads(document) == [
        "# On the Keeping of Bees", "## Hives", "### Straw", "## Swarms", "## References",
    ]  # fmt: skip


def test_numbers_say_the_levels_over_pages(tmp_path: Path) -> None:
    """Letters that stand below Roman numbers, on pages where no Roman number is."""
    pages = [
        [("A Wrist-worn Meter of Steps", 20, "tibo"), body(2), ("I. INTRODUCTION", 11, "tiro"), body(2)],
        [
            ("II. MATERIALS", 11, "tiro"),
            body(),
            ("A. Sensors", 10, "tiit"),
            body(),
            ("B. Data", 10, "tiit"),
            body(),
        ],
        [
            ("C. Methods", 10, "tiit"),
            body(),
            ("III. RESULTS", 11, "tiro"),
            body(),
            ("REFERENCES", 11, "tiro"),
            body(),
        ],
    ]
    found = heads(read(typeset(tmp_path / "a.pdf", pages)))
    assert found == [
        "# A Wrist-worn Meter of Steps", "## I. INTRODUCTION", "## II. MATERIALS", "### A. Sensors",
        "### B. Data", "### C. Methods", "## III. RESULTS", "## REFERENCES",
    ]  # fmt: skip


def test_sizes_rank_over_the_document_and_not_by_page(tmp_path: Path) -> None:
    """A page whose only heading is of the third level has it at the third level."""
    pages = [
        [
            ("Handbook", 24, "hebo"),
            body(),
            ("Buying", 16, "hebo"),
            body(),
            ("Fresh wood", 12, "hebo"),
            body(),
        ],
        [body(2), ("Dry wood", 12, "hebo"), body(2)],
        [("Selling", 16, "hebo"), body(2), ("Receipts", 12, "hebo"), body(2)],
    ]
    found = heads(read(typeset(tmp_path / "a.pdf", pages)))
    assert found == [
        "# Handbook",
        "## Buying",
        "### Fresh wood",
        "### Dry wood",
        "## Selling",
        "### Receipts",
    ]


def test_a_heading_that_runs_into_its_text_is_below_those_that_stand_alone(tmp_path: Path) -> None:
    """Both are printed alike; the one with its paragraph in its row is a part of the other."""
    document = pymupdf.open()
    page = document.new_page(width=480, height=640)
    page.insert_text((50, 70), "The mill and the bridge", fontsize=16, fontname="hebo")
    page.insert_textbox((50, 85, 430, 140), BODY, fontsize=10)
    page.insert_text((50, 170), "Opening of the sluices", fontname="hebo", fontsize=10)
    page.insert_textbox((50, 185, 430, 240), BODY, fontsize=10)
    page.insert_text((50, 260), "In spring", fontname="hebo", fontsize=10)
    page.insert_text(
        (50 + pymupdf.get_text_length("In spring", "hebo", 10) + 10, 260), BODY[:70], fontsize=10
    )
    page.insert_textbox((50, 262, 430, 320), BODY[71:], fontsize=10)
    document.save(tmp_path / "sluices.pdf")
    found = heads(read(tmp_path / "sluices.pdf"))
    assert found[-2:] == ["## Opening of the sluices", "### In spring"]


def test_the_title_is_there_once(tmp_path: Path) -> None:
    """Slides have a title each; the first is the document's, or none where they are alike."""
    slides: list[list[Piece]] = [
        [("The Bees", 30, "hebo"), ("A talk to the guild of the valley", 14, "helv")]
    ]
    slides += [
        [(name, 24, "hebo"), body(2)] for name in ("What they eat", "What they build", "What they fear")
    ]
    found = heads(read(typeset(tmp_path / "a.pdf", slides)))
    assert [line for line in found if line.startswith("# ")] == ["# The Bees"]
    assert found[-3:] == ["## What they eat", "## What they build", "## What they fear"]


def test_short_lines_printed_as_headings_are_some() -> None:
    """Where hardly anything else is printed so; a sentence, and what is printed as the text is, stay text."""
    page = PageResult(0, 480, 640, (
        made(0, "Buying at the yard", 13, bold=True, category=Category.SECTION_HEADER),
        made(1, BODY, 10),
        made(2, "Selling", 13, bold=True, markdown="**Selling**"),
        made(3, BODY, 10),
        made(4, "It stops.", 13, bold=True),
        made(5, "Short", 10),
        made(6, "12", 13, bold=True, category=Category.SECTION_HEADER),
    ))  # fmt: skip
    [done] = with_hierarchy([page])
    assert [result.category.value for result in done.regions] == [
        "section-header", "text", "section-header", "text", "text", "text", "text",
    ]  # fmt: skip
    assert "## Selling\n" in to_markdown([done])


def made(
    order: int,
    text: str,
    size: float,
    *,
    bold: bool = False,
    category: Category = Category.TEXT,
    markdown: str = "",
    page: int = 0,
    finish: Finish = Finish.UNVERIFIED,
) -> RegionResult:
    """A region of one line."""
    box = (50.0, 50.0 + 40 * order, 400.0, 50.0 + 40 * order + size)
    line = Line((Span(text, box, size, "Helvetica", bold=bold),), box, "text-layer")
    region = Region(page, order, box, category, lines=(line,))
    return RegionResult(region, None, Verdict(text, finish, markdown=markdown))


def test_marks_of_a_region_are_the_documents_and_those_of_a_page_the_models() -> None:
    """A model that reads one heading by itself cannot know its level; one that reads the page can."""
    regions = (
        made(0, "# Wood", 20, category=Category.TITLE, finish=Finish.END),
        made(1, BODY, 10, finish=Finish.END),
        made(2, "# 1.1 Oak", 12, category=Category.SECTION_HEADER, finish=Finish.END),
    )
    page = PageResult(0, 480, 640, regions)
    text = to_markdown(with_hierarchy([page]))
    assert text.startswith("# Wood\n")
    assert "\n### 1.1 Oak\n" in text
    whole = PageResult(0, 480, 640, regions, verdict=Verdict("# Wood\n\n# 1.1 Oak", Finish.END))
    assert with_hierarchy([whole]) == [whole]
    assert to_markdown(with_hierarchy([whole])) == "# Wood\n\n# 1.1 Oak\n"


@pytest.mark.parametrize("title", ["", "\0", "...", "\u200b"])
def test_entries_of_an_outline_without_a_title_name_nothing(title: str) -> None:
    """Damaged outlines have such ones."""
    page = PageResult(0, 480, 640, (made(0, "…", 20, category=Category.SECTION_HEADER), made(1, BODY, 10)))
    [done] = with_hierarchy([page], [Bookmark(1, title, 0), Bookmark(0, title, -1)])
    assert [result.text for result in done.regions] == [result.text for result in page.regions]


@st.composite
def documents(draw: st.DrawFn) -> list[PageResult]:
    """Pages of headings and text in a few sizes."""
    kinds = st.sampled_from([Category.TITLE, Category.SECTION_HEADER, Category.TEXT, Category.LIST_ITEM])
    texts = st.sampled_from(
        ["1 Wood", "1.1 Oak", "A. Elm", "II. Fir", "Ash", "Appendix A", "7", "Birch is light."]
    )
    sizes = st.sampled_from([9.0, 10.0, 12.0, 12.5, 20.0])
    return [
        PageResult(index, 480, 640, tuple(
            made(i, draw(texts), draw(sizes), bold=draw(st.booleans()), category=draw(kinds), page=index)
            for i in range(draw(st.integers(0, 5)))
        ))
        for index in range(draw(st.integers(0, 3)))
    ]  # fmt: skip


@given(
    documents(),
    st.lists(st.builds(Bookmark, st.integers(0, 9), st.sampled_from(["Wood", "Oak"]), st.integers(-1, 3))),
)
def test_a_hierarchy_changes_no_text(pages: list[PageResult], bookmarks: list[Bookmark]) -> None:
    """Every region stays, in its place and with its text; one title at most; every heading has a level."""
    done = with_hierarchy(pages, bookmarks)
    assert [[r.text for r in page.regions] for page in done] == [
        [r.text for r in page.regions] for page in pages
    ]
    found = [
        r.region
        for page in done
        for r in page.regions
        if r.category in (Category.TITLE, Category.SECTION_HEADER)
    ]
    assert sum(region.category is Category.TITLE for region in found) <= 1
    assert all(region.level == 1 for region in found if region.category is Category.TITLE)
    assert all(region.level in range(2, 7) for region in found if region.category is Category.SECTION_HEADER)
    assert with_hierarchy(done, bookmarks) is not None


def test_sections_inside_of_a_chinese_reports_are_headings(tmp_path: Path) -> None:
    """Those with a number in brackets are printed as the text is; they are below those with commas."""
    document = pymupdf.open()
    page = document.new_page(width=595, height=842)
    page.insert_text((200, 70), "监管报告", fontsize=18, fontname="china-s")
    prose = (
        "灯塔看守人在早餐前清点过往的船只，并把它们的名字写在门旁的石板上。每年秋天，议会都会派一位画家来。"
    )
    top = 110
    for name, size in (
        ("一、总体情况", 15),
        ("（一）收入确认", 12),
        ("（二）资产减值", 12),
        ("二、处理意见", 15),
    ):
        page.insert_text((84, top), name, fontsize=size, fontname="china-s")
        for start in range(0, 2 * len(prose), 36):
            top += 18
            page.insert_text((60, top), (prose * 2)[start : start + 36], fontsize=12, fontname="china-s")
        top += 28
    document.save(tmp_path / "a.pdf")
    assert heads(read(tmp_path / "a.pdf")) == [
        "# 监管报告", "## 一、总体情况", "### （一）收入确认", "### （二）资产减值", "## 二、处理意见",
    ]  # fmt: skip


def test_a_chapter_by_itself_has_its_sections_just_below(tmp_path: Path) -> None:
    """Where its numbered heading is the title, "1.1" is no deeper than a section."""
    pieces = [
        ("Chapter 1", 20, "tibo"), ("The Keeping of Bees", 24, "tibo"), body(2),
        ("1.1 Hives", 14, "tibo"), body(2), ("1.2 Swarms", 14, "tibo"), body(2),
    ]  # fmt: skip
    document = read(typeset(tmp_path / "a.pdf", [pieces]))
    assert heads(document) == ["# Chapter 1 The Keeping of Bees", "## 1.1 Hives", "## 1.2 Swarms"]
