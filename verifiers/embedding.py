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
        self._by_layer = (
            model.get_decoder().get_per_layer_inputs if has_decoder and _is_layered(model) else None
        )
        self.others, self._layered = _embedded_otherwise(model) if has_decoder else ({}, {})

    def __call__(self, ids: torch.Tensor) -> torch.Tensor:
        """``ids`` [...]; their embeddings [..., D]."""
        return _put(self.table(ids), ids, self.others)

    def besides(self, ids: torch.Tensor) -> dict[str, torch.Tensor]:
        """The decoder's other arguments with a value [n, Q, ...] for each of ``ids`` [n, Q]."""
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
    """Embeddings [D], by token, of the model's markers and parts' own words where they are not those of its
    table; and what each of these is to the layers, where they are given anything."""
    found, layered = {}, {}
    for tokens in [*([token] for token in marker_tokens(model)), _words_of_parts(model)]:
        ids = torch.tensor([tokens], dtype=torch.long, device=model.device)
        try:
            given = decoder_inputs(model, {"input_ids": ids, "attention_mask": torch.ones_like(ids)})
        except Exception:  # noqa: BLE001 it does not take such tokens alone: the check at loading decides
            continue
        [embeddings], [table] = given["inputs_embeds"], model.get_input_embeddings()(ids)
        for i, token in enumerate(tokens):
            if not torch.equal(embeddings[i], table[i]):
                found[token] = embeddings[i]
                if given.get(BY_LAYER) is not None:
                    layered[token] = given[BY_LAYER][0, i]
    return found, layered


def _words_of_parts(model: Any) -> list[int]:
    """Tokens of the vocabulary from where, by the configuration, that of an image or audio part begins
    (Gemma 3n)."""
    parts = [getattr(model.config, name, None) for name in ("vision_config", "audio_config")]
    offsets = [offset for part in parts if (offset := getattr(part, "vocab_offset", None)) is not None]
    size = model.get_input_embeddings().weight.shape[0]
    return list(range(min(offsets, default=size), size))
