"""Which figure, table or formula a caption stands at. Pure geometry."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from docspec.layout.geometry import height, same_columns, same_rows
from docspec.types import Box, Category, union

FLOATS = (Category.PICTURE, Category.TABLE)


def caption_parents(boxes: Sequence[Box], categories: Sequence[Category]) -> dict[int, int]:
    """Index of the figure or table that each caption stands at; captions far from any have none.

    A formula owns a caption in its own row: its number.
    """
    floats = [i for i, category in enumerate(categories) if category in (*FLOATS, Category.FORMULA)]
    heights = [height(box) for box in boxes]
    parents: dict[int, int] = {}
    if not floats:
        return parents
    reach = 4 * median(heights) + 0.02 * height(union(boxes))
    for index, category in enumerate(categories):
        if category != Category.CAPTION:
            continue
        near = [
            (_distance(boxes[index], boxes[i]), i) for i in floats if _may_own(boxes, categories, i, index)
        ]
        distance, parent = min(near, default=(reach + 1, -1))
        if distance <= reach or (parent >= 0 and categories[parent] == Category.FORMULA):
            parents[index] = parent
    return parents


def _may_own(boxes: Sequence[Box], categories: Sequence[Category], owner: int, caption: int) -> bool:
    return categories[owner] in FLOATS or same_rows(boxes[owner], boxes[caption]) > 0.5


def _distance(caption: Box, owner: Box) -> float:
    """Gap between two boxes; sideways counts double, as captions stand above or below."""
    dx = max(0.0, owner[0] - caption[2], caption[0] - owner[2])
    dy = max(0.0, owner[1] - caption[3], caption[1] - owner[3])
    return 2 * dx + dy + (0.0 if same_columns(caption, owner) > 0 else dx)
