"""dots.ocr's vision tower: patches of one or more images to one feature per merge cell.

Patches come as Qwen2-VL's image processor flattens them: merge cell by merge cell, row by row inside a cell.
Attention is full within an image and never crosses to another.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any, cast

import torch
from torch import nn
from torch.nn.functional import linear, scaled_dot_product_attention, silu
from transformers.models.qwen2.modeling_qwen2 import Qwen2RMSNorm

from docspec.verifiers.dots_ocr.configuration import DotsVisionConfig

ROTARY_THETA = 10_000.0
MERGER_EPS = 1e-6

Runs = list[tuple[int, int]]  # neighbouring images of equal size: how many, and patches in each
Rotation = tuple[torch.Tensor, torch.Tensor]  # cosines and sines [N, 1, head_dim]


class PatchEmbed(nn.Module):
    """Pixels of each patch to its embedding."""

    def __init__(self, config: DotsVisionConfig) -> None:
        super().__init__()
        self.frame = (config.num_channels, config.temporal_patch_size, config.patch_size, config.patch_size)
        size = config.patch_size
        projection = nn.Conv2d(config.num_channels, config.embed_dim, kernel_size=size, stride=size)
        norm = Qwen2RMSNorm(config.embed_dim, eps=config.rms_norm_eps)
        self.patchifier = nn.ModuleDict({"proj": projection, "norm": norm})

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """[N, channels * frames * patch * patch] to [N, D]; of several frames the first one counts."""
        patches = pixels.view(-1, *self.frame)[:, :, 0].flatten(1)
        projection: Any = self.patchifier["proj"]
        # a convolution whose stride is its kernel is one product per patch
        embedded = linear(patches, projection.weight.flatten(1), projection.bias)
        norm: Any = self.patchifier["norm"]
        return cast(torch.Tensor, norm(embedded))


class Attention(nn.Module):
    """Full attention within each image."""

    def __init__(self, config: DotsVisionConfig) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.qkv = nn.Linear(config.embed_dim, 3 * config.embed_dim, bias=config.use_bias)
        self.proj = nn.Linear(config.embed_dim, config.embed_dim, bias=config.use_bias)

    def forward(self, hidden: torch.Tensor, rotation: Rotation, runs: Runs) -> torch.Tensor:
        """[N, D] to [N, D]."""
        query, key, value = self.qkv(hidden).view(len(hidden), 3, self.heads, -1).unbind(1)  # [N, heads, d]
        states = torch.stack([rotate(query, rotation), rotate(key, rotation), value])  # [3, N, heads, d]
        attended = []
        parts = states.split([count * length for count, length in runs], dim=1)
        for (count, length), part in zip(runs, parts, strict=True):
            images = part.unflatten(1, (count, length)).transpose(2, 3)  # [3, count, heads, length, d]
            # no mask: the kernels that need no [length, length] matrix in memory take none
            mixed = scaled_dot_product_attention(*images)
            attended.append(mixed.transpose(1, 2).reshape(count * length, -1))
        return cast(torch.Tensor, self.proj(torch.cat(attended)))


class SwiGLU(nn.Module):
    """The gated feed-forward part."""

    def __init__(self, config: DotsVisionConfig) -> None:
        super().__init__()
        self.fc1 = nn.Linear(config.embed_dim, config.intermediate_size, bias=config.use_bias)
        self.fc2 = nn.Linear(config.intermediate_size, config.embed_dim, bias=config.use_bias)
        self.fc3 = nn.Linear(config.embed_dim, config.intermediate_size, bias=config.use_bias)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """[N, D] to [N, D]."""
        return cast(torch.Tensor, self.fc2(silu(self.fc1(hidden)) * self.fc3(hidden)))


class Block(nn.Module):
    """A pre-norm transformer block."""

    def __init__(self, config: DotsVisionConfig) -> None:
        super().__init__()
        self.norm1 = Qwen2RMSNorm(config.embed_dim, eps=config.rms_norm_eps)
        self.attn = Attention(config)
        self.norm2 = Qwen2RMSNorm(config.embed_dim, eps=config.rms_norm_eps)
        self.mlp = SwiGLU(config)

    def forward(self, hidden: torch.Tensor, rotation: Rotation, runs: Runs) -> torch.Tensor:
        """[N, D] to [N, D]."""
        hidden = hidden + self.attn(self.norm1(hidden), rotation, runs)
        return cast(torch.Tensor, hidden + self.mlp(self.norm2(hidden)))


class PatchMerger(nn.Module):
    """The patches of each merge cell to one feature of the decoder's width."""

    def __init__(self, config: DotsVisionConfig) -> None:
        super().__init__()
        self.width = config.embed_dim * config.spatial_merge_size**2
        self.ln_q = nn.LayerNorm(config.embed_dim, eps=MERGER_EPS)
        self.mlp = nn.Sequential(
            nn.Linear(self.width, self.width), nn.GELU(), nn.Linear(self.width, config.hidden_size)
        )

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """[N, D] to [cells, decoder width]."""
        return cast(torch.Tensor, self.mlp(self.ln_q(hidden).view(-1, self.width)))


class DotsVisionTower(nn.Module):
    """The tower; its submodules are named as the published checkpoint's keys."""

    def __init__(self, config: DotsVisionConfig) -> None:
        super().__init__()
        self.merge = config.spatial_merge_size
        self.head_dim = config.embed_dim // config.num_attention_heads
        self.patch_embed = PatchEmbed(config)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.num_hidden_layers))
        if config.post_norm:
            self.post_trunk_norm = Qwen2RMSNorm(config.embed_dim, eps=config.rms_norm_eps)
        self.merger = PatchMerger(config)

    def forward(self, pixel_values: torch.Tensor, grid_thw: torch.Tensor) -> torch.Tensor:
        """Features of all images, one after the other: [cells, decoder width].

        ``pixel_values`` [N, channels * frames * patch * patch]; ``grid_thw`` [images, 3]: each image's frames
        and its patches down and across.
        """
        sizes = [(down, across) for frames, down, across in grid_thw.tolist() for _ in range(frames)]
        runs = [(len(list(run)), length) for length, run in groupby(down * across for down, across in sizes)]
        rotation = self._rotation(sizes, pixel_values.device)
        hidden = self.patch_embed(pixel_values.to(self.merger.ln_q.weight.dtype))
        for block in self.blocks:
            hidden = block(hidden, rotation, runs)
        if hasattr(self, "post_trunk_norm"):
            hidden = self.post_trunk_norm(hidden)
        return cast(torch.Tensor, self.merger(hidden))

    def _rotation(self, sizes: list[tuple[int, int]], device: torch.device) -> Rotation:
        """Cosines and sines for patches in the processor's order, in float32."""
        half = self.head_dim // 2
        steps = torch.arange(0, half, 2, dtype=torch.float32, device=device) / half
        places = torch.cat([patch_places(down, across, self.merge) for down, across in sizes]).to(device)
        angles = (places[:, :, None] / ROTARY_THETA**steps).flatten(1)  # [N, half]: by row, then by column
        angles = torch.cat([angles, angles], dim=1)[:, None]
        return angles.cos(), angles.sin()


def patch_places(down: int, across: int, merge: int) -> torch.Tensor:
    """Row and column of an image's patches, merge cell by merge cell: [down * across, 2]."""
    rows, columns = torch.meshgrid(torch.arange(down), torch.arange(across), indexing="ij")
    places = torch.stack([rows, columns], dim=-1)
    cells = places.view(down // merge, merge, across // merge, merge, 2)
    return cells.transpose(1, 2).reshape(-1, 2)


def rotate(states: torch.Tensor, rotation: Rotation) -> torch.Tensor:
    """Rotary position (arXiv 2104.09864) over halves of ``states`` [N, heads, head_dim], in float32."""
    cosines, sines = rotation
    first, second = states.float().chunk(2, dim=-1)
    turned = torch.cat([-second, first], dim=-1)
    return (states.float() * cosines + turned * sines).to(states.dtype)
