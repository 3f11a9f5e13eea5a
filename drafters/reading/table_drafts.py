"""A table region's text as HTML or markdown, in the verifier's way.

The grid is the table's own rules where PyMuPDF finds them, else the
alignment of the text (ruled_grid.py, cell_grid.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from docspec.check_boxes import EMPTY, TICKED
from docspec.drafters.characters import SOFT_HYPHEN, clean, raised
from docspec.drafters.formats.table_text import Cell, Grid, write_html, write_pipe
from docspec.drafters.reading.cell_grid import aligned_cells
from docspec.drafters.reading.drawn_boxes import boxes_within
from docspec.drafters.reading.pieces import Piece
from docspec.drafters.reading.ruled_grid import ruled_cells
from docspec.turning import turned, turned_box
from docspec.types import TEXT_LAYER, Box, Line, Page, Region, Span, Style, union

MARGIN = 2.0  # points around the region within which its rules are looked for
ENOUGH_RULED = 0.8  # share of the pieces that ruled cells must hold
NEXT_TO = 0.15  # of a word's height: how far from it a raised mark, or its rest, may stand
OVER = 0.5  # the same, how far these may stand in it
EDGE = 2.0  # points to both sides of a rule in which the page shows it
CONTRAST = 12  # grey levels between a rule and what is beside it, at the least
SEAM = 0.27  # of a background's darkness: how light the seam between two of its pieces may be drawn
SHOWN = 0.4  # share of a rule's length with that contrast: rules may be dotted
WORD = re.compile(r"\S+")
TYPED_RULES = re.compile(r"(?:\.[ \u00a0]?){4,}|[-=–—]{5,}")  # leaders, rules; "____" is to be filled in


def write_table(page: Page, region: Region, style: Style) -> str | None:
    """The region as a table in ``style``; None where no grid is found, or ``style`` writes no tables."""
    if style.table is None:
        return None
    boxes, lines = _ruled_boxes(page, region.box), region.lines
    turn = lines[0].turn if lines and len({line.turn for line in lines}) == 1 else 0
    if turn and turn % 90 == 0:  # a sideways table on an upright page
        boxes = [turned_box(box, turn, page.width, page.height) for box in boxes]
        lines = tuple(_turned_line(line, turn, page) for line in lines)
        page = turned(page, turn)
    pieces = list(pieces_of(lines, style.ascii_quotes, style.superscripts))
    if len(pieces) < 4:
        return None
    cells = _ruled(page, boxes, pieces) or aligned_cells(pieces, lambda x, y0, y1: _rule(page, x, y0, y1))
    if not cells:
        return None
    grid = Grid(tuple(cells))
    return write_pipe(grid) if style.table == "markdown" else write_html(grid)


def pieces_of(
    lines: Sequence[Line], ascii_quotes: bool = False, superscripts: bool = False
) -> Iterator[Piece]:
    """The words of ``lines``, each with the part of its span's box that its characters take up; leaders and
    rules that are characters are none. With ``superscripts`` a raised mark is part of the word before it."""
    for line in lines:
        last: Piece | None = None
        before: Span | None = None  # what ``last`` is of, if no white space stands after it
        for span in line.spans:
            words = list(_words(span, ascii_quotes))
            mark = superscripts and span.superscript and len(words) == 1
            if mark:
                words = [replace(words[0], text=raised(words[0].text))]
            goes_on = mark or _goes_on(before, span)
            if last and words and goes_on and _is_near(last, words[0]):
                words[0] = _joined(last, words[0])
                last = None
            if last:
                yield last
            yield from words[:-1]
            last = words[-1] if words else None
            before = span if words and not span.text[-1:].isspace() else None
        if last:
            yield last


def _goes_on(before: Span | None, span: Span) -> bool:
    """Whether a span in another font goes on with the word of that ``before``, as figures go on with a number
    whose point is a formula's."""
    return before is not None and before.superscript == span.superscript and not span.text[:1].isspace()


def _is_near(word: Piece, rest: Piece) -> bool:
    height = word.box[3] - word.box[1]
    return -OVER * height < rest.box[0] - word.box[2] < NEXT_TO * height


def _joined(word: Piece, rest: Piece) -> Piece:
    """Two pieces as one word, which stands where the larger of them does: scripts are in no other row."""
    x0, _, x1, _ = union([word.box, rest.box])
    _, y0, _, y1 = max(word, rest, key=lambda one: one.box[3] - one.box[1]).box
    return Piece(word.text + rest.text, (x0, y0, x1, y1))


def _words(span: Span, ascii_quotes: bool) -> Iterator[Piece]:
    # with several spaces between words these are the measure of a font of fixed width
    text = span.text if "  " in span.text else clean(span.text, ascii_quotes)
    text = TYPED_RULES.sub(lambda found: " " * len(found[0]), text)
    x0, y0, x1, y1 = span.box
    width = (x1 - x0) / max(1, len(text))
    for found in WORD.finditer(text):
        word = clean(found[0], ascii_quotes).replace(SOFT_HYPHEN, "-")
        if word:
            yield Piece(word, (x0 + found.start() * width, y0, x0 + found.end() * width, y1))


def _turned_line(line: Line, turn: int, page: Page) -> Line:
    def at(box: Box) -> Box:
        return turned_box(box, turn, page.width, page.height)

    return replace(
        line, spans=tuple(replace(span, box=at(span.box)) for span in line.spans), box=at(line.box)
    )


def _ruled(page: Page, boxes: Sequence[Box], pieces: Sequence[Piece]) -> list[Cell] | None:
    """The cells that the page's own rules draw around ``pieces``, if they make a table."""
    holds = _holding(boxes, pieces)
    if len(boxes) < 4 or holds.any(axis=0).sum() < ENOUGH_RULED * len(pieces):
        return None
    empty = [box for box, held in zip(boxes, holds, strict=True) if not held.any()]
    pieces = [*pieces, *_check_boxes(page, empty, pieces)]
    cells = ruled_cells(pieces, boxes, lambda x0, x1, y: _is_seen(page, x0, x1, y))
    return cells if max(cell.column for cell in cells) > 0 else None


def _holding(boxes: Sequence[Box], pieces: Sequence[Piece]) -> NDArray[np.bool_]:
    """Whether the middle of each piece is in each box, as ``middle_in`` says: [boxes, pieces]."""
    corners = np.array([piece.box for piece in pieces]).reshape(-1, 4)
    x, y = (corners[:, :2] + corners[:, 2:]).T / 2
    x0, y0, x1, y1 = np.array(boxes).reshape(-1, 4).T[..., None]
    holds: NDArray[np.bool_] = (x0 <= x) & (x <= x1) & (y0 <= y) & (y <= y1)
    return holds


def _check_boxes(page: Page, empty: Sequence[Box], pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The check boxes that are drawn in ``empty`` cells, as signs."""
    height = median(piece.box[3] - piece.box[1] for piece in pieces)
    for check in boxes_within(page, [box for box in empty if box[3] - box[1] >= height], height):
        yield Piece(TICKED if check.ticked else EMPTY, check.box)


def _ruled_boxes(page: Page, box: Box) -> Sequence[Box]:
    """Cells of the largest ruled table in ``box``, in page points; none without a text layer."""
    if page.handle is None or not any(line.source == TEXT_LAYER for line in page.lines):
        return ()
    return page.handle.ruled_cells((box[0] - MARGIN, box[1] - MARGIN, box[2] + MARGIN, box[3] + MARGIN))


def _is_seen(page: Page, x0: float, x1: float, y: float) -> bool:
    """Whether the page shows an edge at ``y``: a rule, or two colours."""
    strip = page.crop((x0 + EDGE, y - EDGE, x1 - EDGE, y + EDGE)).mean(axis=2)
    least = CONTRAST + SEAM * (255 - np.median(strip))
    return bool((strip.max(axis=0) - strip.min(axis=0) > least).mean() > SHOWN)


def _rule(page: Page, x: float, y0: float, y1: float) -> tuple[float, float] | None:
    """From where to where the page shows a rule under ``x`` between two heights."""
    _, top, x1, bottom = page.pixels((0.0, y0, page.width, max(y1, y0 + EDGE)))
    strip = page.image[top:bottom].mean(axis=2)
    blank = np.flatnonzero(strip.max(axis=0) - strip.min(axis=0) <= CONTRAST)
    at = int(x * x1 / page.width)
    start, end = (blank[blank < at].max(initial=-1), blank[blank >= at].min(initial=x1))
    return (float(start + 1) * page.width / x1, float(end) * page.width / x1) if end > at else None
