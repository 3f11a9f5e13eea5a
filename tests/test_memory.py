"""Long documents in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pymupdf
import pytest
from test_run import Doubtful, OneBlock, Shouting

import docspec
from docspec.config import Config
from docspec.pipeline import Parts
from docspec.types import Line, Page, PageResult

MIB = 1 << 20


def long_document(path: Path, pages: int, sentences: int) -> Path:
    """Many pages of prose."""
    made = pymupdf.open()
    for number in range(pages):
        page = made.new_page(width=420, height=595)
        text = " ".join(f"Sentence {line} of page {number} says what it says." for line in range(sentences))
        page.insert_textbox((40, 40, 380, 560), text, fontsize=10)
    made.save(path)
    return path


class Reads(Doubtful):
    """A drafter whose lines carry what they were read from, a megabyte a page, as OCR's do."""

    def read(self, page: Page) -> Sequence[Line]:
        """The text layer's lines, with features of their own."""
        lines = super().read(page)
        share = MIB // 4 // max(1, len(lines))
        return [replace(line, features=(np.ones((share, 1), np.float32),)) for line in lines]


def resident_growth(parser: docspec.Parser, path: Path, first: int) -> float:
    """How many MiB of resident memory pages after the ``first`` add at the most."""
    process, sizes = psutil.Process(os.getpid()), []

    def note(page: PageResult) -> None:
        sizes.append(process.memory_info().rss)

    document = parser.parse(path, progress=note)
    assert document.errors == ()
    return float(max(sizes[first:]) - sizes[first]) / MIB


def test_pages_that_are_done_take_no_memory(tmp_path: Path) -> None:
    """What the pages were read from goes with their verdicts: 200 MB of features leave nothing behind."""
    parser = docspec.Parser(Config(), parts=Parts(Shouting(), OneBlock(), Reads()))
    assert resident_growth(parser, long_document(tmp_path / "long.pdf", 300, 60), 100) < 50


@pytest.mark.slow
def test_three_hundred_pages_with_the_real_parts(tmp_path: Path) -> None:
    """The same with layout model, drafter and the bundled verifier reading everything."""
    path = long_document(tmp_path / "long.pdf", 300, 3)
    with docspec.Parser(verify="all", accept="fused") as parser:
        assert resident_growth(parser, path, 100) < 50
