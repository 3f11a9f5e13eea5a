"""The bundled verifier reads a scanned table cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pymupdf
import pytest

from docspec.config import Config
from docspec.drafters.reading.ocr import OcrDrafter
from docspec.drafters.reading.recogniser import Features
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
    bare = replace(request_for_table, line_features=((),) * len(request_for_table.line_features))
    assert MiniVerifier(Config()).declines(bare) == "the text layer's tables stand"


def test_handwritten_tables_stand(request_for_table: Request) -> None:
    """Where OCR is unsure, cells of a word or two are no better read by the mini."""
    unsure = tuple(replace(draft, confidence=0.8) for draft in request_for_table.drafts)
    assert "legible" in str(MiniVerifier(Config()).declines(replace(request_for_table, drafts=unsure)))


def test_a_table_needs_its_grid(request_for_table: Request) -> None:
    """Without a drafted table there is nothing to put cells into."""
    assert "drafted table" in str(MiniVerifier(Config()).declines(replace(request_for_table, drafts=())))


FOREIGN: dict[str, Callable[[], object]] = {
    "another recogniser's": lambda: Features(np.zeros((3, 7), np.float32), "another"),
    "of another kind": object,
    "bare numbers": lambda: np.zeros((9, 120), np.float32),
}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("category", [Category.TABLE, Category.TEXT])
def test_features_of_others_are_ignored(request_for_table: Request, category: Category, kind: str) -> None:
    """A drafter may hand on what its own recogniser saw: the pixels are looked at instead."""
    drafts = () if category is Category.TEXT else request_for_table.drafts
    request = replace(request_for_table, category=category, drafts=drafts)
    others = tuple(tuple(FOREIGN[kind]() for _ in pieces) for pieces in request.line_features)
    verifier = MiniVerifier(Config())
    [(_, verdict)] = verifier.verify([replace(request, line_features=others)])
    assert all(text in verdict.text for row in ROWS for text in row)
    if category is Category.TEXT:
        [(_, unknown)] = verifier.verify([replace(request, line_features=())])
        assert verdict.text == unknown.text  # its counts are of a verifier that has learnt from the first


def test_its_own_features_are_used(request_for_table: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sessions of one recogniser see the same: nothing is computed again."""
    verifier = MiniVerifier(Config())
    loaded: Any = verifier.inner.loaded
    seen: list[int] = []

    def extract(images: list[Any]) -> list[Any]:
        seen.append(len(images))
        return []

    monkeypatch.setattr(loaded.recogniser, "extract", extract)
    [(_, verdict)] = verifier.verify([request_for_table])
    assert verdict.finish is Finish.END
    assert set(seen) == {0}
