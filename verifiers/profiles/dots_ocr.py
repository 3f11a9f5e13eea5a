"""dots.ocr (arXiv 2512.02498): one model for a page's layout and text, at home on whole pages.

Prompts, chat format and sizes are those of its public release (github.com/rednote-hilab/dots.ocr).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL.Image import Image as Picture
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

from docspec.drafters.formats import dots_json
from docspec.types import Category, Image, PageRegion, Style
from docspec.verifiers.dots_ocr.configuration import DotsOCRConfig
from docspec.verifiers.dots_ocr.loading import load_dots_ocr, load_words
from docspec.verifiers.profiles.base import Profile
from docspec.verifiers.profiles.patch_grid import whole_cells
from docspec.verifiers.sequence import Prompt

PAGE_PROMPT = """\
Please output the layout information from the PDF image, including each layout element's bbox, its category, \
and the corresponding text content within the bbox.

1. Bbox format: [x1, y1, x2, y2]

2. Layout Categories: The possible categories are ['Caption', 'Footnote', 'Formula', 'List-item', \
'Page-footer', 'Page-header', 'Picture', 'Section-header', 'Table', 'Text', 'Title'].

3. Text Extraction & Formatting Rules:
    - Picture: For the 'Picture' category, the text field should be omitted.
    - Formula: Format its text as LaTeX.
    - Table: Format its text as HTML.
    - All Others (Text, Title, etc.): Format their text as Markdown.

4. Constraints:
    - The output text must be the original text from the image, with no translation.
    - All layout elements must be sorted according to human reading order.

5. Final Output: The entire output must be a single JSON object.
"""


class DotsOCR(Profile):
    """Prompts, image sizing, embedding and page format for one dots.ocr checkpoint."""

    style = Style(table="html", formula=("$", "$"), list_marks=True)
    dpi = 200.0
    native = "page"
    prompt = "Extract the text content from this image."
    page_prompt = PAGE_PROMPT
    stop_tokens = ("<|endofassistant|>",)  # what answers end with; the generation config names others as well
    config_type = DotsOCRConfig

    @classmethod
    def load_words(cls, name: str, *, local_files_only: bool) -> tuple[Any, Any, Any]:
        """Configuration, tokenizer and image processor; see docspec.verifiers.dots_ocr.loading."""
        config = cls.config_type.from_pretrained(name, local_files_only=local_files_only)
        return config, *load_words(name, local_files_only=local_files_only)

    @classmethod
    def load(cls, name: str, *, dtype: torch.dtype, local_files_only: bool) -> tuple[Any, Any, Any]:
        """Model (on the CPU), tokenizer and image processor; see docspec.verifiers.dots_ocr.loading."""
        return load_dots_ocr(name, dtype=dtype, local_files_only=local_files_only)

    def chat(self, category: Category | None) -> str:
        """The published chat format, whatever template the checkpoint has."""
        image = "<|img|><|imgpad|><|endofimg|>"
        return f"<|user|>{image}{self.prompt_for(category)}<|endofuser|><|assistant|>"

    def special_tokens(self, text: str) -> dict[str, bool]:
        """None are added."""
        return {"add_special_tokens": False}

    def sized(self, image: Image, category: Category | None) -> Picture:
        """The image in whole cells of the grid, as the processor makes them."""
        return whole_cells(self.picture(image, category), self.processor)

    def inputs(self, image: Image, category: Category | None) -> dict[str, Any]:
        """``generate``'s arguments for one image; one image token for each merge cell."""
        vision = self.processor(images=[self.picture(image, category)], return_tensors="pt")
        cells = int(vision["image_grid_thw"].prod()) // self.processor.merge_size**2
        text = self.chat(category).replace("<|imgpad|>", "<|imgpad|>" * cells)
        ids = self.tokenizer(text, return_tensors="pt", **self.special_tokens(text))["input_ids"]
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids), **vision}

    def embed(self, model: Any, batch: list[dict[str, Any]]) -> list[Prompt]:
        """Prompts of ``inputs``; one pass of the ``model``'s vision tower over all images."""
        device = model.device
        lengths = [inputs["input_ids"].shape[1] for inputs in batch]
        with torch.inference_mode():
            embeds = model.embed(
                torch.cat([inputs["input_ids"][0] for inputs in batch]).to(device),
                torch.cat([inputs["pixel_values"] for inputs in batch]).to(device),
                torch.cat([inputs["image_grid_thw"] for inputs in batch]).to(device),
            )  # [sum of P, D]
        return [
            Prompt(part, torch.arange(len(part), device=device)[None], tuple(inputs["input_ids"][0].tolist()))
            for inputs, part in zip(batch, embeds.split(lengths), strict=True)
        ]

    def write_page(self, regions: tuple[PageRegion, ...], image: Image) -> str:
        """The page's draft as dots.ocr's JSON, boxes in pixels of the resized image."""
        shift, scale = self._placing(image)
        return dots_json.write_page([_shifted(region, shift) for region in regions], scale)

    def read_page(self, output: str, image: Image) -> tuple[PageRegion, ...]:
        """The regions of dots.ocr's JSON, boxes in pixels of ``image`` and inside it."""
        (dx, dy), (sx, sy) = self._placing(image)
        limit = (image.shape[1], image.shape[0])
        regions = dots_json.read_page(output, (1 / sx, 1 / sy))
        return tuple(_shifted(region, (-dx, -dy), limit) for region in regions)

    def _placing(self, image: Image) -> tuple[tuple[int, int], tuple[float, float]]:
        """How a page's pixels become the model's: moved into the frame, then scaled; x and y of each."""
        height, width = image.shape[:2]
        picture = self.picture(image, None)
        processor = self.processor
        down, across = smart_resize(
            picture.height,
            picture.width,
            processor.patch_size * processor.merge_size,
            processor.size["shortest_edge"],
            processor.size["longest_edge"],
        )
        shift = ((picture.width - width) // 2, (picture.height - height) // 2)
        return shift, (across / picture.width, down / picture.height)


def _shifted(region: PageRegion, shift: tuple[int, int], limit: tuple[int, int] | None = None) -> PageRegion:
    if region.box is None:
        return region
    box = np.add(region.box, (*shift, *shift))
    if limit is not None:
        box = np.clip(box, 0, (*limit, *limit))
    x0, y0, x1, y1 = box.tolist()
    return replace(region, box=(x0, y0, x1, y1))
