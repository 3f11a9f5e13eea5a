"""Pages as markdown: written as a family writes them, and taken apart again."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docspec.drafters.formats.markdown import MarkdownOptions, read, unfenced, write
from docspec.types import Category, PageRegion

TABLE = "<table><tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>"
WORDS = st.lists(st.sampled_from(["alpha", "beta", "gamma.", "3.5", "x,", "中文"]), min_size=1, max_size=6)
PLAIN = WORDS.map(lambda words: "so " + " ".join(words))

PAGE = (
    PageRegion(Category.PAGE_HEADER, "Journal"),
    PageRegion(Category.TITLE, "A\ntitle", level=1),
    PageRegion(Category.SECTION_HEADER, "Part", level=3),
    PageRegion(Category.TEXT, "Some text with $x^2$ in it."),
    PageRegion(Category.LIST_ITEM, "- one\n  - inner"),
    PageRegion(Category.LIST_ITEM, "two"),
    PageRegion(Category.FORMULA, "$$E = mc^2$$"),
    PageRegion(Category.PICTURE, "0 5 10"),
    PageRegion(Category.TABLE, TABLE),
)


@st.composite
def pages(draw: st.DrawFn) -> tuple[PageRegion, ...]:
    """Regions that markdown can tell apart."""
    found = []
    for _ in range(draw(st.integers(0, 8))):
        text = draw(PLAIN)
        kind = draw(st.sampled_from(["title", "header", "text", "item", "formula", "table"]))
        if kind == "title":
            found.append(PageRegion(Category.TITLE, text, level=1))
        elif kind == "header":
            found.append(PageRegion(Category.SECTION_HEADER, text, level=draw(st.integers(2, 6))))
        elif kind == "item":
            found.append(PageRegion(Category.LIST_ITEM, f"{draw(st.sampled_from(['-', '1.']))} {text}"))
        elif kind == "formula":
            found.append(PageRegion(Category.FORMULA, text))
        elif kind == "table":
            found.append(PageRegion(Category.TABLE, TABLE))
        else:
            found.append(PageRegion(Category.TEXT, text))
    return tuple(found)


OPTIONS = [
    MarkdownOptions(),
    MarkdownOptions(formula=("\\[\n", "\n\\]"), item_gap="\n\n", start="```markdown\n", end="\n```"),
]


@given(pages(), st.sampled_from(OPTIONS))
def test_regions_come_back(page: tuple[PageRegion, ...], options: MarkdownOptions) -> None:
    """What was written is what is read, boxes aside."""
    assert read(write(page, options)) == page


@settings(max_examples=200)
@given(pages(), st.sampled_from(OPTIONS), st.data())
def test_no_prefix_raises_or_loses_a_word(
    page: tuple[PageRegion, ...], options: MarkdownOptions, data: st.DataObject
) -> None:
    """A page that broke off is read as far as it goes."""
    text = write(page, options)
    part = text[: data.draw(st.integers(0, len(text)))]
    found = " ".join(region.text for region in read(part))
    tags = r"</?(?:table|tr|td)>|```markdown"
    assert re.findall(r"\w{4,}", re.sub(tags, "", found)) == re.findall(r"\w{4,}", re.sub(tags, "", part))


@given(st.text("#-*1.|$\\[]`<table>/ \n\tab", max_size=80))
def test_any_text_is_read_without_error(text: str) -> None:
    """And every letter of it is somewhere."""
    found = "".join(region.text for region in read(text))
    assert found.count("b") >= unfenced(text).count("b")


def test_a_page_as_written() -> None:
    """Headings carry marks, items are a list, formulas are set apart, headers and pictures left out."""
    assert write(PAGE) == (
        "# A title\n\n### Part\n\nSome text with $x^2$ in it.\n\n- one\n  - inner\n- two\n\n"
        f"$$\nE = mc^2\n$$\n\n{TABLE}"
    )


def test_options() -> None:
    """Tables, formulas, bullets, marginals and pictures as the family has them."""
    options = MarkdownOptions(
        table="pipe",
        formula=("\\[", "\\]"),
        inline=("\\(", "\\)"),
        bullet="*",
        marginals=True,
        picture="![](x)",
    )
    assert write(PAGE, options) == (
        "Journal\n\n# A title\n\n### Part\n\nSome text with \\(x^2\\) in it.\n\n* one\n  * inner\n* two\n\n"
        "\\[E = mc^2\\]\n\n![](x)\n\n| 1 | 2 |\n| --- | --- |\n| 3 | 4 |"
    )
    lines = write(PAGE[-1:], MarkdownOptions(table="html-lines", table_head=True))
    assert lines.startswith("<table>\n  <tr>\n    <th>1</th>\n    <th>2</th>\n  </tr>")


def test_a_number_beside_a_formula_is_its_tag() -> None:
    """And a formula that nobody drafted keeps its place."""
    page = [
        PageRegion(Category.FORMULA, "$$a = b$$"),
        PageRegion(Category.CAPTION, "(3.1)"),
        PageRegion(Category.FORMULA, ""),
        PageRegion(Category.TEXT, "(see below)"),
    ]
    assert write(page) == "$$\na = b\n\\tag{3.1}\n$$\n\n$$\n\n$$\n\n(see below)"


@pytest.mark.parametrize(
    ("number", "written"),
    [("( 3 )", "3"), ("[3]", "3"), ("（3）", "3"), ("(A.1)", "A.1"), ("(iv)", "iv"), ("(see)", None)],
)
def test_numbers_of_formulas(number: str, written: str | None) -> None:
    """Whatever parentheses they are printed in; a word in them is text."""
    page = [PageRegion(Category.FORMULA, "$a$"), PageRegion(Category.TEXT, number)]
    tagged = f"$$\na\n\\tag{{{written}}}\n$$"
    assert write(page) == (tagged if written else f"$$\na\n$$\n\n{number}")


def test_items_are_nested_by_their_left_edges() -> None:
    """Each level stands where the text of the one above starts."""
    rows = [("- a", 50), ("1. b", 80), ("- c", 110), ("2. d", 81), ("- e", 51)]
    page = [
        PageRegion(Category.LIST_ITEM, text, (float(x), 20.0 * i, 400.0, 20.0 * i + 15))
        for i, (text, x) in enumerate(rows)
    ]
    assert write(page) == "- a\n  1. b\n     - c\n  2. d\n- e"


def test_prices_are_no_formulas() -> None:
    """Two dollar signs in a sentence are not delimiters."""
    options = MarkdownOptions(inline=("\\(", "\\)"))
    assert write([PageRegion(Category.TEXT, "from $5 to $10")], options) == "from $5 to $10"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```markdown\n# a\n```", "# a"),
        ("```\n# a\n```\n", "# a"),
        ("```markdown\n# a", "# a"),
        ("# a\n```\ncode\n```", "# a\n```\ncode\n```"),
        ("```md\n# a\n```\nmore", "```md\n# a\n```\nmore"),
    ],
)
def test_a_fence_around_the_page_is_no_part_of_it(text: str, expected: str) -> None:
    """One that never closes was broken off; one that closes early is a code block."""
    assert unfenced(text) == expected


def test_reading_a_real_looking_page() -> None:
    """Items with what belongs to them, a numbered formula, a table over several lines, rules left out."""
    text = (
        "## Head\nA line\nand another.\n\n---\n\n1. First\n   - inner\n\n   <table>\n   <tr><td>1</td></tr>\n"
        "   </table>\n\n2. Second\n\n\\[\na\n\\tag{1}\n\\]\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        "<table>\n<tr>\n\n<td>x</td>\n</tr>\n</table>\n\n![](p.png)\n\n"
        "$$x$$ is text\n"
    )
    assert [(region.category, region.text.split("\n")[0]) for region in read(text)] == [
        (Category.SECTION_HEADER, "Head"),
        (Category.TEXT, "A line"),
        (Category.LIST_ITEM, "1. First"),
        (Category.LIST_ITEM, "2. Second"),
        (Category.FORMULA, "a"),
        (Category.TABLE, "| a | b |"),
        (Category.TABLE, "<table>"),
        (Category.PICTURE, ""),
        (Category.TEXT, "$$x$$ is text"),
    ]
