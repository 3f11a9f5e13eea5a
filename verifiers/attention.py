"""Attention of several tokens over a cache whose key and value heads are fewer than the query heads.

With a mask and more than one query transformers (5.24) repeats keys and values for all heads (grouped-query
attention, Ainslie et al. 2023, arXiv 2305.13245), which copies a cache of thousands of places several times
over in each layer of a verify pass. Here the queries that share a head stand below each other instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from docspec.verifiers.split_attention import Sight, Trial, split_attention

REPEATED = "sdpa"  # the implementation that this one stands for
GROUPED = "docspec_grouped"
# cuDNN's, which torch prefers on new devices, takes about a second for a mask of each new shape (torch 2.11)
BACKENDS = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
seeing: ContextVar[Sight | Trial | None] = ContextVar("seeing", default=None)
_HEEDED = ("position_bias", "cache", "softcap", "s_aux")  # arguments that are more than a mask says


def grouped_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **more: Any,
) -> tuple[torch.Tensor, None]:
    """What transformers' ``sdpa`` gives of ``query`` [n, H, Q, D] and ``key`` and ``value`` [n, H / g, S, D]:
    [n, Q, H, D].

    It is called itself for all but a mask that heads share, [n, 1, Q, S], and more than one query; where the
    pass is known to need no mask, a kernel is (docspec.verifiers.split_attention).
    """
    sight, scale = seeing.get(), scaling or query.shape[3] ** -0.5
    if isinstance(sight, Sight):
        return split_attention(sight, query, key, value, scale), None
    _, heads, width, _ = query.shape
    groups = heads // key.shape[1]
    shared = attention_mask is not None and attention_mask.dim() == 4 and attention_mask.shape[1] == 1
    other = bool(dropout) or any(more.get(name) is not None for name in _HEEDED)
    if not shared or other or groups == 1 or width == 1 or heads != groups * key.shape[1]:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        found, _ = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **more
        )
    else:
        assert attention_mask is not None
        found = attend(query, key, value, attention_mask, scaling).transpose(1, 2).contiguous()
    if sight is not None:
        sight.watch(query, key, value, None if other else attention_mask, scale, found)
    return found, None


def attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor,
    scaling: float | None = None,
) -> torch.Tensor:
    """Attention of ``query`` [n, H, Q, D] to ``key`` and ``value`` [n, H / g, S, D] by a ``mask``
    [n, 1, Q, S]: [n, H, Q, D]. The g query heads of each key head stand below each other."""
    (rows, heads, width, size), (_, shared, span, _) = query.shape, key.shape
    groups = heads // shared
    below = query.reshape(rows, shared, groups * width, size)
    mask = mask.expand(rows, groups, width, span).reshape(rows, 1, groups * width, span)
    found = scaled_dot_product_attention(below, key, value, attn_mask=mask, scale=scaling)
    return found.reshape(rows, heads, width, -1)


@cache
def register() -> None:
    """Have transformers know ``GROUPED``; its attention is imported here, which takes seconds."""
    from transformers import AttentionInterface

    AttentionInterface.register(GROUPED, grouped_attention)


@contextmanager
def grouped(config: Any, sight: Sight | Trial | None = None) -> Iterator[None]:
    """Within it, a decoder of this ``config`` that attends by ``sdpa`` does so by ``grouped_attention``.

    Its layers attend by a ``sight``, or are watched in a trial.
    """
    if not is_torchs(config):
        yield
        return
    register()
    config._attn_implementation = GROUPED
    token = seeing.set(sight)
    try:
        with sdpa_kernel(BACKENDS):
            yield
    finally:
        seeing.reset(token)
        config._attn_implementation = REPEATED


def is_torchs(config: Any) -> bool:
    """Whether a decoder of this ``config`` attends by ``sdpa``."""
    return getattr(config, "_attn_implementation", None) == REPEATED
