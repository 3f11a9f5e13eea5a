"""dots.ocr's page JSON: written as the model writes it, read back whole, truncated or broken."""

from __future__ import annotations

import json
import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docspec.drafters.formats.dots_json import read_page, write_page
from docspec.markdown import HEADINGS
from docspec.types import Category, PageRegion

# no page holds a backspace or a form feed, and no text half a surrogate pair
CHARACTERS = st.characters(exclude_characters="\b\f", exclude_categories=["Cs"])
AWKWARD = st.sampled_from(
    ['"', "\\", "\n", "\\n", '"}, {"bbox": [', '"text": "', r"\frac{a}{b}", "}]", "]", "# ", "\u2028", "😀"]
)
TEXT = st.lists(st.one_of(AWKWARD, st.text(CHARACTERS, max_size=12)), max_size=5).map("".join)
PIXEL = st.integers(0, 5000)


@st.composite
def boxes(draw: st.DrawFn) -> tuple[float, float, float, float]:
    """A box of whole pixels, its corners in order."""
    x0, x1 = sorted((draw(PIXEL), draw(PIXEL)))
    y0, y1 = sorted((draw(PIXEL), draw(PIXEL)))
    return float(x0), float(y0), float(x1), float(y1)


@st.composite
def page_regions(draw: st.DrawFn) -> PageRegion:
    """A region as the model's format can hold it: headings with a level, pictures without text."""
    category = draw(st.sampled_from(list(Category)))
    text = "" if category is Category.PICTURE else draw(TEXT)
    level = None
    if category in HEADINGS:
        text, level = text.lstrip("#"), draw(st.integers(1, 6))
    if category is Category.LIST_ITEM:
        text = text.replace("- ", "* ")
    return PageRegion(category, text, draw(boxes()), level)


PAGES = st.lists(page_regions(), max_size=5).map(tuple)


@given(PAGES)
def test_what_is_written_reads_back(regions: tuple[PageRegion, ...]) -> None:
    """Writing then reading gives the same regions."""
    assert read_page(write_page(regions)) == regions


@given(PAGES)
def test_written_page_is_json(regions: tuple[PageRegion, ...]) -> None:
    """A written page is one JSON list, with text for everything but pictures."""
    parsed = json.loads(write_page(regions))
    assert [item["category"].lower() for item in parsed] == [region.category for region in regions]
    assert ["text" in item for item in parsed] == [r.category is not Category.PICTURE for r in regions]


@given(PAGES, st.floats(0, 1))
def test_truncated_output_keeps_what_is_complete(regions: tuple[PageRegion, ...], share: float) -> None:
    """Any prefix gives the complete regions, and at most the readable part of the next one's text."""
    whole = write_page(regions)
    read = read_page(whole[: int(share * len(whole))])
    complete = sum(read[i : i + 1] == (region,) for i, region in enumerate(regions))
    assert read[:complete] == regions[:complete]
    assert len(read) <= complete + 1
    ends = [len(write_page(regions[: k + 1])) - 1 for k in range(len(regions))]
    assert complete >= sum(end <= int(share * len(whole)) for end in ends)
    for partial, region in zip(read[complete:], regions[complete:], strict=False):
        assert region.text.startswith(partial.text)
        assert (partial.category, partial.box) == (region.category, region.box)


@given(st.one_of(st.text(), TEXT, st.text(alphabet='[]{}",:\\ \n0123456789-bxcategory')))
def test_nothing_raises(output: str) -> None:
    """Any text at all is read without an error."""
    for region in read_page('[{"bbox": [1, 2, 3, 4], "category": "Text", "text": "' + output):
        region.text.encode()
    read_page(output)


@given(PAGES, st.data())
@settings(max_examples=50)
def test_damage_stays_where_it_is(regions: tuple[PageRegion, ...], data: st.DataObject) -> None:
    """One character lost or changed never raises and costs no more than one region."""
    whole = write_page(regions)
    at = data.draw(st.integers(0, len(whole) - 1))
    put = data.draw(st.sampled_from(["", '"', "\\", "}", "x", "\n"]))
    read = read_page(whole[:at] + put + whole[at + 1 :])
    lost = [region for region in regions if region not in read]
    assert len(lost) <= 1


def page(*objects: str) -> str:
    """A list of raw JSON objects, as the model writes it."""
    return "[" + ", ".join(objects) + "]"


FIRST = '{"bbox": [1, 2, 3, 4], "category": "Text", "text": "one"}'
ONE = PageRegion(Category.TEXT, "one", (1, 2, 3, 4))


def text(value: str) -> str:
    """The raw object of a text region whose string is ``value`` as it stands."""
    return '{"bbox": [5, 6, 7, 8], "category": "Text", "text": "' + value + '"}'


def test_spacing_and_marks_are_the_models() -> None:
    """Spaces, capitals, heading marks and bullets are those of real output."""
    regions = [
        PageRegion(Category.TITLE, "DocLayNet", (211.4, 160.6, 1021, 243)),
        PageRegion(Category.SECTION_HEADER, "ABSTRACT", (1, 2, 3, 4)),
        PageRegion(Category.SECTION_HEADER, "Data", (1, 2, 3, 4), level=3),
        PageRegion(Category.PICTURE, "of a page", (1, 2, 3, 4)),
        PageRegion(Category.LIST_ITEM, "- a\n  - b", (1, 2, 3, 4)),
        PageRegion(Category.TEXT, 'the term "é"\n\\alpha'),
    ]
    assert write_page(regions) == (
        '[{"bbox": [211, 161, 1021, 243], "category": "Title", "text": "# DocLayNet"}, '
        '{"bbox": [1, 2, 3, 4], "category": "Section-header", "text": "## ABSTRACT"}, '
        '{"bbox": [1, 2, 3, 4], "category": "Section-header", "text": "### Data"}, '
        '{"bbox": [1, 2, 3, 4], "category": "Picture"}, '
        '{"bbox": [1, 2, 3, 4], "category": "List-item", "text": "* a\\n  * b"}, '
        '{"category": "Text", "text": "the term \\"é\\"\\n\\\\alpha"}]'
    )


def test_boxes_are_scaled_both_ways() -> None:
    """The page image's pixels become the resized image's whole pixels, and back."""
    written = write_page([PageRegion(Category.TEXT, "a", (10, 10, 20, 30))], (2.0, 0.5))
    assert '"bbox": [20, 5, 40, 15]' in written
    assert read_page(written, (0.5, 2.0))[0].box == (10, 10, 20, 30)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('He said "hi", then left', 'He said "hi", then left'),
        ('x = {"k": "v"}, y = 1', 'x = {"k": "v"}, y = 1'),
        ("two\nlines", "two\nlines"),
        (r"$\alpha$ and $\theta \to \beta$.\nNext, \$5", "$\\alpha$ and $\\theta \\to \\beta$.\nNext, \\$5"),
        (r"\nabla f \neq \nu \le 0", r"\nabla f \neq \nu \le 0"),
        (r"\begin{pmatrix} a \\ \alpha \end{pmatrix}", r"\begin{pmatrix} a \\ \alpha \end{pmatrix}"),
        (r"only $\frac{a}{b}$", r"only $\frac{a}{b}$"),
        (r"$\\frac{a}{b}$ \u00e9 \ud83d\ude00", r"$\frac{a}{b}$ é 😀"),
        (r"half \ud83d of a pair", "half \ufffd of a pair"),
    ],
)
def test_missing_escapes(value: str, expected: str) -> None:
    """Quotation marks, line breaks and LaTeX that lack their escape are read as they were meant."""
    read = read_page(page(FIRST, text(value), FIRST))
    assert read == (ONE, PageRegion(Category.TEXT, expected, (5, 6, 7, 8)), ONE)


@pytest.mark.parametrize(
    "output",
    [
        FIRST,
        page(FIRST)[:-1],
        page(FIRST)[:-2],
        page(FIRST)[:-3],
        page(FIRST) + " and some more text",
        FIRST + ' trailing "quoted" words',
        "```json\n" + page(FIRST) + "\n```",
        "Here it is: " + page(FIRST),
        page(FIRST).replace(", ", ",\n    ").replace("{", "{\n  "),
        page(FIRST) + page(FIRST)[:20],
    ],
)
def test_the_list_itself_may_be_broken(output: str) -> None:
    """A single object, missing brackets, fences and words around the list make no difference."""
    assert read_page(output) == (ONE,)


def test_a_forgotten_bracket_between_objects() -> None:
    """An object whose closing bracket is missing ends where the next one starts."""
    assert read_page("[" + FIRST[:-1] + ", " + FIRST + "]") == (ONE, ONE)


@pytest.mark.parametrize("box", ["[1, 2, 3]", "[1, 2, 3, 4, 5]", "[]", "null", '"1 2 3 4"', "[1, 2, NaN, 4]"])
def test_a_box_that_is_none(box: str) -> None:
    """A box of anything but four numbers is None, and the region stays."""
    broken = '{"bbox": ' + box + ', "category": "Text", "text": "one"}'
    assert read_page(page(broken, FIRST)) == (PageRegion(Category.TEXT, "one"), ONE)


def test_corners_in_the_wrong_order() -> None:
    """A box's corners come out in order."""
    assert read_page('[{"bbox": [30, 40, 10, 20], "category": "Picture"}]')[0].box == (10, 20, 30, 40)


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("Section-header", Category.SECTION_HEADER),
        ("section_header", Category.SECTION_HEADER),
        ("LIST ITEM", Category.LIST_ITEM),
        ("Stamp", Category.TEXT),
        ("", Category.TEXT),
    ],
)
def test_category_names(name: str, category: Category) -> None:
    """Names are read whatever their case and hyphens; an unknown one is text."""
    [region] = read_page('[{"bbox": [1, 2, 3, 4], "category": "' + name + '", "text": "a"}]')
    assert region.category is category


@pytest.mark.parametrize("value", ["null", "12", '["a"]', "{}"])
def test_a_text_that_is_no_string(value: str) -> None:
    """A text of another type does not raise."""
    [region] = read_page('[{"bbox": [1, 2, 3, 4], "category": "Text", "text": ' + value + "}]")
    assert isinstance(region.text, str)


def test_an_answer_without_json_is_text() -> None:
    """Plain words instead of the list are one text region: nothing is lost."""
    assert read_page("  Only words. ") == (PageRegion(Category.TEXT, "Only words."),)
    assert read_page("") == read_page("[") == read_page('[{"bb') == ()


@pytest.mark.parametrize(
    ("output", "texts"),
    [
        ('[{"text": "' + "\\" * 200_000, ["\\" * 100_000]),
        ('[{"text": "' + '"' * 100_000, ['"' * 99_999]),
        ('[{"bbox": ' + "[" * 200_000, []),
        ('[{"text": "a' * 60_000, ["a["] * 59_999 + ["a"]),
        ('[{"text": "' + "." * 200_000 + "\n" * 100_000, ["." * 200_000 + "\n" * 100_000]),
        ('{"text": "' + '" ' * 50_000, [('" ' * 50_000)[:-2]]),
        ('{"text": "' + '"}' * 50_000 + string.printable, [""]),
    ],
)
def test_runaway_output_is_read_in_linear_time(output: str, texts: list[str]) -> None:
    """Degenerate repetitions are read as what they are, and do not take long."""
    started = time.process_time()
    assert [region.text for region in read_page(output)] == texts
    assert time.process_time() - started < 5.0
