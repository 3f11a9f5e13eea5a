"""Inputs of the small random models: an image of noise in the form that a type's vision part takes, and a
prompt with as many image tokens as that gives features."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import torch

from docspec.bench.shrunk_settings import IMAGE_TOKEN

SIDE = 56  # pixels of an image where a model's settings do not say
MARKS = ("mm_token_type_ids", "token_type_ids", "moe_mm_token_type_ids")  # which tokens are the image's
TILED = ("idefics2", "idefics3", "smolvlm", "perception_lm")  # take images in tiles, all of one size

Inputs = dict[str, torch.Tensor]


def inputs_for(model: Any) -> Inputs:
    """``generate``'s arguments for an image of noise and a few words.

    Raises whatever the model's vision part raises where it takes images in another form.
    """
    made = OWN.get(model.config.model_type, _image)(model)
    ids = made.get("input_ids", None)
    if ids is None:
        ids = _ids(_count(model, made))
    marks = (ids == IMAGE_TOKEN).long()
    taken = signature(model.forward).parameters
    words = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    return words | made | {name: marks for name in MARKS if name in taken}


def _ids(count: int) -> torch.Tensor:
    """A prompt with ``count`` image tokens: [1, count + 5]."""
    return torch.tensor([[5, 6, *[IMAGE_TOKEN] * count, 7, 8, 9]])


def _features(model: Any) -> Any:
    """The method that encodes images, the model's or the one below its head."""
    return getattr(model, "get_image_features", None) or model.model.get_image_features


def _count(model: Any, image: Inputs) -> int:
    """How many features the model makes of the image."""
    with torch.inference_mode():
        encoded = _features(model)(**image, return_dict=True)
    features = encoded.pooler_output
    if features is None:  # those by layer, the first of which are as many as any other, or the last layer's
        layers = encoded.get("deepstack_features")
        features = layers[0][1] if layers else encoded.last_hidden_state
    parts = features if isinstance(features, list | tuple) else [features]
    return sum(part.shape[:-1].numel() for part in parts)


def _noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def _image(model: Any) -> Inputs:
    """An image of noise in one of the three forms that most take: patches with their grid, an image or two
    with its size, pixels alone."""
    vision = model.config.vision_config
    wanted = signature(_features(model)).parameters
    size = getattr(vision, "image_size", None) or SIDE
    side = size if isinstance(size, int) else size[0]
    if "image_grid_thw" in wanted:
        numbers = vision.patch_size**2 * 3 * getattr(vision, "temporal_patch_size", 1)
        return {"pixel_values": _noise(16, numbers), "image_grid_thw": torch.tensor([[1, 4, 4]])}
    if "image_sizes" in wanted:
        tiles = (1, 3) if getattr(model.config, "image_grid_pinpoints", None) else (1,)
        width = 2 * side if len(tiles) > 1 else side
        return {"pixel_values": _noise(*tiles, 3, side, side), "image_sizes": torch.tensor([[side, width]])}
    tiles = (1, 1) if model.config.model_type in TILED else (1,)
    return {"pixel_values": _noise(*tiles, 3, side, side)}


def _chameleon(model: Any) -> Inputs:
    side = model.config.vq_config.resolution
    return {"pixel_values": _noise(1, 3, side, side)}


def _emu3(model: Any) -> Inputs:
    return {"pixel_values": _noise(1, 3, 32, 32), "image_sizes": torch.tensor([[32, 32]])}


def _gemma4(model: Any) -> Inputs:
    """Patches with their columns and rows."""
    places = torch.cartesian_prod(torch.arange(6), torch.arange(6))[None]
    vision = model.config.vision_config
    side = getattr(vision, "model_patch_size", vision.patch_size)
    return {"pixel_values": _noise(1, 36, 3 * side**2).sigmoid(), "image_position_ids": places}


def _deepseek_vl_hybrid(model: Any) -> Inputs:
    """A small and a large picture of the same."""
    small, large = model.config.vision_config.image_size, model.config.high_res_vision_config.image_size
    return {"pixel_values": _noise(1, 3, small, small), "high_res_pixel_values": _noise(1, 3, large, large)}


def _fuyu(model: Any) -> Inputs:
    width = 3 * model.config.patch_size**2
    return {"input_ids": _ids(6), "pixel_values": _noise(1, 6, width)}


def _square_patches(model: Any) -> Inputs:
    """Patches as pictures, and their grid."""
    side = model.config.vision_config.patch_size
    return {"pixel_values": _noise(16, 3, side, side), "image_grid_thw": torch.tensor([[1, 4, 4]])}


def _muse(model: Any) -> Inputs:
    vision = model.config.vision_config
    width = 3 * vision.patch_temporal * vision.patch_size**2
    return {"pixel_values": _noise(16, width), "image_grid_thw": torch.tensor([[1, 4, 4]])}


def _lfm2_vl(model: Any) -> Inputs:
    return {
        "pixel_values": _noise(1, 16, 3 * model.config.vision_config.patch_size**2),
        "spatial_shapes": torch.tensor([[4, 4]]),
        "pixel_attention_mask": torch.ones(1, 16, dtype=torch.long),
    }


def _minicpm(model: Any) -> Inputs:
    """The patches of a picture in a row."""
    side = model.config.vision_config.patch_size
    return {"pixel_values": _noise(1, 3, side, 64 * side), "target_sizes": torch.tensor([[8, 8]])}


def _nemotron_h_omni(model: Any) -> Inputs:
    width = 3 * model.config.vision_config.patch_size**2
    return {"pixel_values": _noise(16, width), "image_grid_hw": torch.tensor([[4, 4]])}


def _video_llama_3(model: Any) -> Inputs:
    return {
        "pixel_values": _noise(16, 3 * model.config.vision_config.patch_size**2),
        "image_grid_thw": torch.tensor([[1, 4, 4]]),
        "image_merge_sizes": torch.tensor([2]),
    }


def _molmo2(model: Any) -> Inputs:
    """A picture's patches, four of which are pooled to each of its four features."""
    side = model.config.vision_config.patch_size
    return {
        "pixel_values": _noise(1, 16, 3 * side**2),
        "image_token_pooling": torch.arange(16).reshape(4, 4),
        "image_grids": torch.tensor([[2, 2, 0, 0]]),
    }


def _instructblip(model: Any) -> Inputs:
    side = model.config.vision_config.image_size
    frames = (1, 4) if model.config.model_type == "instructblipvideo" else (1,)
    return {
        "input_ids": _ids(model.config.num_query_tokens * frames[-1]),
        "pixel_values": _noise(*frames, 3, side, side),
        "qformer_input_ids": torch.tensor([[5, 6, 7]]),
    }


def _idefics(model: Any) -> Inputs:
    side = model.config.vision_config.image_size
    return {
        "input_ids": _ids(1),
        "pixel_values": _noise(1, 1, 3, side, side),
        "image_attention_mask": torch.ones(1, 6, 1, dtype=torch.long),
    }


def _mllama(model: Any) -> Inputs:
    side = model.config.vision_config.image_size
    return {
        "input_ids": _ids(1),
        "pixel_values": _noise(1, 1, 4, 3, side, side),
        "aspect_ratio_ids": torch.tensor([[1]]),
        "aspect_ratio_mask": torch.tensor([[[1, 0, 0, 0]]]),
        "cross_attention_mask": torch.ones(1, 6, 1, 4, dtype=torch.long),
    }


def _kosmos2(model: Any) -> Inputs:
    side, ids = model.config.vision_config.image_size, _ids(model.config.latent_query_num)
    return {
        "input_ids": ids,
        "pixel_values": _noise(1, 3, side, side),
        "image_embeds_position_mask": (ids == IMAGE_TOKEN).long(),
    }


def _kosmos2_5(model: Any) -> Inputs:
    """Patches, each with its row and column before its pixels."""
    ids, width = _ids(model.config.latent_query_num), model.config.vision_config.patch_embed_hidden_size
    places = 1 + torch.cartesian_prod(torch.arange(4), torch.arange(4))
    return {
        "input_ids": ids,
        "flattened_patches": torch.cat([places.float(), _noise(16, width)], dim=1)[None],
        "width": torch.tensor([4]),
        "height": torch.tensor([4]),
        "image_embeds_position_mask": (ids == IMAGE_TOKEN).long(),
    }


def _tiles_with_mask(model: Any) -> Inputs:
    side = model.config.vision_config.image_size
    return {
        "pixel_values": _noise(1, 1, 3, side, side),
        "pixel_attention_mask": torch.ones(1, 1, dtype=torch.bool),
    }


# image inputs of types that take them in a form of their own, or all inputs
OWN: dict[str, Callable[[Any], Inputs]] = {
    "apertus1p5": _emu3,
    "chameleon": _chameleon,
    "deepseek_vl_hybrid": _deepseek_vl_hybrid,
    "emu3": _emu3,
    "fuyu": _fuyu,
    "gemma4": _gemma4,
    "gemma4_unified": _gemma4,
    "granite_docling": _tiles_with_mask,
    "idefics": _idefics,
    "instructblip": _instructblip,
    "instructblipvideo": _instructblip,
    "kimi_k25": _square_patches,
    "kosmos-2": _kosmos2,
    "kosmos-2.5": _kosmos2_5,
    "lfm2_vl": _lfm2_vl,
    "minicpm_ocr": _minicpm,
    "minicpmv4_6": _minicpm,
    "minicpmv4_7": _minicpm,
    "mllama": _mllama,
    "molmo2": _molmo2,
    "muse_glimmer": _muse,
    "muse_spark": _muse,
    "nemotron_h_omni": _nemotron_h_omni,
    "video_llama_3": _video_llama_3,
}
