"""GLM-OCR (arXiv 2603.10910): regions, each with the prompt of its kind; tables come as HTML.

Prompts are those of the model card (huggingface.co/zai-org/GLM-OCR).
"""

from __future__ import annotations

from docspec.types import Category, Style
from docspec.verifiers.profiles.patch_grid import GridProfile


class GlmOcr(GridProfile):
    """Region reading; the page prompt reads a page as markdown."""

    style = Style(table="html", formula=("$", "$"))
    native = "region"
    prompt = page_prompt = "Text Recognition:"
    prompts = {Category.TABLE: "Table Recognition:", Category.FORMULA: "Formula Recognition:"}  # noqa: RUF012
