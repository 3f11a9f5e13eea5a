"""Text of pages as markdown: escapes, links, emphasis, code."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pymupdf
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import docspec
from docspec.code_lines import code_text
from docspec.drafters.reading.marked import as_markdown
from docspec.drafters.reading.writer import write_region
from docspec.markdown import code, escaped, escaped_items, is_code, joined_code, paragraphs
from docspec.result_html import markdown_to_html
from docspec.types import Category, Line, Region, Span, Style, union

STYLE = Style()


def line(*spans: Span) -> Line:
    """A line of ``spans``."""
    return Line(spans, union(span.box for span in spans), "text-layer")


def set_line(y: float, *parts: tuple[str, dict[str, Any]], x: float = 50.0, wide: float = 6.0) -> Line:
    """A line of parts of fixed width, each with what its span says."""
    spans = []
    for text, kind in parts:
        spans.append(Span(text, (x, y, x + wide * len(text), y + 10), 10.0, "F", **kind))
        x += wide * len(text)
    return line(*spans)


def written(lines: Sequence[Line], category: Category = Category.TEXT, style: Style = STYLE) -> str:
    """A region of ``lines`` on a page with a good deal of other text."""
    region = Region(0, 0, union(one.box for one in lines), category, lines=tuple(lines))
    prose = set_line(500, ("Other words of the page that are printed as usual. " * 20, {}))
    return as_markdown(region, write_region(region, style), style, [*lines, prose])


def rendered(markdown: str) -> str:
    """The text that a reader sees of ``markdown``."""
    html = re.sub(r"<[^>]+>", "", markdown_to_html(markdown))
    for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#x27;", "'"), ("&amp;", "&")):
        html = html.replace(entity, char)
    return html.strip("\n")


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("List<Item> and a < b", r"List\<Item> and a < b"),
        ("*args, snake_case and _private", r"\*args, snake_case and \_private"),
        ("3 * 4 * 5", "3 * 4 * 5"),
        ("[draft](old) but [1] and [2]", r"\[draft](old) but [1] and [2]"),
        ("# of boards", r"\# of boards"),
        ("#hashtag", "#hashtag"),
        ("1986. A year", r"1986\. A year"),
        ("28. Are there any", "28. Are there any"),
        ("____ at the level", r"\____ at the level"),
        ("***", r"\***"),
        ("+ means", r"\+ means"),
        ("-5 degrees", "-5 degrees"),
        ("> quoted", r"\> quoted"),
        ("only $5", "only $5"),
        ("$5 and $9", r"\$5 and \$9"),
        ("a `tick`", r"a \`tick\`"),
        ("~~no~~ ~5", r"\~\~no\~\~ ~5"),
        ("AT&T and &amp;", r"AT&T and \&amp;"),
        (r"C:\*", r"C:\\\*"),
        ("https://x.org/a_b_/c*d?_e", "https://x.org/a_b_/c*d?_e"),
        ("=====", r"\====="),
        ("| a | b |", "| a | b |"),
    ],
)
def test_characters_that_would_be_marks_are_escaped(text: str, markdown: str) -> None:
    """Only where they would be read as marks."""
    assert escaped(text) == markdown


@given(st.text("ab1 *_`<>[]()#+-.!&;~$|\\=\"'", max_size=30).map(str.strip))
@example("**a** _b_")
def test_escaped_text_renders_as_it_is(text: str) -> None:
    """A reader sees the characters of the page, white space aside."""
    text = re.sub(r"^\d{1,3}[.)]( |$)", "", " ".join(text.split()))  # an item looks as it is printed
    shown = rendered(escaped(text))
    assert shown == text


def test_marks_of_items_stay() -> None:
    """An item's own mark is one, what it says is escaped."""
    assert escaped_items("- a *b*\n  1. # of it\n- 2\\* 3") == "- a \\*b\\*\n  1. \\# of it\n- 2\\\\\\* 3"


def test_emphasis_stands_where_it_is_printed() -> None:
    """Bold and italic words within a paragraph, over a line's end; spaces stay outside."""
    lines = [
        set_line(100, ("See the ", {}), ("new price list of", {"bold": True})),
        set_line(
            112, ("this year", {"bold": True}), (" and ", {}), ("the old", {"italic": True}), (" one.", {})
        ),
    ]
    assert written(lines) == "See the **new price list of this year** and *the old* one."
    plain = Style(emphasis=False)
    assert written(lines, style=plain) == "See the new price list of this year and the old one."


def test_a_ligature_does_not_end_emphasis() -> None:
    """The letters of a glyph that stands for several are printed as it is."""
    for word in ("error \ufb02oor", "\ufb01nal", "e\ufb03cient", "stu\ufb00"):
        shown = written([set_line(0, ("A ", {}), (word, {"bold": True}), (" here", {}))])
        assert shown.startswith("A **")
        assert shown.endswith("** here")
        assert shown.count("**") == 2


def test_variables_and_headings_have_no_emphasis() -> None:
    """A single italic letter is a variable, and all of a heading is bold."""
    assert (
        written([set_line(100, ("where ", {}), ("x", {"italic": True}), (" is it", {}))]) == "where x is it"
    )
    assert written([set_line(100, ("Prices", {"bold": True}))], Category.SECTION_HEADER) == "Prices"


def test_a_page_in_bold_has_none_either() -> None:
    """What most of a page is printed in is no emphasis."""
    region_line = set_line(100, ("All of it is bold.", {"bold": True}))
    region = Region(0, 0, region_line.box, Category.TEXT, lines=(region_line,))
    assert as_markdown(region, "All of it is bold.", STYLE, [region_line]) == "All of it is bold."


def test_struck_words_and_links() -> None:
    """Struck words are struck, a link has its address, and an address that is printed needs no link."""
    address = "https://example.org/a"
    lines = [
        set_line(100, ("Was ", {}), ("ten", {"struck": True}), (" now ", {}), ("nine", {"link": address})),
        set_line(112, ("or ", {}), ("example.org/a", {"link": address})),
    ]
    assert written(lines) == f"Was ~~ten~~ now [nine]({address}) or example.org/a"


def test_code_within_a_line() -> None:
    """Words in a fixed-width font are code, and nothing in them is escaped."""
    assert (
        written([set_line(100, ("Use ", {}), ("a_*b", {"mono": True}), (" here", {}))]) == "Use `a_*b` here"
    )


CODE = ["def f(x):", "    if x:", "        return 1", "", "    return 2"]


def test_a_block_of_code_keeps_its_breaks_and_indents() -> None:
    """Empty lines and indents are where the page has them, in a fence."""
    lines = [
        set_line(
            100 + 12 * row, (text.strip(), {"mono": True}), x=50 + 6.0 * (len(text) - len(text.lstrip()))
        )
        for row, text in enumerate(CODE)
        if text
    ]
    assert written(lines) == code("\n".join(CODE))


def test_numbers_of_lines_are_no_code() -> None:
    """Numbers before the lines are left out, also where a line that goes on has none."""
    rows = [("1", "first = 1"), ("2", "second = f(1,"), ("", "  2)"), ("3", ""), ("4", "third = 3")]
    lines = []
    for row, (number, text) in enumerate(rows):
        if number:
            lines.append(line(Span(number, (30, 100 + 12 * row, 34, 108 + 12 * row), 6.0, "S")))
        if text:
            lines.append(set_line(100 + 12 * row, (text, {"mono": True})))
    assert code_text(lines) == "first = 1\nsecond = f(1,\n  2)\n\nthird = 3"


def test_a_typewritten_page_is_prose() -> None:
    """Where all of a page is in a fixed-width font, only what looks like code is code."""
    prose = [set_line(100 + 12 * n, (f"Words of a letter, line {n},", {"mono": True})) for n in range(3)]
    region = Region(0, 0, union(one.box for one in prose), Category.TEXT, lines=tuple(prose))
    assert not is_code(as_markdown(region, write_region(region, STYLE), STYLE, prose))


def test_blocks_of_code_over_a_page_break_are_one() -> None:
    """Their fences go, and a fence is longer than any in the code."""
    assert joined_code(code("a"), code("b")) == "```\na\nb\n```"
    assert code("```x") == "````\n```x\n````"


def test_paragraphs_stay_apart() -> None:
    """Blank lines between them are single, none is at the ends."""
    assert paragraphs("\na\nb\n\n \nc\n") == "a\nb\n\nc"


def parsed(draw: Callable[[Any], object], path: Path, **options: Any) -> str:
    """The markdown of a page that ``draw`` has written on."""
    document = pymupdf.open()
    draw(document.new_page(width=420, height=595))
    document.save(path)
    return docspec.parse(path, verifier="draft-only", **options).markdown


def test_a_page_with_links_emphasis_and_code(tmp_path: Path) -> None:
    """From the PDF to the markdown; --plain leaves emphasis out, and nothing else."""
    html = (
        "<h2>Setting up</h2><p>Read the <b>whole</b> guide before you start, and keep it *near* you all the "
        "time. Type <code>make_all</code> in the folder of the yard, and wait until the lamp is out.</p>"
        "<pre>for board in pile:\n    board.turn()\n\ncount(pile)</pre>"
        "<p>That is all there is to it for today.</p>"
    )

    def draw(page: Any) -> None:
        page.insert_htmlbox(pymupdf.Rect(40, 40, 380, 500), html)

    markdown = parsed(draw, tmp_path / "a.pdf")
    assert "Read the **whole** guide" in markdown
    assert r"keep it \*near\* you" in markdown
    assert "`make_all`" in markdown
    assert "```\nfor board in pile:\n    board.turn()\n\ncount(pile)\n```" in markdown
    assert "Read the whole guide" in parsed(draw, tmp_path / "b.pdf", plain=True)
