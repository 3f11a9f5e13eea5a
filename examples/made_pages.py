"""Pages to test on, each with what stands on it: a paper, tables, lists, forms, and the paper as a scan.

    python examples/made_pages.py FOLDER

writes them as a folder in OmniDocBench's format, which the benchmarks read. The same code sets a page and
says what it set; prose is that of ``paper.txt``, names and numbers are invented. Same versions, same bytes.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
from PIL import Image, ImageFilter
from setter import Block, Box, Setter
from typeset import GAP, LEFT, PAGE, RIGHT, TOP, WIDTH

FULL = RIGHT - LEFT
ASIDE = ("header", "page_number", "page_footnote")  # kinds that have no place in the reading order
SCAN_DPI, IMAGE_DPI = 170, 144  # of the scan; of the page images that are written
CUPS = (
    ("Cup", "Mass (g)", "Walls", "Drinkable"),
    ("Tin mug", "110", "one", "8 min"),
    ("Stoneware", "345", "one", "11 min"),
    ("Porcelain", "210", "one", "13 min"),
    ("Double wall", "280", "two", "27 min"),
)
TEAS = (
    ("Tea", "Grams", "Minutes", "Origin"),
    ("Assam", "2.5", "4", "Dibrugarh"),
    ("Darjeeling", "2.0", "3", "Kurseong"),
    ("Keemun", "2.2", "5", "Anhui"),
    ("Sencha", "3.0", "2", "Shizuoka"),
)
STEPS = (
    "Fill the kettle with fresh water and bring it to the boil.",
    "Rinse each cup with hot water, dry it, and put it on the scale before anything is poured into it.",
    "Pour exactly 200 ml and start the clock.",
    "Read the thermometer every two minutes until the tea is below 45 degrees.",
)
THINGS = (
    "four cups of different make",
    "a kitchen scale that shows single grams",
    "a thermometer with a steel probe, read to half a degree by the same person on every day of the study, "
    "and never by somebody who has burnt a finger",
    "a clock with a second hand",
)
FIELDS = (
    ("Full name", "Ada Example"),
    ("Date of birth", "17 March 1984"),
    ("Street", "12 Harbour Lane"),
    ("Town", "Sample Bay"),
    ("Postal code", "40217"),
    ("Cups owned", "6"),
    ("Preferred tea", "Darjeeling, first flush"),
    ("Member since", "2019"),
)


@dataclass(frozen=True)
class MadePage:
    """A document of one page; ``blocks`` in reading order."""

    name: str
    pdf: bytes
    blocks: tuple[Block, ...]


def made_pages() -> dict[str, MadePage]:
    """All of them by name."""
    pages = [paper(), tables(), lists(), form("form"), form("form-columns", 130)]
    return {page.name: page for page in (*pages, scanned(pages[0]))}


def paper() -> MadePage:
    """Title, authors and abstract over two columns, with a page header, a page number and a footnote."""
    document, page = _sheet()
    title, authors, abstract, note, *body = _prose()
    head = Setter(page, LEFT, TOP, FULL)
    head.block("title", title, "**", 17, after=8)
    head.block("text_block", authors, size=10.5, after=10)
    head.block("text_block", abstract, after=14)
    columns = [Setter(page, x, head.column.y, WIDTH) for x in (LEFT, LEFT + WIDTH + GAP)]
    for column, part in zip(columns, _halves(body), strict=True):
        for text in part:
            mark, _, rest = text.partition(" ")
            if mark == "#":
                column.block("title", rest, "**", 11)
            elif mark.endswith("."):
                column.block("text_block", rest, mark=mark, after=3)
            else:
                column.block("text_block", text)
    margin = Setter(page, LEFT, 36, FULL)
    margin.block("header", "Journal of Everyday Measurement 3 (2026)", "*", 8)
    foot = Setter(page, LEFT, 790, WIDTH)
    foot.column.line(788, LEFT, LEFT + 60)
    foot.block("page_footnote", note, size=7.5)
    number = Setter(page, PAGE.width / 2, 812, 40)
    number.block("page_number", "1", size=8)
    setters = (margin, head, *columns, foot, number)
    return _made("paper", document, [block for setter in setters for block in setter.blocks])


def tables() -> MadePage:
    """A ruled table and one without lines, each with its caption, between paragraphs."""
    document, page = _sheet()
    _, _, abstract, note, *body = _prose()
    setter = Setter(page, LEFT, TOP, FULL)
    setter.block("title", "Results", "**", 14)
    setter.block("text_block", abstract)
    for caption, rows, ruled in (
        ("Table 1: The cups and how long their tea is fit to drink.", CUPS, True),
        ("Table 2: The teas that were tried beside it.", TEAS, False),
    ):
        setter.block("text_block", body[1 if ruled else 2], after=14)
        setter.block("table_caption", caption, size=8.5)
        setter.table(rows, ruled)
    setter.block("text_block", note)
    return _made("tables", document, setter.blocks)


def lists() -> MadePage:
    """Headings of two ranks over a numbered list and one with bullets."""
    document, page = _sheet()
    setter = Setter(page, LEFT, TOP, FULL)
    setter.block("title", "How to measure a cup", "**", 18, after=10)
    setter.block("text_block", _prose()[2], after=10)
    setter.block("title", "What is needed", "**", 13)
    for thing in THINGS:
        setter.block("text_block", thing, mark="•", after=3)
    setter.column.y += 8
    setter.block("title", "What is done", "**", 13)
    for number, step in enumerate(STEPS, 1):
        setter.block("text_block", step, mark=f"{number}.", after=3)
    setter.column.y += 8
    setter.block("title", "What is left out", "**", 13)
    setter.block("text_block", _prose()[3])
    return _made("lists", document, setter.blocks)


def form(name: str, stop: float | None = None) -> MadePage:
    """A label and a value on each line, under a heading; values stand under each other where ``stop`` is."""
    document, page = _sheet()
    setter = Setter(page, LEFT, TOP, FULL)
    setter.block("title", "Application for a Cup", "**", 16, after=16)
    for label, value in FIELDS:
        setter.field(f"{label}:", value, stop)
    return _made(name, document, setter.blocks)


def scanned(page: MadePage, dpi: int = SCAN_DPI) -> MadePage:
    """The page as a picture in a PDF without text, a little unsharp and noisy; nothing is moved."""
    rng = np.random.default_rng(7)
    sharp = picture(page, dpi).convert("L").filter(ImageFilter.GaussianBlur(0.5))
    pixels = 16 + 0.87 * np.asarray(sharp, dtype=np.float64)
    pixels += rng.normal(0, 4, pixels.shape)
    stream = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=60)
    document, sheet = _sheet()
    sheet.insert_image(PAGE, stream=stream.getvalue())
    return replace(page, name=f"{page.name}-scan", pdf=bytes(document.tobytes(no_new_id=True)))


def picture(page: MadePage, dpi: int = IMAGE_DPI) -> Image.Image:
    """The page's pixels."""
    with pymupdf.open(stream=page.pdf) as document:
        return Image.open(io.BytesIO(document[0].get_pixmap(dpi=dpi).tobytes("png")))


def markdown(page: MadePage) -> str:
    """The page as a faultless reader would write it: blocks parted by blank lines, titles marked."""
    blocks = (block for block in page.blocks if block.kind not in ASIDE)
    texts = (f"# {block.text}" if block.kind == "title" else block.text for block in blocks)
    return "\n\n".join(texts) + "\n"


def annotation(page: MadePage, dpi: float = IMAGE_DPI) -> dict[str, Any]:
    """The page as an entry of OmniDocBench's JSON, in pixels of its image at ``dpi``."""
    places = iter(range(1, len(page.blocks) + 1))
    regions = [
        {
            "category_type": block.kind,
            "poly": _poly(block.box, dpi / 72),
            "order": None if block.kind in ASIDE else next(places),
            "ignore": False,
            "html" if block.kind == "table" else "text": block.text,
            "attribute": {"text_language": "text_english"},
            "line_with_spans": [{"text": text, "poly": _poly(box, dpi / 72)} for text, box in block.lines],
        }
        for block in page.blocks
    ]
    size = {"width": round(PAGE.width * dpi / 72), "height": round(PAGE.height * dpi / 72)}
    return {"page_info": {"image_path": f"{page.name}.png"} | size, "layout_dets": regions}


def write_folder(folder: Path, pages: Mapping[str, MadePage]) -> None:
    """Annotations, page images, PDFs, and each page's text under ``vlm_outputs``."""
    for name in ("images", "pdfs", "vlm_outputs"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for page in pages.values():
        picture(page).save(folder / "images" / f"{page.name}.png")
        (folder / "pdfs" / f"{page.name}.pdf").write_bytes(page.pdf)
        (folder / "vlm_outputs" / f"{page.name}.md").write_text(markdown(page), encoding="utf-8")
    entries = [annotation(page) for page in pages.values()]
    (folder / "made_pages.json").write_text(json.dumps(entries, indent=1), encoding="utf-8")


def _prose() -> list[str]:
    """The paragraphs of ``paper.txt`` without those about its formula, figure and sources, a line each."""
    parts = (Path(__file__).parent / "paper.txt").read_text("utf-8").split("\n\n")
    lines = (re.sub(r"\^\d", "", " ".join(part.split())) for part in parts)
    return [line for line in lines if re.match(r"[A-Z#]|\d+\.", line) and not line.endswith("fitted")]


def _halves(body: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """What fills the two columns of one page."""
    second, third = (number for number, text in enumerate(body) if text.startswith(("# 2", "# 3")))
    return body[:second], body[second:third]


def _sheet() -> tuple[pymupdf.Document, pymupdf.Page]:
    document = pymupdf.open()
    return document, document.new_page(width=PAGE.width, height=PAGE.height)


def _made(name: str, document: pymupdf.Document, blocks: Sequence[Block]) -> MadePage:
    document.subset_fonts()
    return MadePage(name, bytes(document.tobytes(garbage=4, deflate=True, no_new_id=True)), tuple(blocks))


def _poly(box: Box, scale: float) -> list[float]:
    x0, y0, x1, y1 = (round(scale * side, 1) for side in box)
    return [x0, y0, x1, y0, x1, y1, x0, y1]


if __name__ == "__main__":
    write_folder(Path(sys.argv[1]), made_pages())
