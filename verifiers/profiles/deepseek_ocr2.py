"""DeepSeek-OCR-2 (arXiv 2601.20552): pages as markdown, each block with its label and box.

Prompts are those of the model card (huggingface.co/deepseek-ai/DeepSeek-OCR-2): ``Convert the document to
markdown.`` with layout for pages, ``Free OCR.`` for regions.
"""

from __future__ import annotations

from docspec.types import Style
from docspec.verifiers.profiles.base import Family


class DeepSeekOcr2(Family):
    """Page reading with layout labels, which are special tokens and belong to the output."""

    style = Style(table="html", formula="latex")
    special_text = True
    prompt = "Free OCR."
    page_prompt = "<|grounding|>Convert the document to markdown."
