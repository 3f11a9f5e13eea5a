"""Small random models of any image-text-to-text type of transformers, made by shrinking its default settings.

A shrunk model is given inputs made here, not by its processor: an image of noise, and a prompt with as many
image tokens as the model's own vision part gives features.
"""

from __future__ import annotations

from inspect import signature
from typing import Any

import torch
from transformers import AutoModelForImageTextToText
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

WIDTH, HEADS, LAYERS, EXPERTS = 32, 4, 2, 4
WORDS = 400  # vocabulary
IMAGE_TOKEN = 390
PARAMETERS = 40_000_000  # beyond which a model counts as not small
SECTIONS = [1, 1, 2]  # of an M-RoPE, which together are half of a head's width

SIZES = {
    "head_dim": WIDTH // HEADS,
    "qk_rope_head_dim": WIDTH // HEADS,
    "qk_nope_head_dim": WIDTH // HEADS,
    "v_head_dim": WIDTH // HEADS,
    "qk_head_dim": 2 * WIDTH // HEADS,
    "vocab_size": WORDS,
    "vocab_size_per_layer_input": WORDS,
    "num_key_value_heads": HEADS // 2,
    "num_experts_per_tok": 2,
    "moe_k": 2,
    "n_group": 1,
    "topk_group": 1,
    "first_k_dense_replace": 1,
    "intermediate_size": 2 * WIDTH,
}
DROPPED = ("layer_types", "mlp_layer_types", "id2label", "label2id")
KEPT = (
    "patch_size",
    "image_size",
    "window",
    "position",
    "kernel",
    "crop",
    "merge",
    "norm",
    "temporal",
    "group",
)
SIDE = 56  # pixels of an image where a model's settings do not say
MARKS = ("mm_token_type_ids", "token_type_ids", "moe_mm_token_type_ids")  # which tokens are the image's
TILED = ("idefics2", "idefics3", "smolvlm")  # take images in tiles, all of one size
HEAD_NAMES = ("num_attention_heads", "num_heads", "attention_heads", "n_heads")
LAYER_NAMES = ("num_hidden_layers", "depth", "num_layers", "n_layers", "layers")


GRID_VISION = {"out_hidden_size": WIDTH}
MROPE = {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": SECTIONS}}
SMALL_IMAGE = {"image_size": 56, "patch_size": 14}
TWO_TILES = {"vision_config": SMALL_IMAGE, "image_grid_pinpoints": [[56, 112], [112, 56]]}
# settings that the shrinking gets wrong, by type
MORE: dict[str, dict[str, Any]] = {
    "aya_vision": {"vision_config": SMALL_IMAGE},
    "ernie4_5_vl_moe": {
        "text_config": MROPE
        | {"moe_intermediate_size": [WIDTH, WIDTH], "mlp_layer_types": ["sparse"] * LAYERS}
    },
    "exaone4_5": {"vision_config": GRID_VISION},
    "gemma3": {"vision_config": SMALL_IMAGE, "mm_tokens_per_image": 4},
    "glm46v": {"text_config": MROPE},
    "glm4v": {"text_config": MROPE},
    "glm4v_moe": {"text_config": MROPE | {"partial_rotary_factor": 1.0}},
    "glmga": {"text_config": MROPE},
    "granite4_vision": {
        "vision_config": SMALL_IMAGE | {"hidden_size": 64},
        "image_grid_pinpoints": [[56, 112], [112, 56]],
        "deepstack_layer_map": [[-1, 0], [-2, 1]],
        "downsample_rate": "1/2",
    },
    "hyperclovax_vision_v2": {"vision_config": GRID_VISION},
    "idefics2": {"vision_config": SMALL_IMAGE},
    "lfm3_vl": {"text_config": {"layer_types": ["conv", "full_attention"]}},
    "llava_next": TWO_TILES,
    "llava_next_video": TWO_TILES,
    "llava_onevision": TWO_TILES,
    "mistral3": {"vision_config": SMALL_IMAGE},
    "qianfan_ocr": {},
    "qwen3_5_moe": {"text_config": {"layer_types": ["linear_attention", "full_attention"]}},
    "shieldgemma2": {"vision_config": SMALL_IMAGE, "mm_tokens_per_image": 4},
    "smolvlm": {"vision_config": {"image_size": 32, "patch_size": 8}},
    "vipllava": {"vision_feature_layers": [-1, -2]},
}


def shrunk(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of a small model of the same kind: narrow, of two layers, with a small vocabulary."""
    return {name: _small(str(name), value) for name, value in settings.items() if name not in DROPPED}


def _small(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return shrunk(value)
    if name == "mrope_section":
        return SECTIONS
    if name.endswith("token_id") or name.endswith("token_index"):
        return (
            IMAGE_TOKEN if name in ("image_token_id", "image_token_index") else None if value is None else 1
        )
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    if name in SIZES:
        return SIZES[name]
    if name.endswith(HEAD_NAMES):
        return HEADS
    if name.endswith(LAYER_NAMES):
        return min(value, LAYERS)
    if "experts" in name:
        return min(value, EXPERTS)
    if value > WIDTH and ("size" in name or "dim" in name) and not any(part in name for part in KEPT):
        return WIDTH
    return value


def small_model(model_type: str) -> Any:
    """A small random model of the type.

    Raises whatever the model's class raises where the shrunk settings do not fit each other.
    """
    kind: Any = CONFIG_MAPPING[model_type]
    config = kind.from_dict(merged(shrunk(kind().to_dict()), MORE.get(model_type, {})))
    with torch.device("meta"):
        count = sum(weight.numel() for weight in AutoModelForImageTextToText.from_config(config).parameters())
    if count > PARAMETERS:
        raise ValueError(f"{count / 1e6:.0f}M parameters are left after shrinking")
    torch.manual_seed(0)
    model = AutoModelForImageTextToText.from_config(config, attn_implementation="sdpa").eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                weight.normal_(0, (2.0 if "lm_head" in name else 1.3) / weight.shape[-1] ** 0.5)
    model.generation_config.eos_token_id = model.generation_config.pad_token_id = 1
    return model


def merged(settings: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """``settings`` with those of ``more`` instead, level by level."""
    both = {**settings, **more}
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(settings.get(name), dict):
            both[name] = merged(settings[name], value)
    return both


def inputs_for(model: Any) -> dict[str, torch.Tensor]:
    """``generate``'s arguments for an image of noise and a few words.

    Raises whatever the model's vision part raises where it takes images in another form.
    """
    image = _image(model)
    with torch.inference_mode():
        encoded = model.get_image_features(**image, return_dict=True)
    features = encoded.pooler_output
    if features is None:  # only features by layer, the first of which are as many as any other
        features = encoded.deepstack_features[0][1]
    parts = features if isinstance(features, list | tuple) else [features]
    count = sum(part.shape[:-1].numel() for part in parts)
    ids = torch.tensor([[5, 6, *[IMAGE_TOKEN] * count, 7, 8, 9]])
    marks = (ids == IMAGE_TOKEN).long()
    taken = signature(model.forward).parameters
    return {"input_ids": ids, **image, **{name: marks for name in MARKS if name in taken}}


def _image(model: Any) -> dict[str, torch.Tensor]:
    """An image of noise in the form that the model's vision part takes."""
    vision = model.config.vision_config
    generator = torch.Generator().manual_seed(0)
    wanted = signature(model.get_image_features).parameters
    size = getattr(vision, "image_size", None) or SIDE
    side = size if isinstance(size, int) else size[0]
    if "image_grid_thw" in wanted:
        numbers = vision.patch_size**2 * 3 * getattr(vision, "temporal_patch_size", 1)
        patches = torch.randn(16, numbers, generator=generator)
        return {"pixel_values": patches, "image_grid_thw": torch.tensor([[1, 4, 4]])}
    if "image_sizes" in wanted:
        tiles = (1, 3) if getattr(model.config, "image_grid_pinpoints", None) else (1,)
        pixels = torch.randn(*tiles, 3, side, side, generator=generator)
        return {
            "pixel_values": pixels,
            "image_sizes": torch.tensor([[side, 2 * side if len(tiles) > 1 else side]]),
        }
    tiled = model.config.model_type in TILED
    return {"pixel_values": torch.randn(*(1, 1) if tiled else (1,), 3, side, side, generator=generator)}
