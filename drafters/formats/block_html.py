"""A block of a page as HTML: paragraphs, headings, lists, tables, ``<math>`` with LaTeX. Pure.

As Surya 2 writes them (see docspec.drafters.formats.page_html). Regions' texts are markdown, so that what
the HTML shows is escaped where markdown would read a mark in it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser

from markdown_it import MarkdownIt

from docspec import marks
from docspec.check_boxes import EMPTY, TICKED
from docspec.drafters.formats import markdown
from docspec.drafters.formats.table_text import read_table, write_html
from docspec.markdown import code, escaped
from docspec.types import Category, PageRegion

_TABLE = re.compile(r"<table\b.*?(?:</table\s*>|$)", re.DOTALL | re.IGNORECASE)
_MATH = re.compile(r"<math\b([^<>]*)>(.*?)</math\s*>", re.DOTALL | re.IGNORECASE)
_INLINE_MATH = re.compile(r"(?<![\\$])\$(?!\$)([^$\n]+)(?<![\\$])\$")
_DECLARATION = re.compile(r"<(?=[!?])")  # which the parser does not take everywhere
_FENCES = re.compile(r"^\s*```\w*\n(.*?)\n?```\s*$", re.DOTALL)
_FORMULA = "formula-"  # a tag that stands for a formula while HTML is parsed, with its number
_HEADING = re.compile(r"h[1-6]")
_LINES = frozenset({"p", "div", "ul", "ol", "li", "pre", "hr", "caption", "table", "tr"})
_SIGNS = {"b": "**", "strong": "**", "i": "*", "em": "*", "del": "~~", "s": "~~"}
_KEPT = frozenset({"sup", "sub"})  # markdown has no other signs for them
_DROPPED = frozenset(
    {"u", "small", "big", "span", "chem", "img", "math", "input", "code", "td", "th", "tbody", "thead"}
)


def write(category: Category, text: str, level: int | None = None) -> str:
    """A region's ``text``, markdown, as the HTML of its block."""
    text = text.strip()
    if not text or category is Category.PICTURE:
        return ""
    if category is Category.FORMULA:
        return f'<math display="block">{html.escape(marks.bare_formula(text), quote=False)}</math>'
    if category is Category.TABLE:
        grid = read_table(text)
        return f"<p>{_inline(text)}</p>" if grid is None else write_html(grid, header_cells=True)
    if category in (Category.TITLE, Category.SECTION_HEADER):
        tag = f"h{level or (1 if category is Category.TITLE else 2)}"
        return f"<{tag}>{_inline(marks.without(marks.HEADING, text).lstrip())}</{tag}>"
    if category is Category.LIST_ITEM:
        tag = "ol" if marks.NUMBER.match(text) else "ul"
        items = [marks.without(marks.ITEM, line.strip()) for line in text.split("\n")]
        return f"<{tag}>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</{tag}>"
    return f"<p>{_inline(text)}</p>"


def read(block: str) -> tuple[PageRegion, ...]:
    """The regions of a block's HTML, without boxes. Never raises; no text is left out."""
    fenced = _FENCES.match(block)
    return tuple(_pieces(fenced[1] if fenced else block))


def read_text(block: str) -> str:
    """A block's HTML as markdown; a single region's text is its text alone."""
    found = read(block)
    return found[0].text if len(found) == 1 else markdown.write(found)


def _inline(text: str) -> str:
    """Markdown within a line as HTML."""
    parts = []
    for number, part in enumerate(_INLINE_MATH.split(text)):
        if number % 2:
            parts.append(f"<math>{html.escape(part, quote=False)}</math>")
        else:
            ends = part[: len(part) - len(part.lstrip())], part[len(part.rstrip()) :] if part.strip() else ""
            parts.append(f"{ends[0]}{MarkdownIt('commonmark').renderInline(part.strip())}{ends[1]}")
    made = "".join(parts)
    return re.sub(r"<(/?)strong>", r"<\1b>", re.sub(r"<(/?)em>", r"<\1i>", made))


def _pieces(block: str) -> Iterator[PageRegion]:
    reached = 0
    for table in _TABLE.finditer(block):
        yield from _blocks(block[reached : table.start()])
        reached = table.end()
        inside = _MATH.sub(lambda found: f"${found[2].strip()}$", table[0])
        grid = read_table(_DECLARATION.sub("&lt;", inside))
        if grid is not None and grid.cells:
            yield PageRegion(Category.TABLE, write_html(grid, header_cells=True))
        else:  # empty, or larger than any table
            yield from _blocks(table[0])
    yield from _blocks(block[reached:])


def _blocks(block: str) -> Iterator[PageRegion]:
    formulas: list[tuple[str, bool]] = []

    def marked(found: re.Match[str]) -> str:
        formulas.append((html.unescape(found[2]).strip(), "block" in found[1]))
        return f"<{_FORMULA}{len(formulas) - 1}>"

    reader = _Reader(formulas)
    reader.feed(_DECLARATION.sub("&lt;", _MATH.sub(marked, block)))
    reader.close()
    reader.end()
    yield from reader.found


class _Reader(HTMLParser):
    """Turns HTML without tables into regions; ``formulas`` are LaTeX and whether they stand apart."""

    def __init__(self, formulas: list[tuple[str, bool]]) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[PageRegion] = []
        self._formulas = formulas
        self._text: list[str] = []
        self._level = 0  # of the open heading
        self._lists: list[int] = []  # by open list: the number of its next item, 0 without numbers
        self._item = ""  # the open item's mark, set in as its list is
        self._code = False
        self._links: list[str] = []

    def end(self) -> None:
        """Close the open region."""
        text = "".join(self._text)
        text = text.strip("\n") if self._code else text.strip()
        self._text.clear()
        if not text:
            return
        if self._code:
            self.found.append(PageRegion(Category.TEXT, code(text)))
        elif self._level:
            category = Category.TITLE if self._level == 1 else Category.SECTION_HEADER
            self.found.append(PageRegion(category, " ".join(text.split()), level=self._level))
        elif self._item:
            self._add_item(f"{self._item}{text}")
            self._item = " " * len(self._item)  # what else belongs to it
        else:
            self.found.append(PageRegion(Category.TEXT, text))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if _HEADING.fullmatch(tag) or tag in _LINES:
            self.end()
        if _HEADING.fullmatch(tag):
            self._level = int(tag[1])
        elif tag in ("ul", "ol"):
            self._lists.append(int(tag == "ol"))
        elif tag == "li":
            self._begin_item()
        elif tag == "pre":
            self._code = True
        elif tag == "br":
            self._text.append("\n")
        elif tag == "input" and named.get("type") == "checkbox":
            self._text.append(f"{TICKED if 'checked' in named else EMPTY} ")
        elif tag.startswith(_FORMULA):
            self._formula(*self._formulas[int(tag.removeprefix(_FORMULA))])
        elif tag == "a":
            self._links.append(named.get("href") or "")
            self._text += "[" if self._links[-1] else ""
        elif not self._sign(tag, f"<{tag}>") and tag not in _LINES | _DROPPED:
            self.handle_data(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if _HEADING.fullmatch(tag) or tag in _LINES:
            self.end()
        if _HEADING.fullmatch(tag):
            self._level = 0
        elif tag in ("ul", "ol"):
            self._lists[-1:] = []
            self._item = ""
        elif tag == "li":
            self._item = ""
        elif tag == "pre":
            self._code = False
        elif tag == "a" and self._links:
            link = self._links.pop()
            self._text += [f"]({link})"] if link else []
        else:
            self._sign(tag, f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self._code:
            self._text.append(data)
            return
        text = re.sub(r"\s+", " ", data)
        if not self._text or self._text[-1][-1].isspace():
            text = text.lstrip()
        if text:
            self._text.append(escaped(text, starts=not self._text))

    def _sign(self, tag: str, kept: str) -> bool:
        """Write the mark that markdown has for a tag; False where it has none."""
        sign = "`" if tag == "code" and not self._code else _SIGNS.get(tag, kept if tag in _KEPT else "")
        if sign and not self._code:
            self._text.append(sign)
        return bool(sign)

    def _begin_item(self) -> None:
        number = self._lists[-1] if self._lists else 0
        indent = "".join("   " if outer else "  " for outer in self._lists[:-1])
        self._item = f"{indent}{number}. " if number else f"{indent}- "
        if number:
            self._lists[-1] += 1

    def _add_item(self, text: str) -> None:
        """An item, or what belongs to the one before."""
        if text.startswith(" ") and self.found and self.found[-1].category is Category.LIST_ITEM:
            text = f"{self.found.pop().text}\n{text}"
        self.found.append(PageRegion(Category.LIST_ITEM, text.lstrip()))

    def _formula(self, latex: str, apart: bool) -> None:
        if apart and not self._item:
            self.end()
            self.found.append(PageRegion(Category.FORMULA, latex))
        elif latex:
            self._text.append(f"${latex}$")
