"""The bundled verifier reads a scanned table cell by cell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pymupdf
import pytest

from docspec.config import Config
from docspec.drafters.reading.ocr import OcrDrafter
from docspec.drafters.reading.text_layer import draft_lines
from docspec.drafting import region_request
from docspec.types import Category, Finish, Page, Region, Request, Style
from docspec.verifiers.mini.verifier import MiniVerifier

ROWS = [["Cup", "Volume", "Time"], ["small", "120", "3.5"], ["large", "350", "7.25"]]


@pytest.fixture(scope="module")
def request_for_table() -> Request:
    """A picture of a table without rules, read by OCR."""
    with pymupdf.open() as document:
        sheet = document.new_page(width=300, height=100)
        for i, row in enumerate(ROWS):
            for j, text in enumerate(row):
                sheet.insert_text((20 + 95 * j, 30 + 24 * i), text, fontsize=12)
        pixels = sheet.get_pixmap(dpi=150)
    image = np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width, 3)
    page = Page(0, 300.0, 100.0, 150.0, image)
    lines = tuple(OcrDrafter(threads=1).read(page))
    region = Region(0, 0, (0.0, 0.0, 300.0, 100.0), Category.TABLE, lines=lines)
    return region_request("table", page, region, tuple(draft_lines(page, region, Style(), 0.9)))


@pytest.mark.parametrize("accept", ["exact", "fused"])
def test_cells_are_read_in_the_drafts_grid(request_for_table: Request, accept: Any) -> None:
    """Every cell is a piece of text, and comes back in its place."""
    verifier = MiniVerifier(Config(accept=accept))
    assert verifier.declines(request_for_table) is None
    [(key, verdict)] = verifier.verify([request_for_table])
    assert key == "table"
    assert verdict.finish is Finish.END
    rows = "".join(f"<tr>{''.join(f'<td>{text}</td>' for text in row)}</tr>" for row in ROWS)
    assert verdict.text == f"<table>{rows}</table>"
    assert verdict.stats.tokens > sum(len(text) for row in ROWS for text in row)


def test_tables_of_a_text_layer_stand(request_for_table: Request) -> None:
    """Their text is right already, and its lines were not read from the image."""
    bare = replace(request_for_table, line_strips=((),) * len(request_for_table.line_strips))
    assert MiniVerifier(Config()).declines(bare) == "the text layer's tables stand"


@pytest.mark.parametrize("category", [Category.TABLE, Category.TEXT])
def test_what_is_hardly_legible_stands(request_for_table: Request, category: Category) -> None:
    """Where OCR can hardly read (handwriting, blurred print) the mini reads no better."""
    unsure = tuple(replace(draft, confidence=0.8) for draft in request_for_table.drafts)
    request = replace(request_for_table, category=category, drafts=unsure)
    assert "legible" in str(MiniVerifier(Config()).declines(request))
    layer = tuple(replace(draft, source="text-layer") for draft in unsure)
    if category is Category.TEXT:  # a doubtful layer says nothing of the image
        assert MiniVerifier(Config()).declines(replace(request, drafts=layer)) is None


def test_text_that_ocr_is_sure_of_stands(request_for_table: Request) -> None:
    """But where everything is to be verified, or the mini's own output is asked for."""
    [draft] = request_for_table.drafts
    sure, unsure, layer = (
        replace(
            request_for_table,
            category=Category.TEXT,
            drafts=(replace(draft, text="Birch and oak", source=source, confidence=confidence),),
        )
        for source, confidence in ((draft.source, 0.99), (draft.source, 0.9), ("text-layer", 0.99))
    )
    assert MiniVerifier(Config()).declines(sure) == "OCR is sure of it"
    for config in (Config(verify="all"), Config(accept="exact")):
        assert MiniVerifier(config).declines(sure) is None
    for other in (unsure, layer):
        assert MiniVerifier(Config()).declines(other) is None


def test_a_table_needs_its_grid(request_for_table: Request) -> None:
    """Without a drafted table there is nothing to put cells into."""
    assert "drafted table" in str(MiniVerifier(Config()).declines(replace(request_for_table, drafts=())))


@pytest.mark.parametrize("category", [Category.TABLE, Category.TEXT])
def test_lines_without_strips_are_cut_out_of_the_image(
    request_for_table: Request, category: Category
) -> None:
    """A drafter need not hand on the pixels that it read."""
    drafts = () if category is Category.TEXT else request_for_table.drafts
    request = replace(request_for_table, category=category, drafts=drafts)
    if category is Category.TABLE:  # some are known: the table is OCR's
        strips = (request.line_strips[0], *(() for _ in request.line_strips[1:]))
    else:
        strips = ()
    [(_, verdict)] = MiniVerifier(Config()).verify([replace(request, line_strips=strips)])
    assert all(text in verdict.text for row in ROWS for text in row)


def test_what_ocr_saw_is_all_that_is_needed(request_for_table: Request) -> None:
    """It saw straightened strips, which tell more than upright boxes: here the boxes show nothing at all."""
    blank = np.full_like(request_for_table.image, 255)
    [(_, verdict)] = MiniVerifier(Config()).verify([replace(request_for_table, image=blank)])
    assert all(text in verdict.text for row in ROWS for text in row)
