"""A random decoder of a few tokens' vocabulary, and sequences over it: the engine without images or text."""

from __future__ import annotations

from collections.abc import Hashable
from collections.abc import Sequence as Seq
from functools import lru_cache
from typing import Any

import torch
from transformers import (
    Lfm2Config,
    Lfm2ForCausalLM,
    NemotronHConfig,
    NemotronHForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3_5ForCausalLM,
    Qwen3_5TextConfig,
)

from docspec.drafters.following.cursor import DraftCursor
from docspec.drafters.following.drafted_next import DraftedNext
from docspec.verifiers.sequence import Prompt, Sequence

END = 0
VOCABULARY = 12


class LetterCodec:
    """A letter a token; the end token is not written."""

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        return [(ord(c) - ord("a")) % VOCABULARY for c in text], list(range(len(text)))

    def decode(self, ids: Seq[int]) -> str:
        return "".join(chr(ord("a") + token) for token in ids if token != END)


SIZE: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": VOCABULARY,
    "bos_token_id": None,
    "eos_token_id": END,
    "tie_word_embeddings": False,
}


def _qwen2() -> Any:
    return Qwen2ForCausalLM(Qwen2Config(**SIZE))


def _delta_net() -> Any:
    """Recurrent states of a gated delta rule, and those of a convolution before it."""
    heads = {"linear_num_key_heads": 2, "linear_num_value_heads": 4, "head_dim": 8}
    heads |= {"linear_key_head_dim": 8, "linear_value_head_dim": 8}
    kinds = ["linear_attention", "full_attention", "linear_attention"]
    sizes: dict[str, Any] = SIZE | heads | {"num_hidden_layers": 3, "attention_bias": True}
    return _biased(Qwen3_5ForCausalLM(Qwen3_5TextConfig(**sizes, layer_types=kinds)))


def _biased(model: Any) -> Any:
    """``model`` with biases that are not zero: padding of zeros is then seen where no mask hides it."""
    for name, weight in model.named_parameters():
        if name.endswith((".bias", ".dt_bias")):
            torch.nn.init.normal_(weight)
    return model


def _convolution() -> Any:
    """Short convolutions alone."""
    kinds = ["conv", "full_attention", "conv"]
    more: dict[str, Any] = {"num_hidden_layers": 3, "layer_types": kinds, "block_auto_adjust_ff_dim": False}
    return Lfm2ForCausalLM(Lfm2Config(**SIZE | more))


def _state_space() -> Any:
    """A state-space model's states, with layers that keep nothing at all."""
    kinds = ["linear_attention", "mlp", "full_attention", "linear_attention"]
    more = {"mamba_num_heads": 4, "mamba_head_dim": 8, "ssm_state_size": 8, "n_groups": 2, "chunk_size": 4}
    sizes = SIZE | more | {"head_dim": 8, "num_hidden_layers": 4, "layer_types": kinds}
    model = _biased(NemotronHForCausalLM(NemotronHConfig(**sizes)))
    # with a least time step, transformers decodes one token otherwise than several at once
    for module in model.modules():
        if hasattr(module, "time_step_limit"):
            vars(module)["time_step_limit"] = (0.0, float("inf"))
    return model


BUILDS = {
    "attention": _qwen2,
    "delta net": _delta_net,
    "convolution": _convolution,
    "state space": _state_space,
}
STATEFUL = [kind for kind in BUILDS if kind != "attention"]


@lru_cache
def tiny_decoder(seed: int = 0, scale: float = 2.0, kind: str = "attention") -> Any:
    """A random decoder of a few narrow layers; a larger ``scale`` makes it surer of its tokens."""
    torch.manual_seed(seed)
    model = BUILDS[kind]()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                weight.normal_(0, weight.shape[-1] ** -0.5 * (scale if "lm_head" in name else 1.3))
    model.generation_config.eos_token_id = model.generation_config.pad_token_id = END
    return model.eval()


def sequence(
    model: Any, key: Hashable, ids: Seq[int], limit: int, drafts: Seq[str] = (), **more: Any
) -> Sequence:
    """A sequence that goes on from the tokens ``ids``."""
    with torch.inference_mode():
        embeds = model.get_input_embeddings()(torch.tensor(ids))
    return Sequence(
        key=key,
        prompt=Prompt(embeds, torch.arange(len(ids))[None], tuple(ids)),
        cursor=DraftCursor(drafts, LetterCodec(), END),
        limit=limit,
        draft=DraftedNext(drafts[0] if drafts else "", LetterCodec(), END),
        **{"end_tokens": frozenset((END,))} | more,
    )
