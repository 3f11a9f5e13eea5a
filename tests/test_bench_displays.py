"""Display formulas in the acceptance benchmark: what a model wrote for them, and their group."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from docspec.bench.acceptance_cases import DISPLAY, Case, region_groups
from docspec.bench.displays import display_cases, displays, likeness
from docspec.types import Draft, Line, Page, Region, Span, Style

WRITTEN = "so\n\n\\[\na_i = b^2,\n\\]\n\\[\n\\tag{3}\n\\]\n\nand $$ x \\leq y \\tag{4} $$ hold"


class Pretender:
    """Reads one line where a formula is annotated, and drafts its text."""

    def read(self, page: Page) -> Sequence[Line]:
        box = (10.0, 10.0, 60.0, 20.0)
        return (Line((Span("ai = b2,", box),), box, "rapidocr"),)

    def draft(self, page: Page, region: Region, style: Style) -> Sequence[Draft]:
        return (Draft(region.lines[0].text, "rapidocr", 1.0),)


def test_displays_are_found_without_their_numbers() -> None:
    """In either delimiters; a number alone is none."""
    assert displays(WRITTEN) == ["a_i = b^2,", "x \\leq y"]


def test_spelling_makes_no_difference() -> None:
    """Spaces, braces and sizes of brackets do not count, signs do."""
    assert likeness("a_{i} = \\left( b \\right)", "a_i=(b)") == 1.0
    assert likeness("a_i = b", "\\int f dx") < 0.5


def test_what_a_model_wrote_stands_for_an_annotated_formula(tmp_path: Path) -> None:
    """The draft is what is read in its box; a formula that the model left out is none."""
    poly = [8.0, 8.0, 62.0, 8.0, 62.0, 22.0, 8.0, 22.0]
    found = [
        {"category_type": "equation_isolated", "latex": latex, "poly": poly, "order": order}
        for order, latex in enumerate(("$$ a _ { i } = b ^ { 2 } , $$", "$$ \\int _ 0 ^ 1 f d \\mu $$"), 1)
    ]
    info = {"image_path": "one.png", "page_attribute": {"language": "english"}}
    (tmp_path / "pages.json").write_text(json.dumps([{"layout_dets": found, "page_info": info}]))
    (tmp_path / "images").mkdir()
    PIL.Image.fromarray(np.full((40, 80, 3), 255, np.uint8)).save(tmp_path / "images" / "one.png")
    outputs = tmp_path / "written"
    outputs.mkdir()
    (outputs / "one.md").write_text(WRITTEN)
    [case] = display_cases(tmp_path, outputs, Pretender())
    assert (case.truth, case.draft, case.kind) == ("a_i = b^2,", "ai = b2,", DISPLAY)


@pytest.mark.parametrize("kinds", [["text"], ["text", DISPLAY]])
def test_display_formulas_are_a_group_of_their_own(kinds: list[str]) -> None:
    """Where there are any; the other groups are of text."""
    cases = [Case("page", "english" if kind == "text" else "", "a", "a", kind=kind) for kind in kinds]
    groups = region_groups(cases)
    assert (DISPLAY in groups) == (DISPLAY in kinds)
    assert [case.kind for case in cases if groups["all"](case)] == ["text"]
