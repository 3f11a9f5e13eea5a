"""Marks above letters, and the dots of letters that were read without them, in ink left over. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from docspec.drafters.reading.formulas.ink import Ink
from docspec.drafters.reading.formulas.parts import Kind, Part

STROKES = {"l": "i", "1": "i", "|": "i", "\\imath": "i", "J": "j", "\\jmath": "j"}  # with a dot
SMALL_MARK = 0.2  # of the size: a dot's width and height at the most
BAR = 0.09  # of the size: how high a bar above a letter is at the most
MARK_ABOVE = 0.35  # of the size: how far a mark is above its letter at the most


def accent(ink: Ink, number: int, parts: Sequence[Part]) -> Part | None:
    """A piece of ink that no character is, as the mark above a letter; None where it is none."""
    box = ink.boxes[number]
    wide, high = box[2] - box[0], box[3] - box[1]
    under = [
        part
        for part in parts
        if part.kind in (Kind.ORDINARY, Kind.LETTER)
        and part.latex.lstrip("\\")[:1].isalpha()
        and part.box[0] - 0.1 * ink.size <= (box[0] + box[2]) / 2 <= part.box[2] + 0.15 * ink.size
        and -0.05 * ink.size <= part.box[1] - box[3] <= MARK_ABOVE * ink.size
    ]
    if not under or high > 0.35 * ink.size or wide > 1.2 * ink.size:
        return None
    letter = min(under, key=lambda part: part.box[1] - box[3])
    if letter.latex in ("i", "j", "!", "?"):
        return None
    name = "\\dot" if max(wide, high) <= SMALL_MARK * ink.size else _mark(ink, number)
    return Part(name, box, letter.baseline, letter.size, Kind.ACCENT)


def dotted(parts: Sequence[Part], marks: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """``parts`` with strokes under dots as the letter that they are, and the other ``marks``."""
    found = list(parts)
    left: list[Part] = []
    for mark in marks:
        under = [
            number
            for number, part in enumerate(found)
            if part.latex in STROKES
            and part.box[0] - 0.1 * part.size <= mark.centre <= part.box[2] + 0.2 * part.size
            and abs(part.baseline - mark.baseline) < 0.01
        ]
        if mark.latex == "\\dot" and under:
            number = under[0]
            found[number] = replace(found[number], latex=STROKES[found[number].latex])
        else:
            left.append(mark)
    return found, left


def _mark(ink: Ink, number: int) -> str:
    """Which mark a wide piece is, by how high its ink is at its left, in its middle and at its right."""
    x0, y0, x1, y1 = map(round, ink.boxes[number])
    if y1 - y0 <= max(2, BAR * ink.size):
        return "\\bar"
    own = ink.labels[y0:y1, x0:x1] == number
    rows = np.arange(y1 - y0)[:, None]
    heights = [
        float((third * rows).sum() / max(1, third.sum())) / max(1, y1 - y0 - 1)
        for third in np.array_split(own, 3, axis=1)
    ]
    left, middle, right = heights
    if middle < min(left, right) - 0.1:
        return "\\hat"
    if middle > max(left, right) + 0.1:
        return "\\check"
    return "\\vec" if right > 0.4 and left > 0.4 and x1 - x0 > 0.4 * ink.size else "\\tilde"
