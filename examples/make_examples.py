"""Writes the example documents: a two-column paper, the same as a noisy scan, and a photographed page.

    python examples/make_examples.py [FOLDER]

The text was written for this project and its measurements are invented. Same library versions, same bytes.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import numpy as np
import pymupdf
from PIL import Image, ImageFilter
from typeset import (
    BOTTOM,
    FONTS,
    GAP,
    INK,
    LEADING,
    LEFT,
    PAGE,
    RIGHT,
    TOP,
    WIDTH,
    Column,
    Flow,
    ligatures,
    wrap,
)

TABLE = (
    ("Cup", "Mass (g)", "k (1/min)", "Drinkable"),
    ("Tin mug", "110", "0.062", "8 min"),
    ("Stoneware", "345", "0.047", "11 min"),
    ("Porcelain", "210", "0.041", "13 min"),
    ("Double wall", "280", "0.019", "27 min"),
)
ITEM = re.compile(r"(\d+\.|\[\d+\]) ")


def formula(flow: Flow) -> None:
    """Newton's law of cooling, numbered."""
    column = flow.take(22)
    x, y = column.x + 34, column.y - 4
    for style, text, shift, size in (
        ("*", "T", 0, 10.5), ("", "(", 0, 10.5), ("*", "t", 0, 10.5), ("", ") = ", 0, 10.5),
        ("*", "T", 0, 10.5), ("*", "a", 2.5, 7), ("", " + (", 0, 10.5), ("*", "T", 0, 10.5),
        ("", "0", 2.5, 7), ("", " − ", 0, 10.5), ("*", "T", 0, 10.5), ("*", "a", 2.5, 7),
        ("", ") ", 0, 10.5), ("*", "e", 0, 10.5), ("", "−", -4, 7), ("*", "kt", -4, 7),
    ):  # fmt: skip
        x = column.write(x, y + shift, text, style, size)
    column.write(column.x + WIDTH - 14, y, "(1)")
    column.y += 6


def table(flow: Flow) -> None:
    """Four cups, booktabs style."""
    column = flow.take(LEADING * (len(TABLE) + 2) + 20)
    top = column.y - LEADING * (len(TABLE) + 1) - 12
    column.write(column.x, top - 6, "Table 1: The cups and their fitted constants.", size=8.5)
    stops = [column.x + 3, column.x + 78, column.x + 130, column.x + 182]
    for number, row in enumerate(TABLE):
        y = top + LEADING * (number + 1)
        for x, cell in zip(stops, row, strict=True):
            column.write(x, y, cell, "" if number else "**", 9)
        if number == 0:
            column.line(y + 3.5, column.x, column.x + WIDTH)
    column.line(top, column.x, column.x + WIDTH, 1)
    column.line(top + LEADING * len(TABLE) + 4, column.x, column.x + WIDTH, 1)
    column.y += 4


def figure(flow: Flow) -> None:
    """Cooling curves over an hour, with axes and labels."""
    column = flow.take(150)
    x0, y0, x1, y1 = column.x + 26, column.y - 36, column.x + WIDTH - 6, column.y - 140
    shape = column.page.new_shape()
    shape.draw_polyline([(x0, y1), (x0, y0), (x1, y0)])
    shape.finish(color=INK, width=0.8, closePath=False)
    for rate, colour in ((0.062, (0.7, 0.2, 0.1)), (0.041, (0.1, 0.4, 0.6)), (0.019, (0.2, 0.5, 0.2))):
        minutes = np.linspace(0, 60, 61)
        heat = np.exp(-rate * minutes)
        shape.draw_polyline(
            [(x0 + (x1 - x0) * m / 60, y0 + (y1 - y0) * h) for m, h in zip(minutes, heat, strict=True)]
        )
        shape.finish(color=colour, width=1.2, closePath=False)
    shape.commit()
    for minute in (0, 20, 40, 60):
        column.write(x0 + (x1 - x0) * minute / 60 - 4, y0 + 9, str(minute), size=7)
    for degree, height in (("20", 0.0), ("55", 0.5), ("90", 1.0)):
        column.write(x0 - 12, y0 + (y1 - y0) * height + 2, degree, size=7)
    column.write((x0 + x1) / 2 - 22, y0 + 18, "minutes", size=7)
    column.y -= 6
    for number, text in enumerate(
        (
            "Figure 1: Temperature in degrees Celsius over one hour for",
            "tin (lowest), porcelain and the double-walled cup.",
        )
    ):
        column.write(column.x, column.y + number * 10, text, size=8.5)
    column.y += 22


def paper() -> bytes:
    """The paper as a PDF."""
    title, authors, abstract, note, *body = (
        (Path(__file__).parent / "paper.txt").read_text("utf-8").split("\n\n")
    )
    document = pymupdf.open()
    for _ in range(2):
        document.new_page(width=PAGE.width, height=PAGE.height)
    pages = list(document)
    for number, page in enumerate(pages):
        margin = Column(page, LEFT, 0, 0)
        margin.write(LEFT, 44, "Journal of Everyday Measurement 3 (2026)", "*", 8)
        margin.write(RIGHT - 108, 44, "Cooling of Tea in Four Cups", size=8)
        margin.write(PAGE.width / 2 - 2, 812, str(number + 1), size=8)
    top = head(pages[0], title, authors, abstract)
    columns = [
        Column(pages[0], LEFT, top, BOTTOM - 34),
        Column(pages[0], LEFT + WIDTH + GAP, top, BOTTOM),
        Column(pages[1], LEFT, TOP, BOTTOM),
        Column(pages[1], LEFT + WIDTH + GAP, TOP, BOTTOM),
    ]
    footnote(columns[0], note)
    flow = Flow(columns)
    for part in body:
        kind, text = classify(part)
        if kind == "heading":
            flow.heading(text)
        elif kind == "item":
            mark, _, item = text.partition(" ")
            flow.paragraph(item, indent=16, mark=mark, after=2)
        elif kind == "paragraph":
            flow.paragraph(text)
        else:
            {"formula": formula, "table": table, "figure": figure}[kind](flow)
    document.set_metadata({"title": title, "author": authors})
    document.subset_fonts()
    return bytes(document.tobytes(garbage=4, deflate=True, deflate_fonts=True, no_new_id=True))


def classify(part: str) -> tuple[str, str]:
    """What a paragraph of ``paper.txt`` is, and its text."""
    part = " ".join(part.split())
    if part.startswith("# "):
        return "heading", part[2:]
    if part.startswith("{"):
        return part.strip("{}"), ""
    return ("item" if ITEM.match(part) else "paragraph"), part


def head(page: pymupdf.Page, title: str, authors: str, abstract: str) -> float:
    """Title, authors and abstract over both columns; returns where they end."""
    column = Column(page, LEFT, 0, 0)
    for text, base, style, size in ((title, 92, "**", 17), (authors, 114, "", 10.5)):
        length = FONTS[style].text_length(ligatures(text), fontsize=size)
        column.write((PAGE.width - length) / 2, base, text, style, size)
    y = 142.0
    for number, line in enumerate(wrap("Abstract. " + abstract, RIGHT - LEFT - 60)):
        x = LEFT + 30.0
        for _, run in line:
            if not number and run.startswith("Abstract."):
                x = column.write(x, y, "Abstract.", "**")
                run = run.removeprefix("Abstract.")
            x = column.write(x, y, run)
        y += LEADING
    return y + 6


def footnote(column: Column, text: str) -> None:
    """At the foot of the first column, under a short rule."""
    y = column.bottom + 12
    column.line(y, column.x, column.x + 60)
    for number, line in enumerate(wrap(text, WIDTH - 4, 7.5)):
        x = column.x + 4
        if not number:
            column.write(column.x, y + 8, "1", size=5.5)
        for _, run in line:
            x = column.write(x, y + 10 + 9 * number, run, size=7.5)


def pictures(data: bytes, dpi: int) -> list[Image.Image]:
    """The pages of a PDF in grey."""
    with pymupdf.open(stream=data) as document:
        return [
            Image.open(io.BytesIO(page.get_pixmap(dpi=dpi, colorspace="gray").tobytes("png")))
            for page in document
        ]


def scan(data: bytes) -> bytes:
    """Each page a little askew, unsharp and noisy, as JPEGs in a PDF without text."""
    rng = np.random.default_rng(7)
    document = pymupdf.open()
    for picture, angle in zip(pictures(data, 160), (0.5, -0.4), strict=True):
        picture = picture.rotate(angle, Image.Resampling.BICUBIC, fillcolor=255)
        blurred = np.asarray(picture.filter(ImageFilter.GaussianBlur(0.6)), dtype=np.float32)
        pixels = 18 + blurred * 0.86 + rng.normal(0, 5, blurred.shape)
        document.new_page(width=PAGE.width, height=PAGE.height).insert_image(PAGE, stream=jpeg(pixels, 42))
    return bytes(document.tobytes(garbage=4, no_new_id=True))


def photo(data: bytes) -> bytes:
    """The first page lying on a table, seen from below, lit from the left."""
    rng = np.random.default_rng(11)
    page = pictures(data, 150)[0]
    width, height = 1400, 1900
    corners = [(120, 110), (1290, 150), (1350, 1800), (60, 1770)]  # of the page in the picture
    sheet = page.transform(
        (width, height), Image.Transform.PERSPECTIVE, homography(corners, page.size), Image.Resampling.BICUBIC
    )
    mask = Image.new("L", page.size, 255).transform(
        (width, height),
        Image.Transform.PERSPECTIVE,
        homography(corners, page.size),
        Image.Resampling.BILINEAR,
    )
    cover = np.asarray(mask, dtype=np.float32)[..., None] / 255
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    light = (1.02 - 0.38 * x - 0.12 * y + 0.05 * np.sin(5 * y + 2 * x))[..., None]
    wood = np.array([128, 92, 60]) + 10 * np.sin(60 * y + 4 * np.sin(6 * x))[..., None]
    paper_colour = np.asarray(sheet, dtype=np.float32)[..., None] * np.array([0.97, 0.95, 0.9])
    pixels = (cover * paper_colour + (1 - cover) * wood) * light + rng.normal(0, 2.5, (height, width, 1))
    return jpeg(pixels, 55)


def homography(corners: list[tuple[int, int]], size: tuple[int, int]) -> tuple[float, ...]:
    """Coefficients for Image.transform that lay a page of ``size`` on ``corners`` (clockwise)."""
    width, height = size
    rows, values = [], []
    for (x, y), (u, v) in zip(corners, ((0, 0), (width, 0), (width, height), (0, height)), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return tuple(np.linalg.solve(np.array(rows, dtype=float), np.array(values, dtype=float)))


def jpeg(pixels: np.ndarray, quality: int) -> bytes:
    """``pixels`` as JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def main(folder: Path) -> None:
    """Write the three files."""
    data = paper()
    for name, content in (("paper.pdf", data), ("scan.pdf", scan(data)), ("photo.jpg", photo(data))):
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
