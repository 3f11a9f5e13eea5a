"""The text layer of a PDF page: its lines, characters put in order and words apart.

What PyMuPDF gives is nearly it. Missing are the order of letters that one glyph stands for in scripts from
right to left, words in lines that are set so tight or so wide that gaps look alike, and what the page knows
of its characters besides: links, strokes through them, the way they are turned.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from docspec.check_boxes import CheckBox, with_check_boxes
from docspec.mupdf import pymupdf
from docspec.pdf_extras import check_boxes, combs
from docspec.pdf_links import link_targets
from docspec.pdf_right_to_left import RIGHT_TO_LEFT, in_order
from docspec.pdf_words import Glyph, words
from docspec.types import Box, Line, Span, union
from docspec.vertical import with_columns

SOURCE = "text-layer"

# Unmappable characters stay U+FFFD: whoever judges the text layer must see them.
TEXT_FLAGS = pymupdf.TEXT_PRESERVE_LIGATURES | pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP
# Finds strokes through text and glyphs printed twice to look bold, which are then one. It takes the letters
# of one Arabic glyph for such, since they stand at one place.
STYLES = pymupdf.TEXT_COLLECT_STYLES
SUPERSCRIPT, ITALIC, MONO, BOLD = 1, 2, 8, 16  # MuPDF's flags of spans
STRUCK, PRINTED_BOLD, WIDE_SPACE = (
    pymupdf.mupdf.FZ_STEXT_STRIKEOUT,
    pymupdf.mupdf.FZ_STEXT_BOLD,
    pymupdf.mupdf.FZ_STEXT_SYNTHETIC_LARGE,
)  # and of characters

MONO_NAME = re.compile(r"mono|courier|consol|menlo|cmtt|typewriter|inconsolata|code", re.IGNORECASE)
QUARTER = 10.0  # degrees from a quarter turn within which a line has that


def text_lines(page: Any) -> tuple[Line, ...]:
    """The lines of a page that is not rotated, those that touch what it shows, in the file's order.

    The check boxes of a form are signs in them, in place of the glyph that ticks them.
    """
    boxes = check_boxes(page)
    visible = pymupdf.Rect(0, 0, page.rect.width, page.rect.height)
    links = link_targets(page)
    blocks = page.get_text("rawdict", flags=TEXT_FLAGS | STYLES)["blocks"]
    leftward = RIGHT_TO_LEFT.search("".join(char["c"] for char in _characters(blocks))) is not None
    if leftward:
        blocks = page.get_text("rawdict", flags=TEXT_FLAGS)["blocks"]
    lines = []
    for line in (line for block in blocks for line in block.get("lines", ())):
        box = pymupdf.Rect(line["bbox"])
        glyphs = list(_glyphs(line, links, boxes))
        spans = tuple(_spans(words(in_order(glyphs) if leftward else glyphs)))
        if any(span.text.strip() for span in spans) and box.intersects(visible):
            lines.append(Line(spans, _box(box & visible), SOURCE, turn=_turn(line)))
    return with_check_boxes(with_columns(_combed(lines, combs(page))), boxes, SOURCE)


def _combed(lines: Sequence[Line], fields: Sequence[Box]) -> list[Line]:
    """``lines`` with the characters that stand in one of ``fields``, each by itself, as one word."""
    done = list(lines)
    for field in fields:
        inside = sorted((line for line in done if _is_on(line.box, field)), key=lambda line: line.box[0])
        if len(inside) > 1:
            box = union(line.box for line in inside)
            first = inside[0].spans[0]
            word = replace(first, text="".join(line.text.strip() for line in inside), box=box)
            done[done.index(inside[0])] = replace(inside[0], spans=(word,), box=box)
            done = [line for line in done if line not in inside[1:]]
    return done


def _characters(blocks: Any) -> Iterator[Any]:
    for block in blocks:
        for line in block.get("lines", ()):
            for span in line["spans"]:
                yield from span["chars"]


def _turn(line: Any) -> int:
    """By how much a line has to be turned clockwise to be upright; 0 where it runs down as Chinese does."""
    if line.get("wmode"):
        return 0
    x, y = line["dir"]
    angle = math.degrees(math.atan2(-y, x))
    quarter = round(angle / 90) * 90
    return (quarter if abs(angle - quarter) < QUARTER else round(angle)) % 360


def _glyphs(line: Any, links: Sequence[tuple[Box, str]], boxes: Sequence[CheckBox]) -> Iterator[Glyph]:
    near = [link for link in links if pymupdf.Rect(link[0]).intersects(line["bbox"])]
    for span in line["spans"]:
        flags, how = span["flags"], span.get("char_flags", 0)
        like = Span(
            "",
            (0.0, 0.0, 0.0, 0.0),
            float(span["size"]),
            span["font"],
            bold=bool(flags & BOLD or how & PRINTED_BOLD),
            italic=bool(flags & ITALIC),
            mono=bool(flags & MONO or MONO_NAME.search(span["font"])),
            superscript=bool(flags & SUPERSCRIPT),
            struck=bool(how & STRUCK),
        )
        for char in span["chars"]:
            x0, y0, x1, y1 = map(float, char["bbox"])
            box = (x0, y0, x1, y1)
            if any(_is_on(box, check.box) for check in boxes):
                continue
            target = next((uri for frame, uri in near if _is_on(box, frame)), "") if near else ""
            yield Glyph(
                char["c"],
                box,
                replace(like, link=target) if target else like,
                bool(char["synthetic"]),
                bool(how & WIDE_SPACE) and char["c"] == " ",
            )


def _is_on(box: Box, frame: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return frame[0] <= x <= frame[2] and frame[1] <= y <= frame[3]


def _spans(glyphs: Sequence[Glyph]) -> Iterator[Span]:
    """Runs of ``glyphs`` that are alike; a space as wide as between columns is by itself."""
    run: list[Glyph] = []
    for glyph in glyphs:
        if run and (glyph.like != run[-1].like or glyph.wide or run[-1].wide):
            yield _span(run)
            run = []
        run.append(glyph)
    if run:
        yield _span(run)


def _span(run: Sequence[Glyph]) -> Span:
    x0, y0, x1, y1 = zip(*(glyph.box for glyph in run), strict=True)
    text = "".join(glyph.text for glyph in run)
    return replace(run[0].like, text=text, box=(min(x0), min(y0), max(x1), max(y1)))


def _box(rect: Any) -> Box:
    return (float(rect.x0), float(rect.y0), float(rect.x1), float(rect.y1))
