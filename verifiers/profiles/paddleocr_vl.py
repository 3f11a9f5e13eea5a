"""PaddleOCR-VL (arXiv 2510.14528): regions, each with the prompt of its kind; tables come as OTSL.

Prompts are those of the model card (huggingface.co/PaddlePaddle/PaddleOCR-VL). Image sizes are the
checkpoint's own (147,456 to 2,822,400 pixels published).
"""

from __future__ import annotations

import re

from docspec.drafters.formats.table_text import read_otsl, read_table, write_html, write_otsl
from docspec.types import Category, Style
from docspec.verifiers.profiles.patch_grid import GridProfile

OTSL = re.compile(r"<(?:fcel|ecel|nl)>")


class PaddleOCRVL(GridProfile):
    """Region reading; the page prompt reads a page as one text region."""

    style = Style(table="html", formula=("$", "$"))
    native = "region"
    prompt = page_prompt = "OCR:"
    prompts = {Category.TABLE: "Table Recognition:", Category.FORMULA: "Formula Recognition:"}  # noqa: RUF012

    def write(self, category: Category, draft: str) -> str:
        """A region's draft as the model would write it, tables as OTSL."""
        grid = read_table(draft) if category is Category.TABLE else None
        return draft if grid is None else write_otsl(grid)

    def read(self, category: Category, output: str) -> str:
        """A region's text, tables as HTML."""
        text = super().read(category, output)
        if category is Category.TABLE and OTSL.search(text):
            return write_html(read_otsl(text))
        return text
