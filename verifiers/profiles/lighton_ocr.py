"""LightOnOCR (arXiv 2601.14251): the page image alone is the prompt, markdown the answer.

Pages are rendered at 200 dpi, the longer side at most 1540 pixels (model card,
huggingface.co/lightonai/LightOnOCR-2-1B).
"""

from __future__ import annotations

from docspec.types import Style
from docspec.verifiers.profiles.base import Profile


class LightOnOcr(Profile):
    """Page reading without any instruction; regions are read as small pages."""

    style = Style(table="html", formula=("$", "$"), heading_marks=True)
    page_side = 1540
