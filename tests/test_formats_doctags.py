"""Pages as DocTags: boxes as location tokens, tables as OTSL."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from docspec.drafters.formats.doctags import read, write
from docspec.types import Category, PageRegion

IMAGE = np.zeros((1000, 500, 3), dtype=np.uint8)  # a location is 2 pixels high, 1 wide
TABLE = "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"
TEXTS = st.text("abc é中.,1()", min_size=1, max_size=12).map(
    lambda text: f"so {' '.join(text.split())}".strip()
)
KINDS = [
    Category.TITLE,
    Category.TEXT,
    Category.FOOTNOTE,
    Category.FORMULA,
    Category.PAGE_HEADER,
    Category.PAGE_FOOTER,
]


@st.composite
def pages(draw: st.DrawFn) -> tuple[PageRegion, ...]:
    """Regions that DocTags can tell apart, on its grid."""
    found: list[PageRegion] = []
    for _ in range(draw(st.integers(0, 8))):
        x, y = draw(st.integers(0, 400)), draw(st.integers(0, 400))
        box = (float(x), 2.0 * y, float(x + 50), 2.0 * (y + 20))
        text = draw(TEXTS)
        kind = draw(st.sampled_from(["plain", "header", "bullet", "number", "table", "picture"]))
        if kind == "header":
            found.append(PageRegion(Category.SECTION_HEADER, text, box, draw(st.integers(2, 6))))
        elif kind in ("bullet", "number"):
            found.append(PageRegion(Category.LIST_ITEM, ("- " if kind == "bullet" else "1. ") + text, box))
        elif kind in ("table", "picture"):
            table = kind == "table"
            found.append(
                PageRegion(Category.TABLE if table else Category.PICTURE, TABLE if table else "", box)
            )
            if draw(st.booleans()):
                found.append(PageRegion(Category.CAPTION, text, box))
        else:
            found.append(PageRegion(draw(st.sampled_from(KINDS)), text, box))
    return tuple(found)


@given(pages())
def test_regions_come_back(page: tuple[PageRegion, ...]) -> None:
    """Category, text, box and level are the same after writing and reading."""
    assert read(write(page, IMAGE), IMAGE) == page


@settings(max_examples=200)
@given(pages(), st.data())
def test_no_prefix_raises(page: tuple[PageRegion, ...], data: st.DataObject) -> None:
    """A page that broke off is read as far as it goes: whole elements before the cut are all there."""
    text = write(page, IMAGE)
    cut = data.draw(st.integers(0, len(text)))
    found = read(text[:cut], IMAGE)
    assert len(found) <= len(page) + 1
    assert found[:-1] == page[: max(0, len(found) - 1)]


@given(st.text("<>/textolscaption_1fedhn ", max_size=60), st.sampled_from(["", "<otsl>", "<text><loc_1>"]))
def test_any_text_is_read_without_error(text: str, start: str) -> None:
    """Whatever a model writes."""
    read(start + text, IMAGE)


def test_a_page_as_written() -> None:
    """Lists are wrapped, captions stand inside, locations count 500 to a side."""
    page = (
        PageRegion(Category.SECTION_HEADER, "Part", (0, 0, 500, 1000), 2),
        PageRegion(Category.LIST_ITEM, "- one", (5, 10, 50, 20)),
        PageRegion(Category.LIST_ITEM, "- two", (5, 20, 50, 30)),
        PageRegion(Category.TABLE, TABLE, (0, 0, 5, 10)),
        PageRegion(Category.CAPTION, "Table 1", (0, 0, 1, 2)),
        PageRegion(Category.TEXT, "No box."),
    )
    assert write(page, IMAGE) == (
        "<doctag><section_header_level_1><loc_0><loc_0><loc_500><loc_500>Part</section_header_level_1>\n"
        "<unordered_list><list_item><loc_5><loc_5><loc_50><loc_10>one</list_item>\n"
        "<list_item><loc_5><loc_10><loc_50><loc_15>two</list_item>\n"
        "</unordered_list>\n"
        "<otsl><loc_0><loc_0><loc_5><loc_5><ched>a<ched>b<nl><fcel>1<fcel>2<nl>"
        "<caption><loc_0><loc_0><loc_1><loc_1>Table 1</caption></otsl>\n"
        "<text>No box.</text>\n</doctag>"
    )


def test_marks_of_lists_headings_and_formulas() -> None:
    """Letters number lists as well, what is no mark stays text, and no item has two bullets."""
    page = (
        PageRegion(Category.LIST_ITEM, "(a) one"),
        PageRegion(Category.SECTION_HEADER, "#1 fan", level=2),
    )
    assert read(write(page, IMAGE), IMAGE) == page
    assert "<formula>x</formula>" in write([PageRegion(Category.FORMULA, "\\[x\\]")], IMAGE)
    (item,) = read("<unordered_list><list_item>• one</list_item></unordered_list>", IMAGE)
    assert item.text == "- one"


def test_broken_output_keeps_its_text() -> None:
    """Elements that nobody closed, locations that broke off, text outside all elements."""
    found = read("loose <text><loc_1><loc_2>one<title>two</text>three <footnote>four <loc_", IMAGE)
    assert [(region.category, region.text) for region in found] == [
        (Category.TEXT, "loose"),
        (Category.TEXT, "one"),
        (Category.TITLE, "two"),
        (Category.TEXT, "three"),
        (Category.FOOTNOTE, "four"),
    ]
