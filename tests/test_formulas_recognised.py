"""Formulas in what OCR read, as LaTeX."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.reading.formulas.recognised import (
    display_of_text,
    latex_of_text,
    with_formulas,
    with_recognised,
)
from docspec.drafters.reading.formulas.symbols import NAMES
from docspec.types import Category, Line, Region, Span

SIGNS = "αβγδπΣΔΩµ∂∇≤≥≠∞∈∑"


@pytest.mark.parametrize(
    ("read", "latex"),
    [
        ("[U(x), I (y)] = δ(x − y),", r"[U(x), I (y)] = \delta(x - y),"),
        ("∂kΠk = µ² sin θ0", r"\partial_k \Pi_k = \mu^2 \sin \theta_0"),
        ("εijk ∂j Vk", r"\varepsilon_{ijk} \partial_j V_k"),
        ("αx + βy", r"\alpha x + \beta y"),
        ("x¹⁰ if x in X", r"x^{10} if x in X"),
        ("Fµν = ∂µAν", r"F_{\mu\nu} = \partial_{\mu} A_{\nu}"),
        ("(∂Π)−¹ + mVk", r"(\partial\Pi)^{-1} + mV_k"),
        ("max log p(x)", r"\max \log p(x)"),
    ],
)
def test_signs_have_names_and_letters_indices(read: str, latex: str) -> None:
    """A sign is its command, what stands right behind a letter its index, raised figures its exponent."""
    assert latex_of_text(read) == latex


@pytest.mark.parametrize(
    ("read", "tagged"),
    [
        ("E = mc² (1.2)", r"E = mc^2 \tag{1.2}"),
        ("f(2)", "f(2)"),
        ("(3)", "(3)"),
        ("x = y (see text)", "x = y (see text)"),
    ],
)
def test_a_number_at_the_end_is_a_tag(read: str, tagged: str) -> None:
    """Where it stands apart from the formula."""
    assert display_of_text(read) == tagged


@pytest.mark.parametrize(
    ("read", "written"),
    [
        ("If µ² = 0 (see [1]), ∂iΣi vanish.", r"If $\mu^2 = 0$ (see [1]), $\partial_i \Sigma_i$ vanish."),
        ("an angle (θ) and φ, ψ", r"an angle ($\theta$) and $\phi$, $\psi$"),
        ("where n ≤ 5 holds", r"where $n \leq 5$ holds"),
        ("films of 5 µm, 3 kΩ, 10Ω and 10 µg/ml", "films of 5 µm, 3 kΩ, 10Ω and 10 µg/ml"),
        ("from 1–5 = five", "from 1–5 = five"),
        ("the τ-lepton-like Σthing", "the τ-lepton-like Σthing"),
        ("粒子α衰变", "粒子α衰变"),
    ],
)
def test_formulas_in_running_text_are_marked(read: str, written: str) -> None:
    """With what operators join to them, without the punctuation beside them; units and words stay."""
    assert with_formulas(read, ("$", "$")) == written


def test_greek_text_is_none() -> None:
    """A region with Greek words has Greek letters in its text."""
    line = Line((Span("η ταχύτητα είναι α", (0.0, 0.0, 90.0, 10.0)),), (0.0, 0.0, 90.0, 10.0), "rapidocr")
    region = Region(0, 0, line.box, Category.TEXT, lines=(line,))
    assert with_recognised(region, ("$", "$")) is region


def test_what_is_latex_stays() -> None:
    """A fraction that was put together before is not taken apart."""
    text = r"of $\frac{1}{2}$ π"
    line = Line((Span(text, (0.0, 0.0, 90.0, 10.0)),), (0.0, 0.0, 90.0, 10.0), "rapidocr")
    region = Region(0, 0, line.box, Category.TEXT, lines=(line,))
    assert with_recognised(region, ("$", "$")) is region


@given(st.lists(st.sampled_from([*SIGNS, "x", "(", ")", "=", " ", "the", "2", ",", "²", "km", "."])))
def test_nothing_is_lost(pieces: list[str]) -> None:
    """Names put back, marks and braces taken off: every character that was read is there, in its order."""
    read = "".join(pieces)
    written = with_formulas(read, ("$", "$"))
    signs = {name: sign for sign, name in reversed(NAMES.items()) if sign in SIGNS}
    back = re.sub(r"\\([A-Za-z]+)", lambda found: signs[found[1]], written)
    expected = read.replace("²", "2").replace("µ", signs["mu"])
    shown = re.sub(r"[$_^{}]", "", back).replace("²", "2").replace("µ", signs["mu"])
    assert "".join(shown.split()) == "".join(expected.split())
