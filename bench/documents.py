"""Documents that are made here: pages of prose with headings and lists, the same words on every machine.

They come as a PDF with its text layer and as page images without one, a little unsharp and noisy.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape
from random import Random

import numpy as np
import pymupdf
from PIL import Image, ImageFilter

PER_PAGE = 16  # regions
CYCLE = ("p", "h2", "p", "p", "li", "li", "li", "p")  # tags of a document's regions, again and again
SENTENCES = {"p": 4, "li": 1}
SHEET = pymupdf.Rect(0, 0, 595, 842)  # A4, points
TEXT = pymupdf.Rect(64, 64, 531, 790)
STYLE = """
    body { font-family: serif; font-size: 10.5px; line-height: 1.25; }
    p { margin: 0 0 13px; } h2 { font-size: 13px; margin: 8px 0 10px; }
    ul { margin: 0 0 13px; padding-left: 16px; } li { margin: 0 0 7px; }
"""
DPI = 150  # of page images

NOUNS = """
    archive autumn baker bridge captain carpenter coast cottage county doctor engine farmer ferry forest
    garden gardener harbour inspector island journal kitchen lantern letter library market merchant mill
    mountain neighbour notebook orchard painter parish passenger pilot printer quarry railway river sailor
    schoolhouse station steamer storm teacher tower traveller valley village voyage widow winter
"""
VERBS = """
    answered approached avoided borrowed crossed described discovered examined finished followed forgot
    guarded improved measured mentioned noticed observed painted passed praised protected reached recognised
    remembered repaired replaced surveyed visited watched
"""
ADJECTIVES = """
    ancient borrowed broad careful cheerful crowded distant early empty famous fragile gentle hidden large
    modest narrow northern old patient quiet remote rusty shallow silent small southern sturdy wooden young
"""
ENDINGS = (
    "after the long summer",
    "before breakfast",
    "for the first time",
    "in the spring of {year}",
    "on a cold morning",
    "over {count} years",
    "some {count} miles away",
    "until late in the evening",
    "with great care",
)


def parts(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """The first ``count`` regions of a document, each its tag and its text: about 160 characters a region."""
    random = Random(seed)
    tags = (CYCLE[number % len(CYCLE)] for number in range(count))
    return [(tag, heading(random) if tag == "h2" else prose(random, SENTENCES[tag])) for tag in tags]


def pdf(count: int, seed: int = 0) -> bytes:
    """A born-digital document of ``count`` regions, PER_PAGE of them on a page."""
    written = parts(count, seed)
    document = pymupdf.open()
    for first in range(0, count, PER_PAGE):
        page = document.new_page(width=SHEET.width, height=SHEET.height)
        left, _ = page.insert_htmlbox(TEXT, _html(written[first : first + PER_PAGE]), css=STYLE, scale_low=1)
        assert left >= 0, "the regions of a page have to fit on it"
    document.subset_fonts()
    return bytes(document.tobytes(garbage=4, deflate=True, no_new_id=True))


def scan(count: int, seed: int = 0) -> bytes:
    """The same pages as grey images in a TIFF."""
    noise = np.random.default_rng(seed)
    with pymupdf.open(stream=pdf(count, seed)) as document:
        sheets = [_scanned(page, noise) for page in document]
    buffer = io.BytesIO()
    sheets[0].save(
        buffer,
        "TIFF",
        save_all=True,
        append_images=sheets[1:],
        compression="tiff_deflate",
        dpi=(DPI, DPI),
    )
    return buffer.getvalue()


def _scanned(page: pymupdf.Page, noise: np.random.Generator) -> Image.Image:
    sharp = Image.open(io.BytesIO(page.get_pixmap(dpi=DPI, colorspace="gray").tobytes("png")))
    blurred = np.asarray(sharp.filter(ImageFilter.GaussianBlur(0.6)), dtype=np.float32)
    pixels = 20 + 0.85 * blurred + noise.normal(0, 5, blurred.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _html(written: Sequence[tuple[str, str]]) -> str:
    """Neighbouring list items are one list."""
    elements = (
        f"<ul><li>{escape(text)}</li></ul>" if tag == "li" else f"<{tag}>{escape(text)}</{tag}>"
        for tag, text in written
    )
    return "".join(elements).replace("</ul><ul>", "")


def prose(random: Random, sentences: int) -> str:
    return " ".join(_sentence(random) for _ in range(sentences))


def _sentence(random: Random) -> str:
    first, second = _some(random, NOUNS)
    old, new = _some(random, ADJECTIVES)
    [verb, _], ending = _some(random, VERBS), random.choice(ENDINGS)
    ending = ending.format(year=random.randint(1820, 1990), count=random.randint(3, 90))
    return f"The {old} {first} {verb} the {new} {second} {ending}."


def heading(random: Random) -> str:
    first, second = _some(random, NOUNS)
    return f"The {first} and the {second}"


def _some(random: Random, words: str) -> list[str]:
    """Two of the words."""
    return random.sample(words.split(), 2)
