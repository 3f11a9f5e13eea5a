"""MinerU2.5 and MinerU2.5-Pro (arXiv 2509.22186, 2604.04771; class Qwen2-VL): regions, tables as OTSL.

Prompts, system prompt and image frames are those of its own client (github.com/opendatalab/mineru-vl-utils,
``mineru_client.py``). Its layout prompt gives boxes alone, which docspec's layout has already; its client
also penalises repetition, which docspec does where the checkpoint's generation config says so.
"""

from __future__ import annotations

from PIL.Image import Image as Picture

from docspec.drafters.formats import markdown
from docspec.types import Category, Image, Style
from docspec.verifiers.profiles.framing import framed
from docspec.verifiers.profiles.otsl import TablesAsOtsl
from docspec.verifiers.profiles.qwen_vl import QwenVL

ASPECT = 50  # of an image, at the most
NOTHING = "[Non-Text]"  # the answer where there is no text


class MinerU(TablesAsOtsl, QwenVL):
    """Region reading; the page prompt reads a page as one text region."""

    style = Style(table="html", formula=("\\(", "\\)"))
    native = "region"
    special_text = True
    system = "You are a helpful assistant."
    prompt = page_prompt = "\nText Recognition:"
    prompts = {  # noqa: RUF012
        Category.TABLE: "\nTable Recognition:",
        Category.FORMULA: "\nFormula Recognition:",
    }
    text_first = frozenset()
    page_style = markdown.DEFAULT

    def picture(self, image: Image, category: Category | None) -> Picture:
        """The image, elongated ones set on white."""
        return framed(image, aspect=ASPECT)

    def read(self, category: Category, output: str) -> str:
        """A region's text, tables as HTML."""
        text = super().read(category, output)
        return "" if text == NOTHING else text
