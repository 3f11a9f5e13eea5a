"""What is printed as a heading: not the text's own print, but abstracts that run in, and bold capitals."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from docspec.hierarchy import with_hierarchy
from docspec.layout.inner_headings import with_inner_headings
from docspec.layout.plain_headings import without_plain
from docspec.types import Category, Draft, Finish, Line, PageResult, Region, RegionResult, Span, Verdict

HEADER, TEXT, ITEM = Category.SECTION_HEADER, Category.TEXT, Category.LIST_ITEM
LONG = (
    "The miller of the upper valley grinds only barley, since the lower wheel was broken by the ice in March."
)


def region(
    text: str,
    top: float,
    category: Category = TEXT,
    font: str = "Roman",
    size: float = 10.0,
    bold: bool = False,
) -> Region:
    """A region of one line."""
    box = (50.0, top, 50.0 + 4 * len(text), top + 12)
    line = Line((Span(text, box, size, font, bold=bold),), box, "text-layer")
    return Region(0, 0, box, category, lines=(line,))


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Dear Bo,", TEXT),
        ("short", TEXT),
        (LONG, TEXT),
        ("• Keep the gate shut", ITEM),
        ("Harbour dues", HEADER),
        ("2. Harbour dues", HEADER),
    ],
)
def test_headers_in_the_print_of_the_text(text: str, category: Category) -> None:
    """A salutation, a sentence or an item of a list that looks as the text does is no heading."""
    [made, _] = without_plain([region(text, 50, HEADER), region(LONG, 100)])
    assert made.category is category


@pytest.mark.parametrize("print_", [{"bold": True}, {"size": 12.0}, {"font": "Sans"}])
def test_headers_in_another_print_stay(print_: dict[str, object]) -> None:
    """Bold, large and otherwise set words are what the detector took them for."""
    head = region("Dear Bo,", 50, HEADER, **print_)  # type: ignore[arg-type]
    assert without_plain([head, region(LONG, 100)])[0].category is HEADER


def test_a_number_that_items_go_on_from_is_an_items() -> None:
    """A line before a table is the first of the list that goes on below it."""
    regions = [region("1. The goods are these:", 50, HEADER), region("2. They are sent by ferry.", 90, ITEM)]
    made = without_plain([*regions, region(LONG, 120)])
    assert [one.category for one in made] == [ITEM, ITEM, TEXT]


def abstract(*spans: tuple[str, str]) -> list[tuple[Category, str]]:
    """A paragraph whose first line has spans of a text and a font each, as the layout leaves it."""
    made: list[Span] = []
    x = 50.0
    for text, font in spans:
        made.append(Span(text, (x, 50, x + 5 * len(text), 60), 9.0, font, bold="Bold" in font))
        x += 5 * len(text)
    line = Line(tuple(made), (50, 50, x, 60), "text-layer")
    below = Line((Span("and more.", (50, 62, 95, 72), 9.0, spans[-1][1]),), (50, 62, 95, 72), "text-layer")
    found = with_inner_headings([Region(0, 0, (50, 50, x, 72), TEXT, lines=(line, below))])
    return [(one.category, " ".join(line.text for line in one.lines)) for one in found]


@pytest.mark.parametrize(
    ("spans", "text"),
    [
        ((("Abstract", "BoldItalic"), ("— We count", "Bold")), "We count and more."),
        ((("Abstract.", "Bold"), (" We count", "Roman")), "We count and more."),
        ((("ABSTRACT:", "SmallCaps"), (" We count", "Roman")), "We count and more."),
    ],
)
def test_an_abstract_that_runs_in_has_a_heading(spans: Sequence[tuple[str, str]], text: str) -> None:
    """The word is a heading without what parts it from its text, of which nothing else is lost."""
    (head, word), (body, rest) = abstract(*spans)
    assert (head, word.lower(), body, rest) == (HEADER, "abstract", TEXT, text)


def test_a_sentence_about_an_abstract_stays() -> None:
    """In the sentence's own print, or without a mark after it, the word is one as any other."""
    assert [kind for kind, _ in abstract(("Abstract", "Roman"), (". We", "Roman"))] == [TEXT]
    assert [kind for kind, _ in abstract(("Abstract", "Bold"), (" painters are rare", "Roman"))] == [TEXT]


def levels(*heads: tuple[str, float, bool], runs_in: bool = False) -> list[tuple[str, int | None]]:
    """The level of each of a page's headings, of a text, a size and a weight each."""
    results = []
    for number, (text, size, bold) in enumerate(heads):
        one = region(text, 50.0 + 40 * number, HEADER, size=size, bold=bold)
        results.append(RegionResult(one, Draft(text, "text-layer", 1.0), Verdict(text, Finish.UNVERIFIED)))
        if runs_in and text == "Abstract":
            box = (one.box[2] + 5, one.box[1], 400.0, one.box[3])
            line = Line((Span("We count.", box, size, "Roman"),), box, "text-layer")
            body = Region(0, 0, box, TEXT, lines=(line,))
            results.append(
                RegionResult(
                    body, Draft("We count.", "text-layer", 1.0), Verdict("We count.", Finish.UNVERIFIED)
                )
            )
    [page] = with_hierarchy([PageResult(0, 595, 842, tuple(results))])
    return [(one.text, one.region.level) for one in page.regions if one.region.category is not TEXT]


def test_bold_capitals_over_numbers_are_the_title() -> None:
    """The title of the mathematicians' class is no larger than its sections, which are numbered."""
    found = levels(("ON LAMPS", 10, True), ("1. Oil", 10, False), ("2. Wicks", 10, False))
    assert found == [("ON LAMPS", 1), ("1. Oil", 2), ("2. Wicks", 2)]
    alike = levels(("PREFACE", 10, True), ("1. OIL", 10, True), ("2. WICKS", 10, True))
    assert [level for _, level in alike] == [2, 2, 2]


def test_an_abstract_that_runs_in_heads_a_paragraph() -> None:
    """It is the last thing in the order of headings, and the others' levels do not follow from it."""
    heads = (("On Lamps", 14, True), ("Abstract", 9, True), ("1 Oil", 12, True), ("2 Wicks", 12, True))
    assert [level for _, level in levels(*heads, runs_in=True)] == [1, 6, 2, 2]
    assert [level for _, level in levels(*heads)] != [1, 6, 2, 2]
