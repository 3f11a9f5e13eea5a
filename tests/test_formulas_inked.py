"""Display formulas of scans: their ink, which character each piece is, where it stands, and their LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.reading.ctc import Transcript
from docspec.drafters.reading.formulas.display import as_one, lines_of, together
from docspec.drafters.reading.formulas.ink import ink_of
from docspec.drafters.reading.formulas.inked import formula_of
from docspec.drafters.reading.formulas.placing import placed_parts, size_by
from docspec.drafters.reading.formulas.seen import Seen, aligned, extent
from docspec.drafters.reading.formulas.spelling import spelled
from docspec.drafters.reading.formulas.strips import layout_of
from docspec.drafters.reading.formulas.words import with_words
from docspec.drafters.reading.ocr import OcrDrafter
from docspec.drafters.reading.ocr_engine import OcrEngine
from docspec.types import Box, Category, Image, Page, Region, Style

ITALIC, UPRIGHT, SYMBOL = "tiit", "tiro", "symb"
DPI = 200
Mark = tuple[str, float, float, float, str]  # text, left, baseline, size (points), font


def printed(marks: Sequence[Mark], rules: Sequence[Box] = ()) -> Image:
    """Text and bars as printed, [h, w, 3]."""
    with pymupdf.open() as document:
        page = document.new_page(width=240, height=80)
        for text, x, y, size, font in marks:
            page.insert_text((x, y), text, fontsize=size, fontname=font)
        for rule in rules:
            page.draw_rect(rule, fill=(0, 0, 0), color=None, width=0)
        pixels = page.get_pixmap(dpi=DPI)
        return np.frombuffer(pixels.samples, np.uint8).reshape(pixels.h, pixels.w, 3).copy()


FRACTION = printed(
    [
        *[("x", 20, 44, 12, ITALIC), ("=", 31, 44, 12, UPRIGHT)],
        *[("a + b", 48, 37.5, 12, ITALIC), ("2c", 56, 52.5, 12, ITALIC)],
    ],
    [(46, 40.5, 80, 41.2)],
)
SCRIPTS = printed(
    [
        *[("E", 20, 44, 12, ITALIC), ("=", 32, 44, 12, UPRIGHT), ("mc", 44, 44, 12, ITALIC)],
        *[("2", 59, 39, 8, UPRIGHT), ("+", 68, 44, 12, UPRIGHT), ("T", 80, 44, 12, ITALIC)],
        *[("B", 88, 38, 8, ITALIC), ("k", 88, 48, 8, ITALIC)],
    ]
)


@pytest.fixture(scope="module")
def engine() -> OcrEngine:
    """The real recogniser."""
    return OcrEngine(threads=1)


def shown(chars: Sequence[Seen], size: float = 20.0) -> str:
    """The LaTeX of one row of characters on their ink."""
    return spelled(as_one(lines_of(together(with_words(placed_parts([chars], size)), []))))


def seen(char: str, x: float, line: float = 100.0, size: float = 20.0, wide: float = 0.5) -> Seen:
    """A character as large as it is printed in a font of that ``size``, on a ``line``."""
    up, down = extent(char)
    return Seen(char, (x, line - up * size, x + wide * size, line + down * size), ())


def test_a_fraction_is_read_from_its_ink(engine: OcrEngine) -> None:
    """What stands over a bar and under it is a fraction, though they are three lines of text."""
    assert [line.latex for line in formula_of(FRACTION, engine.read)] == [r"x=\frac{a+b}{2c}"]


def test_scripts_are_where_their_ink_is(engine: OcrEngine) -> None:
    """A raised figure is an exponent, and of two scripts above one another none is lost."""
    assert spelled(as_one(formula_of(SCRIPTS, engine.read))) == "E = mc^2 + T_k^B"


def test_a_scan_has_its_formula_drafted(engine: OcrEngine) -> None:
    """The drafter writes LaTeX for a region that is a formula, as models do, and shows it displayed."""
    height, width = FRACTION.shape[:2]
    page = Page(0, width, height, 72.0, FRACTION)
    drafter = OcrDrafter(engine=engine)
    lines = tuple(drafter.read(page))
    region = Region(0, 0, (40.0, 60.0, 240.0, 170.0), Category.FORMULA, lines=lines)
    [draft] = drafter.draft(page, region, Style(formula=("$", "$")))
    assert draft.text == r"x = \frac{a + b}{2c}"
    assert draft.text in draft.markdown
    assert "$$" in draft.markdown


def test_light_print_on_dark_is_the_same_ink() -> None:
    """What is ink depends on what most of the image is."""
    dark, light = ink_of(FRACTION), ink_of(255 - FRACTION)
    assert dark.boxes == light.boxes


def test_ink_outside_a_formula_is_not_its_own() -> None:
    """Pieces whose middles are outside are left out."""
    height = FRACTION.shape[0]
    left = ink_of(FRACTION, (0.0, 0.0, 120.0, float(height)))
    assert 0 < len(left.boxes) < len(ink_of(FRACTION).boxes)
    assert ink_of(FRACTION, (0.0, 0.0, 1.0, 1.0)).boxes == {}


def test_a_minus_is_no_bar() -> None:
    """Only what has something right above and right below it parts a fraction."""
    assert len(layout_of(ink_of(FRACTION)).rules) == 1
    assert layout_of(ink_of(printed([("a – b", 20, 44, 12, UPRIGHT)]))).rules == []


@pytest.mark.parametrize("image", [np.full((40, 60, 3), 255, np.uint8), np.zeros((1, 1, 3), np.uint8)])
def test_without_ink_there_is_no_formula(image: Image) -> None:
    """And nothing is asked of the recogniser."""

    def read(strips: Sequence[Image]) -> Sequence[Transcript]:
        raise AssertionError(f"{len(strips)} strips of nothing")

    assert formula_of(image, read) == []


def test_what_is_not_understood_is_no_formula() -> None:
    """Ink of which the recogniser reads nothing gives no LaTeX."""
    assert formula_of(FRACTION, lambda strips: [Transcript("")] * len(strips)) == []


@given(st.lists(st.sampled_from("abcdefghkmnopqrstuvxyzABDEFGHKLMNR0123456789"), min_size=1, max_size=12))
def test_each_character_is_the_ink_that_is_where_it_was_seen(chars: list[str]) -> None:
    """A row whose every character has a piece of its own is aligned one to one, whatever they are."""
    ink = {n: seen(char, 14.0 * n).box for n, char in enumerate(chars)}
    places = [(char, 14.0 * n + 5) for n, char in enumerate(chars)]
    found, missed = aligned(places, ink, 20.0)
    assert [(one.char, one.pieces) for one in found] == [(char, (n,)) for n, char in enumerate(chars)]
    assert missed == []


@given(st.sampled_from("abxABX05"), st.integers(0, 5))
def test_ink_that_was_not_read_is_missed(char: str, number: int) -> None:
    """A character that the reading left out leaves its piece, and the others keep theirs."""
    ink = {n: seen(char, 16.0 * n).box for n in range(6)}
    found, missed = aligned([(char, 16.0 * n + 5) for n in range(6) if n != number], ink, 20.0)
    assert missed == [number]
    assert [one.pieces for one in found] == [(n,) for n in range(6) if n != number]


def test_a_sign_of_two_pieces_takes_both() -> None:
    """An equals sign is its two bars, an i its stroke and its dot."""
    ink: dict[int, Box] = {1: (0, 90, 14, 92), 2: (0, 96, 14, 98), 3: (20, 91, 24, 100), 4: (21, 86, 23, 88)}
    found, missed = aligned([("=", 7.0), ("i", 22.0)], ink, 20.0)
    assert [sorted(one.pieces) for one in found] == [[1, 2], [3, 4]]
    assert missed == []


@pytest.mark.parametrize(
    ("row", "latex"),
    [
        ([seen("x", 0), seen("2", 11, 92, 14)], "x^2"),
        ([seen("a", 0), seen("i", 11, 104, 14), seen("j", 18, 104, 14), seen("b", 40)], "a_{ij} b"),
        ([seen("s", 0), seen("i", 11), seen("n", 22), seen("x", 34)], r"\sin x"),
        ([replace(seen("V", 0), char="√"), seen("L", 12, 92, 14)], "V^L"),
        ([seen("X", 0, size=12.6), seen("h", 20)], "xh"),
    ],
)
def test_a_character_stands_where_its_ink_does(row: list[Seen], latex: str) -> None:
    """Raised and low ones are scripts, words are functions, a root without a rule and capitals too low are
    what they look like."""
    assert shown(row) == latex


def test_the_size_is_that_of_the_largest_characters() -> None:
    """Most of a formula may be scripts."""
    row = [seen("A", 0), seen("B", 20), *(seen("h", 40 + 10 * n, 92, 14) for n in range(8))]
    assert size_by(row, 5.0) == pytest.approx(20.0, rel=0.05)
    assert size_by([], 5.0) == 5.0


@pytest.mark.parametrize(
    ("latex", "written"),
    [
        (r"a_{i}=-\frac{1}{2}(x+y)", r"a_i = -\frac{1}{2}(x + y)"),
        (r"\sum_{n=0}^{\infty}a_{n}", r"\sum_{n=0}^{\infty} a_n"),
        (r"f_{k}(x,y)\leq-b", r"f_k(x, y) \leq -b"),
        (r"\mu^{2}B_{i}", r"\mu^2 B_i"),
        (r"\dot{\dot{q}}", r"\ddot{q}"),
    ],
)
def test_latex_is_spelled_as_models_do(latex: str, written: str) -> None:
    """Spaces around what joins and compares but not in short scripts, no braces around one sign."""
    assert spelled(latex) == written


@given(st.text(alphabet="ab12+-=<>^_{}(),\\ ", max_size=30))
def test_spelling_changes_nothing_but_spaces_and_braces(latex: str) -> None:
    """What is written stays, in its order."""

    def bare(text: str) -> str:
        return "".join(char for char in text if char not in " {}")

    assert bare(spelled(latex)) == bare(latex)
