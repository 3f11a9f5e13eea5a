"""Reading order on hand-made pages, and its invariants on random ones."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docspec.layout.captions import caption_parents
from docspec.layout.order import reading_order
from docspec.types import Box, Category

T, H, P, TB, C = (
    Category.TEXT,
    Category.SECTION_HEADER,
    Category.PICTURE,
    Category.TABLE,
    Category.CAPTION,
)
TITLE, TOP, BOTTOM, NOTE, F = (
    Category.TITLE,
    Category.PAGE_HEADER,
    Category.PAGE_FOOTER,
    Category.FOOTNOTE,
    Category.FORMULA,
)

# Each page lists its boxes in the order in which they are read.
PAGES: dict[str, list[tuple[Box, Category]]] = {
    "one column": [((50, 50, 550, 80), H), ((50, 90, 550, 200), T), ((50, 210, 550, 300), T)],
    "two columns": [
        ((50, 50, 290, 200), T),
        ((50, 210, 290, 700), T),
        ((310, 50, 550, 400), T),
        ((310, 410, 550, 700), T),
    ],
    "a bar with sections of its own beside a curriculum vitae": [
        ((210, 50, 360, 85), TITLE),
        ((210, 125, 290, 145), H),
        ((210, 155, 565, 310), T),
        ((210, 320, 290, 340), H),
        ((210, 350, 565, 390), T),
        ((20, 50, 76, 70), H),
        ((20, 80, 107, 107), T),
        ((20, 140, 60, 160), H),
        ((20, 170, 107, 195), T),
    ],
    "cards of a slide": [
        ((40, 20, 240, 58), TITLE),
        ((60, 93, 135, 115), H),
        ((60, 124, 300, 164), T),
        ((390, 94, 486, 116), H),
        ((390, 124, 620, 168), T),
        ((60, 233, 165, 255), H),
        ((60, 264, 300, 304), T),
        ((390, 233, 448, 255), H),
        ((390, 264, 620, 304), T),
    ],
    "columns with sections, two of which begin at one height": [
        ((50, 50, 120, 62), H),
        ((50, 70, 290, 300), T),
        ((50, 310, 120, 322), H),
        ((50, 330, 290, 700), T),
        ((310, 50, 380, 62), H),
        ((310, 70, 550, 400), T),
        ((310, 410, 380, 422), H),
        ((310, 430, 550, 700), T),
    ],
    "columns with sections, all of which begin at one height": [
        ((60, 60, 220, 72), H),
        ((60, 80, 290, 220), T),
        ((60, 236, 210, 248), H),
        ((60, 256, 290, 396), T),
        ((310, 60, 470, 72), H),
        ((310, 80, 540, 220), T),
        ((310, 236, 450, 248), H),
        ((310, 256, 540, 396), T),
    ],
    "side headings": [
        ((20, 50, 76, 65), H),
        ((110, 50, 565, 145), T),
        ((20, 160, 76, 175), H),
        ((110, 160, 565, 310), T),
    ],
    "two columns with gaps at the same heights": [
        ((50, 50, 290, 200), T),
        ((50, 210, 290, 400), T),
        ((50, 410, 290, 700), T),
        ((310, 50, 550, 200), T),
        ((310, 210, 550, 400), T),
        ((310, 410, 550, 700), T),
    ],
    "three columns": [
        ((50, 50, 200, 300), T),
        ((50, 310, 200, 700), T),
        ((220, 50, 370, 500), T),
        ((220, 510, 370, 700), T),
        ((390, 50, 540, 100), T),
        ((390, 110, 540, 700), T),
    ],
    "a title over two columns": [
        ((100, 40, 500, 80), TITLE),
        ((50, 100, 290, 700), T),
        ((310, 100, 550, 300), T),
        ((310, 310, 550, 700), T),
    ],
    "a spanning heading between columns": [
        ((50, 50, 290, 200), T),
        ((310, 50, 550, 200), T),
        ((50, 220, 550, 250), H),
        ((50, 270, 290, 700), T),
        ((310, 270, 550, 700), T),
    ],
    "a spanning figure between columns": [
        ((50, 50, 290, 150), T),
        ((50, 160, 290, 200), T),
        ((310, 50, 550, 200), T),
        ((50, 220, 550, 400), P),
        ((60, 405, 540, 420), C),
        ((50, 440, 290, 700), T),
        ((310, 440, 550, 700), T),
    ],
    "one column over two over one": [
        ((50, 50, 550, 150), T),
        ((50, 170, 290, 400), T),
        ((310, 170, 550, 400), T),
        ((50, 420, 550, 500), T),
    ],
    "headers first and footers last": [
        ((50, 10, 200, 20), TOP),
        ((400, 10, 550, 20), TOP),
        ((50, 50, 290, 700), T),
        ((310, 50, 550, 700), T),
        ((280, 780, 320, 790), BOTTOM),
    ],
    "footnotes after the body of both columns": [
        ((50, 50, 290, 600), T),
        ((310, 50, 550, 600), T),
        ((50, 620, 290, 640), NOTE),
        ((310, 620, 550, 640), NOTE),
        ((50, 780, 550, 790), BOTTOM),
    ],
    "side notes after the paragraphs that they stand beside": [
        ((150, 50, 550, 200), T),
        ((40, 60, 130, 90), T),
        ((150, 210, 550, 400), T),
        ((40, 300, 130, 330), T),
        ((150, 410, 550, 700), T),
    ],
    "side notes on the right": [
        ((50, 50, 450, 200), T),
        ((470, 60, 560, 90), T),
        ((50, 210, 450, 400), T),
        ((50, 410, 450, 700), T),
        ((470, 500, 560, 530), T),
    ],
    "a table's caption above, a figure's below": [
        ((50, 50, 550, 65), C),
        ((50, 70, 550, 200), TB),
        ((50, 230, 550, 300), T),
        ((50, 320, 550, 500), P),
        ((50, 505, 550, 520), C),
    ],
    "two figures side by side with their captions": [
        ((50, 50, 290, 200), P),
        ((50, 205, 290, 220), C),
        ((310, 50, 550, 200), P),
        ((310, 205, 550, 220), C),
        ((50, 250, 550, 400), T),
    ],
    "formulas with numbers at the margin": [
        ((50, 50, 550, 100), T),
        ((100, 110, 300, 130), F),
        ((520, 110, 550, 130), C),
        ((50, 140, 400, 160), T),
        ((100, 170, 250, 190), F),
        ((520, 170, 550, 190), C),
        ((50, 200, 550, 300), T),
    ],
    "a figure low in the left margin column": [
        ((310, 50, 550, 300), T),
        ((310, 310, 550, 700), T),
        ((50, 400, 290, 600), P),
        ((50, 610, 290, 640), C),
    ],
    "a date on the right above a heading on the left": [
        ((400, 40, 550, 55), T),
        ((50, 70, 250, 100), H),
        ((50, 110, 550, 300), T),
    ],
    "a date in the row of a reference, above a letter": [
        ((50, 40, 150, 55), T),
        ((420, 40, 550, 55), T),
        ((50, 80, 150, 150), T),
        ((50, 170, 120, 185), H),
        ((50, 200, 550, 300), T),
    ],
    "a label to the left of one row": [
        ((50, 40, 90, 55), T),
        ((150, 40, 550, 55), T),
        ((150, 70, 550, 300), T),
        ((150, 310, 550, 500), T),
    ],
    "columns whose boxes overlap by a hair": [
        ((50, 50, 302, 400), T),
        ((50, 405, 298, 700), T),
        ((300, 50, 550, 350), T),
        ((301, 355, 550, 700), T),
    ],
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("seed", range(3))
def test_page_is_read_in_the_expected_order(name: str, seed: int) -> None:
    """Each page comes out in its order, in whatever order its boxes go in."""
    expected = PAGES[name]
    shuffled = random.Random(seed).sample(expected, len(expected))
    order = reading_order([box for box, _ in shuffled], [category for _, category in shuffled])
    assert [shuffled[i] for i in order] == expected


@pytest.mark.parametrize("parts", [2, 3])
def test_the_parts_of_a_chart_above_make_no_column(parts: int) -> None:
    """Pieces of a figure over two columns leave these whole, also where the last of them stands by itself."""
    boxes: list[Box] = [(50, 40, 340, 60)]
    boxes += [(50 + 160 * n, 100, 190 + 160 * n, 190) for n in range(parts)]
    boxes += [(530, 100, 548, 190), (50, 196, 320, 207)]
    columns: list[Box] = [(50, 230, 288, 240), (50, 250, 288, 290), (50, 300, 288, 400)]
    columns += [(308, 230, 517, 240), (308, 250, 545, 300), (308, 310, 545, 390)]
    kinds = [Category.TITLE, *[Category.PICTURE] * (parts + 1), Category.CAPTION, *[Category.TEXT] * 6]
    order = reading_order([*boxes, *columns], kinds)
    assert order[-6:] == list(range(len(boxes), len(boxes) + 6))


def test_right_to_left_pages_start_with_the_right_column() -> None:
    """Arabic columns are read from the right."""
    boxes: list[Box] = [(50, 50, 290, 700), (310, 50, 550, 700), (50, 10, 550, 40)]
    assert reading_order(boxes, [T, T, H], right_to_left=True) == [2, 1, 0]


def test_captions_far_from_every_figure_have_no_parent() -> None:
    """A caption takes the nearest figure, and none across the page."""
    boxes: list[Box] = [(50, 50, 300, 200), (50, 205, 300, 220), (50, 700, 300, 715)]
    assert caption_parents(boxes, [P, C, C]) == {1: 0}


@st.composite
def layouts(draw: st.DrawFn) -> tuple[list[Box], list[Category]]:
    """Any boxes in eighths of a point, so that moving and scaling them is exact in floating point."""
    numbers = st.integers(0, 4000)
    boxes: list[Box] = []
    for _ in range(draw(st.integers(0, 25))):
        x, y, width, height = (draw(numbers) / 8 for _ in range(4))
        boxes.append((x, y, x + width, y + height))
    categories = draw(st.lists(st.sampled_from(list(Category)), min_size=len(boxes), max_size=len(boxes)))
    return boxes, categories


@settings(max_examples=150, deadline=None)
@given(layouts(), st.booleans())
def test_order_is_a_permutation(page: tuple[list[Box], list[Category]], right_to_left: bool) -> None:
    """Every region is read exactly once, however boxes lie."""
    boxes, categories = page
    assert sorted(reading_order(boxes, categories, right_to_left)) == list(range(len(boxes)))


@settings(max_examples=150, deadline=None)
@given(layouts(), st.integers(-4, 4), st.integers(-64, 64), st.integers(-64, 64))
def test_order_survives_moving_and_scaling(
    page: tuple[list[Box], list[Category]], power: int, dx: int, dy: int
) -> None:
    """The unit and the origin of the coordinates do not matter."""
    boxes, categories = page
    factor = 2.0**power
    moved: list[Box] = [
        ((b[0] + dx) * factor, (b[1] + dy) * factor, (b[2] + dx) * factor, (b[3] + dy) * factor)
        for b in boxes
    ]
    assert reading_order(moved, categories) == reading_order(boxes, categories)
