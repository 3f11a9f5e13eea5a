"""Words of a line apart, where spaces are no glyphs and gaps alone show them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from docspec.types import Box, Span

LONG_WORD = 13  # characters from which gaps inside a word are looked at
WORD_GAP = 0.09  # of the font's size: the least
CLEAR_GAP = 4.0  # times what is usual between the word's letters
SPACES = 2  # of a line at the least, none of them a glyph, that show how wide its gaps between words are
LIKE_OTHERS = 0.6  # of that width: what is a gap between words as well
OPENING = "([{.\u201c\u2018"  # what starts a word as letters do; the full stop in ".NET"
LETTERS = 5  # single characters with spaces between them that are letter-spaced words
TRACKED = 0.8  # share of a line's words that they must be
TRACKED_GAP = 1.5  # times the usual gap: between letter-spaced words
TRACKED_MOST = 0.6  # of the font's size: the widest gap inside a single word that is letter-spaced


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character, where it stands, and all that its span will say."""

    text: str
    box: Box
    like: Span  # without text and box
    added: bool = False  # a space that no glyph is
    wide: bool = False  # such a space, as wide as between columns


def words(glyphs: list[Glyph]) -> list[Glyph]:
    """``glyphs`` with the spaces between words as the gaps between letters show them."""
    tokens = "".join(glyph.text for glyph in glyphs).split()
    letters = sum(len(token) == 1 and token.isalnum() for token in tokens)
    if len(tokens) >= LETTERS and letters >= TRACKED * len(tokens):
        return _tracked(glyphs)
    if any(len(token) >= LONG_WORD for token in tokens):
        glyphs = _apart(glyphs)
    spaces = [glyph for glyph in glyphs if glyph.text.isspace()]
    if len(spaces) >= SPACES and all(glyph.added for glyph in spaces):
        return _tight(glyphs, median(glyph.box[2] - glyph.box[0] for glyph in spaces))
    return glyphs


def _tracked(glyphs: list[Glyph]) -> list[Glyph]:
    """Letter-spaced words: spaces where the gap is wider than the usual one."""
    letters = [(number, glyph) for number, glyph in enumerate(glyphs) if not glyph.text.isspace()]
    pairs = [(a, b, glyph.box[0] - last.box[2]) for (a, last), (b, glyph) in pairwise(letters)]
    usual = median(gap for _, _, gap in pairs)
    alike = all(gap < TRACKED_GAP * usual for _, _, gap in pairs)
    printed = any(glyph.text.isspace() and not glyph.added for glyph in glyphs)
    if usual <= 0 or (alike and (printed or usual > TRACKED_MOST * letters[0][1].like.size)):
        return glyphs  # a list of letters
    done = [letters[0][1]]
    for a, b, gap in pairs:
        between = [glyph for glyph in glyphs[a + 1 : b] if glyph.text == " "]
        if gap >= TRACKED_GAP * usual:
            last, after = glyphs[a], glyphs[b]
            box = (last.box[2], last.box[1], after.box[0], last.box[3])
            done.append(replace(between[0], box=box) if between else Glyph(" ", box, last.like, added=True))
        done.append(glyphs[b])
    return done


def _tight(glyphs: list[Glyph], between: float) -> list[Glyph]:
    """A line none of whose spaces is a glyph, with spaces where it is so tight that a few were not seen.

    ``between`` is the usual gap between its words.
    """
    gaps = [b.box[0] - a.box[2] for a, b in pairwise(glyphs) if not (a.text.isspace() or b.text.isspace())]
    usual = median(map(abs, gaps)) if gaps else 0.0
    return _with_spaces(glyphs, usual, LIKE_OTHERS * between)


def _apart(glyphs: list[Glyph]) -> list[Glyph]:
    """Long words cut at gaps that are clearly wider than between their letters."""
    done: list[Glyph] = []
    start = 0
    for end in range(len(glyphs) + 1):
        if end < len(glyphs) and not glyphs[end].text.isspace():
            continue
        word = glyphs[start:end]
        if len(word) >= LONG_WORD:
            word = _with_spaces(word, median(abs(b.box[0] - a.box[2]) for a, b in pairwise(word)))
        done += word
        done += glyphs[end : end + 1]
        start = end + 1
    return done


def _with_spaces(glyphs: list[Glyph], usual: float, least: float = 0.0) -> list[Glyph]:
    """``glyphs`` with a space in each gap that is clearly wider than the ``usual`` one between letters."""
    done = glyphs[:1]
    for last, glyph in pairwise(glyphs):
        size = glyph.like.size
        gap = glyph.box[0] - last.box[2]
        clear = gap >= max(least, WORD_GAP * size, CLEAR_GAP * (usual + 0.01 * size))
        if clear and _may_part(last, glyph):
            box = (last.box[2], last.box[1], glyph.box[0], last.box[3])
            done.append(Glyph(" ", box, last.like, added=True))
        done.append(glyph)
    return done


def _may_part(last: Glyph, glyph: Glyph) -> bool:
    """Whether a space between the two may be right: numbers and signs of formulas are set apart as well, in
    fonts of their own most often."""
    if last.like.mono or glyph.like.mono:
        return False
    if last.text.isalnum() and last.like == glyph.like and (glyph.text.isalnum() or glyph.text in OPENING):
        return True
    return (last.text.isalnum() or last.text in ",.;:)") and glyph.text.isalpha() and not last.text.isdigit()
