"""Headings that detectors leave in a region of text: those that run into their paragraph, and larger rows.

A heading that runs in is bold words, a gap wider than between words, then the text. Where somebody only
stresses a paragraph's first words, an ordinary space follows them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from docspec.layout.assign import fit
from docspec.layout.geometry import rows
from docspec.types import Category, Line, Region, union

GAP = (0.7, 2.6)  # of the font's size: between heading and text, at least and at most
UNDER = 2.0  # of the font's size: how far the paragraph's other rows may start from the heading's left edge
LONG = 100  # characters of such a heading, at the most
LETTERS = 2  # of it, at the least
ABSTRACT = re.compile(
    r"(abstract|summary|zusammenfassung|résumé|resumen|摘要)\s*[.:：—–-]*\s*", re.IGNORECASE
)
AFTER = re.compile(r"\s*[.:：—–-]+\s*")  # what parts such a word from the text
LARGER = 1.05  # times the size of the text: a bold row that is a heading


def with_inner_headings(regions: Sequence[Region]) -> list[Region]:
    """``regions`` with the headings in paragraphs as section headers of their own."""
    return [piece for region in regions for part in _with_abstract(region) for piece in _pieces(part)]


def _with_abstract(region: Region) -> list[Region]:
    """``region``; in two where it starts with the word that heads an abstract, in a print of its own."""
    if region.category is not Category.TEXT or not region.lines or len(region.lines[0].spans) < 2:
        return [region]
    first, *rest = region.lines
    word, after = first.spans[0], first.spans[1:]
    alike = [(span.font, span.bold, span.italic) == (word.font, word.bold, word.italic) for span in after]
    if not ABSTRACT.fullmatch(word.text) or alike[0] or not (word.bold or word.italic or word.font):
        return [region]
    text = "".join(span.text for span in after)
    found = AFTER.match(text)
    if not found and not AFTER.search(word.text):
        return [region]
    cut = len(found[0]) if found else len(text) - len(text.lstrip())
    spans = []
    for span in after:
        gone = min(cut, len(span.text))
        cut -= gone
        if gone < len(span.text):
            spans.append(replace(span, text=span.text[gone:]))
    name = replace(word, text=AFTER.sub("", word.text).strip())
    if not spans:
        return [region]
    head = replace(first, spans=(name,), box=word.box, strips=())
    body = replace(first, spans=tuple(spans), box=union(span.box for span in spans), strips=())
    return [
        fit(replace(region, category=Category.SECTION_HEADER, lines=(head,))),
        fit(replace(region, lines=(body, *rest))),
    ]


def _pieces(region: Region) -> list[Region]:
    if region.category is not Category.TEXT or len(region.lines) < 3:
        return [region]
    pieces: list[tuple[Category, list[Line]]] = [(Category.TEXT, [])]
    usual = median(span.size for line in region.lines for span in line.spans)
    groups = [[region.lines[i] for i in group] for group in rows([line.box for line in region.lines])]
    for row, below in pairwise([*groups, []]):
        heads = pieces[-1][0] is Category.SECTION_HEADER
        if _runs_in(row, below):
            pieces += [(Category.SECTION_HEADER, row[:1]), (Category.TEXT, row[1:])]
        elif len(row) == 1 and below and _is_larger(row[0], usual):
            pieces += [] if heads else [(Category.SECTION_HEADER, [])]
            pieces[-1][1].extend(row)
        else:
            pieces += [(Category.TEXT, [])] if heads else []
            pieces[-1][1].extend(row)
    if len(pieces) == 1:
        return [region]
    return [
        fit(replace(region, category=category, lines=tuple(lines))) for category, lines in pieces if lines
    ]


def _runs_in(row: Sequence[Line], below: Sequence[Line]) -> bool:
    """Whether ``row`` is a heading and the start of its text, which goes on ``below`` both."""
    if len(row) != 2 or not below:
        return False
    head, text = row
    size = max((span.size for span in head.spans), default=0.0)
    if size <= 0 or text.turn or not _is_heading(head):
        return False
    gap = text.box[0] - head.box[2]
    left = min(line.box[0] for line in below)
    return (
        not any(span.bold for span in text.spans[:1])
        and GAP[0] * size <= gap <= GAP[1] * size
        and -UNDER * size <= left - head.box[0] <= 0.1 * size
        and text.box[2] - head.box[0] > 0.8 * (max(line.box[2] for line in below) - left)
    )


def _is_larger(row: Line, usual: float) -> bool:
    """Whether a row is bold and larger than the text."""
    larger = all(span.size >= LARGER * usual for span in row.spans if span.text.strip())
    return usual > 0 and larger and _is_heading(row)


def _is_heading(line: Line) -> bool:
    words = sum(char.isalpha() for char in line.text) >= LETTERS and len(line.text) <= LONG
    bold = all(span.bold for span in line.spans if span.text.strip())
    return words and bold and not line.turn and not _ends_label(line.text)


def _ends_label(text: str) -> bool:
    """Whether a colon makes of ``text`` the label of a value beside it."""
    return text.rstrip().endswith((":", "："))
