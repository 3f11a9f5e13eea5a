"""Small random models of any image-text-to-text type of transformers: its default settings, shrunk."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AutoModelForImageTextToText
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from docspec.bench.shrunk_settings import (
    END,
    EXPERTS,
    HEADS,
    IMAGE_TOKEN,
    LAYERS,
    MORE,
    SECTIONS,
    WIDTH,
    WORDS,
)
from docspec.verifiers.profiles.generic import Generic

PARAMETERS = 40_000_000  # beyond which a model counts as not small

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
    "sliding_window": 6,
}
DROPPED = (
    "layer_types",
    "per_layer_config",
    "layer_rope_theta",
    "rope_scaling_layers",
    "mlp_layer_types",
    "id2label",
    "label2id",
)
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
HEAD_NAMES = ("num_attention_heads", "num_heads", "attention_heads", "n_heads")
LAYER_NAMES = ("num_hidden_layers", "depth", "num_layers", "n_layers", "layers")


def shrunk(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of a small model of the same kind: narrow, of two layers, with a small vocabulary."""
    return {name: _small(str(name), value) for name, value in settings.items() if name not in DROPPED}


def _small(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return shrunk(value)
    if name == "mrope_section":
        return SECTIONS
    if name.endswith(("token_id", "token_index")):
        if name in ("image_token_id", "image_token_index"):
            return IMAGE_TOKEN
        other = IMAGE_TOKEN + 1 if name.startswith(("video_token", "audio_token")) else END
        return None if value is None else other
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
    model = AutoModelForImageTextToText.from_config(config, attn_implementation=Generic.attention).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                weight.normal_(0, (2.0 if "lm_head" in name else 1.3) / weight.shape[-1] ** 0.5)
    model.generation_config.eos_token_id = model.generation_config.pad_token_id = END
    return model


def merged(settings: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """``settings`` with those of ``more`` instead, level by level."""
    both = {**settings, **more}
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(settings.get(name), dict):
            both[name] = merged(settings[name], value)
    return both
