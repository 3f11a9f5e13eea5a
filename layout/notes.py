"""Notes at the foot of a column that a detector took for text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from docspec.layout.geometry import same_columns
from docspec.types import Category, Region

SMALLER = 0.93  # of the size of most text: a note's, at the most
LOW = 0.5  # of the page's height: notes stand below
MARK = re.compile(r"\s*(?:\d{1,3}|[*†‡§¶])\s*$")


def with_notes(regions: Sequence[Region], page_height: float) -> list[Region]:
    """``regions`` with small text that starts with a raised mark, and has only notes below, as notes."""
    low = [i for i, r in enumerate(regions) if r.box[1] >= LOW * page_height and _is_marked(r)]
    if not low:
        return list(regions)
    most = SMALLER * _size(regions)
    done = list(regions)
    for i in sorted(low, key=lambda i: -done[i].box[1]):
        region = done[i]
        if 0 < _size([region]) <= most and not any(
            other.box[1] > region.box[1]
            and other.category not in (Category.FOOTNOTE, Category.PAGE_FOOTER)
            and same_columns(region.box, other.box) > 0
            for other in done
        ):
            done[i] = replace(region, category=Category.FOOTNOTE)
    return done


def _size(regions: Sequence[Region]) -> float:
    """The size that most characters have, at least half of them being no larger."""
    sizes = [span.size for r in regions for line in r.lines for span in line.spans for _ in span.text]
    return median(sizes) if sizes else 0.0


def _is_marked(region: Region) -> bool:
    """Whether text starts with a raised mark."""
    spans = [span for line in region.lines[:1] for span in line.spans if span.text.strip()]
    if region.category is not Category.TEXT or len(spans) < 2:
        return False
    raised = spans[0].superscript or spans[0].size < SMALLER * spans[1].size
    return raised and MARK.match(spans[0].text) is not None
