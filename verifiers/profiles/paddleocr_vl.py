"""PaddleOCR-VL (arXiv 2510.14528): regions, each with the prompt of its kind; tables come as OTSL.

Prompts are those of the model card (huggingface.co/PaddlePaddle/PaddleOCR-VL). Image sizes are the
checkpoint's own (147,456 to 2,822,400 pixels published).
"""

from __future__ import annotations

import re

from docspec.drafters.formats.table_text import read_otsl, write_html
from docspec.types import Category, Style
from docspec.verifiers.profiles.grid import GridFamily

OTSL = re.compile(r"<(?:fcel|ecel|nl)>")


class PaddleOCRVL(GridFamily):
    """Region reading; the page prompt reads a page as one text region."""

    style = Style(table=None, formula="latex")
    native = "region"
    prompt = page_prompt = "OCR:"
    prompts = {Category.TABLE: "Table Recognition:", Category.FORMULA: "Formula Recognition:"}  # noqa: RUF012

    def read(self, category: Category, output: str) -> str:
        """A region's text, tables as HTML."""
        text = super().read(category, output)
        if category is Category.TABLE and OTSL.search(text):
            return write_html(read_otsl(text))
        return text
