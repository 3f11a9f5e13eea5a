"""A page as markdown, as most families write one: headings, lists, tables, formulas. Pure.

``write`` makes the draft of a page from its regions, ``read`` takes a page's output apart again. Markdown has
no coordinates: regions that are read have no box.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from docspec import marks
from docspec.drafters.formats.table_text import indent_html, read_table, write_html, write_pipe
from docspec.markdown import HEADINGS, Block, formula, heading, joined, list_items, paragraph
from docspec.types import Category, PageRegion

MARGINALS = (Category.PAGE_HEADER, Category.PAGE_FOOTER)
STEP = 0.6  # of an item's line height, pixels having no fixed size: less is the same list level

_RULE = re.compile(r"\s*(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$")
_PICTURE = re.compile(r"\s*!\[[^\]]*\]\([^)]*\)\s*$")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})[ \t]*(?:markdown|md)?[ \t]*\n", re.IGNORECASE)
_TABLE_OPEN = re.compile(r"\s*<table\b", re.IGNORECASE)
_TABLE_TAG = re.compile(r"<(/?)table\b[^>]*>", re.IGNORECASE)
_FORMULAS = (("$$", "$$"), ("\\[", "\\]"))


@dataclass(frozen=True, slots=True)
class MarkdownOptions:
    """How a family writes markdown.

    ``table``: HTML in one line, HTML with a line a cell (``html-lines``), pipes, or as the draft has it
    (None); ``table_head``: an HTML table's first row in ``th``. ``formula`` stands before and after a display
    formula, ``inline`` around one inside text. ``bullet`` starts list items, ``item_gap`` is between them.
    ``marginals``: page headers and footers are written; ``picture`` is what stands for a picture. ``start``
    and ``end`` go around the whole page (a code fence, for one).
    """

    table: Literal["html", "html-lines", "pipe"] | None = "html"
    table_head: bool = False
    formula: tuple[str, str] = ("$$\n", "\n$$")
    inline: tuple[str, str] = ("$", "$")
    bullet: str = "-"
    item_gap: str = "\n"
    marginals: bool = False
    picture: str = ""
    start: str = ""
    end: str = ""


DEFAULT = MarkdownOptions()


def write(regions: Sequence[PageRegion], options: MarkdownOptions = DEFAULT) -> str:
    """The page of ``regions`` (in reading order) as the family would write it."""
    blocks = (_block(region, options) for region in _with_numbers(regions))
    page = joined((block for block in blocks if block.text), options.item_gap)
    return f"{options.start}{page}{options.end}" if page else ""


def read(output: str) -> tuple[PageRegion, ...]:
    """The regions of a page's output, whatever of it there is. Never raises; no text is left out."""
    return tuple(_regions(unfenced(output).split("\n")))


def unfenced(output: str) -> str:
    """``output`` without the code fence that some models put around a whole page."""
    opening = _FENCE.match(output)
    if opening is None:
        return output
    body = output[opening.end() :]
    closing = body.rstrip()
    if closing.endswith(opening[1]):
        return closing.removesuffix(opening[1]).rstrip()
    return output if re.search(rf"^\s*{re.escape(opening[1])}", body, re.MULTILINE) else body


def _with_numbers(regions: Sequence[PageRegion]) -> Iterator[PageRegion]:
    """``regions`` with the number beside a formula inside it, as LaTeX has it."""
    waiting: PageRegion | None = None
    for region in regions:
        if waiting is not None:
            number = marks.KNOWN_FORMULA_NUMBER.fullmatch(region.text.strip())
            if number is not None:
                text = f"{marks.bare_formula(waiting.text.strip())}\n\\tag{{{number[1]}}}".strip()
                yield replace(waiting, text=text)
                waiting = None
                continue
            yield waiting
        waiting = region if region.category is Category.FORMULA else None
        if waiting is None:
            yield region
    if waiting is not None:
        yield waiting


def _block(region: PageRegion, options: MarkdownOptions) -> Block:
    text = _text(region, options)
    if region.category is not Category.LIST_ITEM or region.box is None:
        return Block(text, region.category is Category.LIST_ITEM)
    height = region.box[3] - region.box[1]
    return Block(text, True, region.box[0], STEP * height / len(text.split("\n")))


def _text(region: PageRegion, options: MarkdownOptions) -> str:
    """A region's markdown. A formula that is not drafted leaves its place, from where the page goes on."""
    text, category = region.text.strip(), region.category
    if category is Category.PICTURE:
        return options.picture
    if category is Category.FORMULA:
        return formula(text, options.formula)
    if not text or (category in MARGINALS and not options.marginals):
        return ""
    if category in HEADINGS:
        return heading(text, category, region.level)
    if category is Category.LIST_ITEM:
        return list_items(text, options.bullet)
    if category is Category.TABLE:
        return _table(text, options)
    return _inline(text, options)


def _table(text: str, options: MarkdownOptions) -> str:
    """The table in the family's way; text that is no table, and what has no other form, as it is."""
    if options.table is None:
        return paragraph(text)
    grid = read_table(text)
    if grid is None or not grid.cells:
        return paragraph(text)
    if options.table == "pipe":
        return write_pipe(grid)
    if not text.lower().startswith("<table") or options.table_head:
        if options.table_head and not grid.headers:
            grid = type(grid)(grid.cells, 1)
        text = write_html(grid, header_cells=options.table_head)
    return indent_html(text) if options.table == "html-lines" else paragraph(text)


def _inline(text: str, options: MarkdownOptions) -> str:
    if options.inline != ("$", "$"):
        text = re.sub(
            r"(?<![\\$])\$(?!\$)([^$\n]+)(?<![\\$])\$(?![\d$])",
            lambda found: f"{options.inline[0]}{found[1]}{options.inline[1]}",
            text,
        )
    return paragraph(text)


def _regions(lines: Sequence[str]) -> Iterator[PageRegion]:
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip() or _RULE.match(line):
            at += 1
        elif _is_heading(line):
            mark, text = line.split(maxsplit=1)
            category = Category.TITLE if len(mark) == 1 else Category.SECTION_HEADER
            yield PageRegion(category, text.rstrip(), level=len(mark))
            at += 1
        elif _PICTURE.match(line):
            yield PageRegion(Category.PICTURE, "")
            at += 1
        else:
            category, end = _extent(lines, at)
            yield PageRegion(category, _content(category, lines[at:end]))
            at = end


def _extent(lines: Sequence[str], at: int) -> tuple[Category, int]:
    """What starts at a line, and the line after it."""
    line = lines[at].strip()
    if _TABLE_OPEN.match(line):
        return Category.TABLE, _table_end(lines, at)
    if line.startswith("|"):
        return Category.TABLE, _while(lines, at, lambda text: text.strip().startswith("|"))
    for opening, closing in _FORMULAS:
        if line.startswith(opening):
            end = _formula_end(lines, at, opening, closing)
            if end is not None:
                return Category.FORMULA, end
    if marks.ITEM.match(line):
        return Category.LIST_ITEM, _item_end(lines, at)
    return Category.TEXT, _while(lines, at, lambda text: not _starts_block(text))


def _content(category: Category, lines: Sequence[str]) -> str:
    if category is Category.LIST_ITEM:
        return "\n".join(line.rstrip() for line in lines if line.strip()).lstrip()
    text = "\n".join(line.rstrip() for line in lines).strip()
    return marks.bare_formula(text) if category is Category.FORMULA else text


def _while(lines: Sequence[str], at: int, holds: Callable[[str], bool]) -> int:
    """The line after the run of lines from ``at`` of which ``holds`` is true; the first always counts."""
    end = at + 1
    while end < len(lines) and holds(lines[end]):
        end += 1
    return end


def _starts_block(line: str) -> bool:
    return (
        not line.strip()
        or _is_heading(line)
        or bool(_RULE.match(line) or _PICTURE.match(line) or _TABLE_OPEN.match(line))
        or bool(marks.ITEM.match(line.lstrip()))
        or line.lstrip().startswith(("|", "$$", "\\["))
    )


def _is_heading(line: str) -> bool:
    """Whether a line is a heading that says something."""
    mark = marks.HEADING.match(line)
    return mark is not None and bool(line[mark.end() :].strip())


def _table_end(lines: Sequence[str], at: int) -> int:
    """The line after the closing tag, or after the last line where there is none."""
    depth = 0
    for number in range(at, len(lines)):
        for tag in _TABLE_TAG.finditer(lines[number]):
            depth += -1 if tag[1] else 1
        if depth <= 0:
            return number + 1
    return len(lines)


def _formula_end(lines: Sequence[str], at: int, opening: str, closing: str) -> int | None:
    """The line after a formula's closing mark; None where more text stands on that line, or it never comes
    within its paragraph."""
    first = lines[at].strip().removeprefix(opening)
    for number in range(at, len(lines)):
        line = first if number == at else lines[number].strip()
        if closing in line:
            return number + 1 if line.rstrip().endswith(closing) and line.count(closing) == 1 else None
        if number > at and not line:
            break
    return None


def _item_end(lines: Sequence[str], at: int) -> int:
    """The line after a list item: its nested items and indented lines belong to it, blank lines between."""
    left = _indent(lines[at])
    end = at + 1
    for number in range(at + 1, len(lines)):
        line = lines[number]
        if not line.strip():
            continue
        nested = _indent(line) > left
        follows = number == end and not _starts_block(line)
        if not nested and not follows:
            break
        end = number + 1
    return end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
