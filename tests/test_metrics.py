"""The quality measures: edit distances, TEDS, matching of a page with its annotations."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("apted")

from docspec.bench.metrics import (
    bare_formula,
    distance,
    formula_distance,
    order_distance,
    pooled,
    text_distance,
)
from docspec.bench.quality import page_quality
from docspec.bench.teds import read_tree, teds

TABLE = "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>"
WORDS = st.text("abcd é中", max_size=20)


def test_distance_is_edits_over_the_longer_length() -> None:
    """Two edits of seven characters; nothing against nothing is equal."""
    assert distance("kitten", "sitting") == 3 / 7
    assert distance("", "") == 0.0
    assert distance("", "abc") == 1.0


@settings(max_examples=50, deadline=None)
@given(WORDS, WORDS)
def test_distance_is_a_symmetric_share(one: str, other: str) -> None:
    """It is the same both ways, between 0 and 1, and 0 for equal texts only."""
    value = distance(one, other)
    assert value == distance(other, one)
    assert 0 <= value <= 1
    assert (value == 0) == (one == other)


def test_text_is_compared_by_letters_and_digits() -> None:
    """Markup, marks and white space do not count; letters of any script do."""
    assert text_distance("**Über** uns,\n中文.", "Über uns 中文") == 0.0
    assert text_distance("abcd", "abxd") == 0.25


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("$$ x ^ { 2 } $$", "x^2"),
        ("\\[\\mathbf{E} = mc^{2} \\tag{3}\\]", "E=mc^2"),
        ("\\left( a \\right)", "(a)"),
        ("\\text{if}~a", "if\\quad a"),
    ],
)
def test_formulas_are_compared_without_their_looks(one: str, other: str) -> None:
    """Delimiters, tags, styles, braces and spaces are no difference."""
    assert formula_distance(one, other) == 0.0


def test_commands_that_begin_like_styles_stay() -> None:
    r"""``\leftarrow`` and ``\ending`` are no styles."""
    assert bare_formula("a \\leftarrow b") == "a\\leftarrowb"


def test_page_distance_pools_edits_and_lengths() -> None:
    """One wrong of two characters and none of eight: a tenth, not a quarter."""
    assert pooled([("ab", "ax"), ("abcdefgh", "abcdefgh")]) == 0.1
    assert pooled([]) is None
    assert pooled([("", "")]) is None


def test_reading_order_counts_misplaced_regions() -> None:
    """Swapped neighbours cost two edits; any increasing orders are right."""
    assert order_distance([2, 5, 9]) == 0.0
    assert order_distance([1, 0, 2, 3]) == 0.5
    assert order_distance([]) is None


def test_equal_tables_are_alike_in_any_markup() -> None:
    """Heads, bodies, entities, inline tags and pipes are no difference."""
    other = (
        "<table border=1><thead><tr><th><b>a</b></th><th>b</th></tr></thead>"
        "<tbody><tr><td> c</td><td>&#100;</td></tr></tbody></table>"
    )
    assert teds(TABLE, TABLE) == 1.0
    assert teds(other, TABLE) == 1.0
    assert teds("| a | b |\n| --- | --- |\n| c | d |", TABLE) == 1.0


def test_teds_of_known_edits() -> None:
    """A cell's text costs its edit distance, a missing row its three nodes, of the larger tree's six."""
    assert teds(TABLE.replace(">a<", ">x<"), TABLE) == pytest.approx(1 - 1 / 6)
    assert teds(TABLE.replace(">a<", ">x<"), TABLE, structure=True) == 1.0
    assert teds("<table><tr><td>a</td><td>b</td></tr></table>", TABLE) == pytest.approx(1 - 3 / 6)
    assert teds(TABLE.replace("<td>a", "<td colspan='2'>a"), TABLE, structure=True) == pytest.approx(5 / 6)


def test_teds_without_a_table() -> None:
    """Text is no table; hostile markup does not raise."""
    assert teds("just text", TABLE) == 0.0
    assert teds("", "") == 1.0
    assert teds("<table></td><td colspan=-3 rowspan=x>", TABLE) >= 0.0
    assert read_tree("<table></table>") is None


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3), min_size=1, max_size=4), st.data())
def test_teds_is_a_share_and_structure_is_never_worse(rows: list[list[str]], data: st.DataObject) -> None:
    """Between 0 and 1; leaving text out cannot make tables less alike."""
    other = data.draw(st.lists(st.lists(st.sampled_from("abc"), max_size=3), min_size=1, max_size=4))
    one, two = _table(rows), _table(other)
    whole, structure = teds(one, two), teds(one, two, structure=True)
    assert 0 <= whole <= structure <= 1
    assert teds(one, one) == 1.0


def _table(rows: list[list[str]]) -> str:
    cells = ("".join(f"<td>{text}</td>" for text in row) for row in rows)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def _region(kind: str, order: int | None, **content: str) -> dict[str, object]:
    return {"category_type": kind, "order": order, "poly": [0, 0, 9, 0, 9, 9, 0, 9], **content}


ENTRY = {
    "layout_dets": [
        _region("title", 0, text="Report"),
        _region("text_block", 1, text="The first paragraph."),
        _region("equation_isolated", 2, latex="$$ a ^ { 2 } $$"),
        _region("table", 3, html=TABLE),
        _region("text_block", 4, text="The last one."),
        _region("page_number", None, text="17"),
        _region("abandon", None),
    ]
}
MARKDOWN = f"# Report\n\nThe first paragraph.\n\n$$\na^2\n$$\n\n{TABLE}\n\nThe last one.\n"


def test_a_perfect_page_is_perfect() -> None:
    """All distances 0 and similarities 1; a page number may stand or be left out."""
    best = {"text": 0.0, "formula": 0.0, "teds": 1.0, "teds_structure": 1.0, "order": 0.0}
    assert page_quality(MARKDOWN, ENTRY) == best
    assert page_quality(MARKDOWN + "\n17\n", ENTRY) == best


def test_an_empty_page_is_all_wrong() -> None:
    """Everything that is annotated is missing, and nothing has an order."""
    worst = {"text": 1.0, "formula": 1.0, "teds": 0.0, "teds_structure": 0.0, "order": None}
    assert page_quality("", ENTRY) == worst


def test_text_that_nobody_wrote_counts() -> None:
    """An invented paragraph is an error of its length."""
    length = len("ReportThefirstparagraphThelastone")
    quality = page_quality(MARKDOWN + "\n\nzzzz\n", ENTRY)
    assert quality["text"] == pytest.approx(4 / (length + 4))


def test_reading_order_of_a_page() -> None:
    """Paragraphs in another order are the same text in a wrong order."""
    swapped = f"The last one.\n\n# Report\n\nThe first paragraph.\n\n$$\na^2\n$$\n\n{TABLE}\n"
    quality = page_quality(swapped, ENTRY)
    assert quality["text"] == 0.0
    assert quality["order"] == pytest.approx(2 / 5)


def test_what_a_page_has_not_has_no_figure() -> None:
    """Without annotated tables and formulas there is nothing to say of them."""
    quality = page_quality("one", {"layout_dets": [_region("text_block", 0, text="one")]})
    assert quality == {"text": 0.0, "formula": None, "teds": None, "teds_structure": None, "order": 0.0}
