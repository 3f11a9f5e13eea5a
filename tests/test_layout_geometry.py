"""Boxes: overlaps, rows and gaps."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec.layout import geometry
from docspec.types import Box, union

coordinates = st.integers(0, 100)
boxes = st.builds(
    lambda x, y, w, h: (float(x), float(y), float(x + w), float(y + h)),
    coordinates,
    coordinates,
    coordinates,
    coordinates,
)


@given(boxes, boxes)
def test_iou_is_symmetric_and_a_share(a: Box, b: Box) -> None:
    """IoU lies in 0..1 and does not depend on the order of its arguments."""
    assert geometry.iou(a, b) == geometry.iou(b, a)
    assert 0 <= geometry.iou(a, b) <= 1


@given(boxes, boxes)
def test_the_union_contains_both(a: Box, b: Box) -> None:
    """Both boxes lie inside their union."""
    whole = union([a, b])
    assert geometry.inside(a, whole) == pytest.approx(1)
    assert geometry.inside(b, whole) == pytest.approx(1)


@given(boxes, boxes)
def test_clipped_boxes_lie_in_the_frame(box: Box, frame: Box) -> None:
    """Clipping never leaves the frame and never turns a box inside out."""
    x0, y0, x1, y1 = geometry.clip(box, frame)
    assert frame[0] <= x0 <= x1 <= frame[2]
    assert frame[1] <= y0 <= y1 <= frame[3]


@given(st.lists(st.tuples(coordinates, coordinates), max_size=20), st.integers(0, 10))
def test_split_keeps_every_interval_and_its_gaps(pairs: list[tuple[int, int]], gap: int) -> None:
    """Groups partition the intervals and lie more than the gap apart."""
    intervals = [(float(start), float(start + length)) for start, length in pairs]
    groups = geometry.split(intervals, gap)
    assert sorted(i for group in groups for i in group) == list(range(len(intervals)))
    for before, after in pairwise(groups):
        end = max(intervals[i][1] for i in before)
        assert min(intervals[i][0] for i in after) - end > gap


@given(st.lists(boxes, max_size=20))
def test_rows_partition_the_boxes(items: list[Box]) -> None:
    """Every box is in exactly one row."""
    assert sorted(i for row in geometry.rows(items) for i in row) == list(range(len(items)))


def test_rows_are_read_from_the_left_though_tops_differ() -> None:
    """Words of a row whose tops differ by a little stay in one row, in order."""
    words: list[Box] = [(50, 11, 80, 21), (10, 10, 40, 20), (10, 25, 40, 35)]
    assert geometry.rows(words) == [[1, 0], [2]]


@given(st.lists(boxes, max_size=15), boxes)
def test_the_index_finds_what_a_full_search_finds(items: list[Box], box: Box) -> None:
    """The index returns every box that touches the one asked about."""
    touching = [
        i
        for i, other in enumerate(items)
        if other[0] <= box[2] and box[0] <= other[2] and other[1] <= box[3] and box[1] <= other[3]
    ]
    assert geometry.Index(items).near(box) == touching


def test_covered_counts_overlaps_once() -> None:
    """Two boxes on one another cover what one of them covers."""
    half: Box = (0, 0, 5, 10)
    assert geometry.covered([half, half], (0, 0, 10, 10)) == pytest.approx(0.5)


def test_rows_keep_lines_above_one_another_apart() -> None:
    """Two lines of a column are two rows, though skew makes their boxes overlap in height."""
    boxes = [(0.0, 0.0, 100.0, 16.0), (0.0, 7.0, 100.0, 23.0)]
    assert geometry.rows(boxes) == [[0], [1]]
