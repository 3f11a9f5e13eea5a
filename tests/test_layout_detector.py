"""PyMuPDF's layout model on pages made here, and the benchmark's arithmetic."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pymupdf
import pytest

from docspec.bench import layout as bench
from docspec.errors import UsageError
from docspec.layout import analyse
from docspec.layout.pymupdf_detector import PyMuPDFDetector, page_of_lines, recognised_share
from docspec.types import Category, Line, Page, Region, Span

WORDS = "The quick brown fox jumps over the lazy dog and runs along the river bank until night"


@pytest.fixture(scope="module")
def detector() -> PyMuPDFDetector:
    """One model for all tests."""
    return PyMuPDFDetector()


def two_columns() -> pymupdf.Document:
    """A page with a heading over two columns of three paragraphs."""
    document = pymupdf.open()
    sheet = document.new_page(width=595, height=842)
    sheet.insert_text((72, 80), "A heading over both columns", fontsize=18, fontname="hebo")
    for x in (72, 310):
        for i in range(3):
            box = (x, 110 + 150 * i, x + 215, 250 + 150 * i)
            sheet.insert_textbox(box, " ".join([WORDS] * 5), fontsize=9.5, fontname="tiro", align=3)
    return document


def as_page(document: pymupdf.Document, source: str, handle: bool) -> Page:
    """The document's first page with its lines, as if ``source`` had read them."""
    sheet = document[0]
    pixmap = sheet.get_pixmap(dpi=100)
    image = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)
    lines = [
        Line(
            (Span("".join(span["text"] for span in item["spans"]), tuple(item["bbox"])),),
            tuple(item["bbox"]),
            source,
        )
        for block in sheet.get_text("dict")["blocks"]
        for item in block.get("lines", ())
    ]
    rect = sheet.rect
    return Page(0, rect.width, rect.height, 100.0, image, tuple(lines), sheet if handle else None)


@pytest.mark.parametrize(
    ("source", "handle"), [("text-layer", True), ("text-layer", False), ("rapidocr", False)]
)
def test_two_columns_are_found_and_read_in_order(
    detector: PyMuPDFDetector, source: str, handle: bool
) -> None:
    """Born digital or recognised, the heading comes first, then the left column, then the right one."""
    with two_columns() as document:
        page = as_page(document, source, handle)
        layout = analyse(page, page.lines, detector)
    assert layout.regions[0].lines[0].text.startswith("A heading")
    sides = [region.box[0] > 297 for region in layout.regions[1:]]
    assert sides == sorted(sides)
    assert len(sides) >= 6
    assert all(region.box[2] < 297 or region.box[0] > 297 for region in layout.regions[1:])
    assert sum(len(region.lines) for region in layout.regions) == len(page.lines)


def test_recognised_lines_fill_their_boxes_on_the_made_page() -> None:
    """Latin and Chinese text is stretched to its box, whatever its natural width."""
    box = (50.0, 60.0, 250.0, 80.0)
    image = np.full((400, 300, 3), 255, np.uint8)
    page = Page(0, 300.0, 400.0, 72.0, image)
    for text in ("i", "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW", "中文文字"):
        document, scale = page_of_lines(page, [Line((Span(text, box),), box, "rapidocr")])
        with document:
            x0, _, x1, _ = document[0].get_text("blocks")[0][:4]
        assert x0 / scale == pytest.approx(box[0], abs=3)
        assert x1 / scale == pytest.approx(box[2], abs=3)


def test_a_page_without_text_has_no_regions(detector: PyMuPDFDetector) -> None:
    """No lines, no finds, and no failure on a page of one pixel."""
    tiny = Page(0, 0.5, 0.5, 144.0, np.zeros((1, 1, 3), np.uint8))
    assert analyse(tiny, (), detector).regions == ()
    speck = Line((Span("x", (0, 0, 0.5, 0.5)),), (0, 0, 0.5, 0.5), "rapidocr")
    assert len(analyse(tiny, [speck], detector).regions) == 1


def test_recognised_share_counts_characters() -> None:
    """Three of four characters that OCR read are three quarters."""
    box = (0.0, 0.0, 1.0, 1.0)
    lines = [Line((Span("a", box),), box, "text-layer"), Line((Span("bcd", box),), box, "rapidocr")]
    assert recognised_share(lines) == 0.75


def test_bench_counts_finds_categories_and_order(tmp_path: Path) -> None:
    """A page with one find in the wrong category, one miss and a swapped order scores as it should."""
    poly = [
        [0, 0, 100, 0, 100, 50, 0, 50],
        [0, 60, 100, 60, 100, 110, 0, 110],
        [0, 120, 100, 120, 100, 170, 0, 170],
    ]
    kinds = ["title", "text_block", "figure"]
    items = [
        {"category_type": kind, "poly": shape, "order": i + 1, "ignore": False}
        for i, (kind, shape) in enumerate(zip(kinds, poly, strict=True))
    ]
    items.append({"category_type": "header", "poly": poly[0], "order": None, "ignore": False})
    expected = bench.truths({"layout_dets": items})
    regions = [
        Region(0, 1, (0, 0, 50, 25), Category.TEXT),
        Region(0, 0, (0, 30, 50, 55), Category.TEXT),
        Region(0, 2, (200, 200, 210, 210), Category.PICTURE),
    ]
    result = bench.score("page", expected, regions, scale=2.0)
    assert len(expected) == 3
    assert bench.share([result]) == pytest.approx(2 / 3)
    assert sum(result.agreed.values()) == 1
    assert result.distance == 1.0
    assert json.dumps(bench.summary([result]))
    with pytest.raises(UsageError):
        next(bench.pages(tmp_path))


DATA = Path(__file__).parents[2] / "shared" / "data" / "omnidocbench_demo"


@pytest.mark.skipif(not DATA.exists(), reason="the shared pages are not here")
def test_shared_page_layout_given_its_annotated_lines(detector: PyMuPDFDetector) -> None:
    """With the annotated lines as reading, most regions of a two-column page are found in order."""
    annotations = json.loads((DATA / "OmniDocBench_demo.json").read_text(encoding="utf-8"))
    name, page, expected = next(item for item in bench.pages(DATA) if "llm-raw" in item[0])
    lines = annotated_lines(next(a for a in annotations if a["page_info"]["image_path"] == name), page)
    layout = analyse(page, lines, detector)
    result = bench.score(name, expected, layout.regions, page.image.shape[1] / page.width)
    assert bench.share([result]) > 0.75
    assert result.distance is not None
    assert result.distance < 0.15


def annotated_lines(annotation: dict[str, list[dict[str, object]]], page: Page) -> Sequence[Line]:
    """The annotation's own text lines, in page points."""
    scale = page.width / page.image.shape[1]
    lines = []
    for item in annotation["layout_dets"]:
        for span in item.get("line_with_spans") or ():  # type: ignore[attr-defined]
            xs, ys = span["poly"][0::2], span["poly"][1::2]
            box = (min(xs) * scale, min(ys) * scale, max(xs) * scale, max(ys) * scale)
            text = span.get("text") or span.get("latex") or "x"
            lines.append(Line((Span(text, box),), box, "rapidocr"))
    return lines
