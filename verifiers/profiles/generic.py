"""Any model that transformers maps to image-text-to-text and that has no profile of its own.

Its checkpoint's processor and chat template ask it; the instructions are this project's, since none are
known. Whether such a model decodes exactly is not assumed: docspec.verifiers.self_check finds out.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from docspec.types import Category, Style
from docspec.verifiers.profiles.base import Profile


class Generic(Profile):
    """Page reading as markdown with HTML tables and LaTeX formulas, by instruction."""

    style = Style(table="html", formula=("$", "$"))
    template: Mapping[str, Any] = MappingProxyType({"enable_thinking": False})
    attention = {"text_config": "sdpa"}  # noqa: RUF012 (read only; other parts may have attention of their own)
    prompt = "Read the text in this image. Output the text only."
    prompts = {  # noqa: RUF012 (read only)
        Category.TABLE: "Write the table in this image as HTML. Output the table only.",
        Category.FORMULA: "Write the formula in this image as LaTeX. Output the formula only.",
    }
    page_prompt = (
        "Read this page as markdown, tables as HTML and formulas as LaTeX between $ signs. "
        "Output the markdown only."
    )
