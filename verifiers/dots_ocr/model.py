"""dots.ocr as one model: the vision tower's features stand in for the image tokens of a Qwen2 decoder."""

from __future__ import annotations

from typing import Any

import torch
from transformers import Cache, Qwen2ForCausalLM
from transformers.modeling_outputs import CausalLMOutputWithPast

from docspec.errors import ModelError
from docspec.verifiers.decoder_hooks import cache_name
from docspec.verifiers.dots_ocr.configuration import DotsOCRConfig, DotsVisionConfig
from docspec.verifiers.dots_ocr.vision import DotsVisionTower

# keys of a few later conversions: the published checkpoint's names
KEY_VARIANTS = {r"\.attn\.qkv_proj\.": ".attn.qkv.", r"\.attn\.out_proj\.": ".attn.proj."}

_CACHE = cache_name(Qwen2ForCausalLM.forward)


class DotsOCRForCausalLM(Qwen2ForCausalLM):
    """The model; ``generate`` takes ``pixel_values`` and ``image_grid_thw`` beside the prompt's ids."""

    config_class = DotsOCRConfig
    config: DotsOCRConfig

    def __init__(self, config: DotsOCRConfig) -> None:
        super().__init__(config)
        assert isinstance(config.vision_config, DotsVisionConfig)
        self.vision_tower = DotsVisionTower(config.vision_config)
        self.post_init()  # type: ignore[no-untyped-call]  # partly annotated library

    @classmethod
    def from_pretrained(cls, *args: Any, **kwargs: Any) -> Any:
        """As in transformers; checkpoints with the variant names of the vision tower's attention load too."""
        kwargs.setdefault("key_mapping", KEY_VARIANTS)
        return super().from_pretrained(*args, **kwargs)

    def embed(
        self, input_ids: torch.Tensor, pixel_values: torch.Tensor, image_grid_thw: torch.Tensor
    ) -> torch.Tensor:
        """Embeddings of ``input_ids`` [..., P] with the images' features in the image tokens' places.

        Features are used up in order over all of ``input_ids``. Raises ModelError when their number is not
        that of the image tokens.
        """
        features = self.vision_tower(pixel_values, image_grid_thw)  # [cells, D]
        embeds: torch.Tensor = self.model.embed_tokens(input_ids)
        places = input_ids == self.config.image_token_id
        if int(places.sum()) != len(features):
            raise ModelError(f"{int(places.sum())} image tokens for {len(features)} image features")
        return embeds.masked_scatter(places[..., None], features.to(embeds.dtype))

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        past_key_values: Cache | None = None,
        inputs_embeds: torch.Tensor | None = None,
        pixel_values: torch.Tensor | None = None,
        image_grid_thw: torch.Tensor | None = None,
        logits_to_keep: int | torch.Tensor = 0,
        **kwargs: Any,
    ) -> CausalLMOutputWithPast:
        """The decoder's pass; images are encoded where ``pixel_values`` come with ``input_ids``.

        ``generate`` looks in this signature for what it may pass.
        """
        if inputs_embeds is None and pixel_values is not None:
            if input_ids is None or image_grid_thw is None:
                raise ModelError("pixel_values need input_ids and image_grid_thw beside them")
            inputs_embeds, input_ids = self.embed(input_ids, pixel_values, image_grid_thw), None
        if past_key_values is not None:
            kwargs[_CACHE] = past_key_values
        output: CausalLMOutputWithPast = super().forward(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            inputs_embeds=inputs_embeds,
            logits_to_keep=logits_to_keep,
            **kwargs,
        )
        return output

    def prepare_inputs_for_generation(
        self, *args: Any, is_first_iteration: bool | None = False, **kwargs: Any
    ) -> dict[str, Any]:
        """As in transformers; the images belong to the first pass only."""
        prepare: Any = super().prepare_inputs_for_generation
        inputs: dict[str, Any] = prepare(*args, is_first_iteration=is_first_iteration, **kwargs)
        if not is_first_iteration:
            inputs.pop("pixel_values", None)
            inputs.pop("image_grid_thw", None)
        return inputs
