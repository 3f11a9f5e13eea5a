"""Random checkpoints that have a head of their own for the token after the next one."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from random_models import checkpoint
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageTextToText

from docspec.config import Config
from docspec.verifiers.own_head_layer import HeadLayer
from docspec.verifiers.transformers_vlm import TransformersModel, load

COUNT = {"glm_ocr": "num_nextn_predict_layers", "qwen3_5": "mtp_num_hidden_layers"}
# as the published checkpoints of the families call the parts: the last is the layer itself
NAMES = {
    "glm_ocr": ("enorm", "hnorm", "eh_proj", "shared_head.norm", ""),
    "qwen3_5": ("pre_fc_norm_embedding", "pre_fc_norm_hidden", "fc", "norm", "layers.0."),
}
PREFIX = {"glm_ocr": "model.language_model.layers.2.", "qwen3_5": "mtp."}
PARTS = ("embedding_norm", "hidden_norm", "joined", "norm")


def published(family: str, head: HeadLayer) -> dict[str, torch.Tensor]:
    """A head's weights by the names that the family's checkpoints have."""
    *names, block = NAMES[family]
    found = {}
    for key, weight in head.state_dict().items():
        part, _, rest = key.partition(".")
        own = f"{block}{rest}" if part == "block" else f"{names[PARTS.index(part)]}.{rest}"
        found[PREFIX[family] + own] = weight.clone()
    return found


def random_head(model: Any, family: str, seed: int) -> HeadLayer:
    """A head with large random weights, as the checkpoints' others."""
    torch.manual_seed(seed)
    head = HeadLayer(model, chains_normed=family == "qwen3_5")
    with torch.no_grad():
        for weight in head.parameters():
            if weight.dim() > 1:
                weight.normal_(0, 1.3 / weight.shape[-1] ** 0.5)
    return head


def add_weights(folder: Path, family: str, weights: dict[str, torch.Tensor]) -> None:
    """Write ``weights`` into a checkpoint, and that it has a head into its configuration."""
    file, settings = folder / "model.safetensors", folder / "config.json"
    save_file(load_file(file) | weights, file, metadata={"format": "pt"})
    config = json.loads(settings.read_text(encoding="utf-8"))
    config["text_config"][COUNT[family]] = 1
    settings.write_text(json.dumps(config), encoding="utf-8")


@lru_cache
def with_head(family: str, variant: str = "plain", seed: int = 0) -> str:
    """The folder of a random checkpoint with a random head."""
    folder = Path(checkpoint(family, variant, seed + 1000))
    model = AutoModelForImageTextToText.from_pretrained(folder)
    add_weights(folder, family, published(family, random_head(model, family, seed)))
    return str(folder)


def loaded_with_head(family: str, variant: str = "plain", seed: int = 0) -> TransformersModel:
    """Such a checkpoint, loaded as any other."""
    folder = with_head(family, variant, seed)
    return load(folder, Config(verifier=folder, device="cpu"))
