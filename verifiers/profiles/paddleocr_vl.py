"""PaddleOCR-VL (arXiv 2510.14528): regions, each with the prompt of its kind; tables come as OTSL.

Prompts are those of the model card (huggingface.co/PaddlePaddle/PaddleOCR-VL). Image sizes are the
checkpoint's own (147,456 to 2,822,400 pixels published).
"""

from __future__ import annotations

from docspec.types import Category, Style
from docspec.verifiers.profiles.otsl import TablesAsOtsl
from docspec.verifiers.profiles.patch_grid import GridProfile


class PaddleOCRVL(TablesAsOtsl, GridProfile):
    """Region reading; the page prompt reads a page as one text region."""

    style = Style(table="html", formula=("$", "$"))
    native = "region"
    prompt = page_prompt = "OCR:"
    prompts = {Category.TABLE: "Table Recognition:", Category.FORMULA: "Formula Recognition:"}  # noqa: RUF012
