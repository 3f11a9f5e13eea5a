"""The bundled verifier's decoder: Qwen2's (arXiv 2407.10671), with the names of its weights.

It is that of ``transformers``, which a test compares it with, without what that imports: seconds of every
start and 150 MB, where the rest of docspec needs nothing of it to read a page with the bundled verifier.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention, silu

from docspec.verifiers.attention import attend
from docspec.verifiers.cache import RaggedCache

SPREAD = 0.03  # standard deviation of weights that are not trained yet


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """Sizes of a decoder, named as in configurations of ``transformers`` where the engine reads them."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    heads: int
    key_heads: int
    intermediate: int
    rotary_base: float

    def get_text_config(self) -> DecoderConfig:
        """Itself: it decodes nothing but text."""
        return self

    @property
    def head_size(self) -> int:
        """Numbers of a query, key or value."""
        return self.hidden_size // self.heads


class Turn(NamedTuple):
    """The angles [n, 1, Q, D / heads] by which positions turn queries and keys."""

    cosines: Tensor
    sines: Tensor


class Attention(nn.Module):
    """Attention over what a cache has, with rotary positions (Su et al. 2021, arXiv 2104.09864)."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.head_size = config.head_size
        size, shared = config.hidden_size, config.key_heads * config.head_size
        self.q_proj = nn.Linear(size, size)
        self.k_proj, self.v_proj = nn.Linear(size, shared), nn.Linear(size, shared)
        self.o_proj = nn.Linear(size, size, bias=False)

    def forward(
        self, states: Tensor, turn: Turn, mask: Tensor | None, layer: int, cache: RaggedCache | None
    ) -> Tensor:
        """``states`` [n, Q, D], which their positions ``turn``; see ``Decoder``."""
        query, key, value = (
            project(states).unflatten(-1, (-1, self.head_size)).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )  # [n, heads, Q, D / heads]
        query, key = _turned(query, turn), _turned(key, turn)
        if cache is not None:
            key, value = cache.update(key, value, layer)
        if mask is not None:
            found = attend(query, key, value, mask)
        else:
            groups = query.shape[1] // key.shape[1]
            key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
            found = scaled_dot_product_attention(query, key, value, is_causal=True)
        attended: Tensor = self.o_proj(found.transpose(1, 2).flatten(2))
        return attended


class FeedForward(nn.Module):
    """A gated linear unit (Shazeer 2020, arXiv 2002.05202)."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate, bias=False)
        self.down_proj = nn.Linear(config.intermediate, config.hidden_size, bias=False)

    def forward(self, states: Tensor) -> Tensor:
        """Of ``states`` [n, Q, D] the same shape."""
        fed: Tensor = self.down_proj(silu(self.gate_proj(states)) * self.up_proj(states))
        return fed


class Layer(nn.Module):
    """Attention, then the feed-forward part, each of normalised states and added to them."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.self_attn, self.mlp = Attention(config), FeedForward(config)
        self.input_layernorm = nn.RMSNorm(config.hidden_size, eps=1e-6)
        self.post_attention_layernorm = nn.RMSNorm(config.hidden_size, eps=1e-6)

    def forward(
        self, states: Tensor, turn: Turn, mask: Tensor | None, layer: int, cache: RaggedCache | None
    ) -> Tensor:
        """As ``Attention``."""
        states = states + self.self_attn(self.input_layernorm(states), turn, mask, layer, cache)
        fed: Tensor = states + self.mlp(self.post_attention_layernorm(states))
        return fed


class Layers(nn.Module):
    """The embedding of tokens, the layers, and the last norm."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.base, self.head_size = config.rotary_base, config.head_size
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        self.norm = nn.RMSNorm(config.hidden_size, eps=1e-6)

    def forward(
        self, embeds: Tensor, positions: Tensor, mask: Tensor | None, cache: RaggedCache | None = None
    ) -> Tensor:
        """The states [n, Q, D] of ``embeds`` [n, Q, D] at ``positions`` [n, Q]."""
        pairs = torch.arange(0, self.head_size, 2, device=embeds.device).float()
        angles = positions[:, None, :, None].float() * self.base ** -(pairs / self.head_size)
        angles = torch.cat((angles, angles), -1)
        turn, states = Turn(angles.cos(), angles.sin()), embeds
        for number, layer in enumerate(self.layers):
            states = layer(states, turn, mask, number, cache)
        normed: Tensor = self.norm(states)
        return normed


class Decoder(nn.Module):
    """A causal decoder, called as docspec.verifiers.runner calls those of ``transformers``."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.model = Layers(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=SPREAD)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)

    def get_input_embeddings(self) -> nn.Embedding:
        """The table of its tokens."""
        return self.model.embed_tokens

    def forward(
        self,
        inputs_embeds: Tensor,
        position_ids: Tensor,
        attention_mask: Tensor | None,
        cache: RaggedCache,
        logits_to_keep: int,
        use_cache: bool = True,
    ) -> SimpleNamespace:
        """``logits`` [n, logits_to_keep, V] of the last of ``inputs_embeds`` [n, Q, D] at ``position_ids``
        [n, Q], with a mask of truth values [n, 1, Q, S], or None for a causal one of one text."""
        with one_thread():
            states = self.model(inputs_embeds, position_ids, attention_mask, cache)
            return SimpleNamespace(logits=self.lm_head(states[:, -logits_to_keep:]))


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it, torch computes in this thread alone.

    A layer of this size takes less time than several threads to meet after it, which they do awake while
    OCR of the next page has all cores: a page whose lines are all verified took twice the processor's time.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _turned(states: Tensor, turn: Turn) -> Tensor:
    """``states`` [n, heads, Q, D], each pair of numbers, half the length apart, turned by its angle."""
    first, second = states.chunk(2, -1)
    return states * turn.cosines + torch.cat((-second, first), -1) * turn.sines
