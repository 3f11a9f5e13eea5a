"""Cards of a slide: what stands in one box is read together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pymupdf
import pytest

from docspec.layout import analyse
from docspec.source import open_document
from docspec.types import Box, Category, Line, Page, Region

CARDS = (("Plan", "Count the boats", "Ask the crews"), ("Build", "Cut the timber", "Set the posts"))


class OneRegion:
    """A detector that sees all lines as one region."""

    def __init__(self, category: Category) -> None:
        self.category = category

    def detect(self, page: Page, lines: Sequence[Line]) -> Sequence[Region]:
        """The region."""
        return [Region(page.index, 0, (0.0, 0.0, page.width, page.height), self.category)]


def read(draw_frames: bool, category: Category, path: Path) -> list[list[str]]:
    """The lines of each region of a slide with two cards."""
    document = pymupdf.open()
    page = document.new_page(width=600, height=300)
    for number, card in enumerate(CARDS):
        x = 40 + 280 * number
        frame: Box = (x, 40, x + 240, 200)
        if draw_frames:
            page.draw_rect(frame, color=(0.3, 0.3, 0.6), fill=(0.93, 0.95, 1))
        for row, text in enumerate(card):
            page.insert_text((x + 20, 80 + 40 * row), text, fontsize=16)
    document.save(path)
    with open_document(path) as source:
        [sheet] = source.pages(72)
        assert isinstance(sheet, Page)
        regions = analyse(sheet, sheet.lines, OneRegion(category)).regions
    return [[line.text for line in region.lines] for region in regions]


@pytest.mark.parametrize("category", [Category.TEXT, Category.PICTURE])
def test_a_card_is_read_as_a_whole(category: Category, tmp_path: Path) -> None:
    """Rows that go over two cards are none, though a detector sees one text or one picture."""
    texts = [text for lines in read(True, category, tmp_path / "slide.pdf") for text in lines]
    assert texts == [text for card in CARDS for text in card]


def test_rows_without_boxes_stay_rows(tmp_path: Path) -> None:
    """Without a box around them, what stands side by side is in one region."""
    [texts] = read(False, Category.TABLE, tmp_path / "rows.pdf")
    assert sorted(texts) == sorted(text for card in CARDS for text in card)
