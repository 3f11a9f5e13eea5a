"""Formulas from glyphs: the layout tree, its LaTeX, and formulas within text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.reading.formulas.display import Formula, apart, as_one, display, parts_of
from docspec.drafters.reading.formulas.inline import LATEX, with_inline
from docspec.drafters.reading.formulas.parts import count_of
from docspec.drafters.reading.formulas.signs import part_of
from docspec.drafters.reading.text_layer import TextLayerDrafter
from docspec.layout.cut import cut
from docspec.marks import reads_as_prose
from docspec.pdf_glyphs import glyphs_of
from docspec.pdf_page import PdfPage
from docspec.source import open_document
from docspec.types import Box, Category, Glyph, Line, Page, Region, Span, Style, union

ITALIC, ROMAN, SYMBOLS, LARGE = "CMMI10", "CMR10", "CMSY10", "CMEX10"


def glyph(text: str, x: float, y: float, size: float = 10.0, font: str = "") -> Glyph:
    """A glyph half as wide as it is high, by default in the font that TeX takes for it."""
    usual = ITALIC if text.isalpha() else SYMBOLS if text in "−∈√≤∑" else ROMAN
    box = (x, y - 0.8 * size, x + 0.5 * size, y + 0.2 * size)
    return Glyph(text, font or usual, size, (x, y), box)


def coded(code: int, x: float, y: float, width: float = 5.0) -> Glyph:
    """A glyph of TeX's font of large signs, which is mapped to no character."""
    return Glyph("\ufffd", LARGE, 10.0, (x, y), (x, y, x + width, y + 2), code)


def word(text: str, x: float, y: float, size: float = 10.0, font: str = ROMAN) -> list[Glyph]:
    """Glyphs that touch."""
    return [glyph(char, x + 0.5 * size * n, y, size, font) for n, char in enumerate(text)]


def latex(glyphs: Sequence[Glyph], rules: Sequence[Box] = ()) -> str:
    """The LaTeX of glyphs that are one formula."""
    lines = display(glyphs, rules)
    return as_one(lines) if lines else ""


@given(st.sampled_from("abcxyzABC0123456789"))
def test_a_character_is_itself(char: str) -> None:
    """A letter or digit alone is written as it is."""
    assert latex([glyph(char, 10, 100)]) == char


@pytest.mark.parametrize(
    ("text", "font", "expected"),
    [
        ("R", "MSBM10", "\\mathbb{R}"),
        ("L", "CMSY10", "\\mathcal{L}"),
        ("F", "rsfs10", "\\mathscr{F}"),
        ("g", "EUFM10", "\\mathfrak{g}"),
        ("B", "CMBX10", "\\mathbf{B}"),
        ("K", "CMR10", "\\mathrm{K}"),
        ("α", "CMMI10", "\\alpha"),
        ("𝔼", "CambriaMath", "\\mathbb{E}"),
        ("𝑥", "CambriaMath", "x"),
        ("%", "CMR10", "\\%"),
    ],
)
def test_fonts_are_alphabets(text: str, font: str, expected: str) -> None:
    """A letter's font says which alphabet it is of, and signs have their names."""
    assert latex([glyph(text, 10, 100, font=font)]) == expected


def test_unmapped_codes_are_known_by_their_fonts() -> None:
    """What is mapped to no character has its name by its code, and is unknown in other fonts."""
    box = (10.0, 92.0, 15.0, 102.0)
    known = Glyph("\ufffd", "MSAM10", 10, (10, 100), box, 0x26)
    assert latex([known]) == "\\gtrsim"
    assert part_of(Glyph("\ufffd", "Wingdings", 10, (10, 100), box, 0x26)) is None
    assert display([known, Glyph("\ufffd", "Wingdings", 10, (20, 100), box, 1)], ()) == []


def test_scripts_are_nested() -> None:
    """Scripts have scripts, on either side of the row."""
    below = [glyph("x", 10, 100), glyph("a", 15, 102, 7), glyph("b", 18.5, 103, 5)]
    above = [glyph("c", 15, 95, 7), glyph("d", 18.5, 93, 5)]
    assert latex([*below, *above]) == "x_{a_{b}}^{c^{d}}"


def test_a_fraction_is_what_stands_around_a_bar() -> None:
    """A rule between two rows is a fraction's bar; inside of one may be another."""
    rule, inner = (10.0, 97.3, 40.0, 97.7), (18.0, 107.0, 32.0, 107.3)
    glyphs = [glyph("a", 22, 94), glyph("b", 22, 105, 7), glyph("c", 22, 114, 7)]
    assert latex(glyphs, [rule, inner]) == "\\frac{a}{\\frac{b}{c}}"


def test_a_bar_with_nothing_above_is_an_overline() -> None:
    """A rule over letters is no fraction."""
    assert latex([glyph("A", 10, 100), glyph("B", 15, 100)], [(10, 91, 20, 91.4)]) == "\\overline{AB}"


def test_a_root_has_what_its_rule_covers() -> None:
    """A root's sign and the rule at its right end are one; a small number in its hook is its power."""
    glyphs = [glyph("√", 10, 91), glyph("x", 15, 100), glyph("+", 22, 100), glyph("y", 29, 100)]
    assert latex(glyphs, [(15, 90.4, 20.2, 90.8)]) == "\\sqrt{x}+y"
    assert latex([*glyphs, glyph("3", 9.5, 94, 5)], [(15, 90.4, 20.2, 90.8)]) == "\\sqrt[3]{x}+y"


def test_a_sum_has_limits() -> None:
    """What is small and stands above and below a large operator is its limits."""
    limits = [glyph("n", 15, 87, 7), glyph("i", 12, 112, 7), glyph("=", 15.5, 112, 7), glyph("1", 19, 112, 7)]
    glyphs = [coded(0x58, 10, 90.5, 14), *limits, glyph("x", 26, 100), glyph("i", 31, 102, 7)]
    assert latex(glyphs) == "\\sum_{i=1}^{n}x_{i}"


def test_a_maximum_has_limits_below() -> None:
    """Words that LaTeX knows are functions, some with what stands under them."""
    glyphs = [*word("max", 10, 100), glyph("x", 15.5, 107, 7), *word("log", 27, 100), glyph("y", 44, 100)]
    assert latex(glyphs) == "\\max_{x}\\log y"


def test_large_delimiters_are_paired() -> None:
    """Two large brackets are left and right; one alone has its size."""
    inner = [glyph("a", 18, 94), glyph("b", 18, 107)]
    rules = [(17.0, 97.3, 25.0, 97.7)]
    assert latex([coded(0x10, 10, 89), *inner, coded(0x11, 27, 89)], rules) == "\\left(\\frac{a}{b}\\right)"
    assert latex([*inner, coded(0x11, 27, 89)], rules) == "\\frac{a}{b}\\Big)"


def test_tall_delimiters_are_made_of_pieces() -> None:
    """The pieces of a bracket are one, and what stands in rows between two such is a matrix."""
    left = [coded(0x30, 10, 80), coded(0x40, 10, 98)]
    right = [coded(0x31, 50, 80), coded(0x41, 50, 98)]
    cells = [glyph("a", 20, 93), glyph("b", 40, 93), glyph("c", 20, 107), glyph("d", 40, 107)]
    assert latex([*left, *cells, *right]) == "\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}"


def test_a_brace_before_rows_is_cases() -> None:
    """A left brace without a right one has cases after it, words among them."""
    cells = [
        glyph("0", 24, 93),
        *word("if", 45, 93),
        glyph("x", 60, 93),
        glyph("1", 24, 107),
        glyph("y", 45, 107),
    ]
    assert latex([coded(0x28, 10, 83), *cells]) == "\\begin{cases} 0 & \\text{if }x \\\\ 1 & y \\end{cases}"


def test_accents_stand_on_letters() -> None:
    """An accent goes with the letter below it."""
    assert latex([glyph("ˆ", 10, 100), glyph("x", 10, 100), glyph("y", 15, 100)]) == "\\hat{x}y"


def test_numbers_and_lines() -> None:
    """A number far to the right is the formula's; lines that go on the one before are aligned with it."""
    first = [glyph("a", 10, 100), glyph("=", 17, 100), glyph("b", 24, 100)]
    second = [glyph("=", 17, 120), glyph("c", 24, 120), *word("(3)", 90, 120)]
    lines = display([*first, *second], ())
    assert lines == [Formula("a=b"), Formula("=c", "3")]
    assert as_one(lines) == "\\begin{aligned} a &=b \\\\ &=c \\end{aligned} \\tag{3}"
    assert len(apart(lines)) == 1
    assert apart([Formula("a=b", "1"), Formula("c=d", "2")]) == ["a=b \\tag{1}", "c=d \\tag{2}"]


PLACES = st.tuples(st.floats(0, 60), st.floats(0, 40), st.sampled_from([5.0, 7.0, 10.0]))
RULES = st.lists(st.tuples(st.floats(0, 40), st.floats(0, 40), st.floats(3, 40)), max_size=3)


@given(st.lists(st.tuples(st.sampled_from("xf1+=(|)√ˆ∑−\u0338"), PLACES), min_size=1, max_size=12), RULES)
def test_no_glyph_is_lost_and_braces_balance(
    signs: list[tuple[str, tuple[float, float, float]]], bars: list[tuple[float, float, float]]
) -> None:
    """However glyphs and rules lie, each glyph is in the formula once, and every brace that opens closes."""
    glyphs = [glyph(char, x, y, size) for char, (x, y, size) in signs]
    rules = [(x, y, x + wide, y + 0.4) for x, y, wide in bars]
    parts = parts_of(glyphs, rules)
    assert not parts or count_of(parts) == len(glyphs)
    written = latex(glyphs, rules)
    assert not parts or written
    depth = 0
    for char in re.sub(r"\\[{}]", "", written):
        depth += {"{": 1, "}": -1}.get(char, 0)
        assert depth >= 0
    assert depth == 0
    assert written.count("x") == sum(char == "x" for char, _ in signs) or not parts


def line(glyphs: Sequence[Glyph]) -> Line:
    """A line of text as a text layer has it: spans by their fonts, a space where a gap is."""
    spans: list[Span] = []
    last: Glyph | None = None
    for one in glyphs:
        space = last is not None and one.box[0] - last.box[2] > 1
        if last is not None and (one.font, one.size) == (last.font, last.size):
            span = spans.pop()
            text = f"{span.text}{' ' * space}{one.text}"
            spans.append(Span(text, union([span.box, one.box]), one.size, one.font))
        else:
            if space:
                end = spans.pop()
                spans.append(Span(f"{end.text} ", end.box, end.size, end.font))
            spans.append(Span(one.text, one.box, one.size, one.font))
        last = one
    return Line(tuple(spans), union(span.box for span in spans), "text-layer")


def inline(glyphs: Sequence[Glyph]) -> str:
    """The text of a line with its formulas as LaTeX."""
    return "".join(one.text for one in with_inline([line(glyphs)], glyphs, (), ("$", "$")))


def test_formulas_within_text() -> None:
    """Signs of mathematical fonts, with what belongs to them, are LaTeX within their line; the words stay."""
    glyphs = [*word("let", 0, 100), glyph("x", 19, 100), glyph("2", 24, 96, 7), glyph("=", 31, 100)]
    glyphs += [glyph("4", 38, 100), glyph(",", 43, 100), *word("as", 52, 100)]
    [made] = with_inline([line(glyphs)], glyphs, (), ("$", "$"))
    assert made.text == "let $x^{2}=4$, as"
    assert [span.text for span in made.spans if span.font == LATEX] == ["$x^{2}=4$"]


def test_roots_within_text() -> None:
    """A root's sign hangs from the rule that it goes on in, above its row; without one it is a sign alone."""
    glyphs = [*word("let", 0, 100), glyph("√", 19, 91), glyph("x", 24, 100), *word("be", 33, 100)]
    rule = (24.0, 90.4, 29.2, 90.8)
    assert (
        "".join(one.text for one in with_inline([line(glyphs)], glyphs, [rule], ("$", "$")))
        == "let $\\sqrt{x}$ be"
    )
    tick = [*word("ok", 0, 100), glyph("√", 19, 100)]
    assert inline(tick) == line(tick).text


def test_text_without_signs_stays() -> None:
    """Digits, brackets, raised note marks and bullets alone are no formulas."""
    for glyphs in (
        [*word("in", 0, 100), *word("(1999)", 14, 100)],
        [*word("text", 0, 100), glyph("1", 20, 96, 7, ROMAN)],
        [glyph("•", 0, 100, font=SYMBOLS), *word("item", 10, 100)],
        word("emphasis", 0, 100, font="CMTI10"),
    ):
        assert inline(glyphs) == line(glyphs).text


def test_brackets_of_the_sentence_stay_in_it() -> None:
    """Brackets around a formula and one without its mate are the sentence's."""
    around = [*word("set", 0, 100), glyph("(", 19, 100), glyph("x", 24, 100), glyph(")", 29, 100)]
    assert inline(around) == "set ($x$)"
    assert inline([glyph("x", 0, 100), glyph(")", 5, 100), *word("is", 14, 100)]) == "$x$) is"


def test_a_page_has_glyphs_and_rules() -> None:
    """A PDF's page gives its characters with their baselines, and the lines that it draws."""
    page = pymupdf.open().new_page(width=200, height=100)
    page.insert_text((20, 50), "a b", fontsize=10, fontname="tiit")
    page.draw_line((20, 60), (40, 60), width=0.4)
    page.draw_line((20, 60), (20, 90), width=0.4)
    first, second = glyphs_of(page)
    assert (first.text, second.text) == ("a", "b")
    assert first.origin == pytest.approx((20, 50), abs=0.01)
    [rule] = PdfPage(page).rules()
    assert rule[0] == pytest.approx(20, abs=0.5)
    assert rule[2] == pytest.approx(40, abs=0.5)


def formula_page(path: str) -> None:
    """Writes a PDF with a fraction."""
    document = pymupdf.open()
    page = document.new_page(width=300, height=200)
    page.insert_text((50, 100), "y = ", fontsize=12, fontname="tiit")
    page.insert_text((80, 92), "a + b", fontsize=12, fontname="tiit")
    page.insert_text((90, 108), "c", fontsize=12, fontname="tiit")
    page.draw_line((78, 96.5), (108, 96.5), width=0.5)
    document.save(path)


@pytest.mark.parametrize("style", [Style(), Style(formula=("$", "$"))])
def test_a_formula_is_drafted_as_latex(tmp_path_factory: pytest.TempPathFactory, style: Style) -> None:
    """A formula's draft is its LaTeX where the verifier writes that, and in markdown in any case."""
    path = tmp_path_factory.mktemp("formula") / "one.pdf"
    formula_page(str(path))
    with open_document(path) as source:
        [page] = source.pages(dpi=100)
        assert isinstance(page, Page)
        box = union(one.box for one in page.lines)
        region = Region(0, 0, box, Category.FORMULA, lines=page.lines)
        [draft] = TextLayerDrafter().draft(page, region, style)
    assert draft.markdown == "$$\ny=\\frac{a+b}{c}\n$$"
    assert (draft.text == "y = \\frac{a + b}{c}") is (style.formula is not None)


def test_formulas_within_text_are_spelled_as_models_spell(tmp_path: Path) -> None:
    """In the draft; the markdown has them as they are read."""
    document = pymupdf.open()
    page = document.new_page(width=300, height=200)
    x = 40.0
    parts = ("Let ", "helv"), ("x", "tiit"), ("=", "helv"), ("y", "tiit"), (" for all of the nights.", "helv")
    for text, font in parts:
        page.insert_text((x, 100), text, fontsize=12, fontname=font)
        x += pymupdf.get_text_length(text, font, 12)
    document.save(tmp_path / "a.pdf")
    with open_document(tmp_path / "a.pdf") as source:
        [made] = source.pages(dpi=100)
        assert isinstance(made, Page)
        region = Region(0, 0, union(one.box for one in made.lines), Category.TEXT, lines=made.lines)
        [draft] = TextLayerDrafter().draft(made, region, Style(formula=("$", "$")))
    assert "Let $x = y$ for" in draft.text
    assert "Let $x=y$ for" in draft.markdown


def words_at(text: str, x0: float, y0: float, x1: float) -> Line:
    """A line of a text layer, 10 points high."""
    box = (x0, y0, x1, y0 + 10)
    return Line((Span(text, box, 10.0, ROMAN),), box, "text-layer")


def test_a_formula_is_cut_at_its_number_alone() -> None:
    """White space inside a formula parts nothing; its number, far to the right, is a region of its own."""
    page = Page(0, 300, 200, 72, np.full((200, 300, 3), 255, np.uint8))
    lines = [words_at("a", 20, 50, 25), words_at("b", 80, 50, 85), words_at("c", 20, 90, 25)]
    formula = Region(
        0, 0, (10, 40, 290, 110), Category.FORMULA, lines=(*lines, words_at("(7)", 260, 70, 275))
    )
    first, number = cut(page, formula)
    assert (first.category, first.lines) == (Category.FORMULA, tuple(lines))
    assert first.box == (10, 40, 260, 110)
    assert (number.category, number.lines[0].text) == (Category.CAPTION, "(7)")


def test_prose_is_known() -> None:
    """Words of a sentence are prose; names of functions among signs are not, nor is a short text."""
    assert reads_as_prose("the limit of the sequence that was defined above is not attained")
    assert not reads_as_prose("max f(x) + log g(y) = 3x + 4y - exp(2z + 1) + sin(a + b)")
    assert not reads_as_prose("for all other cases")
