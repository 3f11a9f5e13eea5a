"""Markdown, block by block: headings, items of lists, formulas, paragraphs, and their joining. Pure.

The one place that writes them: for the result (``assemble``), for the drafts of regions (``reading.writer``)
and for those of pages (``formats``). Tables are in ``formats.table_text``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from docspec import marks
from docspec.types import Category

HEADINGS = (Category.TITLE, Category.SECTION_HEADER)
DEEPEST = 6  # heading level
SECTION_LEVEL = 2  # of a section header whose level nobody knows; a title's is 1

_DASH = re.compile(r"^([ \t]*)-(?= )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of markdown. Where it is an ``item`` of a list, its level follows from its ``left`` edge.

    An edge that is more than ``step`` to the right of the item's before is a level further in; the two have
    one unit. None: the item says its level itself. ``restarts`` is an item whose edge cannot be compared with
    the one before, in another column for instance.
    """

    text: str
    item: bool = False
    left: float | None = None
    step: float = 0.0
    restarts: bool = False


@dataclass(frozen=True, slots=True)
class _Level:
    """An open level of a list: its edge, how wide its mark is, and the column where its text is written."""

    left: float
    mark: int
    column: int


def joined(blocks: Iterable[Block], item_gap: str = "\n") -> str:
    """``blocks`` set apart by blank lines, items that follow each other by ``item_gap`` and nested."""
    parts: list[str] = []
    levels: list[_Level] = []
    in_list = False
    for block in blocks:
        if parts:
            parts.append(item_gap if block.item and in_list else "\n\n")
        if not (block.item and in_list) or block.restarts:
            levels = []
        in_list = block.item
        nest = block.item and block.left is not None
        parts.append(_nested(block.text, block.left or 0.0, block.step, levels) if nest else block.text)
    return "".join(parts)


def heading(text: str, category: Category, level: int | None) -> str:
    """A heading in one line; one that has its marks keeps them."""
    text = " ".join(text.split())
    return text if marks.HEADING.match(text) else f"{heading_mark(category, level)} {text}"


def heading_mark(category: Category, level: int | None) -> str:
    """``#`` as often as a heading of this ``level`` has it; where nobody knows the level, of its category."""
    known = level or (1 if category is Category.TITLE else SECTION_LEVEL)
    return "#" * min(max(known, 1), DEEPEST)


def list_items(text: str, bullet: str = "-") -> str:
    """The item ``text``, or several where later lines have marks of their own, nested as these are set in.

    Printed bullets become ``bullet``, which a first line without any mark gets as well; printed numbers that
    are none in markdown ("(a)") are text of the item. Lines without marks go on the item that they are set in
    to, or the one above.
    """
    lines: list[str] = []
    levels: list[_Level] = []
    for line in text.split("\n"):
        bare, indent = line.strip(), len(line) - len(line.lstrip())
        if not bare:
            continue
        item = _item(bare)
        if not levels:
            lines.append(_nested(item or f"- {bare}", indent, 0, levels))
        elif item:
            lines.append(_nested(item, indent, 0, levels))
        else:
            while indent and len(levels) > 1 and levels[-1].left >= indent:
                levels.pop()
            further = max(0, indent - int(levels[-1].left) - levels[-1].mark)  # inside code, for one
            lines.append(" " * (levels[-1].column + further) + bare)
    return with_bullet("\n".join(lines), bullet)


def with_bullet(items: str, bullet: str) -> str:
    """``items`` of lists with ``bullet`` where they have a dash."""
    return items if bullet == "-" else _DASH.sub(rf"\g<1>{bullet}", items)


def formula(text: str, delimiters: tuple[str, str] = ("$$\n", "\n$$")) -> str:
    """A display formula between ``delimiters``, its own taken off; several in one text stand as they are."""
    bare = marks.bare_formula(text)
    return bare if "$$" in bare else f"{delimiters[0]}{paragraph(bare)}{delimiters[1]}"


def paragraph(text: str) -> str:
    """Without blank lines, which would end a paragraph, a formula or an HTML table half way."""
    return "\n".join(line.rstrip() for line in text.split("\n") if line.strip())


def _item(line: str) -> str:
    """A line that starts an item, with markdown's mark; empty for one that does not."""
    if marks.ITEM.match(line):
        return line
    bare = marks.without(marks.BULLET, line)
    return f"- {bare}" if bare != line else ""


def _nested(item: str, left: float, step: float, levels: list[_Level]) -> str:
    """``item`` at its level, by its left edge; ``levels`` is the stack of open levels and is updated."""
    while levels and levels[-1].left > left + step:
        levels.pop()
    if levels and left <= levels[-1].left + step:
        levels.pop()
    column = levels[-1].column if levels else 0
    found = marks.ITEM.match(item)
    mark = found.end() if found else 2
    levels.append(_Level(left, mark, column + mark))
    return "\n".join(" " * column + line for line in item.split("\n"))
