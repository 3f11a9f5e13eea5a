"""Algorithms of papers: what is one, which lines of a page belong to it, and how it is written."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from docspec import parse
from docspec.algorithm_lines import algorithm_text, is_algorithm, plain_formula
from docspec.drafters.reading.formulas.inline import LATEX
from docspec.types import Line, Span

PROGRAM = (
    ("n := 0", 0), ("for each goat in the yard do", 0), ("if it is inside then", 1), ("n := n + 1", 2),
    ("else", 1), ("call the goat", 2), ("end if", 1), ("end for", 0), ("return n", 0),
)  # fmt: skip
PROSE = "The keeper of the yard counts the goats before breakfast and writes their number on a slate. "


def lines(numbered: bool, bold: bool = False) -> list[Line]:
    """The lines of ``PROGRAM``, ten points high."""
    found = []
    for i, (text, depth) in enumerate(PROGRAM):
        top, left = 100.0 + 14 * i, 80.0 + 15 * depth
        spans = [Span(text, (left, top, left + 5 * len(text), top + 10), 10, "F", bold=bold)]
        if numbered:
            spans.insert(0, Span(f"{i + 1}:", (60.0, top, 70.0, top + 10), 9, "F"))
        found.append(Line(tuple(spans), (spans[0].box[0], top, spans[-1].box[2], top + 10), "text-layer"))
    return found


def typeset(path: Path, numbered: bool) -> Path:
    """A page with an algorithm between two paragraphs, its name over it."""
    document = pymupdf.open()
    page = document.new_page(width=480, height=640)
    page.insert_textbox((60, 50, 420, 110), PROSE * 2, fontsize=11, fontname="tiro")
    page.insert_text((60, 140), "Algorithm 1", fontsize=10, fontname="tibo")
    page.insert_text((118, 140), "Counting the goats", fontsize=10, fontname="tiro")
    for i, (text, depth) in enumerate(PROGRAM):
        top, left = 158 + 13 * i, 80 + 14 * depth
        word, _, rest = text.partition(" ")
        if numbered:
            page.insert_text((62, top), f"{i + 1}:", fontsize=9, fontname="tiro")
        if numbered or word in ("n", "call"):
            page.insert_text((left, top), text, fontsize=10, fontname="tiro")
        else:
            page.insert_text((left, top), word, fontsize=10, fontname="tibo")
            aside = pymupdf.get_text_length(f"{word} ", fontname="tibo", fontsize=10)
            page.insert_text((left + aside, top), rest, fontsize=10, fontname="tiro")
    page.insert_textbox((60, 300, 420, 360), PROSE * 2, fontsize=11, fontname="tiro")
    document.save(path)
    return path


@pytest.mark.parametrize("numbered", [True, False])
def test_lines_are_written_with_their_depths(numbered: bool) -> None:
    """Each line stands by itself, set in as it is printed, with its number where it has one."""
    found = lines(numbered, bold=not numbered)
    assert is_algorithm(found)
    written = algorithm_text(found).split("\n")
    expected = [f"{'    ' * depth}{text}" for text, depth in PROGRAM]
    assert written == [f"{i + 1}: {text}" if numbered else text for i, text in enumerate(expected)]


def test_items_and_text_are_no_algorithm() -> None:
    """Numbers of a list have full stops, and text without bold words of a program is text."""
    assert not is_algorithm(lines(numbered=False))
    items = [Line((Span(f"{i}. If it rains, return.", (60, 20 * i, 200, 20 * i + 10), 10, "F", bold=True),),
                  (60, 20 * i, 200, 20 * i + 10), "text-layer") for i in range(1, 7)]  # fmt: skip
    assert not is_algorithm(items)


@pytest.mark.parametrize("numbered", [True, False])
def test_a_page_with_an_algorithm(tmp_path: Path, numbered: bool) -> None:
    """It is one block of code between its paragraphs, below its name, which is no heading."""
    written = parse(typeset(tmp_path / "a.pdf", numbered), verifier="draft-only").markdown
    block = written.split("```")[1]
    assert written.count("```") == 2
    assert "call the goat" in block
    assert "keeper" not in block
    assert "Counting" not in block
    assert not written.startswith("#")
    assert "\n#" not in written
    depths = [len(line) - len(line.lstrip("123456789: ")) for line in block.strip("\n").split("\n")]
    assert depths[5] > depths[2] > depths[0]


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"$n\leftarrow n+1$", "n ← n + 1"),
        (r"$g\in G$", "g ∈ G"),
        (r"\(x_{i}\leq\alpha^{2}\)", "x_i ≤ α^2"),
        (r"$\frac{a}{b}$", r"$\frac{a}{b}$"),
        ("plain", "plain"),
    ],
)
def test_formulas_in_code_are_characters(latex: str, shown: str) -> None:
    """Where characters can say them; LaTeX in code would not be rendered."""
    assert plain_formula(latex) == shown


def test_formulas_of_an_algorithm_are_characters() -> None:
    """A span of LaTeX is written as its characters."""
    first, *rest = lines(numbered=True)
    number, text = first.spans
    formula = Span(r"$n\leftarrow0$", text.box, text.size, LATEX)
    changed = [Line((number, formula), first.box, first.source), *rest]
    assert algorithm_text(changed).startswith("1: n ← 0\n")
