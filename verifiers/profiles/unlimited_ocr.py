"""Unlimited-OCR (arXiv 2606.23050): pages as blocks, each after its label and box.

The prompt is that of the model card (huggingface.co/baidu/Unlimited-OCR); there is no chat around it. Its
image processor needs torchvision, which docspec does not install: the profile is tested with the tiles that
DeepSeek-OCR-2's makes without it, which are cut in the same way.
"""

from __future__ import annotations

from docspec.drafters.formats import grounding
from docspec.types import Category, Image, PageRegion, Style
from docspec.verifiers.profiles.base import Profile


class UnlimitedOcr(Profile):
    """Page reading; labels and boxes stand between special tokens, which belong to the output."""

    style = Style(table="html", formula=("\\(", "\\)"))
    special_text = True
    prompt = page_prompt = "document parsing."

    def chat(self, category: Category | None) -> str:
        """The image's placeholder, the prompt."""
        return f"{self.processor.image_token}{self.prompt_for(category)}"

    def read(self, category: Category, output: str) -> str:
        """A region's text without the labels and boxes."""
        return super().read(category, grounding.text_of(output))

    def write_page(self, regions: tuple[PageRegion, ...], image: Image) -> str:
        """A page's draft: labels, boxes and text."""
        return grounding.write(regions, image, grounding.IN_LINE)

    def read_page(self, output: str, image: Image) -> tuple[PageRegion, ...]:
        """The regions of a page's output, boxes in pixels of ``image``."""
        return grounding.read(output, image)
