"""granite-docling and SmolDocling (arXiv 2503.11576; class Idefics3): pages and regions as DocTags.

Prompts are those of the model cards (huggingface.co/ibm-granite/granite-docling-258M). The image is cut into
tiles of 512 pixels by the checkpoint's processor.
"""

from __future__ import annotations

import numpy as np

from docspec.drafters.formats import doctags
from docspec.types import Category, Image, PageRegion, Style
from docspec.verifiers.profiles.base import Profile

CROP = np.zeros((1, 1, 3), dtype=np.uint8)  # for the reader of pages: boxes inside a region are not asked for


class GraniteDocling(Profile):
    """Page reading; DocTags are special tokens and belong to the output."""

    style = Style(table="html", formula=("$", "$"))
    special_text = True
    prompt = page_prompt = "Convert this page to docling."
    prompts = {  # noqa: RUF012
        Category.TABLE: "Convert table to OTSL.",
        Category.FORMULA: "Convert formula to LaTeX.",
    }

    def write(self, category: Category, draft: str) -> str:
        """A region's draft as one element that fills the image."""
        return doctags.write((PageRegion(category, draft, (0, 0, 1, 1)),), CROP)

    def read(self, category: Category, output: str) -> str:
        """A region's text: that of its DocTags, tables as HTML."""
        return "\n\n".join(region.text for region in doctags.read(output, CROP) if region.text)

    def write_page(self, regions: tuple[PageRegion, ...], image: Image) -> str:
        """A page's draft in DocTags."""
        return doctags.write(regions, image)

    def read_page(self, output: str, image: Image) -> tuple[PageRegion, ...]:
        """The regions of a page's DocTags, boxes in pixels of ``image``."""
        return doctags.read(output, image)
