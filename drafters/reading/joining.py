"""Lines to running text: what stands between the end of one line and the start of the next.

A hyphen at a line's end is either the typesetter's (it goes) or the word's own (it stays). Without a
dictionary the word's own ones are known by: an upper-case letter or a digit beside them, another hyphen in
the word, a first or second part that usually takes one, or the same word written whole elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from docspec.drafters.characters import SOFT_HYPHEN, is_cjk, is_hangul

HYPHENS = f"-{SOFT_HYPHEN}\u2010"
NO_SPACE_AFTER = "—/@([{"  # at a line's end, when no space stands before it
LAST_WORD = re.compile(r"\S+$")
FIRST_WORD = re.compile(r"\S+")
LETTERS = re.compile(r"[^\W\d_]+")
ADDRESS = re.compile(r"(?:https?:/|www\.|doi\.org|ftp:/)\S*$", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
VOWEL = re.compile(r"[aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýœαεηιουωаеёиоуыэюя]", re.IGNORECASE)


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# First parts after which the hyphen is usually the word's own, unless a mere ending follows ("real-ity").
COMPOUND_FIRST = _words(
    "coarse cross double few fine first five four full half high large left long low near open peer real "
    "right second self short single six small third three two well wide zero"
)
ENDINGS = _words(
    "ally ary en ened ening ens er ers est ies ily ing ings ised ish ism ist istic ists ities ity ization "
    "ize ized izes izing light lights ly ment ments ness th ths ties ty ways wise"
)
# Second parts before which it is, unless a mere beginning stands before them ("sub-level").
COMPOUND_SECOND = _words(
    "aware based blind column consuming defined dependent dimensional driven effective efficient explanatory "
    "free friendly generated grained independent known labeled labelled level like off oriented party "
    "purpose related rich sized specific state term trained tuned tuning"
)
BEGINNINGS = _words("dis hyper inter macro meta micro mis out over sub super trans under with")
DANGLING = _words("and or und oder et ou y o e")  # "pre- and postwar"


def join_lines(lines: Sequence[str], dehyphenate: bool = True) -> str:
    """``lines`` (clean, in reading order) as one line of text. Soft hyphens never remain.

    Korean breaks its lines inside words: where some of its lines end with a space, the others do not end
    a word.
    """
    words = {word.lower() for line in lines for word in WORD.findall(line[:-1])}
    told = any(line.endswith(" ") and is_hangul(line.rstrip()[-1:] or " ") for line in lines)
    text = ""
    broken = False  # whether the text so far ends inside a Korean word
    for line in lines:
        bare = line.strip()
        if not bare:
            continue
        if broken and is_hangul(bare[0]):
            text += bare
        else:
            text = _seam(text, bare, words, dehyphenate) if text else bare
        broken = told and is_hangul(bare[-1]) and not line.endswith(" ")
    return text.replace(SOFT_HYPHEN, "")


def _seam(before: str, after: str, words: set[str], dehyphenate: bool) -> str:
    if before[-1] in HYPHENS and len(before) > 1 and before[-2].isalnum():
        return _hyphen_seam(before, after, words, dehyphenate)
    if is_cjk(before[-1]) or is_cjk(after[0]):
        return before + after
    if ADDRESS.search(before) and before[-1] in "/.-_=&?%#":
        return before + after
    glued = len(before) > 1 and not before[-2].isspace()
    if before[-1] in NO_SPACE_AFTER and (glued or before[-1] in "([{"):
        return before + after
    if before[-1] == "–" and glued and before[-2].isdigit() and after[0].isdigit():
        return before + after
    return f"{before} {after}"


def _hyphen_seam(before: str, after: str, words: set[str], dehyphenate: bool) -> str:
    if before[-1] == SOFT_HYPHEN:
        return (before[:-1] if dehyphenate else before[:-1] + "-") + after
    word = FIRST_WORD.match(after)
    if word and word[0].rstrip(",;").lower() in DANGLING:
        return f"{before} {after}"
    if not dehyphenate or _own_hyphen(before, after, words):
        return before + after
    return before[:-1] + after


def _own_hyphen(before: str, after: str, words: set[str]) -> bool:
    """Whether the hyphen that ends ``before`` belongs to the word."""
    last = LAST_WORD.search(before)
    second = LETTERS.match(after)
    if last is None or second is None or not after[0].islower():
        return True  # a capital, a digit, a script without case
    stem = last[0][:-1]
    if ADDRESS.search(before) or "-" in stem or not stem[-1].isalpha():
        return True
    first = LETTERS.findall(stem)[-1]
    if len(first) > 1 and first.isupper():
        return True
    left, right = first.lower(), second[0].lower()
    if left + right in words:
        return False
    if f"{left}-{right}" in words:
        return True
    if after[len(right) : len(right) + 1] == "-" and len(right) <= 3:
        return True  # state-of-the-art, end-to-end
    if right in COMPOUND_SECOND and len(left) > 2 and left not in BEGINNINGS and VOWEL.search(left):
        return True
    return len(left) == 1 or (left in COMPOUND_FIRST and len(right) > 2 and right not in ENDINGS)
