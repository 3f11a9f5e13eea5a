"""Qianfan-OCR (arXiv 2603.13398): pages as markdown with HTML tables and LaTeX formulas.

The prompt is that of the model card (huggingface.co/baidu/Qianfan-OCR) and of transformers' documentation,
without the thinking that a setting of its chat template would ask for. It is the only one for documents, so
that regions are read as small pages. Its processor cuts the image into tiles.
"""

from __future__ import annotations

from docspec.types import Style
from docspec.verifiers.profiles.base import Profile


class QianfanOcr(Profile):
    """Page reading as markdown."""

    style = Style(table="html", formula=("$", "$"), heading_marks=True)
    prompt = page_prompt = "Parse this document to Markdown."
