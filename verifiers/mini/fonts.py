"""The fonts that training text is drawn with: which there are, what they cover, lines drawn in them."""

from __future__ import annotations

import random
import re
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

from docspec.drafters.characters import SUPERSCRIPTS

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


_RAISED = re.compile("([{0}]+(?:,[{0}]+)*)".format("".join(SUPERSCRIPTS)))
_RAISED_SIZE = 0.62  # of the font's


@dataclass(frozen=True)
class FontChoice:
    """Font files of each family, families weighted by how common they are in documents."""

    families: dict[str, list[str]]
    weights: list[float]

    @classmethod
    def installed(cls, evaluation: bool) -> FontChoice:
        """Fonts of this machine that cover western European text (asked from fontconfig)."""
        query = [
            "fc-list",
            ":lang=en:lang=de:lang=fr",
            "-f",
            "%{file}|%{family[0]}|%{style[0]}|%{variable}\n",
        ]
        listed = subprocess.run(query, capture_output=True, text=True, check=True).stdout
        families: dict[str, list[str]] = {}
        for row in sorted(set(listed.splitlines())):
            fields = row.split("|")
            if len(fields) != 4:  # a name with a line break in it
                continue
            path, family, style, variable = fields
            bad = any(word in f"{family} {style} {Path(path).stem}".lower() for word in _UNUSABLE)
            if not bad and variable == "False" and path.lower().endswith(("ttf", "otf", "t1", "pfb")):
                families.setdefault(family.replace("\\", ""), []).append(path)
        kept = {f: p for f, p in families.items() if (f in HELD_OUT_FAMILIES) == evaluation}
        return cls(kept, [3.0 if any(c in f.lower() for c in _COMMON) else 1.0 for f in kept])

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
    return all(has_glyph(path, SUPERSCRIPTS.get(c, c)) for c in set(text) if not c.isspace())


@dataclass(frozen=True)
class Face:
    """A font at a size in pixels; superscript characters are its own digits and letters, small and raised."""

    path: str
    size: int

    @property
    def font(self) -> ImageFont.FreeTypeFont:
        """Of ordinary text."""
        return load_font(self.path, self.size)

    def _pieces(self, text: str) -> list[tuple[str, ImageFont.FreeTypeFont]]:
        small = load_font(self.path, max(6, round(_RAISED_SIZE * self.size)))
        pieces = []
        for number, piece in enumerate(_RAISED.split(text)):
            raised = number % 2 == 1
            shown = "".join(SUPERSCRIPTS.get(c, c) for c in piece) if raised else piece
            pieces.append((shown, small if raised else self.font))
        return pieces

    def length(self, text: str) -> float:
        """How wide ``text`` is, in pixels."""
        return sum(font.getlength(piece) for piece, font in self._pieces(text))

    def draw(self, draw: ImageDraw.ImageDraw, x: float, y: float, text: str) -> None:
        """Draw ``text`` with its ascender line at ``y``: raised pieces keep the top of the others."""
        top = y + self.font.getbbox("1")[1]
        for piece, font in self._pieces(text):
            down = y if font is self.font else top - font.getbbox("1")[1]
            draw.text((x, down), piece, font=font, fill=255)
            x += font.getlength(piece)
