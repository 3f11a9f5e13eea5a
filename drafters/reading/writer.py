"""A region's lines written as the verifier would write them: running text, headings, lists, code.

Pure. No character that shows is lost but line-end hyphens, soft hyphens and bullets; ligatures and
presentation forms are expanded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median, median_low

from docspec import marks
from docspec.algorithm_lines import is_algorithm
from docspec.drafters.characters import SOFT_HYPHEN
from docspec.drafters.reading.joining import join_lines
from docspec.drafters.reading.rows import CLAUSE_END, SENTENCE_END, Row, paragraphs, rows_of
from docspec.markdown import HEADINGS, heading_mark
from docspec.types import Category, Region, Style

LEVEL_STEP = 0.8  # of a row's height: less is the same list level
PARAGRAPH_GAP = 0.2  # of a row's height: more than between an item's lines, between its paragraphs


def write_region(region: Region, style: Style) -> str:
    """The text of ``region`` in ``style``; empty where there is nothing to propose.

    Tables are written by tables.py; here their rows stay lines. A formula is its characters, and nothing
    where the verifier writes LaTeX.
    """
    rows = rows_of(region.lines, style)
    if not rows:
        return ""
    category = region.category
    if category is Category.FORMULA:
        return "" if style.formula else _as_rows(rows, " ")
    if category in (Category.TABLE, Category.PICTURE) or not style.join_lines:
        return _marked(_as_rows(rows, "\n"), region, style)
    if category in HEADINGS:
        return _marked(_joined(rows, style), region, style)
    if category is Category.LIST_ITEM or _is_list(rows):
        return _write_list(rows, style)
    if is_algorithm(region.lines):
        return _as_rows(rows, "\n")
    if len(rows) > 1 and all(row.mono for row in rows):
        return _write_code(rows)
    return "\n\n".join(_joined(part, style) for part in paragraphs(rows))


def is_list(region: Region, style: Style) -> bool:
    """Whether ``write_region`` writes the lines of a text region as a list."""
    rows = rows_of(region.lines, style)
    joined = style.join_lines and region.category not in (*HEADINGS, Category.FORMULA, Category.TABLE)
    return bool(rows) and joined and (region.category is Category.LIST_ITEM or _is_list(rows))


def _joined(rows: Sequence[Row], style: Style) -> str:
    return join_lines([row.text for row in rows], style.dehyphenate)


def _as_rows(rows: Sequence[Row], between: str) -> str:
    return between.join(row.text.strip().replace(SOFT_HYPHEN, "-") for row in rows)


def _marked(text: str, region: Region, style: Style) -> str:
    """A heading with its marks, where the verifier writes them."""
    if region.category not in HEADINGS or not style.heading_marks:
        return text
    return f"{heading_mark(region.category, region.level)} {text}"


def _is_list(rows: Sequence[Row]) -> bool:
    """Whether a text region is a list after all: its first row has a bullet, which no other sign could be or
    which is not the only one."""
    marked = [bool(marks.BULLET.match(row.text.lstrip())) for row in rows]
    return marked[0] and (sum(marked) > 1 or bool(marks.SURE_BULLET.match(rows[0].text.lstrip())))


def _write_list(rows: Sequence[Row], style: Style) -> str:
    """Items by their bullets or numbers, nested by their indents; rows without a mark go on the item."""
    items: list[list[Row]] = []
    clauses = _inner_items(rows)
    for number, row in enumerate(rows):
        if not items or number in clauses or _starts_item(row, items[-1]):
            items.append([row])
        else:
            items[-1].append(row)
    if len(items) > 1 and not _mark(items[0][0]):
        lead, items = items[0], items[1:]
        inner = min(item[0].box[0] for item in items) > lead[0].box[0] + LEVEL_STEP * lead[0].height
        return f"{_joined(lead, style)}\n{_write_items(items, style, int(inner))}"
    return _write_items(items, style)


def _write_items(items: Sequence[Sequence[Row]], style: Style, outer: int = 0) -> str:
    """A line for each of ``items``, those at the left so many levels in as ``outer`` says.

    A number that is printed stands for itself, also one that is no mark in markdown: models write it as it
    is.
    """
    levels = _levels([item[0] for item in items])
    lines = []
    step = _step(items)
    for whole, level in zip(items, levels, strict=True):
        item, *others = _parted(whole, step)
        text = _joined(item, style)
        bare = marks.without(marks.BULLET, text)
        if bare != text or not marks.NUMBER.match(text):
            text = f"- {bare}" if style.list_marks else bare
        indent = "  " * (level + outer)
        lines.append(indent + text)
        lines += [f"\n{indent}  {_joined(other, style)}" for other in others]
    return "\n".join(lines)


def _step(items: Sequence[Sequence[Row]]) -> float:
    """How far apart the tops of an item's rows usually are; 0 where no item has several."""
    steps = [b.box[1] - a.box[1] for item in items for a, b in pairwise(item) if b.box[1] > a.box[1]]
    return median_low(steps) if len(steps) > 1 else 0.0


def _parted(item: Sequence[Row], step: float) -> list[list[Row]]:
    """An item's paragraphs: further ones begin below a gap, after what ended."""
    parts = [[item[0]]]
    for above, row in pairwise(item):
        gap = row.box[1] - above.box[1] - step
        ended = above.text.rstrip().endswith(SENTENCE_END) and not row.text.lstrip()[:1].islower()
        if step and gap > PARAGRAPH_GAP * row.height and ended:
            parts.append([])
        parts[-1].append(row)
    return parts


def _starts_item(row: Row, item: Sequence[Row]) -> bool:
    """Whether ``row`` begins a new item: a bullet does; a number where the item has one, not further in;
    decimals ("1.3.2") where it has such, at the same left edge."""
    text = row.text.lstrip()
    if marks.BULLET.match(text):
        return text[0] not in marks.DASHES or _mark(item[0]) is marks.BULLET
    first = item[0]
    if marks.DECIMALS.match(text):
        aligned = abs(row.box[0] - first.box[0]) <= LEVEL_STEP * row.height
        return aligned and marks.DECIMALS.match(first.text.lstrip()) is not None
    if not marks.NUMBER.match(text):
        return False
    return _mark(first) is marks.NUMBER and row.box[0] <= first.box[0] + LEVEL_STEP * row.height


def _inner_items(rows: Sequence[Row]) -> set[int]:
    """The numbers of rows that are clauses, "(a) ...", further in than the first row: after what ended, or
    one after the other."""
    step = LEVEL_STEP * median(row.height for row in rows)
    counted = {n: start[1] for n, row in enumerate(rows) if (start := marks.CLAUSE.match(row.text.lstrip()))}
    found: set[int] = set()
    for number, mark in counted.items():
        if not number or rows[number].box[0] <= rows[0].box[0] + step:
            continue
        left = rows[number].box[0]
        aligned = [m for n, m in counted.items() if n != number and abs(rows[n].box[0] - left) < step]
        ended = rows[number - 1].text.rstrip().endswith(CLAUSE_END)
        if ended or any(marks.follows(mark, other) or marks.follows(other, mark) for other in aligned):
            found.add(number)
    return found


def _mark(row: Row) -> re.Pattern[str] | None:
    text = row.text.lstrip()
    return next((mark for mark in (marks.BULLET, marks.NUMBER) if mark.match(text)), None)


def _levels(rows: Sequence[Row]) -> list[int]:
    """List levels from 0 by the left edges, edges closer than a step being one."""
    step = LEVEL_STEP * median(row.height for row in rows)
    starts: list[float] = []
    for left in sorted(row.box[0] for row in rows):
        if not starts or left - starts[-1] > step:
            starts.append(left)
    return [max(i for i, start in enumerate(starts) if start <= row.box[0]) for row in rows]


def _write_code(rows: Sequence[Row]) -> str:
    """Rows with their line breaks and indents (in characters of the font's width) kept."""
    left = min(row.box[0] for row in rows)
    wide = [(row.box[2] - row.box[0]) / len(row.text) for row in rows]
    lines = []
    for row in rows:
        lead = row.text[: len(row.text) - len(row.text.lstrip())]
        indent = round((row.box[0] - left) / median(wide)) if median(wide) > 0 else 0
        lines.append(lead + " " * indent + row.text.strip())
    return "\n".join(lines)
