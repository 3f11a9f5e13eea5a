"""Tables and text that a born-digital page shows as pictures, or as drawings."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_parts import NoOcr

import docspec
from docspec.config import Config
from docspec.drafters.reading.auto import AutoDrafter
from docspec.drafters.reading.page_ink import Mask
from docspec.drafters.reading.pictured_print import is_print, pictures_of_print
from docspec.source import open_document
from docspec.types import Page

PROSE = "The keeper counts the ships that pass before breakfast and writes their names on a slate."
ROWS = (
    ("Fish", "Price", "Kilos"),
    ("Herring", "4.20", "120"),
    ("Mackerel", "5.10", "80"),
    ("Cod", "9.00", "33"),
)
SCALE = 0.9  # points of a pixel, as of a page's ink


def ink(rules: bool = False) -> Mask:
    """The table's words, with rules around its cells."""
    image = np.zeros((130, 330), np.uint8)
    for i, row in enumerate(ROWS):
        for j, text in enumerate(row):
            cv2.putText(image, text, (10 + 110 * j, 20 + 30 * i), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 255, 1)
    for i in range(5 if rules else 0):
        cv2.line(image, (2, 2 + 30 * i), (325, 2 + 30 * i), 255, 1)
        cv2.line(image, (2 + 80 * i, 2), (2 + 80 * i, 122), 255, 1)
    return image > 0


@pytest.mark.parametrize("rules", [True, False])
def test_words_and_rules_are_print(rules: bool) -> None:
    """With and without a grid."""
    assert is_print(ink(rules), SCALE)


@pytest.mark.parametrize("shape", ["circle", "curve", "bars"])
def test_drawings_with_words_are_none(shape: str) -> None:
    """A logo, a chart of lines and one of bars."""
    image = ink().astype(np.uint8)
    if shape == "circle":
        cv2.circle(image, (250, 60), 45, 1, -1)
    elif shape == "curve":
        points = np.array([[x, 60 + int(50 * np.sin(x / 12))] for x in range(330)], np.int32)
        cv2.polylines(image, [points], False, 1, 3)
    else:
        for i in range(6):
            cv2.rectangle(image, (50 * i + 5, 20 * i), (50 * i + 35, 128), 1, -1)
    assert not is_print(image > 0, SCALE)


@given(st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_nothing_and_a_block_are_no_print(height: int, width: int, full: bool) -> None:
    """Of any size."""
    assert not is_print(np.full((height, width), full), SCALE)


def picture(rows: Sequence[Sequence[str]]) -> pymupdf.Pixmap:
    """A ruled table as an image."""
    document = pymupdf.open()
    sheet = document.new_page(width=340, height=22 * len(rows) + 20)
    for i, row in enumerate(rows):
        for j, text in enumerate(row):
            sheet.insert_text((16 + 110 * j, 26 + 22 * i), text, fontsize=11)
    for i in range(len(rows) + 1):
        sheet.draw_line((10, 10 + 22 * i), (330, 10 + 22 * i))
    return sheet.get_pixmap(dpi=170)


def with_picture(caption: str = "") -> bytes:
    """A page of text with that table as an image, and a line below it."""
    document = pymupdf.open()
    page = document.new_page(width=595, height=500)
    for i in range(3):
        page.insert_text((60, 60 + 14 * i), PROSE, fontsize=11)
        page.insert_text((60, 330 + 14 * i), PROSE, fontsize=11)
    page.insert_image(pymupdf.Rect(80, 130, 420, 238), pixmap=picture(ROWS))
    page.insert_text((80, 256), caption, fontsize=10)
    return bytes(document.tobytes())


def test_a_table_that_is_an_image_is_a_table() -> None:
    """Its cells are read and stand in their rows, between the text around it."""
    markdown = docspec.parse(with_picture(), verifier="draft-only").markdown
    assert "<td>Herring</td><td>4.20</td><td>120</td>" in markdown
    assert "<td>Cod</td><td>9.00</td><td>33</td>" in markdown
    assert markdown.count("The keeper counts") == 6


def test_a_figure_is_not_read() -> None:
    """Where a caption says so, its words are a diagram's labels."""
    with open_document(with_picture("Figure 2: Prices of the week"), name="page.pdf") as source:
        [page] = source.pages(100)
        assert isinstance(page, Page)
        assert tuple(AutoDrafter(engine=NoOcr()).read(page)) == page.lines


def test_a_photograph_is_none() -> None:
    """It has specks of the size of letters, but no ground."""
    noise = np.random.default_rng(3).normal(128, 40, (60, 80, 3))
    image = cv2.resize(noise.clip(0, 255).astype(np.uint8), (800, 600), interpolation=cv2.INTER_CUBIC)
    page = Page(0, 576.0, 432.0, 100, np.ascontiguousarray(image))
    rest = np.random.default_rng(4).random((480, 640)) < 0.02
    assert pictures_of_print(rest, page, [(0.0, 0.0, 576.0, 432.0)], ()) == []


def test_sentences_of_a_screenshot_are_text() -> None:
    """A dialog with a bar, a sentence and buttons: what it says is not lost with the picture."""
    shot = pymupdf.open()
    dialog = shot.new_page(width=300, height=110)
    dialog.draw_rect(dialog.rect, fill=(0.95, 0.95, 0.95), color=None)
    dialog.draw_rect(pymupdf.Rect(0, 0, 300, 22), fill=(0.2, 0.4, 0.8))
    dialog.insert_text((20, 55), "The lamp cannot be switched off by day.", fontsize=10)
    for i, word in enumerate(("Retry", "Cancel")):
        dialog.draw_rect(pymupdf.Rect(120 + i * 80, 80, 190 + i * 80, 102))
        dialog.insert_text((138 + i * 80, 95), word, fontsize=10)
    document = pymupdf.open("pdf", with_picture("Figure 1: Prices"))
    document[0].insert_image(pymupdf.Rect(80, 385, 380, 495), pixmap=dialog.get_pixmap(dpi=170))
    parser = docspec.Parser(Config(verifier="draft-only"))
    assert (
        "The lamp cannot be switched off by day"
        in parser.parse(bytes(document.tobytes()), name="a.pdf").markdown
    )
