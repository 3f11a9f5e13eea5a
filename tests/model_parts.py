"""A family of models that does to its process what a page's colour says, and a package that offers it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pymupdf

from docspec.types import Category, Image
from docspec.verifiers.profiles.qwen_vl import QwenVL

COLOURS = {"crash": (1.0, 0.0, 0.0), "hang": (0.0, 1.0, 0.0), "refuse": (0.0, 0.0, 1.0)}


class HazardProfile(QwenVL):
    """Qwen2-VL's, but for pages of some colours."""

    def inputs(self, image: Image, category: Category | None) -> dict[str, Any]:
        """The model's inputs, if the process lives to see them."""
        what = what_is(image)
        if what == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "hang":
            time.sleep(600)
        if what == "refuse":
            raise ValueError("too blue")
        return super().inputs(image, category)


def what_is(image: Image) -> str:
    """What an image of a page's colour is to do; empty where that is nothing."""
    corner = tuple((image[0, 0] > 128).astype(float))
    return next((name for name, colour in COLOURS.items() if colour == corner), "")


def make_coloured(path: Path, texts: list[str]) -> Path:
    """A PDF with a page for each text, of the colour that its first word names."""
    document = pymupdf.open()
    for text in texts:
        page = document.new_page(width=200, height=80)
        if (colour := COLOURS.get(text.split()[0])) is not None:
            page.draw_rect(page.rect, color=colour, fill=colour)
        page.insert_text((20, 40), text, fontsize=11)
    path.parent.mkdir(parents=True, exist_ok=True)
    document.save(path)
    document.close()
    return path


def write_distribution(folder: Path) -> None:
    """What an installer leaves in ``folder`` of a package with this profile."""
    (folder / "model_parts.py").write_text(Path(__file__).read_text("utf-8"), "utf-8")
    info = folder / "model_parts-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: model-parts\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text(
        "[docspec.profiles]\nqwen2_vl = model_parts:HazardProfile\n", "utf-8"
    )
