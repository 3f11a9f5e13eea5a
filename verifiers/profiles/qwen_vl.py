"""Qwen2-VL, Qwen2.5-VL and Qwen3-VL (arXiv 2409.12191, 2502.13923, 2511.21631), and olmOCR over them.

General VLMs, also under many OCR fine-tunes. The page prompt, its place before the image and the image's
longest side are olmOCR's (github.com/allenai/olmocr, ``build_no_anchoring_v4_yaml_prompt``, used by olmOCR-2;
"LateX" is spelled so there). The region prompts are this project's: none are published.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from docspec.drafters.formats.markdown import MarkdownOptions
from docspec.types import Category, Image, PageRegion, Style
from docspec.verifiers.profiles.patch_grid import GridProfile

CHAT = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "<|im_start|>user\n{content}<|im_end|>\n"
    "<|im_start|>assistant\n"
)
IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"
OLMOCR_PAGE_PROMPT = (
    "Attached is one page of a document that you must process. "
    "Just return the plain text representation of this document as if you were reading it naturally. "
    "Convert equations to LateX and tables to HTML.\n"
    "If there are any figures or charts, label them with the following markdown syntax "
    "![Alt text describing the contents of the figure](page_startx_starty_width_height.png)\n"
    "Return your output as markdown, with a front matter section on top specifying values for the "
    "primary_language, is_rotation_valid, rotation_correction, is_table, and is_diagram parameters."
)
OLMOCR_SIDE = 1288  # pixels
# what olmOCR writes of an upright page in English that is neither a table nor a diagram
OLMOCR_FRONT = """\
---
primary_language: en
is_rotation_valid: True
rotation_correction: 0
is_table: False
is_diagram: False
---
"""
FRONT_MATTER = re.compile(r"\s*---[ \t]*\n(?:[\w-]+:.*\n)*---[ \t]*(?:\n|$)")


class QwenVL(GridProfile):
    """Prompts and image sizes for one checkpoint of the family."""

    style = Style(table="html", formula=("\\(", "\\)"), list_marks=True)
    prompt = "Extract the text content from this image."
    prompts: Mapping[Category, str] = {
        Category.TABLE: "Write the table in this image as HTML. Output the table only.",
        Category.FORMULA: "Write the formula in this image as LaTeX. Output the formula only.",
    }
    page_prompt = OLMOCR_PAGE_PROMPT
    page_style = MarkdownOptions(
        table="html-lines",
        table_head=True,
        formula=("\\[\n", "\n\\]"),
        inline=("\\(", "\\)"),
        start=OLMOCR_FRONT,
    )
    text_first = frozenset({None})
    checkpoints: Mapping[str, str] = MappingProxyType(
        {
            "olmocr": "docspec.verifiers.profiles.qwen_vl:OlmOCR",
            "mineru2": "docspec.verifiers.profiles.mineru:MinerU",
        }
    )

    def chat(self, category: Category | None) -> str:
        """The checkpoint's own chat template where it has one, else the published format."""
        if self.tokenizer.chat_template:
            return super().chat(category)
        parts = [IMAGE, self.prompt_for(category)]
        return CHAT.format(content="".join(reversed(parts) if category in self.text_first else parts))

    def read_page(self, output: str, image: Image) -> tuple[PageRegion, ...]:
        """The regions of a page's output, the front matter left out."""
        return super().read_page(FRONT_MATTER.sub("", output, count=1), image)


class OlmOCR(QwenVL):
    """olmOCR's checkpoints, whose pages have a size of their own."""

    page_side = OLMOCR_SIDE
