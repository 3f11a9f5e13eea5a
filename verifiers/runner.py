"""Forward passes of a causal decoder over ragged rows: prefill and verify step."""

from __future__ import annotations

from collections.abc import Sequence as Seq
from typing import Any

import torch

from docspec.errors import ModelError
from docspec.verifiers.cache import RaggedCache
from docspec.verifiers.sequence import Prompt


class Runner:
    """Runs a ``transformers`` model that takes ``inputs_embeds`` and a cache, for up to ``rows`` sequences.

    Raises ModelError for a model with layers whose cache cannot be rolled back (linear attention): it would
    decode wrongly.
    """

    def __init__(self, model: Any, rows: int) -> None:
        config = model.config.get_text_config()
        kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
        if unknown := kinds - {"full_attention", "sliding_attention"}:
            raise ModelError(
                f"{type(model).__name__} has {', '.join(sorted(unknown))} layers, whose state cannot be "
                "rolled back after a rejected draft; docspec cannot decode it"
            )
        self.model = model
        self.rows = rows
        self.embed_tokens = model.get_input_embeddings()
        self.device = self.embed_tokens.weight.device
        self.cache = RaggedCache(config.num_hidden_layers, rows)
        self._window = config.sliding_window if "sliding_attention" in kinds else None

    def prefill(self, rows: Seq[int], prompts: Seq[Prompt], tails: Seq[Seq[int]], keep: int) -> torch.Tensor:
        """Run ``prompts`` and the tokens of ``tails`` into the empty cache ``rows``.

        Returns the logits of the last ``keep`` places, right-aligned: [n, keep, V].
        """
        counts = [len(prompt) + len(tail) for prompt, tail in zip(prompts, tails, strict=True)]
        width = max(counts)
        axes = prompts[0].positions.shape[0]
        embeds = self.embed_tokens.weight.new_zeros(len(rows), width, prompts[0].embeds.shape[1])
        positions = torch.zeros(axes, len(rows), width, dtype=torch.long, device=self.device)
        for i, (prompt, tail) in enumerate(zip(prompts, tails, strict=True)):
            split = width - len(tail)
            embeds[i, split - len(prompt) : split] = prompt.embeds
            positions[:, i, split - len(prompt) : split] = prompt.positions
            if tail:
                embeds[i, split:] = self.embed_tokens(torch.tensor(tail, device=self.device))
                positions[:, i, split:] = prompt.next_position + torch.arange(len(tail), device=self.device)
        self.cache.plan(list(rows), [0] * len(rows), counts, prefill=True, device=self.device)
        if len(rows) == 1 and self._window is None:
            mask = None  # plain causal: the attention kernel's own fast path, no square mask in memory
        else:
            query = torch.arange(width, device=self.device)[:, None]
            key = torch.arange(width, device=self.device)[None, :]
            first = width - torch.tensor(counts, device=self.device)[:, None, None, None]
            # a padding query sees itself: a row of the mask without any key would give NaN
            mask = self._masks((key <= query) & (key >= first) | (key == query), query, key)
        return self._forward(embeds, positions, mask, keep)

    def step(
        self, rows: Seq[int], prompts: Seq[Prompt], done: Seq[int], tokens: Seq[Seq[int]]
    ) -> torch.Tensor:
        """Run the ``tokens`` (last token and window) of each of ``rows`` after ``done`` output tokens.

        ``done`` counts the output tokens already in the cache. Returns logits, right-aligned:
        [n, max tokens, V].
        """
        counts = [len(row) for row in tokens]
        width, n = max(counts), len(tokens)
        starts = [len(prompt) + skip for prompt, skip in zip(prompts, done, strict=True)]
        ids = torch.tensor([[0] * (width - len(row)) + list(row) for row in tokens], device=self.device)
        column = torch.arange(width, device=self.device)
        # place in the row's own token order of each column; negative in the padding
        offset = column - (width - torch.tensor(counts, device=self.device))[:, None]  # [n, Q]
        first = [prompt.next_position + skip for prompt, skip in zip(prompts, done, strict=True)]
        positions = (torch.tensor(first, device=self.device)[:, None] + offset).clamp(min=0)
        self.cache.plan(list(rows), starts, counts, prefill=False, device=self.device)
        span = max(start + count for start, count in zip(starts, counts, strict=True))
        query = (torch.tensor(starts, device=self.device)[:, None] + offset)[:, None, :, None].clamp(min=0)
        key = torch.arange(span, device=self.device)
        mask = self._masks(key <= query, query, key)  # [n, 1, Q, span]
        axes = prompts[0].positions.shape[0]
        return self._forward(self.embed_tokens(ids), positions.expand(axes, n, width), mask, width)

    def _masks(self, causal: torch.Tensor, query: torch.Tensor, key: torch.Tensor) -> Any:
        """The mask in the form that the model takes: one tensor, or one for each kind of layer."""
        if self._window is None:
            return causal
        return {
            "full_attention": causal,
            "sliding_attention": causal & ((key > query - self._window) | (key == query)),
        }

    def _forward(self, embeds: torch.Tensor, positions: torch.Tensor, mask: Any, keep: int) -> torch.Tensor:
        with torch.inference_mode():
            output = self.model(
                inputs_embeds=embeds,
                position_ids=positions if positions.shape[0] > 1 else positions[0],
                attention_mask=mask,
                past_key_values=self.cache,
                use_cache=True,
                logits_to_keep=keep,
            )
        logits: torch.Tensor = output.logits
        return logits
