"""What a PDF page prints, glyph by glyph, and the rules that it draws: what formulas are read from.

The text layer has a character for each glyph, U+FFFD where the font maps it to none, as is usual in fonts of
large mathematical signs (sums, roots, brackets), whose codes then say what they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pymupdf

from docspec.types import Box, Glyph

FLAGS = pymupdf.TEXT_PRESERVE_LIGATURES | pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP
CODES = pymupdf.TEXT_USE_CID_FOR_UNKNOWN_UNICODE
UNMAPPED = "\ufffd"
THIN, SHORT = 2.0, 2.0  # points: the most that a rule is high, the least that it is long
DRAWN = ("fill-path", "stroke-path")  # MuPDF's names of what is painted
IMAGES = ("fill-image", "fill-imgmask")  # the same; rules from PostScript are images of one pixel

Painted = tuple[str, Box]  # what is painted, and where


def glyphs_of(page: Any) -> tuple[Glyph, ...]:
    """The upright glyphs of a PyMuPDF page that is not rotated, spaces left out, in the file's order."""
    mapped = list(_glyphs(page, FLAGS))
    coded = list(_glyphs(page, FLAGS | CODES)) if any(one.text == UNMAPPED for one in mapped) else []
    if len(mapped) != len(coded):
        return tuple(glyph for glyph in mapped if glyph.text.strip())
    return tuple(
        Glyph(one.text, one.font, one.size, one.origin, one.box, _code(one, other))
        for one, other in zip(mapped, coded, strict=True)
        if one.text == UNMAPPED or one.text.strip()
    )


def rules_of(painted: Sequence[Painted]) -> tuple[Box, ...]:
    """The boxes of the horizontal rules among what a page paints."""
    return tuple(
        (x0, y0, x1, y1)
        for kind, (x0, y0, x1, y1) in painted
        if kind in (*DRAWN, *IMAGES) and y1 - y0 <= THIN and x1 - x0 >= max(SHORT, 2 * (y1 - y0))
    )


def frames_of(painted: Sequence[Painted]) -> tuple[Box, ...]:
    """The boxes of the areas among what a page fills or outlines: what is more than a rule both ways."""
    return tuple(
        dict.fromkeys(
            box for kind, box in painted if kind in DRAWN and min(box[2] - box[0], box[3] - box[1]) > THIN
        )
    )


def lines_of_images(painted: Sequence[Painted]) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Rules that are images, both ways, as the ends of their middle lines."""
    found: list[tuple[tuple[float, float], tuple[float, float]]] = []
    for kind, (x0, y0, x1, y1) in painted:
        if kind not in IMAGES or min(x1 - x0, y1 - y0) > THIN:
            continue
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        found.append(((x0, y), (x1, y)) if x1 - x0 > y1 - y0 else ((x, y0), (x, y1)))
    return found


def _code(mapped: Glyph, coded: Glyph) -> int | None:
    known = mapped.text != UNMAPPED or coded.text == UNMAPPED or mapped.origin != coded.origin
    return None if known else ord(coded.text)


def _glyphs(page: Any, flags: int) -> Iterator[Glyph]:
    for block in page.get_text("rawdict", flags=flags)["blocks"]:
        for line in block.get("lines", ()):
            if line["dir"][0] < 0.99:
                continue
            for span in line["spans"]:
                font, size = span["font"], float(span["size"])
                for char in span["chars"]:
                    if not char["synthetic"]:
                        yield Glyph(char["c"], font, size, tuple(char["origin"]), tuple(char["bbox"]))
