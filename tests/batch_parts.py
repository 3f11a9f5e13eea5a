"""A drafter that does to its process what a page's text says, documents of such pages, and their package."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import pymupdf

from docspec.config import Options
from docspec.drafters.reading.text_layer import TextLayerDrafter
from docspec.types import Category, Line, Page, Region, union

LOG = "DOCSPEC_TEST_LOG"  # in the environment: the file that names every page that was read
PARTS: Options = {"verifier": "draft-only", "drafter": "hazard", "detector": "block"}
OPTIONS = tuple(word for name, value in PARTS.items() for word in (f"--{name}", str(value)))


class OneBlock:
    """A detector that needs no model: everything is one paragraph."""

    def detect(self, page: Page, lines: Sequence[Line]) -> Sequence[Region]:
        """One region, or none on an empty page."""
        return [Region(page.index, 0, union(line.box for line in lines), Category.TEXT)] if lines else []


class Hazard(TextLayerDrafter):
    """Reads the text layer; pages that say so break the process that reads them."""

    def read(self, page: Page) -> Sequence[Line]:
        """The lines, if the process lives to see them."""
        text = " ".join(line.text for line in page.lines)
        if LOG in os.environ:
            with open(os.environ[LOG], "a", encoding="utf-8") as log:
                log.write(text + "\n")
        if "SEGFAULT" in text:
            os.kill(os.getpid(), 11)
        if "HANG" in text:
            time.sleep(600)
        if "BOMB" in text:
            held = [bytearray(os.urandom(1 << 20) * 16) for _ in range(200)]
            time.sleep(600 + len(held))
        if "SLOW" in text:
            time.sleep(0.1)
        return super().read(page)


def make_pdf(path: Path, texts: Sequence[str]) -> Path:
    """A PDF with a page for each text."""
    document = pymupdf.open()
    for text in texts:
        page = document.new_page(width=200, height=80)
        page.insert_text((20, 40), text, fontsize=11)
    path.parent.mkdir(parents=True, exist_ok=True)
    document.save(path)
    document.close()
    return path


def write_distribution(folder: Path) -> None:
    """What an installer leaves in ``folder`` of a package with these parts."""
    (folder / "batch_parts.py").write_text(Path(__file__).read_text("utf-8"), "utf-8")
    info = folder / "batch_parts-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: batch-parts\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text(
        "[docspec.drafters]\nhazard = batch_parts:Hazard\n"
        "[docspec.detectors]\nblock = batch_parts:OneBlock\n",
        "utf-8",
    )
