"""Displayed formulas among recognised text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from docspec.layout.displayed import with_displays
from docspec.types import Category, Line, Region, Span


def region(*texts: str) -> Region:
    """Recognised lines of text, one below the other."""
    strip = np.zeros((4, 4, 3), np.uint8)
    lines = [
        Line((Span(text, box),), box, "rapidocr", strips=(strip,))
        for n, text in enumerate(texts)
        for box in [(10.0, 20.0 * n, 300.0, 20.0 * n + 15)]
    ]
    return Region(0, 0, (10.0, 0.0, 300.0, 20.0 * len(texts)), Category.TEXT, lines=tuple(lines))


@pytest.mark.parametrize("text", ["2L = (BL)² − (∇ × VT)² + 2µ2AT · BT. (22)", "α + β ≤ γ", "∂tu = sinh θ"])
def test_signs_without_words_are_a_formula(text: str) -> None:
    """Whether it is numbered or not."""
    assert with_displays([region(text)])[0].category is Category.FORMULA


@pytest.mark.parametrize(
    "text",
    ["where α ≤ β holds", "The sum ∑ of all × is = 5", "x = 3", "Tel. +49 30 123", "3 × 4 cm", "Ω, Θ und Π"],
)
def test_text_stays_text(text: str) -> None:
    """With words in it, without a relation, or without signs that only formulas have."""
    found = region(text)
    assert with_displays([found]) == [found]


def test_only_recognised_text_of_a_few_lines_is_asked() -> None:
    """A text layer's own lines know their fonts, and a list of results is no formula."""
    lines = region("α + β ≤ γ").lines
    layer = replace(region("α + β ≤ γ"), lines=tuple(replace(line, strips=()) for line in lines))
    long = region(*["α + β ≤ γ"] * 6)
    heading = replace(region("α + β ≤ γ"), category=Category.SECTION_HEADER)
    assert with_displays([layer, long, heading]) == [layer, long, heading]
