"""The logits processors and stop strings that ``generate`` applies, by transformers' own means.

So every setting of a checkpoint's generation config counts, as it does there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers.generation import logits_process
from transformers.generation.stopping_criteria import StopStringCriteria

if TYPE_CHECKING:
    from docspec.drafters.following.tree import Tree
    from docspec.verifiers import sequence

KEPT = 64  # prompts whose processors are kept: more than are decoded together
Processors = Callable[[tuple[int, ...]], Any]  # a LogitsProcessorList by a prompt's token ids

_UNPREFIXED = (
    logits_process.EpsilonLogitsWarper,
    logits_process.EtaLogitsWarper,
    logits_process.InfNanRemoveLogitsProcessor,
    logits_process.LogitNormalization,
    logits_process.MinPLogitsWarper,
    logits_process.SuppressTokensLogitsProcessor,
    logits_process.TemperatureLogitsWarper,
    logits_process.TopHLogitsWarper,
    logits_process.TopKLogitsWarper,
    logits_process.TopPLogitsWarper,
    logits_process.TypicalLogitsWarper,
)


def greedy_processors(model: Any, limit: int, **settings: Any) -> Processors:
    """Those of ``model.generate(do_sample=False, max_new_tokens=limit, **settings)``."""
    prepared, _ = model._prepare_generation_config(None, do_sample=False, **settings)
    return _built(model, prepared, limit)


def sampling_processors(model: Any, temperature: float, limit: int) -> Processors:
    """Those of ``model.generate(do_sample=True, temperature=temperature, max_new_tokens=limit)``.

    That includes what the generation config restricts sampling to (top_k, top_p, min_p, ...), and
    transformers' default for what it leaves open (top_k 50).
    """
    settings, _ = model._prepare_generation_config(None, do_sample=True, temperature=float(temperature))
    return _built(model, settings, limit)


def prefixed(processors: Iterable[Any]) -> bool:
    """Whether any of the processors may look at the tokens before a place, not at its logits only."""
    return not all(type(processor) in _UNPREFIXED for processor in processors)


def by_set(processors: Iterable[Any]) -> bool:
    """Whether what each does depends, besides the logits of a place, on which tokens stand before it alone:
    not on their order or number."""
    return all(
        type(one) in _UNPREFIXED
        or (type(one) is logits_process.RepetitionPenaltyLogitsProcessor and one.prompt_ignore_length is None)
        for one in processors
    )


def seen(sequences: Sequence[sequence.Sequence], trees: Sequence[Tree]) -> np.ndarray | None:
    """The tokens before each place of each row's tree, [places of all, most]: each once, and for filling up
    the first of them again. None where there is none before some place.

    For processors that are ``by_set``: as the whole text is to them.
    """
    if not all(one.distinct for one in sequences):
        return None
    before = [np.fromiter(one.distinct, np.int64) for one in sequences]
    drafted = [_paths(tree) for tree in trees]
    width = max(map(len, before)), max(paths.shape[1] for paths in drafted)
    rows = []
    for tokens, paths in zip(before, drafted, strict=True):
        row = np.full((len(paths), sum(width)), tokens[0])
        row[:, : len(tokens)] = tokens
        row[:, width[0] : width[0] + paths.shape[1]] = np.where(paths < 0, tokens[0], paths)
        rows.append(row)
    return np.concatenate(rows)


def _paths(tree: Tree) -> np.ndarray:
    """The nodes' tokens on the way to each place, [places, depth of the tree]; -1 behind them."""
    deepest = max(tree.depths, default=0)
    if tree.is_chain:
        return np.where(np.tri(deepest + 1, deepest, -1, dtype=bool), np.array(tree.tokens, np.int64), -1)
    paths = np.full((len(tree) + 1, deepest), -1)
    way: list[int] = []
    for place, (token, depth) in enumerate(zip(tree.tokens, tree.depths, strict=True), start=1):
        way[depth - 1 :] = [token]
        paths[place, :depth] = way
    return paths


def _built(model: Any, settings: Any, limit: int) -> Processors:
    model._prepare_special_tokens(settings, kwargs_has_attention_mask=True, device=model.device)

    @lru_cache(maxsize=KEPT)
    def processors(prompt: tuple[int, ...]) -> Any:
        settings.max_length = len(prompt) + limit  # where forced_eos_token_id comes
        return model._get_logits_processor(
            generation_config=settings,
            input_ids_seq_length=len(prompt),
            encoder_input_ids=torch.tensor([prompt], dtype=torch.long, device=model.device),
            device=model.device,
            model_kwargs={},
        )

    return processors


def stopping(model: Any, tokenizer: Any) -> Callable[[Sequence[int]], bool] | None:
    """Whether text that ends with these tokens ends with one of the generation config's ``stop_strings``;
    None without any."""
    strings = model.generation_config.stop_strings
    if not strings:
        return None
    criterion = StopStringCriteria(tokenizer, strings)

    def stops(tokens: Sequence[int]) -> bool:
        recent = torch.tensor([tokens[-criterion.maximum_token_len :]])
        return bool(criterion(recent, None)[0])

    return stops
