"""PaddleOCR-VL (arXiv 2510.14528): regions, each with the prompt of its kind; tables come as OTSL.

Prompts are those of the model card (huggingface.co/PaddlePaddle/PaddleOCR-VL). Image sizes are the
checkpoint's own (147,456 to 2,822,400 pixels published).
"""

from __future__ import annotations

from docspec.types import Category, Style
from docspec.verifiers.profiles.grid import GridFamily


class PaddleOCRVL(GridFamily):
    """Region reading; the page prompt reads a page as one text region."""

    style = Style(table=None, formula="latex")
    native = "region"
    prompt = page_prompt = "OCR:"
    prompts = {Category.TABLE: "Table Recognition:", Category.FORMULA: "Formula Recognition:"}  # noqa: RUF012
