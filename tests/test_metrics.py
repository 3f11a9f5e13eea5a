"""The quality measures: edit distances and TEDS."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("apted")
pytest.importorskip("pylatexenc")

from docspec.bench.metrics import (
    bare_formula,
    bare_text,
    distance,
    order_distance,
    pooled,
    unicode_formula,
)
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
    assert bare_text("**Über** uns,\n中文.") == bare_text("Über uns 中文") == "Überuns中文"


def test_inline_formulas_are_compared_in_unicode() -> None:
    """However they are written, where LaTeX is needed; prices and broken LaTeX stay as they stand."""
    assert bare_text("the $\\alpha$-helix") == bare_text("the \\(\\alpha\\)-helix") == "theαhelix"
    assert bare_text("from $5 to $10") == "from5to10"
    assert unicode_formula("\\frac\\href\\[\\matrix\\verb\\\\[_\\cite") is None
    assert bare_text("$\\frac\\href\\[\\matrix\\verb\\\\[_\\cite$") == "frachrefmatrixverb_cite"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("$$ x ^ { 2 } $$", "x^{2}"),
        ("\\[\\mathbf{E} = mc^{2} \\tag{3}\\]", "{E}=mc^{2}"),
        ("\\left( a \\right).", "(A)"),
        ("\\begin{aligned}\\text{if}\\quad a\\end{aligned}", "{if}a"),
    ],
)
def test_formulas_are_compared_without_their_looks(one: str, other: str) -> None:
    """Delimiters, tags, styles, environments, case and spaces are no difference; braces are."""
    assert bare_formula(one) == bare_formula(other)


def test_looks_are_taken_out_of_longer_words_too() -> None:
    """As the toolkit does: an arrow to the left is an arrow."""
    assert bare_formula("a \\leftarrow b") == "aarrowb"


def test_page_distance_pools_edits_and_lengths() -> None:
    """One wrong of two characters and none of eight: a tenth, not a quarter."""
    assert pooled([("ab", "ax"), ("abcdefgh", "abcdefgh")]) == 0.1
    assert pooled([]) is None
    assert pooled([("", "")]) is None


def test_reading_order_counts_misplaced_and_missing_regions() -> None:
    """Swapped neighbours cost two edits, a missing region one; any increasing orders are right."""
    assert order_distance([2, 5, 9], [9, 5, 2]) == 0.0
    assert order_distance([1, 0, 2, 3], [0, 1, 2, 3]) == 0.5
    assert order_distance([1, 2, 3], [1, 2, 3, 4]) == 0.25
    assert order_distance([], []) is None


def test_equal_tables_are_alike_in_any_markup() -> None:
    """Heads, bodies, line breaks, entities, raised letters and wide characters are no difference."""
    other = (
        "<table border=1><thead>\n<tr>\n <th><p>a</p></th><th><sup>b</sup></th></tr></thead>"
        "<tbody><tr><td>ｃ</td><td>&#100;</td></tr></tbody></table>"
    )
    assert teds(TABLE, TABLE) == 1.0
    assert teds(other, TABLE) == 1.0


def test_teds_of_known_edits() -> None:
    """A cell's text costs its edit distance, a missing row its three nodes, of the larger tree's six."""
    assert teds(TABLE.replace(">a<", ">x<"), TABLE) == pytest.approx(1 - 1 / 6)
    assert teds(TABLE.replace(">a<", ">x<"), TABLE, structure=True) == 1.0
    assert teds("<table><tr><td>a</td><td>b</td></tr></table>", TABLE) == pytest.approx(1 - 3 / 6)
    assert teds(TABLE.replace("<td>a", "<td colspan='2'>a"), TABLE, structure=True) == pytest.approx(5 / 6)


def test_spaces_and_tags_in_cells_are_tokens() -> None:
    """A space is one of two characters; bold costs two of three tokens, of a tree with one element more."""
    assert teds(TABLE.replace(">a<", ">a \t<"), TABLE) == pytest.approx(1 - 1 / 2 / 6)
    assert teds(TABLE.replace(">a<", "><b>a</b><"), TABLE) == pytest.approx(1 - 2 / 3 / 7)
    assert teds(TABLE.replace(">a<", ">a<br><"), TABLE) == pytest.approx(1 - 2 / 3 / 7)


def test_teds_without_a_table() -> None:
    """Text is no table; hostile markup does not raise."""
    assert teds("just text", TABLE) == 0.0
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
