"""Blocks of code, which detectors cut at empty lines and indents, or take for lists and formulas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from docspec.code_lines import is_code, is_mono, is_number
from docspec.layout.assign import TEXT_LIKE, fit
from docspec.layout.geometry import height, same_rows
from docspec.types import Box, Category, Line, Region, Span, union

APART = 2.5  # line heights of nothing between two parts of one block, at the most
FAR = 4.0  # line heights between numbers of lines and these, at the most
KINDS = (Category.TEXT, Category.LIST_ITEM, Category.FORMULA, Category.FOOTNOTE, Category.CAPTION)


def with_code_blocks(regions: Sequence[Region], page: Sequence[Line]) -> list[Region]:
    """``regions`` with those that are code as text, and with parts of one block of it as one region.

    ``page`` are all lines. Parts belong together where nothing but white space stands between them.
    """
    mono = [r.category in KINDS and bool(r.lines) and is_mono(r.lines) for r in regions]
    if not any(mono):
        return list(regions)
    code = [span.box for r, found in zip(regions, mono, strict=True) if found for span in _mono_spans(r)]
    mono = [found or _is_numbers(r, code) for r, found in zip(regions, mono, strict=True)]
    others = [region for region, found in zip(regions, mono, strict=True) if not found]
    blocks: list[Region] = []
    for region in sorted(
        (r for r, found in zip(regions, mono, strict=True) if found), key=lambda r: r.box[1]
    ):
        mate = next((i for i, block in enumerate(blocks) if _goes_on(block, region, others)), None)
        if mate is None:
            blocks.append(region)
        else:
            block = blocks[mate]
            blocks[mate] = fit(replace(block, lines=(*block.lines, *region.lines)))
    return [*others, *(_as_code(block, page) for block in blocks)]


def _as_code(block: Region, page: Sequence[Line]) -> Region:
    return replace(block, category=Category.TEXT) if is_code(block.lines, page) else block


def _mono_spans(region: Region) -> list[Span]:
    return [span for line in region.lines for span in line.spans if span.mono and span.text.strip()]


def _is_numbers(region: Region, code: Sequence[Box]) -> bool:
    """Whether a region is numbers of lines of ``code``: just left of it, in its rows or next to them."""
    if region.category not in KINDS or not is_number(region.lines):
        return False
    size = median(height(line.box) for line in region.lines)
    return any(
        region.box[2] <= box[0] <= region.box[2] + FAR * size
        and box[1] - APART * size < region.box[3]
        and region.box[1] < box[3] + APART * size
        for box in code
    )


def _goes_on(block: Region, region: Region, others: Sequence[Region]) -> bool:
    size = median(height(line.box) for line in (*block.lines, *region.lines))
    gap = region.box[1] - block.box[3]
    across = min(block.box[2], region.box[2]) - max(block.box[0], region.box[0])
    beside = same_rows(block.box, region.box) > 0.5
    if gap > APART * size or (across <= 0 and not beside):
        return False
    x0, y0, x1, y1 = union((block.box, region.box))
    return not any(
        other.box[0] < x1
        and other.box[2] > x0
        and other.box[1] + size / 2 < y1
        and other.box[3] - size / 2 > y0
        for other in others
        if other.lines or other.category not in TEXT_LIKE
    )
