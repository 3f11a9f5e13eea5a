"""Does this text look like text? Judged from the characters alone.

Broken font mappings leave unmapped characters, glyph names or letters at random; hidden OCR layers of old
scanners leave everything in lower case or words full of signs. Each leaves its mark in simple statistics.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

from docspec.drafters.characters import is_cjk
from docspec.marks import DASHES, SYMBOL_FONT

GLYPH_NAMES = re.compile(r"\(cid:\d+\)|/[Gg]\d{2,}|\buni[0-9A-F]{4}\b|&#\d+;")
WORD = re.compile(r"\S+")
BULLETS = frozenset(SYMBOL_FONT + DASHES)  # harmless in lists
# Any character that may be a bullet: wider than what is written as one, since here it is only forgiven.
UNMAPPED_BULLET = re.compile("^[\ufffd\ue000-\uf8ff]{1,2}(?=[ \\w])", re.MULTILINE)
VOWELS = frozenset("aeiouyAEIOUY")
ENOUGH = 40  # Latin letters from which their statistics mean something
RARE_SIGNS = frozenset('#^!$%&"~`')
MANY_INSIDE = 3  # of them between a word's letters: letters of a font that says others
SIGNS, MOST_SIGNS = 12, 0.5  # signs of ASCII from which their share of a text says something, and that share
OF_SIGNS = 0.6  # what such a text is worth: to be compared with what the page shows
RUN = re.compile(r"([\W_])\1+")
CODE_SIGNS = frozenset("{}[]()<>=;:_#/\\|*+-.,'\"!?&%$@^~`")


def plausibility(text: str) -> float:
    """0 (rubbish) to 1 (nothing wrong); 1 for text too short to judge.

    One or two unmapped characters at a line's start are bullets of a symbol font, and no fault.
    """
    text = UNMAPPED_BULLET.sub("", text)
    shown = [char for char in text if not char.isspace()]
    if not shown:
        return 1.0
    broken = _share(_is_broken(char) for char in shown)
    names = sum(len(match[0]) for match in GLYPH_NAMES.finditer(text)) / len(shown)
    score = max(0.0, 1.0 - 4.0 * broken) * max(0.0, 1.0 - 3.0 * names)
    latin = [char for char in shown if char.isalpha() and char < "\u0250"]
    if len(latin) >= ENOUGH and len(latin) > 0.5 * len(shown):
        score *= _latin_score(text, latin)
    return score * (OF_SIGNS if _is_of_signs(text) else 1.0)


def is_all_lower(text: str) -> bool:
    """Whether a good deal of cased text has no capital at all: the mark of some hidden OCR layers."""
    return sum(char.islower() for char in text) >= 3 * ENOUGH and not any(char.isupper() for char in text)


def _is_broken(char: str) -> bool:
    if char == "\ufffd":
        return True
    return unicodedata.category(char) in ("Co", "Cn", "Cc", "Cs") and char not in BULLETS


def _is_of_signs(text: str) -> bool:
    """Whether signs make up most of a text, rules and leaders of one sign aside."""
    shown = RUN.sub(r"\1", "".join(text.split()))
    signs = sum(char.isascii() and not char.isalnum() for char in shown)
    return signs >= SIGNS and signs > MOST_SIGNS * len(shown)


def _latin_score(text: str, letters: list[str]) -> float:
    vowels = _share(unicodedata.normalize("NFD", char)[0] in VOWELS for char in letters)
    score = min(1.0, 1.4 - _share(not char.isascii() for char in letters))
    if not 0.22 <= vowels <= 0.6:
        score -= min(0.6, 6.0 * max(0.22 - vowels, vowels - 0.6))
    words = [word.strip("".join(CODE_SIGNS)) for word in WORD.findall(text)]
    words = [word for word in words if word]
    if words:
        score -= max(0.0, _share(_is_odd(word) for word in words) - 0.12) * 2
    return max(0.0, score)


def _is_odd(word: str) -> bool:
    """A word as no writer writes it: signs inside, case or digits at random, no vowel in many letters."""
    if len(word) < 3 or any(is_cjk(char) for char in word):
        return False
    letters = [char for char in word if char.isalpha()]
    if any(not char.isalnum() and char not in CODE_SIGNS and char not in "’–—" for char in word):
        return True
    if len(letters) < len(word) // 2:
        return False
    inside = sum(
        b in RARE_SIGNS and a.isalpha() and c.isalpha()
        for a, b, c in zip(word, word[1:], word[2:], strict=False)
    )
    if inside >= MANY_INSIDE and "://" not in word:
        return True
    changes = sum(a.islower() and b.isupper() for a, b in pairwise(letters))
    lower = [char for char in letters if char.islower()]
    without = len(lower) > 4 and all(c.isascii() for c in lower) and not any(c in VOWELS for c in lower)
    return changes > 2 or without


def _share(flags: Iterable[bool]) -> float:
    listed = list(flags)
    return sum(listed) / len(listed) if listed else 0.0
