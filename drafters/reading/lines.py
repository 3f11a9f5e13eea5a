"""Detector boxes to text lines: which boxes stand on one line, and in which order.

Pure geometry. A box's right neighbour on its line is the nearest box that overlaps it vertically and is
of like height; chains of mutual neighbours are lines. Chains (rather than sorting by the tops) hold for
skewed scans, where a line's last word may stand lower than the next line's first.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

from docspec.types import Box, Span

MAX_GAP = 1.0  # of the taller box's height: word gaps are below, column gutters mostly above
MIN_OVERLAP = 0.5  # of the lower box's height
MAX_RATIO = 2.2  # between the heights of neighbours: a drop capital is not part of a line
MIN_GUTTER = 0.1  # of the height: narrower gaps are never a gutter
NARROW = 0.3  # gaps below this need one row more to be one
GUTTER_REACH = 5.0  # heights above and below within which a gutter shows
GUTTER_SUPPORT = 2  # other rows on either side of it
UPRIGHT = 1.5  # height over width from which a box is vertical text, as in PP-OCR


def group_boxes(boxes: Sequence[Box], max_gap: float = MAX_GAP) -> list[list[int]]:
    """Indices of ``boxes`` by text line: left to right in a line, lines by their tops, every index once.

    ``max_gap`` is the widest gap inside a line, in heights of the taller neighbour; narrower gaps part
    lines too where they go on above and below (a gutter). Independent of the order of ``boxes``, except
    among identical ones.
    """
    right: dict[int, int] = {}
    left: dict[int, int] = {}
    by_middle = sorted((box[1] + box[3], i) for i, box in enumerate(boxes))
    for _, a, b in sorted(_links(boxes, by_middle, max_gap)):
        if a not in right and b not in left and not _is_gutter(boxes, by_middle, a, b):
            right[a], left[b] = b, a
    lines = [_chain(right, start) for start in range(len(boxes)) if start not in left]
    return sorted(lines, key=lambda line: (min(boxes[i][1] for i in line), boxes[line[0]], line))


def after_space(span: Span) -> Span:
    """``span`` with a space before its text."""
    moved = [replace(other, start=other.start + 1, end=other.end + 1) for other in span.alternatives]
    return replace(span, text=f" {span.text}", alternatives=tuple(moved))


def _links(
    boxes: Sequence[Box], by_middle: Sequence[tuple[float, int]], max_gap: float
) -> Iterator[tuple[tuple[float, Box, Box], int, int]]:
    """Every pair that may be neighbours, with its cost; ``by_middle`` are twice the middles, sorted."""
    for middle, a in by_middle:
        reach = MAX_RATIO * (boxes[a][3] - boxes[a][1])  # twice the farthest middle of a neighbour
        low = bisect_left(by_middle, (middle - reach, -1))
        high = bisect_right(by_middle, (middle + reach, len(boxes)))
        for _, b in by_middle[low:high]:
            cost = _cost(boxes[a], boxes[b], max_gap)
            if cost is not None:
                yield (cost, boxes[a], boxes[b]), a, b


def _cost(a: Box, b: Box, max_gap: float) -> float | None:
    """How far ``b`` is from being the next box after ``a`` on its line; None if it cannot be."""
    heights = a[3] - a[1], b[3] - b[1]
    low, high = min(heights), max(heights)
    if low <= 0 or high > MAX_RATIO * low or b[0] <= a[0] or b[2] <= a[2]:
        return None
    if _runs_down(a) or _runs_down(b):
        return None
    overlap = min(a[3], b[3]) - max(a[1], b[1])
    gap = b[0] - a[2]
    if overlap < MIN_OVERLAP * low or gap > max_gap * high:
        return None
    if -gap > 0.5 * min(a[2] - a[0], b[2] - b[0]):
        return None
    return abs(gap) + (low - overlap)


def _is_gutter(boxes: Sequence[Box], by_middle: Sequence[tuple[float, int]], a: int, b: int) -> bool:
    """Whether the gap between two boxes goes on, without a box across it, past others on both sides."""
    left, right = boxes[a], boxes[b]
    height = max(left[3] - left[1], right[3] - right[1])
    if right[0] - left[2] < MIN_GUTTER * height:
        return False
    x, y = (left[2] + right[0]) / 2, (left[1] + left[3] + right[1] + right[3]) / 4
    reach = GUTTER_REACH * height
    low = bisect_left(by_middle, (2 * (y - reach), -1))
    high = bisect_right(by_middle, (2 * (y + reach), len(boxes)))
    near = [boxes[i] for _, i in by_middle[low:high] if i not in (a, b)]
    middles = [(box[1] + box[3]) / 2 for box in near if box[0] < x < box[2]]
    top = max((m for m in middles if m <= y), default=y - reach)
    bottom = min((m for m in middles if m > y), default=y + reach)
    beside = [box for box in near if top < (box[1] + box[3]) / 2 < bottom]
    on_left = _rows([box for box in beside if 0 <= x - box[2] < reach], y, height)
    on_right = _rows([box for box in beside if 0 <= box[0] - x < reach], y, height)
    narrow = right[0] - left[2] < NARROW * height
    return min(on_left, on_right) >= GUTTER_SUPPORT + narrow


def _rows(boxes: Sequence[Box], y: float, height: float) -> int:
    """How many rows ``boxes`` stand in, the one at ``y`` not counted."""
    count, last = 0, float("-inf")
    for middle in sorted((box[1] + box[3]) / 2 for box in boxes):
        if abs(middle - y) > 0.6 * height and middle - last > 0.6 * height:
            count, last = count + 1, middle
    return count


def _runs_down(box: Box) -> bool:
    """Vertical text of several characters; a single narrow character ('l', 'I', '1') is not."""
    return box[3] - box[1] >= 2 * UPRIGHT * (box[2] - box[0])


def _chain(right: dict[int, int], start: int) -> list[int]:
    line = [start]
    while line[-1] in right:
        line.append(right[line[-1]])
    return line
