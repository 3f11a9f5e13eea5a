"""A drafter that does to its process what a page's text says, and a package that offers it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from docspec.config import Options
from docspec.drafters.reading.text_layer import TextLayerDrafter
from docspec.types import Category, Line, Page, Region, union

LOG = "DOCSPEC_TEST_LOG"  # in the environment: the file that names every page that was read
PARTS: Options = {"verifier": "draft-only", "drafter": "hazard", "detector": "block"}
ENTRY_POINTS = (
    "[docspec.drafters]\nhazard = batch_parts:Hazard\n[docspec.detectors]\nblock = batch_parts:OneBlock\n"
)
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
