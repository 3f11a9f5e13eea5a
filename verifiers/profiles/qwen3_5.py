"""Qwen3.5 (model type qwen3_5), and two readers of pages that were made of it: OvisOCR2 and LightOnOCR-3.

OvisOCR2 has one prompt, for pages, and bounds of an image's size (model card,
huggingface.co/ATH-MaaS/OvisOCR2). LightOnOCR-3-0.8B and -4B take the image alone, its longer side at most
2048 pixels (github.com/lightonai/LightOnOCR, ``lightonocr/models.py``; the 1B model is of the older kind, see
``lighton_ocr``). None of them thinks before it reads. Qwen3.5 itself is asked as the Qwens before it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from transformers.image_utils import SizeDict

from docspec.drafters.formats import markdown
from docspec.types import Category, Image, PageRegion, Style
from docspec.verifiers.profiles.base import Profile
from docspec.verifiers.profiles.qwen_vl import QwenVL

OVIS_PROMPT = (
    "\nExtract all readable content from the image in natural human reading order and output the result as a "
    "single Markdown document. For charts or images, represent them using an HTML image tag: "
    '<img src="images/bbox_{left}_{top}_{right}_{bottom}.jpg" />, where left, top, right, bottom are '
    "bounding box coordinates scaled to [0, 1000). Format formulas as LaTeX. Format tables as HTML: "
    "<table>...</table>. Transcribe all other text as standard Markdown. Preserve the original text without "
    "translation or paraphrasing."
)
OVIS_PIXELS = (448 * 448, 2880 * 2880)  # of an image, at least and at most
OVIS_IMAGE = re.compile(r'<img src="images/bbox_\d+_\d+_\d+_\d+\.jpg" ?/>')
LIGHTON_SIDE = 2048  # pixels


class Qwen35(QwenVL):
    """Page reading, without thinking first."""

    template: Mapping[str, Any] = MappingProxyType({"enable_thinking": False})
    checkpoints: Mapping[str, str] = MappingProxyType(
        {
            "ovisocr2": "docspec.verifiers.profiles.qwen3_5:OvisOCR2",
            "lightonocr-3": "docspec.verifiers.profiles.qwen3_5:LightOnOCR3",
            "surya-ocr-2": "docspec.verifiers.profiles.surya:Surya",
        }
    )

    def chat(self, category: Category | None) -> str:
        """The checkpoint's own chat template: there is no format without one."""
        return Profile.chat(self, category)


class MarkdownReader(Qwen35):
    """A checkpoint that was made to read pages: markdown, unless it says otherwise, and regions alike."""

    style = Style(table="html", formula=("$", "$"), heading_marks=True)
    prompt = page_prompt = ""
    prompts: Mapping[Category, str] = MappingProxyType({})
    text_first = frozenset()
    page_style = markdown.DEFAULT


class OvisOCR2(MarkdownReader):
    """Page reading by one prompt."""

    prompt = page_prompt = OVIS_PROMPT

    def __init__(self, config: Any, tokenizer: Any, processor: Any) -> None:
        super().__init__(config, tokenizer, processor)
        if processor is not None:
            least, most = OVIS_PIXELS
            processor.size = SizeDict(shortest_edge=least, longest_edge=most)

    def read_page(self, output: str, image: Image) -> tuple[PageRegion, ...]:
        """The regions of a page's output; what stands for a picture in it is left out."""
        return super().read_page(OVIS_IMAGE.sub("", output), image)


class LightOnOCR3(MarkdownReader):
    """Page reading without any instruction."""

    page_side = LIGHTON_SIDE
