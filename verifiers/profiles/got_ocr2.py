"""GOT-OCR2 (arXiv 2409.01704): plain text, or formatted as LaTeX-flavoured markdown.

The processor writes the published prompts itself ("OCR: ", "OCR with format: "), with the chat around them.
The model card (huggingface.co/stepfun-ai/GOT-OCR-2.0-hf) stops at ``<|im_end|>``.
"""

from __future__ import annotations

from typing import Any

from docspec.drafters.formats.markdown import MarkdownOptions
from docspec.types import Category, Image, Style
from docspec.verifiers.profiles.base import Profile

PLAIN = frozenset(Category) - {Category.TABLE, Category.FORMULA}


class GotOcr2(Profile):
    """Formatted reading of pages, tables and formulas, plain reading of other regions.

    Tables come as LaTeX ``tabular``, which no drafter writes.
    """

    style = Style(table=None, formula=("\\(", "\\)"))
    stop_tokens = ("<|im_end|>",)
    page_style = MarkdownOptions(table=None, formula=("\\[\n", "\n\\]"), inline=("\\(", "\\)"))
    attention = {"text_config": "sdpa"}  # noqa: RUF012 (its vision tower has attention of its own)

    def inputs(self, image: Image, category: Category | None) -> dict[str, Any]:
        """What the family's processor makes of the image: ``generate``'s arguments."""
        picture = self.picture(image, category)
        return dict(self.processor(images=picture, format=category not in PLAIN, return_tensors="pt"))
