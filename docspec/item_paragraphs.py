"""Paragraphs that stand in an item of a list after its first one, by where items have their text. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from docspec.continued import INDENT_STEP, Written, is_marked, same_list
from docspec.layout.geometry import same_rows
from docspec.markdown import HEADINGS, is_code
from docspec.marks import BULLET, CLAUSE, DECIMALS, NUMBER
from docspec.types import Category, Line, Region

ALIGNED = 0.35  # of a line's height: how far the edges of an item's text and of its paragraph may be apart
FAR = 2.0  # heights of a line between a paragraph and the one before it, at most
BOXES = ("☐", "☒", "☑")  # an answer to tick, of several
ONE_ROW = 0.5  # share of a line's height that its mark shares


def item_paragraphs(blocks: Sequence[Written]) -> list[bool]:
    """Which of ``blocks`` are further paragraphs of the item of a list that is written before them.

    Such a paragraph starts where its item has its text. That shows something only where the page's text has
    its edge further left, or where the list goes on below the paragraph.
    """
    inside = [False] * len(blocks)
    open_items: list[Written] = []
    for i, block in enumerate(blocks):
        if block.category is Category.LIST_ITEM:
            open_items = [*open_items, block] if open_items and same_list(open_items[-1], block) else [block]
            continue
        if not open_items or not _may_be_inside(blocks[i - 1], block):
            open_items = []
            continue
        edge = min(line.box[0] for line in block.result.region.lines) if block.result else 0.0
        own = next((item for item in reversed(open_items) if _has_its_text_at(item, edge, block)), None)
        if own is None or _is_first_lines(edge, block, blocks) or not _shows(own, edge, blocks, i):
            open_items = []
        else:
            inside[i] = True
    return inside


def _may_be_inside(before: Written, block: Written) -> bool:
    if block.category is not Category.TEXT or block.result is None or before.result is None:
        return False
    if block.page != before.page or is_code(block.text) or not block.result.region.lines:
        return False
    if block.plain.startswith(BOXES):
        return False
    gap = block.result.region.box[1] - before.result.region.box[3]
    return -_height(block) / 2 < gap < FAR * _height(block)


def _height(block: Written) -> float:
    lines = block.result.region.lines if block.result else ()
    return median(line.box[3] - line.box[1] for line in lines)


def _has_its_text_at(item: Written, edge: float, block: Written) -> bool:
    text = text_edge(item.result.region) if item.result else None
    return text is not None and abs(text - edge) <= ALIGNED * _height(block)


def text_edge(region: Region) -> float | None:
    """Where an item's text starts after its mark; None where nothing shows it."""
    marked = [is_marked(f"{line.text.strip()} .") for line in region.lines]  # a mark may be a line by itself
    start = next((i for i in reversed(range(len(marked))) if marked[i]), None)
    if start is None:
        return None
    first, rest = region.lines[start], region.lines[start + 1 :]
    if rest:
        beside = [line for line in rest if same_rows(line.box, first.box) > ONE_ROW]
        edge = min(line.box[0] for line in beside or rest)
        return edge if edge > first.box[0] + INDENT_STEP / 2 else None
    return _after_mark(first)


def _after_mark(line: Line) -> float | None:
    """The left edge of what follows a line's mark, where the mark has a span by itself."""
    text = line.text.lstrip()
    found = next((end for mark in (BULLET, DECIMALS, CLAUSE, NUMBER) if (end := mark.match(text))), None)
    if found is None:
        return None
    place = found.end() + len(line.text) - len(text)
    for span in line.spans:
        if place <= 0:
            return span.box[0]
        if place < len(span.text):  # within a span: as far as letters are equally wide
            x0, _, x1, _ = span.box
            return x0 + (x1 - x0) * place / len(span.text)
        place -= len(span.text)
    return None


def _is_first_lines(edge: float, block: Written, blocks: Sequence[Written]) -> bool:
    """Whether first lines of the page's paragraphs are set in as far as ``block``, which is one line."""
    if block.result is None or len(block.result.region.lines) > 1:
        return False
    reach = ALIGNED * _height(block)
    return any(
        abs(first.box[0] - edge) <= reach and first.box[0] - second.box[0] > reach
        for other in blocks
        if other.page == block.page and other.category is Category.TEXT and other.result is not None
        for first, second in pairwise(other.result.region.lines)
    )


def _shows(item: Written, edge: float, blocks: Sequence[Written], at: int) -> bool:
    """Whether the list goes on below the paragraph, or other text's edge is left of the item's."""
    assert item.result is not None
    left, right = item.result.region.box[0], item.result.region.box[2]
    for other in blocks[at + 1 :]:
        if other.category is Category.LIST_ITEM and same_list(item, other) and other.result is not None:
            if abs(other.result.region.box[0] - left) < INDENT_STEP / 2:
                return True
        elif other.page != item.page:
            break
    return any(
        other.page == item.page
        and other.category in (Category.TEXT, *HEADINGS)
        and other.result is not None
        and other.result.region.box[0] < edge - INDENT_STEP
        and other.result.region.box[0] <= left + INDENT_STEP
        and other.result.region.box[2] > left
        and other.result.region.box[0] > left - (right - left) / 2
        for other in blocks
    )
