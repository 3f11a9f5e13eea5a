"""Numbers at a chart's axes, which detectors leave outside of its picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from docspec.layout.geometry import height
from docspec.types import Box, Category, Region, union

NEAR = 2.5  # heights of a number between it and the picture, at the most
TICKS = 2  # numbers by themselves inside a picture that show a chart
LIKE = 1.1  # sizes within this factor are one size
_NUMBERS = re.compile(r"(?:[-+−–]?\d+(?:[.,:]\d+)*(?:[eE][-+−]?\d+)?\s*%?\s*)+")


def with_labels(regions: Sequence[Region]) -> list[Region]:
    """``regions`` with text that is nothing but numbers as a part of the chart beside it.

    A chart is a picture with such numbers in it, no smaller than those.
    """
    charts = {i: size for i, region in enumerate(regions) if (size := _tick(region)) > 0}
    if not charts:
        return list(regions)
    done = dict(enumerate(regions))
    for i, region in enumerate(regions):
        if region.category is not Category.TEXT or not region.lines:
            continue
        if not all(_NUMBERS.fullmatch(line.text.strip()) for line in region.lines):
            continue
        size = max(height(line.box) for line in region.lines)
        owner = next(
            (
                j
                for j, tick in charts.items()
                if size <= LIKE * tick and _beside(region.box, done[j].box, size)
            ),
            None,
        )
        if owner is not None:
            chart = done[owner]
            boxes = (chart.box, region.box)
            done[owner] = replace(chart, lines=(*chart.lines, *region.lines), box=union(boxes))
            del done[i]
    return list(done.values())


def _tick(region: Region) -> float:
    """The height of the numbers in a chart; 0 where a region is none."""
    if region.category is not Category.PICTURE:
        return 0.0
    heights = [
        height(span.box)
        for line in region.lines
        for span in line.spans
        if _NUMBERS.fullmatch(span.text.strip())
    ]
    return max(heights) if len(heights) >= TICKS else 0.0


def _beside(label: Box, chart: Box, size: float) -> bool:
    """Whether a label stands just outside of one side of a chart, or over its edge."""
    dx = max(0.0, chart[0] - label[2], label[0] - chart[2])
    dy = max(0.0, chart[1] - label[3], label[1] - chart[3])
    return min(dx, dy) == 0 and max(dx, dy) <= NEAR * size
