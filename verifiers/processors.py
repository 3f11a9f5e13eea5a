"""The logits processors and stop strings that ``generate`` applies, by transformers' own means.

So every setting of a checkpoint's generation config counts, as it does there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import torch
from transformers.generation import logits_process
from transformers.generation.stopping_criteria import StopStringCriteria

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
