"""granite-docling and SmolDocling (arXiv 2503.11576; class Idefics3): pages and regions as DocTags.

Prompts are those of the model cards (huggingface.co/ibm-granite/granite-docling-258M). The image is cut into
tiles of 512 pixels by the checkpoint's processor.
"""

from __future__ import annotations

from docspec.types import Category, Style
from docspec.verifiers.profiles.base import Family


class GraniteDocling(Family):
    """Page reading; DocTags are special tokens and belong to the output."""

    style = Style(table=None, formula="latex")
    special_text = True
    prompt = page_prompt = "Convert this page to docling."
    prompts = {  # noqa: RUF012
        Category.TABLE: "Convert table to OTSL.",
        Category.FORMULA: "Convert formula to LaTeX.",
    }
