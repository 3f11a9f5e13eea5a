"""Formulas within a line: the mini's notation, LaTeX and plain characters. Pure."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

from docspec.verifiers.mini.formulas import (
    BOLD,
    CLOSE,
    FRACTION,
    GROUP,
    GROUP_END,
    MARKS,
    OPEN,
    ROOT,
    SUB,
    SUP,
    formulas_in,
    latex,
    plain,
    with_latex,
)
from docspec.verifiers.mini.training.invented_formulas import inline_formula


def group(text: str) -> str:
    """Several characters as one item."""
    return f"{GROUP}{text}{GROUP_END}"


@pytest.mark.parametrize(
    ("formula", "as_latex", "as_plain"),
    [
        ("x", "x", "x"),
        (f"Σ{SUB}i", r"\Sigma_{i}", "Σi"),
        (f"μ{SUP}2≠0", r"\mu^{2}\neq0", "μ²≠0"),
        (f"x{SUB}{group('i,j')}{SUP}{group('−1')}", "x_{i,j}^{-1}", "xi,j⁻¹"),
        (f"{FRACTION}1{group('n+1')}", r"\frac{1}{n+1}", "1/n+1"),
        (f"Σ\u0307{SUB}i", r"\dot{\Sigma}_{i}", "Σi"),
        (f"∇×{BOLD}A{SUP}T", r"\nabla\times\mathbf{A}^{T}", "∇×AT"),
        (f"sinθ+αx{SUB}max", r"\sin\theta+\alpha x_{\max}", "sinθ+αxmax"),
        (f"{ROOT}{group('2π')}", r"\sqrt{2\pi}", "√2π"),
        (f"x{SUP}{group(f'a{SUB}{group(chr(49))}')}", "x^{a_{1}}", "xa1"),
    ],
)
def test_formulas_are_written(formula: str, as_latex: str, as_plain: str) -> None:
    """The same formula as LaTeX between dollars, and in plain characters."""
    assert with_latex(f"of {OPEN}{formula}{CLOSE}, and") == f"of ${as_latex}$, and"
    assert plain(f"of {OPEN}{formula}{CLOSE}, and") == f"of {as_plain}, and"


def test_formulas_are_found() -> None:
    """In order, as LaTeX; a mark without the other one begins none."""
    assert formulas_in(f"{OPEN}x{SUB}i{CLOSE} and {OPEN}α{CLOSE}, {OPEN}y") == ["x_{i}", r"\alpha"]


def test_text_without_formulas_stays() -> None:
    """Dollars and backslashes of running text are not LaTeX."""
    text = r"It costs $5, see C:\temp_{1} for x² and 10⁻³."
    assert plain(text) == with_latex(text) == text


@pytest.mark.parametrize(
    ("formula", "written"),
    [(SUB, "_{}"), (GROUP, ""), (f"x{GROUP_END}y", "xy"), (f"{FRACTION}1", r"\frac{1}{}"), ("a%", r"a\%")],
)
def test_broken_formulas_are_written_all_the_same(formula: str, written: str) -> None:
    """A mark without its item, a group without an end: what is missing is empty."""
    assert latex(formula) == written


@given(st.text("".join(MARKS) + "aΣx1\u0302√{$ ", max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_output_is_written_without_marks(text: str) -> None:
    """Whatever the model emits, no mark is left, the LaTeX's own braces are balanced, letters all stay."""
    marks = set(MARKS)
    for written in (plain(text), with_latex(text)):
        assert not marks & set(written)
        assert written.count("x") >= text.count("x")
    assert with_latex(text.replace("{", "")).count("{") == with_latex(text.replace("{", "")).count("}")


def test_deep_groups_are_no_danger() -> None:
    """Thousands of groups in each other are taken for text that is no formula."""
    assert plain(OPEN + 5000 * GROUP + "x" + CLOSE) == "x"


@pytest.mark.parametrize("seed", range(40))
def test_invented_formulas_can_be_typeset(seed: int) -> None:
    """matplotlib draws each of them, and none holds a space, at which lines would be broken."""
    formula = inline_formula(random.Random(seed))
    assert formula.split() == [formula]
    MathTextParser("path").parse(f"${latex(formula[1:-1])}$")
