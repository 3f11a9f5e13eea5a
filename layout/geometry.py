"""Boxes: areas, overlaps, unions, and the white space between them. Units are whatever the boxes have."""

from __future__ import annotations

from collections.abc import Sequence

import shapely

from docspec.types import Box

Interval = tuple[float, float]


def width(box: Box) -> float:
    """Width of ``box``, never negative."""
    return max(0.0, box[2] - box[0])


def height(box: Box) -> float:
    """Height of ``box``, never negative."""
    return max(0.0, box[3] - box[1])


def area(box: Box) -> float:
    """Area of ``box``."""
    return width(box) * height(box)


def intersection(a: Box, b: Box) -> float:
    """Area that ``a`` and ``b`` share."""
    return area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))


def iou(a: Box, b: Box) -> float:
    """Intersection over union, 0 where both are empty."""
    shared = intersection(a, b)
    total = area(a) + area(b) - shared
    return shared / total if total > 0 else 0.0


def inside(inner: Box, outer: Box) -> float:
    """Share of ``inner``'s area that lies in ``outer``; for an empty ``inner``, whether its centre does."""
    size = area(inner)
    if size > 0:
        return intersection(inner, outer) / size
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return float(outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3])


def scaled(box: Box, scale: float) -> Box:
    """``box`` with all its coordinates times ``scale``."""
    return box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale


def clip(box: Box, frame: Box) -> Box:
    """The part of ``box`` inside ``frame``; an empty box on its border where they do not meet."""
    x0, x1 = (min(max(value, frame[0]), frame[2]) for value in sorted((box[0], box[2])))
    y0, y1 = (min(max(value, frame[1]), frame[3]) for value in sorted((box[1], box[3])))
    return x0, y0, x1, y1


def shared(a: Interval, b: Interval) -> float:
    """Length that two intervals share, as a share of the shorter one (0..1)."""
    shorter = min(a[1] - a[0], b[1] - b[0])
    length = min(a[1], b[1]) - max(a[0], b[0])
    return min(1.0, max(0.0, length) / shorter) if shorter > 0 else float(length >= 0)


def same_columns(a: Box, b: Box) -> float:
    """How far two boxes share their horizontal extent (0..1 of the narrower)."""
    return shared((a[0], a[2]), (b[0], b[2]))


def same_rows(a: Box, b: Box) -> float:
    """How far two boxes share their vertical extent (0..1 of the lower one)."""
    return shared((a[1], a[3]), (b[1], b[3]))


def split(intervals: Sequence[Interval], gap: float = 0.0) -> list[list[int]]:
    """Groups of indices of ``intervals`` with more than ``gap`` of nothing between them, in order."""
    groups: list[list[int]] = []
    end = 0.0
    for index in sorted(range(len(intervals)), key=lambda i: intervals[i]):
        start, stop = intervals[index]
        if groups and start - end <= gap:
            groups[-1].append(index)
            end = max(end, stop)
        else:
            groups.append([index])
            end = stop
    return groups


def rows(boxes: Sequence[Box], overlap: float = 0.5) -> list[list[int]]:
    """Indices of ``boxes`` as rows from the top, each row from the left.

    Two boxes stand in one row where they share at least ``overlap`` of the lower one's height. Boxes above
    one another never do, however much a page's skew makes their heights overlap.
    """

    def beside(members: list[int], box: Box) -> bool:
        return all(same_columns(boxes[i], box) < 0.5 for i in members)

    found: list[tuple[list[int], Box]] = []
    for index in sorted(range(len(boxes)), key=lambda i: (boxes[i][1] + boxes[i][3], boxes[i][0])):
        box = boxes[index]
        if found and same_rows(found[-1][1], box) >= overlap and beside(found[-1][0], box):
            members, first = found[-1]
            members.append(index)
            # the row keeps the extent of its tallest box: a growing one would swallow the next row
            found[-1] = (members, first if height(first) >= height(box) else box)
        else:
            found.append(([index], box))
    return [sorted(members, key=lambda i: (boxes[i][0], boxes[i][1])) for members, _ in found]


class Index:
    """Finds boxes near a box without looking at all of them (shapely's STR tree)."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        self.boxes = list(boxes)
        self._tree = shapely.STRtree([shapely.box(*box) for box in self.boxes])

    def near(self, box: Box, margin: float = 0.0) -> list[int]:
        """Indices, ascending, of the boxes that touch ``box`` grown by ``margin``."""
        grown = shapely.box(box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin)
        return sorted(int(i) for i in self._tree.query(grown, predicate="intersects"))


def covered(boxes: Sequence[Box], frame: Box) -> float:
    """Share of ``frame``'s area (0..1) that the union of ``boxes`` covers."""
    if area(frame) <= 0:
        return 0.0
    union_shape = shapely.union_all([shapely.box(*box) for box in boxes])
    return float(shapely.area(shapely.intersection(union_shape, shapely.box(*frame)))) / area(frame)
