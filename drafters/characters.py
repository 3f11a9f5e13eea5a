"""Characters as a reader would type them: ligatures apart, hidden and odd ones gone, quotes as wanted."""

from __future__ import annotations

import re
import unicodedata

SOFT_HYPHEN = "\u00ad"
INVISIBLE = re.compile(
    "[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\x00-\x08\x0b-\x1f\x7f-\x9f]"
)
ODD_SPACES = re.compile("[ \t\n\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
PLAIN_HYPHENS = re.compile("[\u2010\u2011\ufe63\uff0d]")

# Shapes of characters that have a plain form: Latin, Hebrew and Arabic presentation forms, CJK radicals.
SHAPES = re.compile("[\ufb00-\ufdfb\ufe70-\ufefc\u2f00-\u2fd5\u2e9f\u2ef3]")

SINGLE_QUOTES = re.compile("[\u2018\u2019\u201a\u201b\u2032]")
DOUBLE_QUOTES = re.compile("[\u201c\u201d\u201e\u201f\u2033]")

# An accent that a TeX font set beside its letter. ASCII ` ^ ~ mean themselves too often.
ACCENTS = {
    "\u00b4": "\u0301",
    "\u00a8": "\u0308",
    "\u02c6": "\u0302",
    "\u02dc": "\u0303",
    "\u02c7": "\u030c",
    "\u02d8": "\u0306",
    "\u02da": "\u030a",
    "\u02dd": "\u030b",
    "\u00af": "\u0304",
    "\u00b8": "\u0327",
    "\u02db": "\u0328",
}
# Characters of note marks and exponents, raised and plain.
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺⁽⁾ᵃᵇᶜᵈᵉᶠ", "0123456789−+()abcdef", strict=True))
RAISED = {plain: raised for raised, plain in SUPERSCRIPTS.items()} | {"-": "⁻", "–": "⁻"}
MARK = re.compile(r"\(?[+−–-]?\d+\)?|[a-f]\)?")  # written raised; ordinals (1st) and words are not
APART = re.compile(f"([{''.join(ACCENTS)}]) ?([^\\W\\d_])")
# A letter in a circle, as TeX draws the two signs.
CIRCLED = re.compile("(?<![^\\W\\d_])([RcC]) ?\u20dd")


def clean(text: str, ascii_quotes: bool = False) -> str:
    """``text`` with ligatures and presentation forms expanded, spaces plain and single, nothing invisible.

    Soft hyphens stay: only whoever joins the lines knows whether one ends a line. Spaces at the ends stay
    too, as one.
    """
    text = ODD_SPACES.sub(" ", plain_shapes(INVISIBLE.sub("", text)))
    text = PLAIN_HYPHENS.sub("-", APART.sub(_compose, text))
    if "\u20dd" in text:
        text = CIRCLED.sub(lambda match: "®" if match[1] == "R" else "©", text)
    if ascii_quotes:
        text = DOUBLE_QUOTES.sub('"', SINGLE_QUOTES.sub("'", text))
    return text


def bare(text: str) -> str:
    """``text`` in NFKC without white space: what survives cleaning and joining."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def raised(text: str) -> str:
    """``text``, printed as a superscript, in superscript characters where it is a mark or an exponent."""
    marks = text.strip().split(",")
    if not all(MARK.fullmatch(mark.strip()) for mark in marks):
        return text
    return "".join(RAISED.get(char, char) for char in text)


def lowered(text: str) -> str:
    """``text`` with superscript characters written as plain ones."""
    return "".join(SUPERSCRIPTS.get(char, char) for char in text)


def is_cjk(char: str) -> bool:
    """Whether the character belongs to a script written without spaces, its punctuation included."""
    return unicodedata.east_asian_width(char) in "WF" and not is_hangul(char)


def is_hangul(char: str) -> bool:
    """Whether the character is Korean: full width, but written with spaces."""
    return "\uac00" <= char <= "\ud7a3" or "\u1100" <= char <= "\u11ff" or "\u3130" <= char <= "\u318f"


def plain_shapes(text: str) -> str:
    """``text`` with ligatures and presentation forms expanded."""
    return SHAPES.sub(_plain_shape, text)


def _plain_shape(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match[0])


def _compose(match: re.Match[str]) -> str:
    letter = {"\u0131": "i", "\u0237": "j"}.get(match[2], match[2])
    composed = unicodedata.normalize("NFC", letter + ACCENTS[match[1]])
    return composed if len(composed) == 1 else match[0]
