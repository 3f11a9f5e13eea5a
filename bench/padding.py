"""Inputs of several images as one batch for transformers' ``generate``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from docspec.errors import UsageError

BY_TOKEN = ("input_ids", "attention_mask", "mm_token_type_ids")  # [1, P] each
BY_PATCH = ("pixel_values", "image_grid_thw")  # images one after the other, whatever their sizes


def left_padded(batch: Sequence[dict[str, Any]], pad: int) -> dict[str, torch.Tensor]:
    """``generate``'s arguments for a batch from those for its images, ``pad`` to the left of prompts.

    Raises UsageError for inputs of other kinds than a grid of patches with one token for each cell: what
    their rows would have to be padded with is the model's affair.
    """
    names = set(batch[0])
    if not names.issuperset(BY_PATCH) or not names.issubset({*BY_TOKEN, *BY_PATCH}):
        raise UsageError(f"inputs of this kind cannot be padded into a batch: {', '.join(sorted(names))}")
    ids = [inputs["input_ids"][0] for inputs in batch]
    width = max(map(len, ids))
    rows = {name: [inputs[name][0] for inputs in batch] for name in BY_TOKEN if name in names}
    rows["attention_mask"] = [torch.ones_like(row) for row in ids]
    padded = {
        name: torch.stack([_filled(row, width, pad if name == "input_ids" else 0) for row in values])
        for name, values in rows.items()
    }
    return padded | {name: torch.cat([inputs[name] for inputs in batch]) for name in BY_PATCH}


def _filled(row: torch.Tensor, width: int, value: int) -> torch.Tensor:
    return torch.nn.functional.pad(row, (width - len(row), 0), value=value)
