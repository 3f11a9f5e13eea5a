"""Pieces of a table's text: words, by row and run together. Pure geometry."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from docspec.types import Box, union

WORD_GAP = 0.7  # of a piece's height: a wider gap in a row parts cells
CURRENCY = re.compile(r"[$€£¥₹₩₽]|US\$|USD|EUR|GBP|CHF|Rs\.?")
AMOUNT = re.compile(r"[(\-–—−+]?\s*[\d.,]*\d[\d.,]*\s*\)?%?|[-–—]")
CLOSES = re.compile(r"\)?%|\)")  # what may stand apart after a number


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text inside one cell, with its box in points."""

    text: str
    box: Box


def rows_of(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces by row: each joins the row whose first piece's height holds its middle."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: (p.box[1] + p.box[3], p.box)):
        middle = (piece.box[1] + piece.box[3]) / 2
        if rows and middle <= _row_bottom(rows[-1]):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [sorted(row, key=lambda p: p.box[0]) for row in rows]


def _row_bottom(row: Sequence[Piece]) -> float:
    """How low a further piece's middle may lie: half way down the lower part of the row's first piece."""
    top, bottom = row[0].box[1], row[0].box[3]
    return top + 0.8 * (bottom - top)


def with_signs(row: Sequence[Piece]) -> list[Piece]:
    """A row's words with currency signs, which may stand far left of their numbers, as part of these; so are
    percent signs and brackets after them. Such a piece stands where the number does."""
    done: list[Piece] = []
    trailing = _signs_follow(row)
    for piece in row:
        last = done[-1] if done else None
        if last and trailing and CURRENCY.fullmatch(piece.text) and AMOUNT.fullmatch(last.text):
            done[-1] = Piece(f"{last.text} {piece.text}", last.box)
        elif last and not trailing and CURRENCY.fullmatch(last.text) and AMOUNT.fullmatch(piece.text):
            done[-1] = Piece(f"{last.text} {piece.text}", piece.box)
        elif last and CLOSES.fullmatch(piece.text) and AMOUNT.fullmatch(last.text.split(" ")[-1]):
            done[-1] = Piece(f"{last.text}{piece.text}", last.box)
        else:
            done.append(piece)
    return done


def _signs_follow(row: Sequence[Piece]) -> bool:
    """Whether a row's currency signs stand after their numbers: the last one has no other."""
    last = max((n for n, piece in enumerate(row) if CURRENCY.fullmatch(piece.text)), default=0)
    before, after = row[last - 1 : last], row[last + 1 : last + 2]
    return all(AMOUNT.fullmatch(piece.text) for piece in before) and not any(
        AMOUNT.fullmatch(piece.text) for piece in after
    )


def merged(row: Sequence[Piece], strips: Sequence[tuple[float, float]] = ()) -> list[Piece]:
    """A row's words run together where the gap is a word's and none of ``strips`` (from x, to x) is in it."""
    merged: list[Piece] = []
    for piece in row:
        height = piece.box[3] - piece.box[1]
        left, right = merged[-1].box[2] if merged else 0.0, piece.box[0]
        apart = any(left <= start and end <= right for start, end in strips)
        if merged and not apart and right - left < WORD_GAP * height:
            last = merged.pop()
            merged.append(Piece(f"{last.text} {piece.text}", union([last.box, piece.box])))
        else:
            merged.append(piece)
    return merged
