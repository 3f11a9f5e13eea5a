"""What a checkpoint's generation config asks for: done as transformers does it, without effect, or refused.

Every field that transformers knows stands in one of the sets below; a test holds them against the installed
version, and a field of a later one that a checkpoint sets is refused by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from transformers import GenerationConfig, SynthIDTextWatermarkingConfig

from docspec.errors import ModelError

# done by the logits processors that transformers makes of them (docspec.verifiers.processors)
BY_PROCESSORS = {
    *("min_length", "min_new_tokens", "repetition_penalty", "encoder_repetition_penalty"),
    *("no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids", "renormalize_logits"),
    *("forced_bos_token_id", "forced_eos_token_id", "remove_invalid_values", "suppress_tokens"),
    *("exponential_decay_length_penalty", "begin_suppress_tokens", "sequence_bias"),
}
# the same, in sampled acceptance alone
BY_SAMPLING = {
    *("temperature", "top_k", "top_p", "min_p", "top_h", "typical_p", "epsilon_cutoff", "eta_cutoff"),
}
# done by the engine: what ends an output
BY_ENGINE = {"eos_token_id", "max_new_tokens", "stop_strings"}
# says how the same tokens are found or handed over, which is docspec's own affair; ``max_length`` gives way
# to ``max_new_tokens``, which docspec always has
WITHOUT_EFFECT = {
    *("max_length", "do_sample", "use_cache", "max_cache_len", "pad_token_id", "bos_token_id"),
    *("output_attentions", "output_hidden_states", "output_scores", "output_logits"),
    *("return_dict_in_generate", "compile_config", "disable_compile", "continuous_batching_config"),
    *("prefill_chunk_size", "low_memory", "decoder_start_token_id"),
    # of beams only, which are refused
    *("early_stopping", "length_penalty", "diversity_penalty"),
    # drafts of transformers' own, which change no token
    *("use_mtp", "speculation_type", "is_assistant", "num_assistant_tokens", "num_assistant_tokens_schedule"),
    *("assistant_confidence_threshold", "assistant_early_exit", "assistant_lookbehind", "target_lookbehind"),
    *("assistant_ensemble_weight", "prompt_lookup_num_tokens", "max_matching_ngram_size"),
    *("transformers_version", "cache_config"),
}
# refused, unless the value is one that changes nothing
REFUSED: Mapping[str, Callable[[Any], bool]] = MappingProxyType(
    {
        "num_beams": lambda value: value == 1,
        "num_beam_groups": lambda value: value == 1,
        "num_return_sequences": lambda value: value == 1,
        "guidance_scale": lambda value: value == 1,
        "penalty_alpha": lambda value: value == 0,
        "token_healing": lambda value: not value,
        "max_time": lambda value: False,
        "dola_layers": lambda value: False,
        "constraints": lambda value: not value,
        "force_words_ids": lambda value: not value,
        "cache_implementation": lambda value: value != "quantized",
        # the other watermark keeps a state from call to call
        "watermarking_config": lambda value: not _has_state(value),
    }
)
KNOWN = BY_PROCESSORS | BY_SAMPLING | BY_ENGINE | WITHOUT_EFFECT | set(REFUSED)


def fields() -> set[str]:
    """The fields of a generation config in the installed transformers."""
    return {name for name in vars(GenerationConfig()) if not name.startswith("_")}


def refuse_unsupported(generation: Any) -> None:
    """Raises ModelError where ``generation`` asks for what the engine cannot do, by name and value."""
    for name in sorted(fields()):
        value = getattr(generation, name, None)
        if value is None or (name in KNOWN and REFUSED.get(name, lambda _: True)(value)):
            continue
        raise ModelError(
            f"the checkpoint's generation config sets {name} to {value!r}, which docspec does not support; "
            "without that setting (in generation_config.json) it can be used"
        )


def _has_state(watermark: Any) -> bool:
    """Whether a watermark's processor keeps a state from token to token."""
    return isinstance(watermark, SynthIDTextWatermarkingConfig) or (
        isinstance(watermark, dict) and "ngram_len" in watermark
    )
