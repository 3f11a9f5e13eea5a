"""The fonts that training text is drawn with: which there are, what they cover, lines drawn in them."""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser
from PIL import Image, ImageDraw, ImageFont

from docspec.drafters.characters import SUPERSCRIPTS
from docspec.verifiers.mini.formulas import CLOSE, OPEN, latex

HELD_OUT_FAMILIES = frozenset(
    {
        "Caladea",
        "TeX Gyre Schola",
        "Gentium Basic",
        "Cabin",
        "Fira Code",
        "Oxygen-Sans",
        "Linden Hill",
        "Lato",
        "CMU Concrete",
        "PT Serif",
        "Courier Prime",
        "Libris ADF Std",
        "Roboto Condensed",
        "Yrsa",
        "Old Standard TT",
    }
)
_UNUSABLE = (
    "symbol",
    "math",
    "keyboard",
    "monofur",
    "domestic",
    "abogado",
    "z003",
    "d050000l",
    "titling",
    "script",
    "dunhill",
    "chorus",
    "chancery",
    "unslanted",
    "upright italic",
    "monoisome",
    "comfortaa",
    "caps",
    " sc",
    "smallcap",
)
_COMMON = (
    "times",
    "termes",
    "nimbus",
    "liberation",
    "heros",
    "helvet",
    "arimo",
    "tinos",
    "latin modern roman",
    "cmu serif",
    "dejavu",
    "carlito",
    "pagella",
    "palladio",
    "p052",
    "noto sans",
    "noto serif",
    "open sans",
    "roboto",
    "c059",
    "schoolbook",
    "stix",
    "gyre",
    "linux libertine",
    "garamond",
    "cousine",
    "charis",
    "freeserif",
    "freesans",
)


WESTERN = ":lang=en:lang=de:lang=fr"  # a pattern of fontconfig's
_PIECE = re.compile("({1}[^{2}]*{2}|[{0}]+(?:,[{0}]+)*)".format("".join(SUPERSCRIPTS), OPEN, CLOSE))
_RAISED_SIZE = 0.62  # of the font's


# Sets of fonts that matplotlib has for formulas; in some, capital Greek letters can slant.
FORMULAS = ("cm", "cm", "cm", "stix", "stix", "stix slanted", "dejavusans")
_CAPITAL = re.compile(r"\\[A-Z][a-z]+")
HELD_OUT_FORMULAS = ("dejavuserif", "stixsans")


@dataclass(frozen=True)
class FontChoice:
    """Font files of each family, families weighted by how common they are in documents; sets for formulas."""

    families: dict[str, list[str]]
    weights: list[float]
    formulas: Sequence[str]

    @classmethod
    def installed(cls, evaluation: bool) -> FontChoice:
        """Fonts of this machine that cover western languages."""
        query = ["fc-list", WESTERN, "-f", "%{file}|%{family[0]}|%{style[0]}|%{variable}\n"]
        listed = subprocess.run(query, capture_output=True, text=True, check=True).stdout
        families: dict[str, list[str]] = {}
        for row in sorted(set(listed.splitlines())):
            fields = row.split("|")
            if len(fields) != 4:  # a name with a line break in it
                continue
            path, family, style, variable = fields
            bad = any(word in f"{family} {style} {Path(path).stem}".lower() for word in _UNUSABLE)
            if not bad and variable == "False" and path.lower().endswith(("ttf", "ttc", "otf", "t1", "pfb")):
                families.setdefault(family.replace("\\", ""), []).append(path)
        kept = {f: p for f, p in families.items() if (f in HELD_OUT_FAMILIES) == evaluation}
        weights = [3.0 if any(c in f.lower() for c in _COMMON) else 1.0 for f in kept]
        return cls(kept, weights, HELD_OUT_FORMULAS if evaluation else FORMULAS)

    def pick(self, rng: random.Random) -> str:
        """A random font file."""
        family = rng.choices(list(self.families), self.weights)[0]
        return rng.choice(self.families[family])


@lru_cache(maxsize=256)
def load_font(path: str, size: int) -> ImageFont.FreeTypeFont:
    """The font at a size in pixels."""
    return ImageFont.truetype(path, size)


@lru_cache(maxsize=100_000)
def has_glyph(path: str, character: str) -> bool:
    """Whether the font draws the character (compared with its picture of a missing glyph)."""
    font = load_font(path, 24)
    return bytes(font.getmask(character)) != bytes(font.getmask("\U0010fffe"))


def drawable(path: str, text: str) -> bool:
    """Whether the font has every character of the text."""
    shown = "".join(piece for piece in _PIECE.split(text) if not piece.startswith(OPEN))
    return all(has_glyph(path, SUPERSCRIPTS.get(c, c)) for c in set(shown) if not c.isspace())


@dataclass(frozen=True)
class Face:
    """A font at a size in pixels; superscript characters are its own digits and letters, small and raised.

    Formulas are set by matplotlib in the ``formulas`` fonts.
    """

    path: str
    size: int
    formulas: str = "cm"

    @property
    def font(self) -> ImageFont.FreeTypeFont:
        """Of ordinary text."""
        return load_font(self.path, self.size)

    @property
    def _small(self) -> ImageFont.FreeTypeFont:
        return load_font(self.path, max(6, round(_RAISED_SIZE * self.size)))

    def length(self, text: str) -> float:
        """How wide ``text`` is, in pixels."""
        return sum(self._length(piece) for piece in _PIECE.split(text))

    def _length(self, piece: str) -> float:
        if piece.startswith(OPEN):
            return typeset(piece, self.formulas, self.size)[0].width
        if piece[:1] in SUPERSCRIPTS:
            return self._small.getlength(_lowered(piece))
        return self.font.getlength(piece)

    def draw(self, draw: ImageDraw.ImageDraw, x: float, y: float, text: str) -> None:
        """Draw ``text`` with its ascender line at ``y``: raised pieces keep the top of the others, formulas
        their baseline."""
        for piece in _PIECE.split(text):
            if piece.startswith(OPEN):
                image, above = typeset(piece, self.formulas, self.size)
                draw.bitmap((round(x), round(y + self.font.getmetrics()[0] - above)), image, fill=255)
            elif piece[:1] in SUPERSCRIPTS:
                down = self.font.getbbox("1")[1] - self._small.getbbox("1")[1]
                draw.text((x, y + down), _lowered(piece), font=self._small, fill=255)
            else:
                draw.text((x, y), piece, font=self.font, fill=255)
            x += self._length(piece)


def _lowered(piece: str) -> str:
    return "".join(SUPERSCRIPTS.get(c, c) for c in piece)


@lru_cache(maxsize=64)
def typeset(formula: str, fonts: str, size: int) -> tuple[Image.Image, float]:
    """A formula's ink in a set of matplotlib's fonts, and how much of it is above the baseline."""
    family, _, slanted = fonts.partition(" ")
    prop = FontProperties(size=size, math_fontfamily=family)  # points at 72 dpi are pixels
    written = latex(formula.strip(OPEN + CLOSE))
    if slanted:
        written = _CAPITAL.sub(r"\\mathit{\g<0>}", written)
    made = MathTextParser("agg").parse(f"${written}$", 72, prop)
    return Image.fromarray(np.asarray(made.image)), made.height - made.depth
