"""layoutparser's layouts in and out, and its detector without a backend."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docspec.errors import ModelError
from docspec.layout.exchange import from_layoutparser, to_layoutparser
from docspec.layout.layoutparser_detector import LayoutParserDetector
from docspec.types import Category, Line, Page, Region, Span

PAGE = Page(0, 300.0, 400.0, 144.0, np.zeros((800, 600, 3), np.uint8))


@st.composite
def regions(draw: st.DrawFn) -> Region:
    """Any region on the page."""
    x, y = draw(st.integers(0, 250)), draw(st.integers(0, 350))
    box = (float(x), float(y), float(x + draw(st.integers(1, 50))), float(y + draw(st.integers(1, 50))))
    words = draw(st.lists(st.text("abc ", min_size=1), max_size=3))
    lines = tuple(Line((Span(word, box),), box, "text-layer") for word in words)
    category = draw(st.sampled_from(list(Category)))
    score = draw(st.integers(0, 8)) / 8
    return Region(
        0, draw(st.integers(0, 99)), box, category, score, lines, parent=draw(st.none() | st.integers(0, 9))
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(regions(), max_size=6))
def test_regions_survive_the_round_trip(items: list[Region]) -> None:
    """Boxes, categories, order, parents, confidence and text come back as they went."""
    back = from_layoutparser(to_layoutparser(items, PAGE), PAGE)
    assert len(back) == len(items)
    for before, after in zip(items, back, strict=True):
        assert after.box == pytest.approx(before.box)
        assert (after.category, after.order, after.parent) == (before.category, before.order, before.parent)
        assert after.confidence == before.confidence
        assert [line.text for line in after.lines] == [line.text for line in before.lines]


def test_layouts_are_in_pixels_of_the_page_image() -> None:
    """At 144 dpi a point is two pixels."""
    layout = to_layoutparser([Region(0, 0, (10, 20, 30, 40), Category.TEXT)], PAGE)
    assert layout[0].coordinates == (20, 40, 60, 80)
    assert list(layout.to_dataframe()["type"]) == ["text"]


def test_zoo_classes_become_categories() -> None:
    """PubLayNet's names are understood, rules are left out, unknown names are text."""
    import layoutparser as lp

    blocks = [
        lp.TextBlock(lp.Rectangle(0, 20 * i, 100, 20 * i + 10), type=name)
        for i, name in enumerate(["Title", "Figure", "SeparatorRegion", "Sidebar", None])
    ]
    found = from_layoutparser(lp.Layout(blocks), PAGE)
    assert [region.category for region in found] == [
        Category.SECTION_HEADER,
        Category.PICTURE,
        Category.TEXT,
        Category.TEXT,
    ]


@pytest.mark.skipif(importlib.util.find_spec("effdet") is not None, reason="the backend is installed")
def test_a_missing_backend_is_named_with_its_install_command() -> None:
    """The error says what to install."""
    with pytest.raises(ModelError, match="pip install"):
        LayoutParserDetector()


def test_an_unknown_model_is_a_model_error() -> None:
    """A name that is no model fails as such."""
    with pytest.raises(ModelError, match="nonsense"):
        LayoutParserDetector("lp://nonsense")
