"""The logits processors that ``generate`` applies, built by transformers' own builder.

So every setting of a checkpoint's generation config counts, as it does there.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

from transformers.generation import logits_process

Processors = Callable[[int], Any]  # a LogitsProcessorList by prompt length in tokens

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


def greedy_processors(model: Any) -> Processors:
    """Those of ``model.generate(do_sample=False)``."""
    settings = copy.deepcopy(model.generation_config)
    settings.do_sample = False
    return _built(model, settings)


def sampling_processors(model: Any, temperature: float) -> Processors:
    """Those of ``model.generate(do_sample=True, temperature=temperature)``.

    That includes what the generation config restricts sampling to (top_k, top_p, min_p, ...), and
    transformers' default for what it leaves open (top_k 50).
    """
    settings, _ = model._prepare_generation_config(None, do_sample=True, temperature=float(temperature))
    return _built(model, settings)


def prefixed(processors: Iterable[Any]) -> bool:
    """Whether any of the processors may look at the tokens before a place, not at its logits only."""
    return not all(type(processor) in _UNPREFIXED for processor in processors)


def _built(model: Any, settings: Any) -> Processors:
    model._prepare_special_tokens(settings, kwargs_has_attention_mask=True, device=model.device)
    built: dict[int, Any] = {}

    def processors(prompt_length: int) -> Any:
        if prompt_length not in built:
            built[prompt_length] = model._get_logits_processor(
                generation_config=settings,
                input_ids_seq_length=prompt_length,
                device=model.device,
                model_kwargs={},
            )
        return built[prompt_length]

    return processors
