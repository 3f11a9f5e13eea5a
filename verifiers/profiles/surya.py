"""Surya 2 (class Qwen3.5): pages and regions as HTML, each block of a page with its label and box.

Prompts, sizes and format are those of its own client (github.com/datalab-to/surya, ``surya/inference``,
``surya/settings.py``): pages at 192 dpi, images scaled to whole cells of 28 pixels within bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from PIL.Image import Image as Picture

from docspec.drafters.formats import block_html, page_html
from docspec.marks import bare_formula
from docspec.types import Category, Image, PageRegion, Style
from docspec.verifiers.profiles.framing import fitted
from docspec.verifiers.profiles.qwen3_5 import MarkdownReader

PIXELS = (1792 * 28, 3072 * 2048)  # of an image, at least and at most
CELL = 28  # pixels


class Surya(MarkdownReader):
    """Page reading; the checkpoint's chat template is used without any setting, as its client does."""

    dpi = 192.0
    template: Mapping[str, Any] = MappingProxyType({})
    style = Style(table="html", formula=("$", "$"))
    prompt = "OCR this block image to HTML."
    page_prompt = (
        "OCR this image to HTML. Each block is a div with data-label and data-bbox "
        "(x0 y0 x1 y1, normalized 0-1000)."
    )

    def picture(self, image: Image, category: Category | None) -> Picture:
        """The image as its client scales it."""
        return fitted(super().picture(image, category), PIXELS, CELL)

    def write(self, category: Category, draft: str) -> str:
        """A region's draft as the HTML of its block."""
        return block_html.write(category, draft)

    def read(self, category: Category, output: str) -> str:
        """A region's text: its HTML as markdown, tables as HTML."""
        text = block_html.read_text(output)
        return bare_formula(text) if category is Category.FORMULA else text

    def write_page(self, regions: tuple[PageRegion, ...], image: Image) -> str:
        """A page's draft: a labelled block for each region."""
        return page_html.write(regions, image)

    def read_page(self, output: str, image: Image) -> tuple[PageRegion, ...]:
        """The regions of a page's output, boxes in pixels of ``image``."""
        return page_html.read(output, image)
