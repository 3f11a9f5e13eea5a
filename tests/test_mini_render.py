"""Training lines: superscript characters are drawn small and raised, whatever the font has."""

from __future__ import annotations

import random
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw

from docspec.verifiers.mini.formulas import CLOSE, OPEN, SUB, SUP
from docspec.verifiers.mini.training.fonts import Face, drawable
from docspec.verifiers.mini.training.render import break_lines

FONT = str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")


def rows(text: str) -> tuple[int, int]:
    """The first and last row of the ink of ``text``."""
    picture = Image.new("L", (200, 80), 0)
    Face(FONT, 40).draw(ImageDraw.Draw(picture), 10, 10, text)
    inked = np.flatnonzero(np.asarray(picture).max(axis=1) > 128)
    return int(inked[0]), int(inked[-1])


def test_superscripts_are_raised_and_small() -> None:
    """They start where other digits start, and end well above the line."""
    (top, bottom), (raised_top, raised_bottom) = rows("1"), rows("¹")
    assert abs(top - raised_top) <= 2
    assert raised_bottom - raised_top < 0.75 * (bottom - top)


def test_a_mark_takes_its_width() -> None:
    """A line with a mark is as long as its pieces, a comma between marks being one of them."""
    face = Face(FONT, 40)
    assert face.length("a1") > face.length("a¹") > face.length("a")
    assert face.length("a¹,²") < face.length("a") + face.length("1,2")


def test_formulas_stand_on_the_line() -> None:
    """An index reaches below the baseline, an exponent does not; both are as wide as they are drawn."""
    letter, index = rows(f"{OPEN}x{CLOSE}"), rows(f"{OPEN}x{SUB}n{CLOSE}")
    assert index[1] > letter[1]
    assert rows(f"{OPEN}x{SUP}2{CLOSE}")[1] <= letter[1] + 1
    face = Face(FONT, 40)
    assert face.length(f"a{OPEN}x{SUB}n{CLOSE}") > face.length(f"a{OPEN}x{CLOSE}") > face.length("a")


def test_lines_break_at_spaces() -> None:
    """Words and formulas stay whole; nothing is lost."""
    face, rng = Face(FONT, 20), random.Random(0)
    formula = f"{OPEN}x=1{CLOSE}"
    text = f"some words {formula}, and a good many more words of them"
    lines = [line for line, _ in break_lines(text, face, 130.0, 0.0, rng)]
    assert len(lines) > 3
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert any(formula in line for line in lines)
    assert all(face.length(line) <= 130 for line in lines)


def test_fonts_need_only_the_plain_characters() -> None:
    """A font without superscript letters can draw them."""
    assert drawable(FONT, "cupᵃ 10⁻³")
    assert drawable(FONT, f"of {OPEN}ℋ{CLOSE}")
