"""Granite Vision 4 (huggingface.co/ibm-granite/granite-vision-4.1-4b): a reader of tables and charts.

The tag for tables is the model card's: the checkpoint's chat template makes the whole prompt of it. The other
prompts are this project's: none are published.
"""

from __future__ import annotations

from docspec.types import Category
from docspec.verifiers.profiles.generic import Generic


class GraniteVision(Generic):
    """Region reading, tables by the model's own tag."""

    native = "region"
    prompts = {**Generic.prompts, Category.TABLE: "<tables_html>"}  # noqa: RUF012 (read only)
