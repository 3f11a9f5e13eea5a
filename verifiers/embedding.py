"""Embeddings of the tokens that a model writes, as its own forward pass makes them."""

from __future__ import annotations

from typing import Any

import torch

from docspec.verifiers.decoder_hooks import decoder_inputs, marker_tokens

BY_LAYER = "per_layer_inputs"


class Embedding:
    """Embeddings of token ids, and what else the decoder is given of each (Gemma 4 has a small embedding for
    each layer).

    Some families embed a token that stands for an image otherwise than their tables have it, as padding, also
    where the token is one of the output (Kimi K2.5, Muse, Gemma 4).
    """

    def __init__(self, model: Any) -> None:
        self.table = model.get_input_embeddings()
        self.weight: torch.Tensor = self.table.weight  # [V, D]
        has_decoder = hasattr(model, "get_decoder")
        self._by_layer = model.get_decoder().get_per_layer_inputs if has_decoder and _is_layered(model) else None
        self.others, self._layered = _embedded_otherwise(model) if has_decoder else ({}, {})

    def __call__(self, ids: torch.Tensor) -> torch.Tensor:
        """``ids`` [...]; their embeddings [..., D]."""
        return _put(self.table(ids), ids, self.others)

    def besides(self, ids: torch.Tensor) -> dict[str, torch.Tensor]:
        """Arguments of the decoder with a value [n, Q, ...] for each of ``ids`` [n, Q], besides embeddings."""
        if self._by_layer is None:
            return {}
        return {BY_LAYER: _put(self._by_layer(ids), ids, self._layered)}


def _is_layered(model: Any) -> bool:
    """Whether the decoder is given an embedding for each layer."""
    return bool(getattr(model.config.get_text_config(), "hidden_size_per_layer_input", 0))


def _put(values: torch.Tensor, ids: torch.Tensor, others: dict[int, torch.Tensor]) -> torch.Tensor:
    """``values`` [..., *] of ``ids`` [...], with those of ``others`` [*] instead."""
    for token, other in others.items():
        here = (ids == token).reshape(*ids.shape, *[1] * other.dim())
        values = torch.where(here, other, values)
    return values


def _embedded_otherwise(model: Any) -> tuple[dict[int, torch.Tensor], dict[int, torch.Tensor]]:
    """Embeddings [D] of the model's markers, by token, where they are not those of its table; and what each
    of these markers is to the layers, where they are given anything."""
    found, layered = {}, {}
    for token in marker_tokens(model):
        ids = torch.tensor([[token]], device=model.device)
        try:
            given = decoder_inputs(model, {"input_ids": ids, "attention_mask": torch.ones_like(ids)})
        except Exception:  # noqa: BLE001 it does not take such a token alone: the check at loading decides
            continue
        [[embedding]] = given["inputs_embeds"]
        if not torch.equal(embedding, model.get_input_embeddings()(ids)[0, 0]):
            found[token] = embedding
            if given.get(BY_LAYER) is not None:
                layered[token] = given[BY_LAYER][0, 0]
    return found, layered
