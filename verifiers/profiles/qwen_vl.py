"""Qwen2-VL and Qwen2.5-VL (arXiv 2409.12191, 2502.13923): general VLMs, also under many OCR fine-tunes."""

from __future__ import annotations

from typing import Any

import torch

from docspec.types import Category, Image, Style
from docspec.verifiers.sequence import Prompt

CHAT = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>{prompt}<|im_end|>\n"
    "<|im_start|>assistant\n"
)
PROMPTS = {
    Category.TABLE: "Write the table in this image as HTML. Output the table only.",
    Category.FORMULA: "Write the formula in this image as LaTeX. Output the formula only.",
}
DEFAULT_PROMPT = "Extract the text content from this image."
UNREAD = frozenset({Category.PICTURE})


class QwenVL:
    """Prompts, image sizing and embedding for one loaded model of the family."""

    style = Style(table="html", formula="latex", list_marks=True)
    dpi = 200.0

    def __init__(self, model: Any, tokenizer: Any, image_processor: Any) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.image_processor = image_processor

    def declines(self, category: Category) -> str | None:
        """Why a region of this category is not sent to the model, or None."""
        return "pictures are not read" if category in UNREAD else None

    def inputs(self, image: Image, category: Category) -> dict[str, torch.Tensor]:
        """The model's inputs for one region: what the family's processor makes of image and prompt."""
        vision = self.image_processor(images=[image], return_tensors="pt")
        cells = int(vision["image_grid_thw"].prod()) // self.image_processor.merge_size**2
        text = self._chat(PROMPTS.get(category, DEFAULT_PROMPT)).replace(
            "<|image_pad|>", "<|image_pad|>" * cells
        )
        ids = self.tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
        is_image = (ids == self.model.config.image_token_id).int()
        return {"input_ids": ids, "mm_token_type_ids": is_image, **vision}

    def _chat(self, prompt: str) -> str:
        """The checkpoint's own chat template where it has one, else the published format."""
        if not self.tokenizer.chat_template:
            return CHAT.format(prompt=prompt)
        content = [{"type": "image"}, {"type": "text", "text": prompt}]
        text: str = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
        )
        return text

    def embed(self, batch: list[dict[str, torch.Tensor]]) -> list[Prompt]:
        """Prompts of ``inputs``; one pass of the vision tower over all images."""
        core, device = self.model.model, self.model.device
        with torch.inference_mode():
            features = core.get_image_features(
                torch.cat([inputs["pixel_values"] for inputs in batch]).to(device, self.model.dtype),
                torch.cat([inputs["image_grid_thw"] for inputs in batch]).to(device),
                return_dict=True,
            ).pooler_output  # one [cells, D] tensor an image
            prompts = []
            for inputs, feature in zip(batch, features, strict=True):
                ids = inputs["input_ids"].to(device)  # [1, P]
                embeds = core.get_input_embeddings()(ids)[0]  # [P, D]
                embeds[ids[0] == self.model.config.image_token_id] = feature.to(embeds.dtype)
                positions, _ = core.get_rope_index(
                    ids, inputs["mm_token_type_ids"].to(device), inputs["image_grid_thw"].to(device)
                )  # [3, 1, P]
                prompts.append(Prompt(embeds, positions[:, 0], tuple(ids[0].tolist())))
        return prompts

    def read(self, category: Category, output: str) -> str:
        """The region's text in the model's output: code fences around a whole answer are not part of it."""
        text = output.strip()
        if text.startswith("```") and text.endswith("```") and "\n" in text:
            text = text.partition("\n")[2].removesuffix("```").strip()
        return text
