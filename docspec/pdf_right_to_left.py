"""Characters of lines from right to left in the order in which they are read. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby, pairwise

from docspec.pdf_words import Glyph

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
NO_WIDTH = 0.01  # of the font's size


def in_order(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """``glyphs`` of a line as they are read: the letters of each ligature, and the words from the right."""
    letters = _letters_in_order(glyphs)
    return _words_in_order(letters) if any(_is_leftward(glyph) for glyph in letters) else letters


def _letters_in_order(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """``glyphs`` with the letters of each Arabic ligature in the order in which they are read.

    Such a glyph's letters come last first, and all but the last of these have no width: lam-alef is an alef
    without width, then a lam.
    """
    done: list[Glyph] = []
    waiting: list[Glyph] = []
    for glyph in glyphs:
        letter = glyph.text.isalpha() and _is_leftward(glyph)
        if letter and glyph.box[2] - glyph.box[0] < NO_WIDTH * glyph.like.size:
            waiting.append(glyph)
        elif letter:
            done += [glyph, *reversed(waiting)]
            waiting = []
        else:
            done += [*waiting, glyph]
            waiting = []
    return done + waiting


def _words_in_order(glyphs: list[Glyph]) -> list[Glyph]:
    """``glyphs`` with their words from the right where the file has some of them from the left.

    Files in visual order have "45" between two runs of Hebrew that only are reversed each by itself. What is
    read from the left, numbers and Latin words with the spaces between them, stays so.
    """
    words = [
        list(group) for _, group in groupby(glyphs, key=lambda one: (one.text.isspace(), _is_leftward(one)))
    ]
    leftward = [word for word in words if _is_leftward(word[0])]
    if all(_middle(a) > _middle(b) for a, b in pairwise(leftward)):
        return glyphs
    words.sort(key=_middle, reverse=True)
    done: list[list[Glyph]] = []
    forward: list[list[Glyph]] = []
    for word in [*words, []]:
        if word and not _is_leftward(word[0]) and (forward or not word[0].text.isspace()):
            forward.append(word)
            continue
        after: list[list[Glyph]] = []
        while forward and forward[-1][0].text.isspace():
            after.insert(0, forward.pop())
        done += [*reversed(forward), *after, word]
        forward = []
    return [glyph for word in done for glyph in word]


def _is_leftward(glyph: Glyph) -> bool:
    return RIGHT_TO_LEFT.match(glyph.text) is not None


def _middle(word: Sequence[Glyph]) -> float:
    return min(glyph.box[0] for glyph in word) + max(glyph.box[2] for glyph in word)
