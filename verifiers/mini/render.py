"""Paragraphs drawn as lines of a page, degraded, and cut into line images as the pipeline cuts them."""

from __future__ import annotations

import random
import re
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from docspec.drafters.characters import SUPERSCRIPTS
from docspec.verifiers.mini.degrade import Picture, colour, degrade

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
class Line:
    """One line image with its text; ``hyphenated`` when the last word goes on in the next line."""

    image: Picture
    text: str
    hyphenated: bool


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


def break_lines(
    text: str, font: Face, width: float, hyphenate: float, rng: random.Random
) -> list[tuple[str, bool]]:
    """Greedy line breaking; a word that does not fit is hyphenated with the given probability."""
    lines: list[tuple[str, bool]] = []
    current = ""
    words = text.split()
    while words:
        word = words.pop(0)
        attempt = f"{current} {word}" if current else word
        if font.length(attempt) <= width:
            current = attempt
            continue
        cut = _hyphen_point(word, rng) if rng.random() < hyphenate else 0
        if cut and current and font.length(f"{current} {word[:cut]}-") <= width:
            lines.append((f"{current} {word[:cut]}-", True))
            current = ""
            words.insert(0, word[cut:])
        elif current:
            lines.append((current, False))
            current = word
        else:
            lines.append((word, False))
    if current:
        lines.append((current, False))
    return lines


def _hyphen_point(word: str, rng: random.Random) -> int:
    if not word.rstrip(".,;:").isalpha() or (
        not word[:-1].islower() and not word[1:].rstrip(".,;:").islower()
    ):
        return 0
    points = [
        m.start() + 1
        for m in re.finditer(r"[^aeiouy][^aeiouy][aeiouy]|[aeiouy][^aeiouy][aeiouy]", word.lower())
    ]
    points = [p for p in points if 2 <= p <= len(word) - 3]
    return rng.choice(points) if points else 0


def render_block(text: str, path: str, rng: random.Random, clean: bool = False) -> list[Line]:
    """Draw a paragraph with one font and random size, width, colours and degradation; cut out its lines."""
    big = len(text) < 90 and rng.random() < 0.4
    dpi = 150 if clean else rng.choice([100, 120, 150, 150, 150, 200, 200, 250, 300])
    points = rng.uniform(13, 26) if big else rng.uniform(7.5, 12.5)
    size = max(9, round(points * dpi / 72))
    font = Face(path, size)
    em = font.length("n" * 10) / 10
    width = em * rng.choice(
        [rng.uniform(18, 40), rng.uniform(38, 60), rng.uniform(38, 60), rng.uniform(55, 95)]
    )
    lines = break_lines(text, font, width, rng.choice([0.0, 0.4, 0.9]), rng)[:12]
    pitch = round(size * rng.choice([1.0, 1.1, 1.2, 1.2, 1.2, 1.35, 1.5, 2.0]))
    pitch = max(pitch, round(size * 0.95))
    justify = rng.random() < 0.5
    clip = rng.random() < 0.7
    margin = size
    ascent, descent = font.font.getmetrics()
    picture = Image.new(
        "L", (int(width) + 2 * margin + size, pitch * len(lines) + ascent + descent + 2 * margin), 0
    )
    draw = ImageDraw.Draw(picture)
    boxes = []
    for row, (line, _) in enumerate(lines):
        top = margin + row * pitch
        natural = font.length(line)
        gaps = line.count(" ")
        stretch = (
            (width - natural) / gaps
            if justify and gaps and row < len(lines) - 1 and natural > 0.7 * width
            else 0.0
        )
        _draw_line(draw, font, line, margin, top, stretch)
        # Text layers often give the pitch as the line's height rather than the font's, which may be taller.
        spare = max(0, ascent + descent - pitch) / 2 if clip else 0
        boxes.append((margin, top + spare, margin + natural + stretch * gaps, top + ascent + descent - spare))
    if rng.random() < 0.04:
        for x0, _, x1, y1 in boxes:
            draw.line([(x0, y1 - descent + 2), (x1, y1 - descent + 2)], fill=255, width=max(1, size // 14))
    ink = np.asarray(picture)
    page = colour(ink, rng) if clean else degrade(colour(ink, rng), size, rng)
    return [Line(_cut(page, ink, box, size, rng), t, h) for box, (t, h) in zip(boxes, lines, strict=True)]


def _draw_line(draw: ImageDraw.ImageDraw, font: Face, line: str, x: float, y: float, stretch: float) -> None:
    if not stretch:
        font.draw(draw, x, y, line)
        return
    space = font.length(" ") + stretch
    for word in line.split(" "):
        font.draw(draw, x, y, word)
        x += font.length(word) + space


def _cut(
    page: NDArray[np.float32],
    ink: Picture,
    box: tuple[float, float, float, float],
    size: int,
    rng: random.Random,
) -> Picture:
    """The line's box as a text layer gives it (font height), or tight around the ink as a detector does."""
    x0, y0, x1, y1 = box
    if rng.random() < 0.5:
        rows = np.flatnonzero(ink[int(y0) : int(y1), int(x0) : int(x1) + 1].max(axis=1) > 40)
        if len(rows):
            y0, y1 = y0 + float(rows[0]), y0 + float(rows[-1]) + 1
    across, down = rng.uniform(0, 0.35) * size, rng.uniform(-0.02, 0.2) * size
    left, right = max(0, int(x0 - across)), int(x1 + across * rng.uniform(0.5, 1.5)) + 1
    top, bottom = max(0, int(y0 - down)), int(y1 + down * rng.uniform(0.5, 1.5)) + 1
    return np.clip(page[top:bottom, left:right], 0, 255).astype(np.uint8)
