"""A region's text as markdown: escaped, with the links and the emphasis that its characters are printed in.

For what no verifier reads: models write markdown themselves. What the writer made of the lines is compared
with them, so that each of its characters knows the one that it was.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from rapidfuzz.distance import Levenshtein

from docspec.algorithm_lines import algorithm_text, is_algorithm
from docspec.code_lines import code_text, is_code
from docspec.drafters.characters import plain_shapes
from docspec.drafters.reading.formulas.inline import LATEX
from docspec.drafters.reading.writer import is_list
from docspec.markdown import HEADINGS, ITEM_START, code, escaped_places, escaped_start
from docspec.types import Category, Line, Region, Span, Style

AS_WRITTEN = (Category.TABLE, Category.FORMULA)  # markdown already
PLAIN = (*HEADINGS, Category.PICTURE)  # emphasis says nothing there
MOST = 0.5  # share of a page's letters from which bold, italic or fixed width is its usual print
WORD = re.compile(r"[^\W\d_]{3,}")  # what is set in italics is a word; single letters are variables
MATHS = re.compile(r"CMMI|CMSY|CMEX|MSBM|MSAM|Math|Symbol", re.IGNORECASE)
LIST_LINE = re.compile(r"[ \t]*(?:-|\d{1,9}[.)])[ \t]")


@dataclass(frozen=True, slots=True)
class _Print:
    """How a character is printed; ``raw`` ones are markdown already."""

    bold: bool = False
    italic: bool = False
    struck: bool = False
    mono: bool = False
    link: str = ""
    raw: bool = False


_USUAL = _Print()


def as_markdown(region: Region, text: str, style: Style, page: Sequence[Line]) -> str:
    """``text``, written from ``region``'s lines in ``style``, as markdown; ``page`` are all lines around."""
    category = region.category
    if category in AS_WRITTEN:
        return text
    if category not in PLAIN and is_code(region.lines, page):
        return code(code_text(region.lines))
    if category is Category.TEXT and is_algorithm(region.lines):
        return code(algorithm_text(region.lines))
    prints = _prints(region.lines, text, style, _usual(page), category not in PLAIN and style.emphasis)
    items = category is Category.LIST_ITEM or _is_list(region, text, style)
    lines: list[str] = []
    at = 0
    for line in text.split("\n"):
        lines.append(_line(line, prints[at : at + len(line)], items, category in HEADINGS))
        at += len(line) + 1
    return "\n".join(lines)


def _is_list(region: Region, text: str, style: Style) -> bool:
    """Whether the writer made a list of what is none to the layout: then its marks are the writer's."""
    if region.category in HEADINGS or not LIST_LINE.search(text):
        return False
    return is_list(region, style)


def _usual(page: Sequence[Line]) -> _Print:
    """What most letters of a page are printed in."""
    total = bold = italic = mono = 0
    for span in (span for line in page for span in line.spans):
        size = len(span.text)
        total += size
        bold += size * span.bold
        italic += size * span.italic
        mono += size * span.mono
    return _Print(bold > MOST * total, italic > MOST * total, mono=mono > MOST * total)


def _prints(lines: Sequence[Line], text: str, style: Style, usual: _Print, emphasis: bool) -> list[_Print]:
    """How each character of ``text`` is printed; spaces between two of a kind are of that kind."""
    written: list[_Print] = []
    source = ""
    for line in lines:
        for span in line.spans:
            plain = plain_shapes(span.text)  # else the letters of a ligature would be of no kind
            source += plain
            written += [_print(span, style, usual, emphasis)] * len(plain)
        source += "\n"
        written.append(_USUAL)
    prints = [_USUAL] * len(text)
    if all(one == _USUAL for one in written):
        return prints
    for block in Levenshtein.opcodes(source.removesuffix("\n"), text):
        if block.tag in ("equal", "replace"):
            for there, here in zip(
                range(block.src_start, block.src_end), range(block.dest_start, block.dest_end), strict=False
            ):
                prints[here] = written[there]
    for place, char in enumerate(text):
        if char.isspace() and 0 < place < len(text) - 1:
            after = next((prints[i] for i in range(place + 1, len(text)) if not text[i].isspace()), _USUAL)
            prints[place] = (
                prints[place - 1] if prints[place - 1] == after else _shared(prints[place - 1], after)
            )
    return prints


def _print(span: Span, style: Style, usual: _Print, emphasis: bool) -> _Print:
    if span.font == LATEX:
        return _Print(raw=True)
    if style.formula and span.text.strip().startswith(style.formula[0] + "\\"):
        return _Print(raw=True)
    maths = span.superscript or MATHS.search(span.font) is not None
    return _Print(
        bold=emphasis and span.bold and not usual.bold and not maths,
        italic=emphasis and span.italic and not usual.italic and not maths,
        struck=emphasis and span.struck,
        mono=emphasis and span.mono and not usual.mono and not span.superscript,
        link=span.link,
    )


def _shared(a: _Print, b: _Print) -> _Print:
    return _Print(
        a.bold and b.bold,
        a.italic and b.italic,
        a.struck and b.struck,
        a.mono and b.mono,
        a.link if a.link == b.link else "",
    )


def _line(line: str, prints: Sequence[_Print], items: bool, heading: bool) -> str:
    """One line as markdown; the marks of an item stay as they are."""
    found = ITEM_START.match(line) if items else None
    start = found.end() if found else 0
    rest, prints = line[start:], list(prints[start:])
    places = escaped_places(rest)
    first = None if heading else escaped_start(rest)
    if first is not None and not any((prints[0].bold, prints[0].italic, prints[0].struck, prints[0].mono)):
        places.add(first)
    out = line[:start]
    at = 0
    runs = [(link, len(list(group))) for link, group in groupby(one.link for one in prints)]
    for link, length in runs:
        inner = _emphasised(rest, prints, places, at, at + length)
        shown = rest[at : at + length].strip()
        if link and shown and not is_address(shown, link):
            lead = len(inner) - len(inner.lstrip())
            end = len(inner.rstrip())
            inner = f"{inner[:lead]}[{inner[lead:end]}]({target(link)}){inner[end:]}"
        out += inner
        at += length
    return out


def is_address(shown: str, link: str) -> bool:
    """Whether what is printed is the address itself, or a part of it: renderers make that a link."""
    bare = re.sub(r"^(?:https?://|mailto:)", "", link).rstrip("/")
    return re.sub(r"^https?://", "", shown).rstrip("/.,;)") in (bare, link)


def target(link: str) -> str:
    """``link`` as a markdown link's target."""
    return link.replace(" ", "%20").replace("(", "%28").replace(")", "%29").replace("<", "%3C")


def _emphasised(text: str, prints: Sequence[_Print], places: set[int], start: int, end: int) -> str:
    out = ""
    at = start
    for kind, group in groupby(_looks(text, prints, start, end)):
        stop = at + len(list(group))
        out += _wrapped(text, places, at, stop, kind, alone=not out or out[-1] not in "*~`")
        at = stop
    return out


def _looks(text: str, prints: Sequence[_Print], start: int, end: int) -> list[_Print]:
    """The prints from ``start`` to ``end`` without links, and without italics that are no words."""
    looks: list[_Print] = []
    at = start
    for kind, group in groupby(
        prints[start:end], key=lambda one: (one.bold, one.italic, one.struck, one.mono, one.raw)
    ):
        size = len(list(group))
        bold, italic, struck, mono, raw = kind
        words = text[at : at + size]
        italic = italic and WORD.search(words) is not None
        named = any(char.isalnum() for char in words)
        bold, struck = bold and named, struck and named  # a root's bar is no stroke through its sign
        looks += [_Print(bold, italic, struck, mono, raw=raw)] * size
        at += size
    return looks


def _wrapped(text: str, places: set[int], start: int, end: int, kind: _Print, alone: bool) -> str:
    """The characters from ``start`` to ``end``, escaped, between the marks of ``kind`` where these can be."""
    if kind.raw:
        return text[start:end]
    first, last = start, end
    while first < last and text[first].isspace():
        first += 1
    while last > first and text[last - 1].isspace():
        last -= 1
    inner = "".join(f"\\{text[i]}" if i in places else text[i] for i in range(first, last))
    if not inner:
        return text[start:end]
    mark = "**" * kind.bold + "*" * kind.italic
    if kind.mono and "`" not in text[first:last]:
        return f"{text[start:first]}`{text[first:last]}`{text[last:end]}"
    before = text[first - 1] if first > 0 else " "
    after = text[last] if last < len(text) else " "
    if not alone and first == start:
        mark = ""
    if mark and _opens(before, text[first]) and _opens(after, text[last - 1]):
        inner = f"{mark}{inner}{mark[::-1]}"
    if kind.struck and before.isspace() | (not before.isalnum()) and not after.isalnum():
        inner = f"~~{inner}~~"
    return f"{text[start:first]}{inner}{text[last:end]}"


def _opens(outside: str, inside: str) -> bool:
    """Whether a mark between the two characters is read as one: CommonMark's flanking."""
    return inside.isalnum() or outside.isspace() or not outside.isalnum()
