"""What a recogniser read as text, and spaces that PP-OCRv4 loses between Latin words put back.

PP-OCRv4 reads "in northwestern New" as "innorthwesternNew" when the print is tight. Two things still show
the space: the probability that the recogniser gave to it between two characters, and the columns without
ink there. Either alone is unsure (a narrow font leaves little room; "w" and "T" leave much), so they are
weighed together. Spelling decides where neither is clear. Nothing is put between CJK characters, inside
numbers, or inside addresses.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from docspec.drafters.characters import SUPERSCRIPTS, is_cjk
from docspec.drafters.reading.ctc import Transcript
from docspec.types import Alternative, Image

ADDRESS = re.compile(
    r"(?:https?:|www\.)\S*|[\w.+-]+@[\w-]+\.[\w.]+|\b\w[\w.-]*\.(?:com|org|net|edu|gov|io|de|uk|cn)\b[/\w.#?=&-]*",
    re.IGNORECASE,
)

WIDE_PUNCTUATION = "（），．：；！？［］｛｝＂＇／％＋－＝"
NARROW = str.maketrans(WIDE_PUNCTUATION, "(),.:;!?[]{}\"'/%+-=")

NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:[.:]\d+)+")

# Logistic weights, fitted on 58,000 gaps between characters of 12 PDFs rendered at 80, 120 and 200 dpi.
PROBABILITY = 17.0
EXCESS = 41.0  # per strip height of blank width beyond the line's usual
BIAS = -8.5
DASH = 3.0  # beside a dash: justified lines stretch there too
UNSURE = 0.03  # probability from which the other decision is kept as an alternative
PUNCTUATION = 3.0  # a letter after "," or ";", a capital after a word and "."


def as_read(reading: Transcript) -> tuple[str, tuple[Alternative, ...]]:
    """``reading``'s text with its own spaces, wide punctuation plain in Latin lines, and its alternatives."""
    text = _narrow(reading.text)
    seconds = ((i, _narrow(other), chance) for i, other, chance in reading.seconds)
    return text, tuple(
        Alternative(i, i + 1, other, chance) for i, other, chance in seconds if other != text[i]
    )


def restore_spaces(reading: Transcript, gaps: Sequence[float]) -> tuple[str, tuple[Alternative, ...]]:
    """``reading``'s text with the missing spaces; ``gaps[i]`` is the blank width before character i.

    Gaps are in strip heights. Every character of the text is kept, in order; the full-width punctuation
    that the recogniser likes to write is made plain where no CJK character stands in the line. The
    alternatives are the reading's own and the spaces that are nearly as likely to be there, or not.
    """
    text = _narrow(reading.text)
    usual = _usual_gap(text, gaps)
    whole = [match.span() for pattern in (ADDRESS, NUMBER) for match in pattern.finditer(text)]
    seconds = {i: (_narrow(other), chance) for i, other, chance in reading.seconds}
    out: list[str] = []
    alternatives: list[Alternative] = []
    for i, char in enumerate(text):
        inside = any(start < i < end for start, end in whole)
        if i and not inside and _may_part(text[i - 1], char):
            score = PROBABILITY * reading.spaces[i] + EXCESS * (gaps[i] - usual) + BIAS
            score += PUNCTUATION * _ends_phrase(text, i) - DASH * (text[i - 1] in "-–—" or char in "-–—")
            if (chance := 1 / (1 + math.exp(abs(score)))) >= UNSURE:
                alternatives.append(Alternative(len(out), len(out) + (score > 0), " " * (score <= 0), chance))
            if score > 0:
                out.append(" ")
        if i in seconds and seconds[i][0] != char:
            alternatives.append(Alternative(len(out), len(out) + 1, *seconds[i]))
        out.append(char)
    return "".join(out), tuple(alternatives)


def ink_gaps(strip: Image, places: Sequence[float]) -> tuple[float, ...]:
    """Widest run of columns without ink before each of ``places`` (0..1 of the width), in strip heights.

    The first is 0.
    """
    height, width = strip.shape[:2]
    if not places or not height or not width:
        return (0.0,) * len(places)
    blank = _blank_columns(strip)
    columns = [min(width - 1, max(0, round(place * width))) for place in places]
    return (0.0, *tuple(_longest_run(blank[a : b + 1]) / height for a, b in itertools.pairwise(columns)))


def ink(strip: Image) -> NDArray[np.bool_]:
    """Which pixels [h, w] of ``strip`` differ by a third of its range of tones from its commonest."""
    grey = strip.mean(axis=2)
    counts, edges = np.histogram(grey, bins=16)
    paper = float(edges[counts.argmax()] + edges[counts.argmax() + 1]) / 2
    reach = max(24.0, float(np.abs(grey - paper).max()) / 3)
    shows: NDArray[np.bool_] = np.abs(grey - paper) > reach
    return shows


def _blank_columns(strip: Image) -> NDArray[np.bool_]:
    shows = ink(strip)
    edge = len(shows) // 10
    return np.asarray(~shows[edge : max(edge + 1, len(shows) - edge)].any(axis=0))


def _longest_run(blank: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], blank.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _narrow(text: str) -> str:
    if any(is_cjk(char) and char not in WIDE_PUNCTUATION for char in text):
        return text
    return text.translate(NARROW)


def _usual_gap(text: str, gaps: Sequence[float]) -> float:
    """The usual gap between two letters of one word here: the lower middle of all of them."""
    inside = sorted(gap for i, gap in enumerate(gaps) if i and text[i] != " " and text[i - 1] != " ")
    return inside[len(inside) // 3] if inside else 0.0


def _ends_phrase(text: str, i: int) -> bool:
    """Whether spelling asks for a space before character ``i``."""
    before, after = text[i - 1], text[i]
    if before in ",;":
        return after.isalpha()
    return before == "." and after.isupper() and i > 2 and text[i - 2].islower() and text[i - 3].isalpha()


def _may_part(before: str, after: str) -> bool:
    """Whether a space between the two characters can be right at all."""
    if before == " " or after == " " or is_cjk(before) or is_cjk(after):
        return False
    if before in "([{'’/" or after in ")]},.;:!?'’/%" or after in SUPERSCRIPTS:
        return False
    return not (before.isdigit() and (after.isdigit() or after in ".,:"))
