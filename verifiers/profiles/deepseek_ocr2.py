"""DeepSeek-OCR-2 (arXiv 2601.20552): pages as markdown, each block with its label and box.

Prompts are those of the model card (huggingface.co/deepseek-ai/DeepSeek-OCR-2): ``Convert the document to
markdown.`` with layout for pages, ``Free OCR.`` for regions; there is no chat around them.
"""

from __future__ import annotations

from docspec.drafters.formats import grounding
from docspec.types import Category, Image, PageRegion, Style
from docspec.verifiers.profiles.base import Profile


class DeepSeekOcr2(Profile):
    """Page reading with layout labels, which are special tokens and belong to the output."""

    style = Style(table="html", formula=("\\(", "\\)"))
    special_text = True
    prompt = "Free OCR."
    page_prompt = "<|grounding|>Convert the document to markdown."

    def chat(self, category: Category | None) -> str:
        """The image's placeholder, a line break, the prompt."""
        return f"{self.processor.image_token}\n{self.prompt_for(category)}"

    def write_page(self, regions: tuple[PageRegion, ...], image: Image) -> str:
        """A page's draft: labels, boxes and markdown."""
        return grounding.write(regions, image)

    def read_page(self, output: str, image: Image) -> tuple[PageRegion, ...]:
        """The regions of a page's output, boxes in pixels of ``image``."""
        return grounding.read(output, image)
