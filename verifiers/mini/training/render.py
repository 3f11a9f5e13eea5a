"""Paragraphs drawn as lines of a page, degraded, and cut into line images as the pipeline cuts them."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from docspec.verifiers.mini.training.degrade import Picture, colour, degrade
from docspec.verifiers.mini.training.fonts import Face


@dataclass(frozen=True)
class Line:
    """One line image with its text; ``hyphenated`` when the last word goes on in the next line."""

    image: Picture
    text: str
    hyphenated: bool


def break_lines(
    text: str, font: Face, width: float, hyphenate: float, rng: random.Random
) -> list[tuple[str, bool]]:
    """Greedy line breaking at spaces; a word that does not fit is hyphenated with the given probability."""
    lines: list[tuple[str, bool]] = []
    current = ""
    words = re.findall(r"\S+ ?", text)
    while words:
        word = words.pop(0)
        attempt = current + word
        if font.length(attempt.rstrip()) <= width:
            current = attempt
            continue
        cut = _hyphen_point(word.rstrip(), rng) if rng.random() < hyphenate else 0
        if cut and current and font.length(f"{current}{word[:cut]}-") <= width:
            lines.append((f"{current}{word[:cut]}-", True))
            current = ""
            words.insert(0, word[cut:])
        elif current:
            lines.append((current.rstrip(), False))
            current = word
        else:
            lines.append((word.rstrip(), False))
    if current:
        lines.append((current.rstrip(), False))
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


def render_block(text: str, path: str, formulas: str, rng: random.Random, clean: bool = False) -> list[Line]:
    """Draw a paragraph with one font (formulas with a set of them) and random size, width, colours and
    degradation; cut out its lines."""
    big = len(text) < 90 and rng.random() < 0.4
    dpi = 150 if clean else rng.choice([100, 120, 150, 150, 150, 200, 200, 250, 300])
    points = rng.uniform(13, 26) if big else rng.uniform(7.5, 12.5)
    size = max(9, round(points * dpi / 72))
    font = Face(path, size, formulas)
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
