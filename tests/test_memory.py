"""Long documents in bounded memory: each is read in a process of its own, whose memory is nobody else's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pymupdf
import pytest

import docspec
from docspec.config import Config
from docspec.pipeline import Parts
from docspec.types import Line, Page, PageResult

MIB = 1 << 20
PAGES, FIRST, AROUND = 300, 100, 50  # growth is measured from the pages after the FIRST ones to the last ones


def long_document(path: Path, sentences: int) -> Path:
    """Many pages of prose."""
    made = pymupdf.open()
    for number in range(PAGES):
        page = made.new_page(width=420, height=595)
        text = " ".join(f"Sentence {line} of page {number} says what it says." for line in range(sentences))
        page.insert_textbox((40, 40, 380, 560), text, fontsize=10)
    made.save(path)
    return path


def small_parser() -> docspec.Parser:
    """Small parts, but a megabyte of strips a page, as lines of OCR carry them."""
    from test_run import Doubtful, OneBlock, Shouting

    class Reads(Doubtful):
        def read(self, page: Page) -> Sequence[Line]:
            lines = super().read(page)
            share = MIB // 3 // max(1, len(lines))
            return [replace(line, strips=(np.ones((1, share, 3), np.uint8),)) for line in lines]

    return docspec.Parser(Config(), parts=Parts(Shouting(), OneBlock(), Reads()))


def growth(parser: docspec.Parser, path: Path) -> float:
    """How many MiB of resident memory the pages after the first ones add.

    The least of a stretch of pages: how many are open at a moment, and their images with them, goes up and
    down, by 50 to 120 MiB.
    """
    process, sizes = psutil.Process(), []

    def note(page: PageResult) -> None:
        sizes.append(process.memory_info().rss)

    assert parser.parse(path, progress=note).errors == ()
    return float(min(sizes[-AROUND:]) - min(sizes[FIRST : FIRST + AROUND])) / MIB


def growth_elsewhere(parts: str, path: Path) -> float:
    """The same in a process of its own."""
    command = [sys.executable, __file__, parts, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parent)
    return float(done.stdout)


def test_pages_that_are_done_take_no_memory(tmp_path: Path) -> None:
    """What the pages were read from goes with their verdicts: 200 MB of strips leave nothing behind."""
    assert growth_elsewhere("small", long_document(tmp_path / "long.pdf", 60)) < 50


@pytest.mark.slow
def test_three_hundred_pages_with_the_real_parts(tmp_path: Path) -> None:
    """The same with layout model, drafter and the bundled verifier reading everything: the images alone would
    be over a gigabyte. What threads of several libraries keep for themselves differs by tens of MiB."""
    assert growth_elsewhere("real", long_document(tmp_path / "long.pdf", 3)) < 100


if __name__ == "__main__":
    wanted, document = sys.argv[1:]
    made = small_parser() if wanted == "small" else docspec.Parser(verify="all", accept="fused")
    print(growth(made, Path(document)))
