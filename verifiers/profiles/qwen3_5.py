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

from docspec.drafters.formats.markdown import DEFAULT
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
MARKDOWN: Mapping[str, Any] = MappingProxyType(
    {
        "prompts": {},
        "text_first": frozenset(),
        "style": Style(table="html", formula=("$", "$"), heading_marks=True),
        "page_style": DEFAULT,
    }
)
# what differs in a checkpoint, by a word of its name
CHECKPOINTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "ovisocr2": {**MARKDOWN, "prompt": OVIS_PROMPT, "page_prompt": OVIS_PROMPT, "pixels": OVIS_PIXELS},
        "lightonocr-3": {**MARKDOWN, "prompt": "", "page_prompt": "", "page_side": LIGHTON_SIDE},
    }
)


class Qwen35(QwenVL):
    """Prompts and image sizes for one checkpoint of the family; ``pixels``, if any, bound an image's."""

    pixels: tuple[int, int] | None = None
    template: Mapping[str, Any] = MappingProxyType({"enable_thinking": False})

    def __init__(self, config: Any, tokenizer: Any, processor: Any) -> None:
        super().__init__(config, tokenizer, processor)
        for word, settings in CHECKPOINTS.items():
            if word in config.name_or_path.lower():
                vars(self).update(settings)
        if self.pixels and processor is not None:
            least, most = self.pixels
            processor.size = SizeDict(shortest_edge=least, longest_edge=most)

    def chat(self, category: Category | None) -> str:
        """The checkpoint's own chat template: there is no format without one."""
        return Profile.chat(self, category)

    def read_page(self, output: str, image: Image) -> tuple[PageRegion, ...]:
        """The regions of a page's output; what stands for a picture in it is left out."""
        return super().read_page(OVIS_IMAGE.sub("", output), image)
