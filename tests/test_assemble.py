"""Markdown, JSON and HTML from finished pages."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docspec.assemble import assemble, image_name, to_html, to_json, to_markdown
from docspec.result_html import filter_html, markdown_to_html
from docspec.result_json import DocumentJson, PageJson, RegionJson
from docspec.types import (
    Box,
    Category,
    Correction,
    DecodeStats,
    Document,
    Draft,
    Dropped,
    Finish,
    Line,
    PageResult,
    Region,
    RegionResult,
    Span,
    Verdict,
)

PROSE = "This sentence is long enough to be read as running text and no label of a chart. " * 3


def result(
    order: int,
    category: Category,
    text: str,
    *,
    page: int = 0,
    box: Box | None = None,
    level: int | None = None,
    parent: int | None = None,
) -> RegionResult:
    """A verified region; by default the regions stand below each other."""
    box = box or (50.0, 50.0 + 30 * order, 550.0, 70.0 + 30 * order)
    region = Region(page, order, box, category, level=level, parent=parent)
    return RegionResult(region, Draft(text, "text-layer", 0.9), Verdict(text, Finish.END))


def page(*results: RegionResult, index: int = 0, error: str | None = None) -> PageResult:
    """A page of A4 size."""
    return PageResult(index, 595, 842, tuple(results), error=error)


def markdown(*results: RegionResult, **options: Any) -> str:
    """The markdown of one page."""
    return to_markdown([page(*results)], **options)


def test_headings_carry_their_level() -> None:
    """A title is level 1, a section header its own level or 2, whatever marks its region was read with."""
    text = markdown(
        result(0, Category.TITLE, "The\nTitle"),
        result(1, Category.SECTION_HEADER, "One", level=3),
        result(2, Category.SECTION_HEADER, "Two"),
        result(3, Category.SECTION_HEADER, "#### Three", level=2),
        result(4, Category.SECTION_HEADER, "Deep", level=9),
    )
    assert text == "# The Title\n\n### One\n\n## Two\n\n## Three\n\n###### Deep\n"


def test_list_items_are_tight_and_nested_by_indent() -> None:
    """Items further right than the one before belong under it, aligned with its text."""
    items = [
        ("1. first", 50.0),
        ("• inner", 70.0),
        ("inner two\nsecond line", 72.0),
        ("2. second", 50.0),
    ]
    text = markdown(
        *(
            result(i, Category.LIST_ITEM, t, box=(x, 30.0 * i, 300.0, 30.0 * i + 20))
            for i, (t, x) in enumerate(items)
        )
    )
    assert text == "1. first\n   - inner\n   - inner two\n     second line\n2. second\n"


def test_wrapped_lines_of_an_item_are_joined() -> None:
    """A detector may take the second line of an item for an item; its indent and first letter tell."""
    text = markdown(
        result(0, Category.LIST_ITEM, "1. Read the thermo-", box=(50, 100, 280, 112)),
        result(1, Category.LIST_ITEM, "meter every hour,", box=(64, 113, 280, 125)),
        result(2, Category.LIST_ITEM, "on the hour.", box=(64, 126, 280, 138)),
        result(3, Category.LIST_ITEM, "2. Drink.", box=(50, 140, 280, 152)),
        result(4, Category.LIST_ITEM, "Or not.", box=(64, 153, 280, 165)),
    )
    assert text == "1. Read the thermometer every hour, on the hour.\n2. Drink.\n   - Or not.\n"


def test_a_number_that_is_printed_starts_an_item() -> None:
    """Also where the item above goes on, and also one that is no mark in markdown."""
    text = markdown(
        result(0, Category.LIST_ITEM, "1. Take,", box=(50, 100, 280, 112)),
        result(1, Category.LIST_ITEM, "(a) milk,", box=(64, 113, 280, 125)),
        result(2, Category.LIST_ITEM, "and A. Author.", box=(80, 126, 280, 138)),
    )
    assert text == "1. Take,\n   - (a) milk, and A. Author.\n"


def test_a_list_inside_a_region_keeps_its_levels() -> None:
    """Drafts and models nest items by indents."""
    assert markdown(result(0, Category.LIST_ITEM, "- a\n  - b\n- c")) == "- a\n  - b\n- c\n"


def test_a_mark_that_only_the_draft_has_does_not_start_an_item() -> None:
    """What is printed decides: drafters write a mark before every item."""
    printed = Line((Span("without moving the cup.", (64, 113, 280, 125)),), (64, 113, 280, 125), "rapidocr")
    second = result(1, Category.LIST_ITEM, "- without moving the cup.", box=(64, 113, 280, 125))
    second = replace(second, region=replace(second.region, lines=(printed,)))
    first = result(0, Category.LIST_ITEM, "2. Read the thermometer,", box=(50, 100, 280, 112))
    assert markdown(first, second) == "2. Read the thermometer, without moving the cup.\n"


def test_a_mark_may_stand_apart_from_its_text() -> None:
    """A number that the text layer has as a line of its own starts its item all the same."""
    boxes = (84.0, 113.0, 94.0, 125.0), (104.0, 113.0, 150.0, 125.0)
    printed = tuple(
        Line((Span(text, box),), box, "text-layer")
        for text, box in zip(("a)", "red ones"), boxes, strict=True)
    )
    inner = result(1, Category.LIST_ITEM, "a) red ones", box=(84, 113, 150, 125))
    inner = replace(inner, region=replace(inner.region, lines=printed))
    first = result(0, Category.LIST_ITEM, "1. Apples", box=(60, 100, 150, 112))
    assert markdown(first, inner) == "1. Apples\n   - a) red ones\n"


def test_an_item_goes_on_in_the_next_column() -> None:
    """What starts small at the top of a column is the rest of the item that the column before ends with."""
    cut = result(0, Category.LIST_ITEM, "- the council sends", box=(50, 700, 280, 720))
    rest = result(1, Category.LIST_ITEM, "a painter.\n- A ferry runs", box=(310, 50, 550, 80))
    assert markdown(cut, rest) == "- the council sends a painter.\n- A ferry runs\n"
    ended = result(0, Category.LIST_ITEM, "- the council.", box=(50, 700, 280, 720))
    assert markdown(ended, rest) == "- the council.\n- a painter.\n- A ferry runs\n"
    text = result(1, Category.TEXT, "a painter, who came.", box=(310, 50, 550, 80))
    assert markdown(cut, text) == "- the council sends a painter, who came.\n"


def test_clauses_in_an_item_are_its_items() -> None:
    """Letters in brackets are no marks in markdown; set in, they are items of the item all the same."""
    text = markdown(result(0, Category.LIST_ITEM, "Duties\n  (a) light\n  (b) count"))
    assert text == "- Duties\n  - (a) light\n  - (b) count\n"


def test_a_list_that_goes_on_in_the_next_column_is_not_nested() -> None:
    """Left edges are compared within a column only."""
    text = markdown(
        result(0, Category.LIST_ITEM, "- a", box=(50, 700, 280, 720)),
        result(1, Category.LIST_ITEM, "- b", box=(310, 50, 550, 70)),
    )
    assert text == "- a\n- b\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("E = mc^2", "$$\nE = mc^2\n$$\n"),
        ("$$E = mc^2$$", "$$E = mc^2$$\n"),
        (r"\[ E \]", r"\[ E \]" + "\n"),
        (r"\begin{align}E\end{align}", r"\begin{align}E\end{align}" + "\n"),
        (r"\begin{aligned}E\end{aligned}", "$$\n" + r"\begin{aligned}E\end{aligned}" + "\n$$\n"),
    ],
)
def test_formulas_are_display_mathematics_once(text: str, expected: str) -> None:
    """A formula gets dollar signs unless it brings delimiters of its own."""
    assert markdown(result(0, Category.FORMULA, text)) == expected


def test_tables_stand_as_given() -> None:
    """HTML and pipe tables are not touched, blank lines inside aside."""
    table = "<table><tr><td>1</td></tr>\n\n<tr><td>2</td></tr></table>"
    assert markdown(result(0, Category.TABLE, table)) == table.replace("\n\n", "\n") + "\n"


def test_headers_and_footers_are_left_out_and_listed() -> None:
    """They are dropped with a reason by default and kept on request."""
    pages = [
        page(
            result(0, Category.PAGE_HEADER, "Journal of X", page=index),
            result(1, Category.TEXT, "Body.", page=index),
            result(2, Category.PAGE_FOOTER, f"{index + 7}", page=index),
            index=index,
        )
        for index in (0, 1)
    ]
    done = assemble(pages)
    assert done.markdown == "Body.\n\nBody.\n"
    assert [(d.reason, d.text) for d in done.pages[0].dropped] == [
        ("page header", "Journal of X"),
        ("page footer", "7"),
    ]
    assert to_markdown(pages[:1], keep_headers=True) == "Journal of X\n\nBody.\n\n7\n"


def test_pictures_are_links_only_when_written() -> None:
    """Labels inside are listed as left out; a picture without an image is listed too."""
    labels = page(
        result(0, Category.PICTURE, "0\n5\n10"),
        result(1, Category.PICTURE, ""),
        result(2, Category.TEXT, "Body."),
    )
    without = assemble([labels])
    assert without.markdown == "Body.\n"
    assert [d.reason for d in without.dropped[0]] == ["inside a picture", "picture, no image written"]
    linked = assemble([labels], image_links={(0, 0): "i/" + image_name(0, 0), (0, 1): "i/b.png"})
    assert (
        linked.markdown
        == "![picture on page 1](i/page-001-000.png)\n\n![picture on page 1](i/b.png)\n\nBody.\n"
    )
    assert [d.reason for d in linked.dropped[0]] == ["inside a picture"]


def test_text_inside_pictures_is_kept_where_a_page_has_no_other() -> None:
    """A page that a detector takes for one picture still says what it says."""
    lone = page(result(0, Category.PICTURE, "Rack 7\nshelf B"), result(1, Category.PAGE_FOOTER, "3"))
    assert assemble([lone]).markdown == "Rack 7\nshelf B\n"


def test_running_text_inside_a_picture_is_kept() -> None:
    """A text block that the layout took for a picture is not lost."""
    assert markdown(result(0, Category.PICTURE, PROSE)) == PROSE.strip() + "\n"


def test_captions_stand_beside_their_parent() -> None:
    """A caption keeps its side, wherever the reading order put it."""
    text = markdown(
        result(0, Category.CAPTION, "Table 1: before.", parent=2),
        result(1, Category.TEXT, "Between."),
        result(2, Category.TABLE, "<table></table>"),
        result(3, Category.TEXT, "After."),
        result(4, Category.FOOTNOTE, "Note.", parent=2),
        result(5, Category.CAPTION, "Orphan.", parent=99),
    )
    expected = ["Between.", "Table 1: before.", "<table></table>", "Note.", "After.", "Orphan."]
    assert text.rstrip().split("\n\n") == expected


def test_a_paragraph_goes_on_in_the_next_column() -> None:
    """The hyphen of a cut word goes; floats between the halves come after the paragraph."""
    text = markdown(
        result(0, Category.TEXT, "A sentence that is inter-", box=(50, 700, 280, 790)),
        result(1, Category.TABLE, "<table></table>", box=(310, 50, 550, 150)),
        result(2, Category.TEXT, "rupted by a break.", box=(310, 160, 550, 300)),
    )
    assert text == "A sentence that is interrupted by a break.\n\n<table></table>\n"


@pytest.mark.parametrize(
    ("top", "left", "text", "joined"),
    [
        (26.0, 50.0, "and goes on.", True),
        (40.0, 50.0, "and goes on.", False),  # a line is left out between them
        (26.0, 150.0, "and goes on.", False),
        (26.0, 50.0, "Here is another.", False),
    ],
)
def test_a_paragraph_that_was_detected_as_two_is_one(
    top: float, left: float, text: str, joined: bool
) -> None:
    """The second goes on in the middle of a sentence, on the next line of the same column."""
    parts = []
    for order, (words, x, y) in enumerate((("A sentence of two lines", 50.0, 10.0), (text, left, top))):
        box = (x, y, x + 200, y + 12)
        line = Line((Span(words, box, 10.0),), box, "text-layer")
        made = result(order, Category.TEXT, words, box=box)
        parts.append(replace(made, region=replace(made.region, lines=(line,))))
    assert markdown(*parts).count("\n\n") == (not joined)


def test_a_paragraph_goes_on_below_a_table() -> None:
    """Within a sentence, in the same column: the table stands after it."""
    parts = []
    for order, (words, top) in enumerate((("A sentence of two lines", 10.0), ("and goes on.", 200.0))):
        box = (50.0, top, 250.0, top + 12)
        line = Line((Span(words, box, 10.0),), box, "text-layer")
        made = result(2 * order, Category.TEXT, words, box=box)
        parts.append(replace(made, region=replace(made.region, lines=(line,))))
    table = result(1, Category.TABLE, "<table></table>", box=(50, 40, 250, 180))
    expected = "A sentence of two lines and goes on.\n\n<table></table>\n"
    assert markdown(parts[0], table, parts[1]) == expected


def test_a_paragraph_goes_on_over_several_pages() -> None:
    """Each part is looked at where it ends, and a compound keeps its hyphens."""
    text = to_markdown(
        [
            page(result(0, Category.TEXT, "It is state-of-the-")),
            page(result(0, Category.TEXT, "art work, and", page=1), index=1),
            page(result(0, Category.TEXT, "it goes on.", page=2), index=2),
        ]
    )
    assert text == "It is state-of-the-art work, and it goes on.\n"


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("It is our self-", "made tea.", "It is our self-made tea."),
        ("Without feed-", "back, feedback is.", "Without feedback, feedback is."),
        ("It is in\u2010", "terrupted.", "It is interrupted."),
        ("pre-", "and postwar", "pre- and postwar"),
    ],
)
def test_a_word_that_a_break_cuts_is_joined_as_in_a_line(first: str, second: str, joined: str) -> None:
    """The hyphen goes or stays by the rules for lines."""
    text = markdown(
        result(0, Category.TEXT, first, box=(50, 700, 280, 790)),
        result(1, Category.TEXT, second, box=(310, 50, 550, 100)),
    )
    assert text == joined + "\n"


@pytest.mark.parametrize(
    ("first", "second", "box"),
    [
        ("It ends here.", "lower case start", (310, 50, 550, 100)),
        ("It does not end", "But this begins", (310, 50, 550, 100)),
        ("It does not end", "below it", (50, 795, 280, 830)),
    ],
)
def test_paragraphs_are_not_joined_without_a_reason(first: str, second: str, box: Box) -> None:
    """A full stop, a capital, or a place right below keeps paragraphs apart."""
    text = markdown(
        result(0, Category.TEXT, first, box=(50, 700, 280, 790)), result(1, Category.TEXT, second, box=box)
    )
    assert text == f"{first}\n\n{second}\n"


def test_a_failed_page_leaves_a_comment_and_breaks_paragraphs() -> None:
    """The reader of the markdown sees where a page is missing."""
    text = to_markdown(
        [
            page(result(0, Category.TEXT, "It goes")),
            page(index=1, error="no -->\nluck"),
            page(result(0, Category.TEXT, "on.", page=2), index=2),
        ]
    )
    assert text == "It goes\n\n<!-- page 2 failed: no - -> luck -->\n\non.\n"


@st.composite
def documents(draw: st.DrawFn) -> list[PageResult]:
    """Pages of regions in any arrangement, each text made of words that occur nowhere else."""
    pages, words = [], 0
    for index in range(draw(st.integers(1, 3))):
        results = []
        for order in range(draw(st.integers(0, 8))):
            count = draw(st.sampled_from([0, 1, 3, 60]))
            first = draw(st.sampled_from("aZ"))
            names = [f"{first}{words + n}e" for n in range(count)]
            words += count
            text = draw(st.sampled_from([" ", "\n", "\n\n"])).join(names)
            mark = draw(st.sampled_from(["", "- ", "1. ", "• ", "# "]))
            end = draw(st.sampled_from(["", "-", ".", "-\n"]))
            x, y = draw(st.floats(0, 500)), draw(st.floats(0, 800))
            results.append(
                result(
                    order,
                    draw(st.sampled_from(list(Category))),
                    mark + text + end,
                    page=index,
                    box=(x, y, x + draw(st.floats(1, 300)), y + 20),
                    level=draw(st.none() | st.integers(0, 8)),
                    parent=draw(st.none() | st.integers(0, 8)),
                )
            )
        pages.append(page(*results, index=index, error=draw(st.sampled_from([None, None, "bad"]))))
    return pages


@settings(max_examples=150, deadline=None)
@given(documents(), st.booleans())
def test_every_word_is_in_the_output_once_or_listed(pages: Sequence[PageResult], keep: bool) -> None:
    """Nothing is lost and nothing doubled, whatever the arrangement."""
    done = assemble(pages, keep_headers=keep)
    left_out = " ".join(d.text for entries in done.dropped.values() for d in entries)
    everything = re.findall(r"[aZ]\d+e", done.markdown + " " + left_out)
    expected = re.findall(r"[aZ]\d+e", " ".join(r.text for p in pages for r in p.regions))
    assert sorted(everything) == sorted(expected)
    listed = [(p.index, d) for p in done.pages for d in p.dropped]
    assert listed == [(index, d) for index in sorted(done.dropped) for d in done.dropped[index]]
    assert all(d.reason for _, d in listed)


def example() -> Document:
    """A small document with everything that JSON shows."""
    region = Region(0, 0, (1, 2, 3, 4), Category.TEXT, 0.5, level=None, parent=None)
    verdict = Verdict("Hello", Finish.END, DecodeStats(10, 8, 9, 2), (Correction(0, 1, "h"),), agreement=0.8)
    done = PageResult(
        0,
        595,
        842,
        (RegionResult(region, Draft("hello", "rapidocr", 0.7), verdict),),
        (Dropped((0, 0, 1, 1), None, "duplicate", "x"),),
        {"layout": 0.1},
    )
    failed = PageResult(1, 0, 0, error="damaged")
    return Document(
        "a <b>.pdf",
        (done, failed),
        "Hello\n",
        "mini",
        "region",
        {"total": 1.0},
        ("repaired",),
        source="in/a <b>.pdf",
        device="cpu (float32)",
    )


def test_json_says_everything() -> None:
    """The JSON result has the documented shape and survives a round trip."""
    document = json.loads(json.dumps(to_json(example())))
    assert set(document) == set(get_type_hints(DocumentJson))
    assert set(document["pages"][0]) == set(get_type_hints(PageJson))
    region = document["pages"][0]["regions"][0]
    assert set(region) == set(get_type_hints(RegionJson))
    assert document["schema"] == "docspec/1.5"
    assert (document["source"], document["device"]) == ("in/a <b>.pdf", "cpu (float32)")
    assert region["verification"]["mean_accepted_length"] == 5
    assert region["verification"]["corrections"] == [{"start": 0, "end": 1, "draft": "h"}]
    assert region["draft"] == {"text": "hello", "source": "rapidocr", "confidence": 0.7}
    assert region["agreement"] == 0.8
    assert document["errors"] == ["page 2: damaged"]
    assert document["pages"][0]["dropped"][0]["reason"] == "duplicate"
    assert "pymupdf" in document["versions"]


def test_html_is_self_contained_and_escapes_names() -> None:
    """The page loads nothing and shows what went wrong."""
    page_html = to_html(example())
    assert "a &lt;b&gt;.pdf" in page_html
    assert "page 2: damaged" in page_html
    assert "<script" not in page_html
    assert "http" not in page_html


def test_html_keeps_tables_and_disarms_the_rest() -> None:
    """What a document says cannot run in the reader's browser."""
    table = '<table onclick="x()"><tr><td colspan="2" style="y">a &amp; b<sup>2</sup></td></tr></table>'
    assert filter_html(table) == (
        '<div class="scroll"><table><tr><td colspan="2">a &amp; b<sup>2</sup></td></tr></table></div>'
    )
    assert filter_html('<td><a href="https://a.org/?x=1&amp;y" onclick="z">b</a></td></a>') == (
        '<td><a href="https://a.org/?x=1&amp;y">b</a></td>&lt;/a&gt;'
    )
    for bad in ("javascript:alert(1)", " java\tscript:alert(1)", "data:text/html,x", "vbscript:x", ""):
        assert "<a" not in filter_html(f'<td><a href="{bad}">b</a></td>')
    hostile = markdown_to_html("Text <script>alert(1)</script> [x](javascript:alert(1))\n\n<iframe src=x>\n")
    assert "<script" not in hostile
    assert "<iframe" not in hostile
    assert "href" not in hostile


def test_html_shows_formulas_as_they_are() -> None:
    """Underscores and stars in a display formula are no emphasis."""
    assert '<p class="formula">a_1 * b_1 &lt; c</p>' in markdown_to_html("x\n\n$$\na_1 * b_1 < c\n$$\n")
