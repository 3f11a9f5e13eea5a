"""A glyph as a part of a formula: its name in LaTeX, its kind, and what its ink covers. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from docspec.drafters.reading.formulas.large import large_sign
from docspec.drafters.reading.formulas.parts import Kind, Part
from docspec.drafters.reading.formulas.symbols import (
    ACCENTS,
    CODES,
    INTEGRALS,
    NAMES,
    NOT,
    OPERATORS,
    PLAIN,
    command,
    mathematical,
)
from docspec.types import Box, Glyph

UNMAPPED = "\ufffd"
LARGE = re.compile(r"^(?:CMEX|LMMathExtension|LMEX|EUEX|TXEX|PXEX|YHCMEX|esint)", re.IGNORECASE)
SYMBOLS = re.compile(r"^(?:CMB?SY|LMMathSymbols|TXB?SY$|PXB?SY$)", re.IGNORECASE)
LETTERS = re.compile(r"^(?:CMMIB?|LMMathItalic|R?TXB?MI|PXB?MI|EURM)", re.IGNORECASE)
AMS_A = re.compile(r"^(?:MSAM|TXB?SYA)", re.IGNORECASE)
AMS_B = re.compile(r"^(?:MSBM|TXB?SYB)", re.IGNORECASE)
TX_C = re.compile(r"^(?:TX|PX)B?SYC", re.IGNORECASE)
ENCODINGS = ((SYMBOLS, "symbols"), (LETTERS, "letters"), (AMS_A, "ams-a"), (AMS_B, "ams-b"), (TX_C, "tx-c"))
# Alphabets by the names of their fonts, the first that fits; capitals alone where the font has nothing else.
ALPHABETS = (
    (re.compile(r"^(?:CMMIB|CMBXTI|LMMathItalic\d+-Bold)", re.IGNORECASE), "\\boldsymbol"),
    (re.compile(r"^(?:CMMI|LMMathItalic|R?TXMI|PXMI)", re.IGNORECASE), ""),
    (AMS_B, "\\mathbb"),
    (SYMBOLS, "\\mathcal"),
    (re.compile(r"^(?:RSFS|.*Script)", re.IGNORECASE), "\\mathscr"),
    (re.compile(r"^(?:EUF|YFRAK|.*Fraktur)", re.IGNORECASE), "\\mathfrak"),
    (re.compile(r"^(?:EUS|EURM)", re.IGNORECASE), "\\mathcal"),
    (re.compile(r"^(?:BBM|DSROM|.*DoubleStruck)", re.IGNORECASE), "\\mathbb"),
    (re.compile(r"(?:CMTT|LMMono|SFTT|Courier|Mono)", re.IGNORECASE), "\\mathtt"),
    (re.compile(r"(?:CMSS|LMSans|SFSS)", re.IGNORECASE), "\\mathsf"),
    (re.compile(r"Bold-?(?:It|Obl|Slanted)", re.IGNORECASE), "\\boldsymbol"),
    (re.compile(r"(?:CMBX|CMB\d|SFBX|Bold|-Bd|Medi$)", re.IGNORECASE), "\\mathbf"),
    (re.compile(r"(?:Ital|Obli|Slanted|CMTI|CMSL|SFTI|SFSL|-It$)", re.IGNORECASE), ""),
)
OPENING, CLOSING, FENCES = "([{⟨〈⌊⌈", ")]}⟩〉⌋⌉", "|‖∥∣"
TALL, LOW = 0.7, 0.44  # of the size: capitals and small letters
DEEP = 0.2
TALL_LETTERS = frozenset("bdfhijkltβδζθλξϑ")
DEEP_LETTERS = frozenset("gjpqyfQβγζημξρφχψϕς,;")
FLAT = {"-": (0.28, -0.22), "=": (0.37, -0.13), ".": (0.1, 0.0), ",": (0.1, DEEP)}  # height and depth


def placed(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """``glyphs`` with combining marks on the sign after them: a text layer has them on the one before."""
    moved = list(glyphs)
    for number, (glyph, following) in enumerate(pairwise(glyphs)):
        flat = glyph.box[2] - glyph.box[0] < 0.01 * glyph.size
        if (
            flat
            and unicodedata.combining(glyph.text[0])
            and abs(glyph.origin[1] - following.origin[1]) < glyph.size
        ):
            x0, _, x1, _ = following.box
            moved[number] = replace(glyph, box=(x0, glyph.box[1], x1, glyph.box[3]))
    return moved


def part_of(glyph: Glyph) -> Part | None:
    """``glyph`` as a part of a formula; None where nobody knows what it is."""
    font = glyph.font.rsplit("+", 1)[-1]
    if LARGE.match(font) and (large := large_sign(glyph)) is not None:
        return large
    if glyph.code is None and glyph.text != UNMAPPED:
        return _mapped(glyph, glyph.text, font)
    encoding = next((name for pattern, name in ENCODINGS if pattern.match(font)), None)
    if encoding is None or glyph.code is None:
        return None
    if (name := CODES[encoding].get(glyph.code)) is not None:
        char = next((char for char, known in NAMES.items() if known == name), "")
        return _mapped(glyph, char, font) if char else _part(glyph, command(name), "")
    if 0x20 < glyph.code < 0x7F:
        return _mapped(glyph, chr(glyph.code), font)
    return None


def _mapped(glyph: Glyph, text: str, font: str) -> Part:
    """The part for a glyph that stands for ``text``: a character, or several in a ligature."""
    if len(text) > 1 or text in "ﬀﬁﬂﬃﬄ":
        plain = unicodedata.normalize("NFKC", text)
        return _part(glyph, plain, plain, Kind.LETTER, _alphabet(plain[0], font))
    if (found := mathematical(text)) is not None:
        plain, alphabet = found
        latex = command(NAMES[plain]) if plain in NAMES else plain
        return _part(glyph, latex, plain, Kind.LETTER if alphabet else Kind.ORDINARY, alphabet)
    if text == NOT:
        return _part(glyph, "\\not", text, Kind.PIECE)
    if text in ACCENTS and not (text in "^~`" and glyph.font.startswith(("Courier", "CMTT"))):
        return _part(glyph, command(ACCENTS[text]), text, Kind.ACCENT)
    if text in OPERATORS or text in INTEGRALS:
        kind = Kind.OPERATOR if text in OPERATORS else Kind.INTEGRAL
        return replace(_part(glyph, command(NAMES[text]), text, kind), centred=True)
    kind = _delimiter(text)
    if kind is not Kind.ORDINARY:
        return _part(glyph, command(NAMES[text]) if text in NAMES else text, text, kind)
    if text == "√":
        return _radical(glyph)
    if text == "∅" and AMS_B.match(font):
        return _part(glyph, "\\varnothing", text)
    if text in NAMES:
        alphabet = "\\boldsymbol" if _alphabet("x", font) == "\\boldsymbol" else ""
        return _part(glyph, command(NAMES[text]), text, Kind.LETTER if alphabet else Kind.ORDINARY, alphabet)
    if text in PLAIN:
        return _part(glyph, PLAIN[text], PLAIN[text])
    if text.isalpha() and text.isascii():
        alphabet = _alphabet(text, font)
        return _part(glyph, text, text, Kind.LETTER if alphabet else Kind.ORDINARY, alphabet)
    if text.isdigit() and (alphabet := _alphabet(text, font)) in ("\\mathbf", "\\mathbb"):
        return _part(glyph, text, text, Kind.LETTER, alphabet)
    return _part(glyph, text, text)


def _delimiter(text: str) -> Kind:
    for kind, signs in ((Kind.OPENING, OPENING), (Kind.CLOSING, CLOSING), (Kind.FENCE, FENCES)):
        if text in signs:
            return kind
    return Kind.ORDINARY


def _alphabet(letter: str, font: str) -> str:
    """The command for a letter of ``font``; upright ones have one, those set as variables none."""
    found = next((alphabet for pattern, alphabet in ALPHABETS if pattern.search(font)), "\\mathrm")
    return (
        "\\mathrm" if found in ("\\mathbb", "\\mathcal") and letter.islower() and "EUS" not in font else found
    )


def _part(glyph: Glyph, latex: str, char: str, kind: Kind = Kind.ORDINARY, alphabet: str = "") -> Part:
    return Part(latex, _ink(glyph, char, kind), glyph.origin[1], glyph.size, kind, alphabet=alphabet)


def _ink(glyph: Glyph, char: str, kind: Kind) -> Box:
    """About what the ink of ``char`` covers."""
    up, down = extent(char, kind)
    y, (x0, _, x1, _) = glyph.origin[1], glyph.box
    return x0, y - up * glyph.size, x1, y + down * glyph.size


def extent(char: str, kind: Kind = Kind.ORDINARY) -> tuple[float, float]:
    """How far the ink of ``char`` reaches above its baseline and below it, in sizes of its font."""
    up, down = TALL, 0.0
    if char in FLAT:
        up, down = FLAT[char]
    elif kind is Kind.ACCENT:
        up, down = TALL, -LOW
    elif kind in (Kind.OPENING, Kind.CLOSING, Kind.FENCE):
        up, down = 0.75, 0.25
    elif kind in (Kind.OPERATOR, Kind.INTEGRAL):
        up, down = 0.75, 0.11
    elif char.isalpha():
        up = TALL if not char.islower() or any(letter in TALL_LETTERS for letter in char) else LOW
        down = DEEP if char[-1] in DEEP_LETTERS else 0.0
    elif not char.isdigit():
        up, down = 0.55, 0.05
    return up, down


def _radical(glyph: Glyph) -> Part:
    """A root's sign hangs from its rule in Computer Modern's fonts, and stands on the baseline in others."""
    x0, _, x1, _ = glyph.box
    y, size = glyph.origin[1], glyph.size
    hangs = SYMBOLS.match(glyph.font.rsplit("+", 1)[-1]) is not None
    box = (x0, y - 0.04 * size, x1, y + 0.96 * size) if hangs else (x0, y - 0.85 * size, x1, y + 0.2 * size)
    return Part("\\surd", box, y + 0.75 * size if hangs else y, size, Kind.RADICAL)
