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

# What would be read as a mark within text, and the character to escape.
_INLINE = re.compile(
    r"""(?P<address>(?:https?://|www\.)[^\s<>]*[^\s<>.,;:!?'")*_\]])
    | (?P<mark> (?:_{3,}|\*{3,})(?=\s|$) | \\(?=[!-/:-@\[-`{-~]) | `
    | (?<!\s)\*|\*(?!\s) | (?<![^\W_])_|_(?![^\W_])
    | <(?=[A-Za-z/!?]) | &(?=\#?\w+;) | \[(?=[^\]]*\][\[(:]) | ~(?=.*~)|(?<=~)~ | \$ )""",
    re.VERBOSE,
)
# What would be read as a mark at the start of a line: the character to escape is the last one.
_AT_START = re.compile(
    r"[ \t]*(?:\#(?=\#{0,5}(?:[ \t]|$))|[-+*](?=[ \t]|$)|\d{4,9}[.)](?=[ \t]|$)"
    r"|>|[-=](?=[-=]+[ \t]*$)|:(?=[ \t]))"
)
ITEM_START = re.compile(r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?")
_FENCE = "```"

_DASH = re.compile(r"^([ \t]*)-(?= )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of markdown. Where it is an ``item`` of a list, its level follows from its ``left`` edge.

    An edge that is more than ``step`` to the right of the item's before is a level further in; the two have
    one unit. None: the item says its level itself. ``restarts`` is an item whose edge cannot be compared with
    the one before, in another column for instance. A block that is ``inside`` is a further paragraph of the
    item before it whose mark stands left of it.
    """

    text: str
    item: bool = False
    left: float | None = None
    step: float = 0.0
    restarts: bool = False
    inside: bool = False


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
    gap = item_gap
    for block in blocks:
        if block.inside and in_list:
            parts += ["\n\n", _within(block, levels)]
            gap = "\n\n"
            continue
        if parts:
            parts.append(gap if block.item and in_list else "\n\n")
        gap = item_gap
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
    blank = False
    for line in text.split("\n"):
        bare, indent = line.strip(), len(line) - len(line.lstrip())
        if not bare:
            blank = bool(lines)
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
            lines += [""] if blank else []
            lines.append(" " * (levels[-1].column + further) + bare)
        blank = False
    return with_bullet("\n".join(lines), bullet)


def with_bullet(items: str, bullet: str) -> str:
    """``items`` of lists with ``bullet`` where they have a dash."""
    return items if bullet == "-" else _DASH.sub(rf"\g<1>{bullet}", items)


def escaped_places(text: str) -> set[int]:
    """Where in a line of plain ``text`` a backslash has to stand, so that it renders as it is, except at its
    start: before what would be emphasis, code, a link, HTML, struck text or a formula."""
    places = {found.start() for found in _INLINE.finditer(text) if found["mark"]}
    dollars = {place for place in places if text[place] == "$"}
    return places - dollars if len(dollars) == 1 else places


def escaped_start(text: str) -> int | None:
    """Where in a line of plain ``text`` a backslash has to stand so that the line is no heading, item of a
    list, quotation or rule; None where it is none.

    Numbers of up to three digits stand for themselves: rendered as items of a list they look as printed.
    """
    found = _AT_START.match(text)
    return found.end() - 1 if found else None


def escaped(text: str, *, starts: bool = True) -> str:
    """Lines of plain ``text`` as markdown that renders as they are; ``starts``: they begin lines there."""
    return "\n".join(_escaped_line(line, starts=starts) for line in text.split("\n"))


def _escaped_line(line: str, *, starts: bool = True) -> str:
    places = escaped_places(line)
    if starts and (start := escaped_start(line)) is not None:
        places.add(start)
    return "".join(f"\\{char}" if place in places else char for place, char in enumerate(line))


def escaped_items(text: str) -> str:
    """The same where ``text`` is items of a list, whose marks stay."""
    lines = []
    for line in text.split("\n"):
        found = ITEM_START.match(line)
        end = found.end() if found else 0
        lines.append(line[:end] + _escaped_line(line[end:]))
    return "\n".join(lines)


def code(text: str, language: str = "") -> str:
    """``text`` as a block of code."""
    fence = _FENCE
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"


def is_code(block: str) -> bool:
    """Whether a block of markdown is a block of code."""
    return block.startswith(_FENCE)


def joined_code(first: str, second: str) -> str:
    """Two blocks of code as one."""
    parts = ["\n".join(block.split("\n")[1:-1]) for block in (first, second)]
    return code("\n".join(parts), first.split("\n", 1)[0].lstrip("`"))


def formula(text: str, delimiters: tuple[str, str] = ("$$\n", "\n$$")) -> str:
    """A display formula between ``delimiters``, its own taken off; several in one text stand as they are."""
    bare = marks.bare_formula(text)
    return bare if "$$" in bare else f"{delimiters[0]}{paragraph(bare)}{delimiters[1]}"


def paragraphs(text: str) -> str:
    """Paragraphs, a blank line between them, where ``text`` has one or several."""
    parts = re.split(r"\n[ \t]*(?:\n[ \t]*)+", text.strip("\n"))
    return "\n\n".join(filter(None, map(paragraph, parts)))


def paragraph(text: str) -> str:
    """Without blank lines, which would end a paragraph, a formula or an HTML table half way."""
    return "\n".join(line.rstrip() for line in text.split("\n") if line.strip())


def _item(line: str) -> str:
    """A line that starts an item, with markdown's mark; empty for one that does not."""
    if marks.ITEM.match(line):
        return line
    if marks.CLAUSE.match(line):
        return f"- {line}"
    bare = marks.without(marks.BULLET, line)
    return f"- {bare}" if bare != line else ""


def _within(block: Block, levels: list[_Level]) -> str:
    """A further paragraph, at the column of the text of its item; levels further in are closed."""
    while len(levels) > 1 and levels[-1].left > (block.left or 0.0) - block.step / 2:
        levels.pop()
    return _set_in(block.text, levels[-1].column if levels else 2)


def _set_in(text: str, column: int) -> str:
    return "\n".join(" " * column + line if line else line for line in text.split("\n"))


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
    return _set_in(item, column)
