"""Pages that are typeset here in many fonts and layouts, each with what stands on it, and scans of them.

Prose is that of ``documents``: the same words on every machine.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from random import Random

import numpy as np
import pymupdf
from PIL import Image, ImageFilter

from docspec.bench.documents import SHEET, heading, prose
from docspec.drafters.formats.table_text import Cell, Grid, write_html

FONTS = ("serif", "sans-serif")
MARGIN, GAP = 60.0, 26.0  # points: of a page; between its columns
TOP, BOTTOM = 64.0, 780.0
FIRST_TABLE, TABLE_STEP, ROW = 130.0, 40.0, 18.0  # points
CSS = """
    body {{ font-family: {font}; font-size: {size}px; line-height: 1.25; }}
    p {{ margin: 0 0 9px; text-align: {align}; }} h1 {{ font-size: 20px; margin: 0 0 14px; }}
    h2 {{ font-size: 15px; margin: 12px 0 8px; }} h3 {{ font-size: 12.5px; margin: 10px 0 6px; }}
    ul, ol {{ margin: 0 0 9px; padding-left: 18px; }} li {{ margin: 0 0 5px; }}
    pre {{ font-family: monospace; font-size: 9px; margin: 6px 0 12px; }}
    .formula {{ text-align: center; margin: 8px 0 14px; }} .note {{ font-size: 8px; }}
"""
CODE = (
    "def shortest(roads, start):\n    best = {start: 0}\n    for road in roads:\n        if road.open:\n"
    "            best[road.end] = best[road.start] + road.miles\n    return best",
    "for (int i = 0; i < count; i++) {\n    if (yards[i].trees > most) {\n        most = yards[i].trees;\n"
    "    }\n    total += yards[i].trees;\n}",
)
FORMULAS = (  # as typeset, as LaTeX
    ("E = mc²", "E = m c^{2}"),
    ("a² + b² = c²", "a^{2} + b^{2} = c^{2}"),
    ("α + β ≤ γ", "\\alpha + \\beta \\leq \\gamma"),
    ("y = 3x + 7", "y = 3 x + 7"),
    ("A ∪ B ⊂ C", "A \\cup B \\subset C"),
    ("ΔT = T₁ − T₀", "\\Delta T = T_{1} - T_{0}"),
)
HEBREW = ("בכפר הישן גרו אנשים רבים שעבדו בשדות ובגנים.", "הספר הגדול נמצא בספרייה של העיר ליד הנהר.",
          "בבוקר יצאו הילדים אל ההר וחזרו רק בערב.")  # fmt: skip
CHINESE = (
    "村子里的老人每天早上都去河边散步。",
    "图书馆里有很多关于历史的书籍。",
    "孩子们在花园里种了苹果树和梨树。",
)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a page: title, heading, text, item, code, formula, note, or table with its ``grid``."""

    kind: str
    text: str
    level: int = 0
    grid: Grid | None = None
    latex: str = ""  # of a formula

    @property
    def html(self) -> str:
        """As it is typeset; tables are drawn."""
        text = escape(self.text)
        if self.kind in ("title", "heading"):
            return f"<h{self.level}>{text}</h{self.level}>"
        if self.kind == "item":
            return f"<ul><li>{text}</li></ul>"
        if self.kind == "code":
            return f"<pre>{text}</pre>"
        names = {"formula": ' class="formula"', "note": ' class="note"', "rtl": ' dir="rtl"'}
        return f"<p{names.get(self.kind, '')}>{text}</p>"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document of one page, with its parts in reading order; ``category`` is what it is to show."""

    name: str
    category: str
    pdf: bytes
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Wear:
    """What a scanner does to a page: degrees, pixels, grey levels, and JPEG's quality."""

    skew: float
    blur: float
    noise: float
    jpeg: int
    dpi: int = 150


SCANNED = ("prose", "columns", "headings", "lists", "ruled tables")  # kinds with text that OCR can read
WEAR = {"scans": Wear(0.4, 0.5, 5.0, 80), "poor scans": Wear(-1.1, 0.9, 12.0, 45)}


def sheets() -> Iterator[Sheet]:
    """All pages: each kind in each font, then scans of some kinds, each wear in a font of its own."""
    made = [list(_typeset(font, number)) for number, font in enumerate(FONTS)]
    yield from (page for pages in made for page in pages)
    for (category, wear), pages in zip(WEAR.items(), made, strict=True):
        for page in pages:
            if page.category in SCANNED:
                yield replace(
                    page, name=f"{page.name}, {category}", category=category, pdf=worn(page.pdf, wear)
                )


def worn(pdf: bytes, wear: Wear, seed: int = 0) -> bytes:
    """A document's first page as a scan: a PDF of one image."""
    noise = np.random.default_rng(seed)
    with pymupdf.open(stream=pdf) as document:
        page = document[0]
        picture = Image.open(io.BytesIO(page.get_pixmap(dpi=wear.dpi, colorspace="gray").tobytes("png")))
        turned = picture.rotate(wear.skew, Image.Resampling.BICUBIC, fillcolor=255)
        blurred = np.asarray(turned.filter(ImageFilter.GaussianBlur(wear.blur)), dtype=np.float32)
        pixels = 15 + 0.9 * blurred + noise.normal(0, wear.noise, blurred.shape)
        buffer = io.BytesIO()
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=wear.jpeg)
        scan = pymupdf.open()
        scan.new_page(width=page.rect.width, height=page.rect.height).insert_image(
            page.rect, stream=buffer.getvalue()
        )
        return bytes(scan.tobytes(no_new_id=True))


def _typeset(font: str, seed: int) -> Iterator[Sheet]:
    random = Random(seed)

    def text() -> Part:
        return Part("text", prose(random, 4))

    def head(level: int) -> Part:
        return Part("heading", heading(random), level)

    def formula(sign: str, latex: str) -> Part:
        return Part("formula", sign, latex=latex)

    def section() -> list[Part]:
        return [head(2), text(), head(3), text(), head(3), text()]

    signs = FORMULAS[2 * seed :] + FORMULAS
    made: dict[str, list[Part]] = {
        "prose": [Part("title", heading(random), 1), *(text() for _ in range(7))],
        "columns": [part for _ in range(4) for part in (head(2), text(), text())],
        "headings": [Part("title", heading(random), 1), *section(), *section()],
        "lists": [text(), *(Part("item", prose(random, 1)) for _ in range(5)), text(),
                  *(Part("item", prose(random, 2)) for _ in range(3)), text()],
        "code": [text(), Part("code", CODE[0]), text(), Part("code", CODE[1]), text()],
        "formulas": [part for sign in signs[:4] for part in (text(), formula(*sign))],
        "footnotes": [text() for _ in range(4)],
        "right to left": [Part("rtl", " ".join(random.choices(HEBREW, k=3))) for _ in range(5)],
        "Chinese": [Part("text", "".join(random.choices(CHINESE, k=6))) for _ in range(5)],
    }  # fmt: skip
    for category, parts in made.items():
        notes = [Part("note", f"{n}. {prose(random, 1)}") for n in (1, 2)] if category == "footnotes" else []
        columns = 2 if category == "columns" else 1
        pdf = _pdf(parts, font, columns, notes, "justify" if seed else "left")
        yield Sheet(f"{category}, {font}", category, pdf, (*parts, *notes))
    for category, draw in (("ruled tables", _ruled), ("borderless tables", _borderless)):
        yield _tables(category, font, draw, random)


def _pdf(parts: Sequence[Part], font: str, columns: int, notes: Sequence[Part], align: str) -> bytes:
    document = pymupdf.open()
    page = document.new_page(width=SHEET.width, height=SHEET.height)
    width = (SHEET.width - 2 * MARGIN - (columns - 1) * GAP) / columns
    css = CSS.format(font=font, size=10.5, align=align)
    each = -(-len(parts) // columns)
    for column in range(columns):
        left = MARGIN + column * (width + GAP)
        html = "".join(part.html for part in parts[column * each : (column + 1) * each])
        box = pymupdf.Rect(left, TOP, left + width, BOTTOM - 60)
        spare, _ = page.insert_htmlbox(box, html.replace("</ul><ul>", ""), css=css, scale_low=1)
        assert spare >= 0, "the parts of a page have to fit on it"
    if notes:
        page.draw_line((MARGIN, BOTTOM - 46), (MARGIN + 120, BOTTOM - 46), width=0.5)
        box = pymupdf.Rect(MARGIN, BOTTOM - 42, MARGIN + width, BOTTOM)
        page.insert_htmlbox(box, "".join(part.html for part in notes), css=css, scale_low=1)
    document.subset_fonts()
    return bytes(document.tobytes(garbage=4, deflate=True, no_new_id=True))


Draw = Callable[[pymupdf.Page, Grid, Sequence[float], float, str], None]


def _tables(category: str, font: str, draw: Draw, random: Random) -> Sheet:
    """Two tables of figures, one with a head that spans columns, after a paragraph each."""
    document = pymupdf.open()
    page = document.new_page(width=SHEET.width, height=SHEET.height)
    css = CSS.format(font=font, size=10.5, align="left")
    parts: list[Part] = []
    top = TOP
    for spanned in (False, True):
        text = Part("text", prose(random, 2))
        page.insert_htmlbox((MARGIN, top, SHEET.width - MARGIN, top + 50), text.html, css=css, scale_low=1)
        grid = _figures(random, spanned)
        draw(
            page, grid, (MARGIN, 200.0, 290.0, 380.0, 470.0), top + 70, "tiro" if font == "serif" else "helv"
        )
        parts += [text, Part("table", write_html(grid), grid=grid)]
        top += 70 + ROW * grid.height + TABLE_STEP
    return Sheet(f"{category}, {font}", category, bytes(document.tobytes(no_new_id=True)), tuple(parts))


def _figures(random: Random, spanned: bool) -> Grid:
    heads = ["Yard", "Trees", "Sown", "Share"]
    rows = [
        [
            heading(random).split(" ")[1].capitalize(),
            str(random.randint(100, 999)),
            f"{random.randint(1, 9)},{random.randint(100, 999)}",
            f"{random.randint(1, 99)}.{random.randint(0, 9)}%",
        ]
        for _ in range(7)
    ]
    top = [Cell("", 0, 0), Cell("In the last year", 0, 1, 1, 2), Cell("", 0, 3)] if spanned else []
    first = 1 if spanned else 0
    cells = [Cell(t, r, c) for r, row in enumerate([heads, *rows], first) for c, t in enumerate(row)]
    return Grid((*top, *cells))


def _ruled(page: pymupdf.Page, grid: Grid, xs: Sequence[float], top: float, font: str) -> None:
    for cell in grid.cells:
        x0, x1 = xs[cell.column], xs[cell.column + cell.columns]
        y0, y1 = top + ROW * cell.row, top + ROW * (cell.row + cell.rows)
        page.draw_rect((x0, y0, x1, y1), width=0.6)
        page.insert_text((x0 + 5, y1 - 5), cell.text, fontsize=9.5, fontname=font)


def _borderless(page: pymupdf.Page, grid: Grid, xs: Sequence[float], top: float, font: str) -> None:
    """Rules above and below, and under what spans columns; figures stand at the right of their columns."""
    bottom = top + ROW * grid.height
    for y in (top, bottom):
        page.draw_line((xs[0], y), (xs[-1], y), width=0.8)
    for cell in grid.cells:
        x0, x1, y = xs[cell.column], xs[cell.column + cell.columns], top + ROW * (cell.row + 1)
        length = pymupdf.get_text_length(cell.text, fontname=font, fontsize=9.5)
        left = x0 if cell.column == 0 else x1 - 10 - length if cell.columns == 1 else (x0 + x1 - length) / 2
        page.insert_text((left, y - 5), cell.text, fontsize=9.5, fontname=font)
        if cell.columns > 1:
            page.draw_line((x0 + 20, y), (x1 - 5, y), width=0.5)
