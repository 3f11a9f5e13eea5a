"""Grouping of detector boxes into text lines."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.reading.lines import group_boxes
from docspec.types import Box, union

side = st.floats(0, 500, allow_nan=False)
extent = st.floats(0, 80, allow_nan=False)
box = st.tuples(side, side, extent, extent).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))


def row(y: float, *spans: tuple[float, float], height: float = 10.0) -> list[Box]:
    return [(x0, y, x1, y + height) for x0, x1 in spans]


def test_words_whose_tops_differ_by_a_pixel_stay_in_order() -> None:
    """RapidOCR sorts by tops, so a word that is a pixel higher would come first."""
    boxes = [(0, 11, 40, 21), (44, 10, 80, 20), (84, 11, 120, 21), (0, 25, 60, 35), (64, 24, 99, 34)]
    assert group_boxes(boxes) == [[0, 1, 2], [3, 4]]


def test_a_wide_gap_parts_columns() -> None:
    """Text on either side of a gutter is not one line."""
    assert group_boxes([*row(0, (0, 100)), *row(0, (120, 220))]) == [[0], [1]]


def test_a_narrow_gutter_is_seen_from_its_neighbours() -> None:
    """A gap narrower than a word gap of another line still parts columns when it goes on above and below."""
    boxes = [b for y in range(0, 60, 12) for b in row(y, (0, 100), (106, 200))]
    assert all(len(line) == 1 for line in group_boxes(boxes))


def test_a_word_gap_between_unlike_lines_is_no_gutter() -> None:
    """One stretched gap in the middle of a paragraph joins, since full lines stand above and below."""
    boxes = [*row(0, (0, 200)), *row(12, (0, 95), (101, 200)), *row(24, (0, 200))]
    assert [0, 1] not in group_boxes(boxes)
    assert [1, 2] in group_boxes(boxes)


def test_a_skewed_line_is_one_line() -> None:
    """On a tilted scan a line's end stands lower than the next line's start."""
    boxes = [(i * 50, i * 3, i * 50 + 46, i * 3 + 12) for i in range(8)]
    boxes += [(i * 50, i * 3 + 14, i * 50 + 46, i * 3 + 26) for i in range(8)]
    assert group_boxes(boxes) == [list(range(8)), list(range(8, 16))]


def test_a_drop_capital_and_vertical_text_stand_alone() -> None:
    """Boxes of very different heights are not neighbours on a line."""
    boxes = [(0, 0, 30, 40), *row(0, (34, 100)), (110, 0, 120, 90)]
    assert sorted(map(sorted, group_boxes(boxes))) == [[0], [1], [2]]


def test_stacked_boxes_are_two_lines() -> None:
    """Lines that touch vertically are still two."""
    assert group_boxes([(0, 0, 100, 12), (0, 10, 100, 22)]) == [[0], [1]]


@given(st.lists(box, max_size=40))
def test_every_box_is_in_exactly_one_line(boxes: list[Box]) -> None:
    """Nothing is lost or doubled, whatever the boxes; lines run left to right."""
    lines = group_boxes(boxes)
    assert sorted(i for line in lines for i in line) == list(range(len(boxes)))
    for line in lines:
        assert all(boxes[a][0] < boxes[b][0] for a, b in pairwise(line))


@given(st.lists(box, max_size=25, unique=True), st.randoms(use_true_random=False))
def test_the_order_of_the_boxes_does_not_matter(boxes: list[Box], shuffle: random.Random) -> None:
    """The same lines come out of any order of the same boxes."""
    mixed = boxes[:]
    shuffle.shuffle(mixed)
    assert [[mixed[i] for i in line] for line in group_boxes(mixed)] == [
        [boxes[i] for i in line] for line in group_boxes(boxes)
    ]


def test_many_boxes_do_not_take_quadratic_time() -> None:
    """Two thousand boxes, a crowded page, group in a moment, and none is lost."""
    boxes = [(x * 50.0, y * 12.0, x * 50.0 + 45, y * 12.0 + 10) for x in range(20) for y in range(100)]
    assert sum(map(len, group_boxes(boxes))) == 2000


def test_union_is_around_all() -> None:
    """The union of boxes holds each of them."""
    assert union([(1, 5, 2, 6), (0, 5.5, 1, 9)]) == (0, 5, 2, 9)
    with pytest.raises(ValueError, match="not enough"):
        union([])
