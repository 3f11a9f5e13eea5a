"""Families whose images are grids of patches, with one token for each merged cell (as in Qwen2-VL)."""

from __future__ import annotations

from typing import Any

import torch
from PIL.Image import Image as Picture
from transformers import AutoImageProcessor

from docspec.types import Category, Image
from docspec.verifiers.profiles.base import Profile
from docspec.verifiers.profiles.framing import resized
from docspec.verifiers.sequence import Prompt, VisualLayers


class GridProfile(Profile):
    """Several images are encoded in one pass of the vision tower; prompts get M-RoPE positions.

    Only the checkpoint's image processor is used: the full processors of most of these families handle video
    as well and would need torchvision for it.
    """

    processor_type = AutoImageProcessor

    def inputs(self, image: Image, category: Category | None) -> dict[str, Any]:
        """What the family's full processor makes of the image and the prompt: ``generate``'s arguments."""
        vision = self.processor(images=[self.picture(image, category)], return_tensors="pt")
        cells = int(vision["image_grid_thw"].prod()) // self.processor.merge_size**2
        image_id = self.config.image_token_id
        token = self.tokenizer.convert_ids_to_tokens(image_id)
        text = self.chat(category).replace(token, token * cells)
        ids = self.tokenizer(text, return_tensors="pt", **self.special_tokens(text))["input_ids"]
        return {"input_ids": ids, "mm_token_type_ids": (ids == image_id).int(), **vision}

    def sized(self, image: Image, category: Category | None) -> Picture:
        """The image in whole cells of the grid, as the processor makes them."""
        return whole_cells(self.picture(image, category), self.processor)

    def embed(self, model: Any, batch: list[dict[str, Any]]) -> list[Prompt]:
        """Prompts of ``inputs``; one pass of the ``model``'s vision tower over all images."""
        core, device = model.model, model.device
        with torch.inference_mode():
            encoded = core.get_image_features(
                torch.cat([inputs["pixel_values"] for inputs in batch]).to(device, model.dtype),
                torch.cat([inputs["image_grid_thw"] for inputs in batch]).to(device),
                return_dict=True,
            )
            layers = getattr(encoded, "deepstack_features", None) or []  # L of [cells, D] for each image
            return [
                self._grid_prompt(core, inputs, encoded.pooler_output[i], [layer[i] for layer in layers])
                for i, inputs in enumerate(batch)
            ]

    def _grid_prompt(
        self, core: Any, inputs: dict[str, Any], feature: torch.Tensor, layers: list[torch.Tensor]
    ) -> Prompt:
        """``feature`` [cells, D] in place of the image tokens; ``layers`` for the decoder's first layers."""
        device = feature.device
        ids = inputs["input_ids"].to(device)  # [1, P]
        places = ids[0] == self.config.image_token_id
        embeds = core.get_input_embeddings()(ids)[0]  # [P, D]
        embeds[places] = feature.to(embeds.dtype)
        positions, _ = core.get_rope_index(
            ids, inputs["mm_token_type_ids"].to(device), inputs["image_grid_thw"].to(device)
        )  # [3, 1, P]
        visual = VisualLayers(places, torch.stack(layers)) if layers else None
        return Prompt(embeds, positions[:, 0], tuple(ids[0].tolist()), visual)


def whole_cells(picture: Picture, processor: Any) -> Picture:
    """``picture`` scaled by the image ``processor`` of such a family. Raises ValueError where it refuses."""
    return resized(
        picture,
        processor,
        factor=processor.patch_size * processor.merge_size,
        temporal_factor=processor.temporal_patch_size,
    )
