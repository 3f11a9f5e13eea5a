"""Pages as labelled blocks of HTML: what is read of them as markdown, and drafts in their form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.formats import block_html, page_html
from docspec.types import Category, PageRegion

PAGE = np.zeros((1000, 500, 3), dtype=np.uint8)
REGIONS = (
    PageRegion(Category.TITLE, "A title", (50, 100, 450, 150), 1),
    PageRegion(Category.SECTION_HEADER, "A part", (50, 160, 450, 190), 3),
    PageRegion(Category.TEXT, "Some **bold** words, $x<1$, 5 < 6 & a_b.", (50, 200, 450, 300)),
    PageRegion(Category.TABLE, "<table><tr><td>1</td><td>2</td></tr></table>", (50, 400, 450, 500)),
    PageRegion(Category.FORMULA, "x^2 < 3", (50, 600, 450, 650)),
    PageRegion(Category.PICTURE, "", (50, 800, 450, 900)),
    PageRegion(Category.FOOTNOTE, "A note.", (50, 910, 450, 920)),
    PageRegion(Category.PAGE_FOOTER, "7", (50, 930, 450, 950)),
)


def test_what_is_written_is_read_back() -> None:
    """Categories, levels, texts and boxes of a page come back, the boxes to a thousandth of the page."""
    found = page_html.read(page_html.write(REGIONS, PAGE), PAGE)
    assert [(region.category, region.text, region.level) for region in found] == [
        (region.category, region.text, region.level) for region in REGIONS
    ]
    for region, given_region in zip(found, REGIONS, strict=True):
        assert region.box == pytest.approx(given_region.box, abs=1)


def test_items_of_a_list_share_a_block() -> None:
    """Items that follow each other are one list in one block, with the box around all of them."""
    items = [
        PageRegion(Category.LIST_ITEM, f"{n}. item", (50, 100 * n, 450, 100 * n + 50)) for n in (1, 2, 3)
    ]
    written = page_html.write([*items, REGIONS[2]], PAGE)
    assert written.splitlines()[0] == (
        '<div data-bbox="100 100 900 350" data-label="List-Group">'
        "<ol><li>item</li><li>item</li><li>item</li></ol></div>"
    )
    found = page_html.read(written, PAGE)
    assert [region.text for region in found[:3]] == ["1. item", "2. item", "3. item"]


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>A <b>bold</b>,<br/>x * y\n <i>so</i> <del>on</del></p>", "A **bold**,\nx * y *so* ~~on~~"),
        ("<p>x<sup>2</sup> &lt; <math>a&lt;b</math> &amp; *x*</p>", "x<sup>2</sup> < $a<b$ & \\*x\\*"),
        ("<p># no heading</p>", "\\# no heading"),
        ("<p>a <b>b</b> - c</p>", "a **b** - c"),
        ("<pre><code>if a:\n    b &lt; c*d*</code></pre>", "```\nif a:\n    b < c*d*\n```"),
        ("<ol><li>one<ul><li>in</li></ul></li><li>two</li></ol>", "1. one\n   - in\n2. two"),
        ("<ul><li><p>one</p><p>more</p></li><li>two</li></ul>", "- one\n  more\n- two"),
        ('<p><input type="checkbox" checked/> yes <input type="checkbox"/> no</p>', "☑ yes ☐ no"),
        ('<p>see <a href="https://x.y/z">there</a></p>', "see [there](https://x.y/z)"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ('text <math display="block">x</math> more', "text\n\n$$\nx\n$$\n\nmore"),
        ("```html\n<p>fenced</p>\n```", "fenced"),
        ("<p>a <foo>b</p> <!-- c", "a \\<foo>b\n\n\\<!-- c"),
        ("<table><thead><tr><th>a</th></tr></thead><tr><td><math>x</math></td></tr></table>",
         "<table><tr><th>a</th></tr><tr><td>$x$</td></tr></table>"),
        ("<p>cut <b>off", "cut **off"),
        ("", ""),
    ],
)  # fmt: skip
def test_html_is_read_as_markdown(html: str, markdown: str) -> None:
    """What a block shows is what its markdown shows."""
    assert block_html.read_text(html) == markdown


def test_labels_and_boxes_may_be_broken() -> None:
    """A block without its box, in another order, of an unknown label, or outside of any is read."""
    output = (
        'loose <div data-label="Caption" data-bbox="1 2 3"><p>one</p></div>'
        "<div data-bbox='0 0 2000 500' data-label='Odd-Block'>two</div>"
        '<div data-label="Blank-Page"></div><div data-label="Figure"><p>in it</p></div><div data-bbo'
    )
    found = page_html.read(output, PAGE)
    assert [(region.category, region.text, region.box) for region in found] == [
        (Category.TEXT, "loose", None),
        (Category.CAPTION, "one", None),
        (Category.TEXT, "two", (0, 0, 500, 500)),
        (Category.TEXT, "in it", None),
        (Category.TEXT, "<div data-bbo", None),
    ]


PARTS = [*"xyz <>&*\n", "<b>", "</b>", "<li>", "<ul>", "</ul>", "<h2>", "<p>", "<pre>", "<!", "</a>"]
PARTS += ["<math>", "</math>", "<table>", "<td>", "</table>", "<a href='1'>", "<input>", "```"]


@given(st.lists(st.sampled_from(PARTS)))
def test_no_letter_is_lost(parts: list[str]) -> None:
    """However broken the tags are, the letters outside of them come out, and in order."""
    read = block_html.read_text("".join(parts))
    assert [letter for letter in read if letter in "xyz"] == [
        part for part in parts if part in ("x", "y", "z")
    ]
