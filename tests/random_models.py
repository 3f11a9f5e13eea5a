"""Small random VLMs of real transformers classes, with a tokenizer and image processor of their own."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
)
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

SPECIAL = [
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
TEXT = (
    "Speculative decoding lets a small model draft and a large model verify. The draft is text; the verdict "
    "is text as well, and where both agree nothing is lost but time is won. 0123456789 (a) [b] {c} <d>\n"
)


@lru_cache
def tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer of a few hundred tokens with Qwen's special tokens."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=340,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator([TEXT] * 3, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|im_end|>")


def image_processor() -> Qwen2VLImageProcessorPil:
    """Qwen2-VL's image processor, limited to a few dozen image tokens."""
    return Qwen2VLImageProcessorPil(min_pixels=28 * 28, max_pixels=28 * 28 * 24)


def _text_config(layers: int, sliding: bool) -> dict[str, Any]:
    config: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": len(tokenizer()),
        "rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0},
        "max_position_embeddings": 4096,
        "bos_token_id": None,
        "eos_token_id": tokenizer().eos_token_id,
        "tie_word_embeddings": False,
    }
    if sliding:
        config |= {"use_sliding_window": True, "sliding_window": 7, "max_window_layers": 1}
    return config


def _ids() -> dict[str, int]:
    names = {
        "image_token_id": "<|image_pad|>",
        "video_token_id": "<|video_pad|>",
        "vision_start_token_id": "<|vision_start|>",
        "vision_end_token_id": "<|vision_end|>",
    }
    return {key: tokenizer().convert_tokens_to_ids(token) for key, token in names.items()}


def random_model(
    family: str, seed: int, *, repetition_penalty: float | None = None, sliding: bool = False
) -> Any:
    """A random model whose greedy output varies from place to place (large initial weights)."""
    torch.manual_seed(seed)
    text = _text_config(2, sliding)
    if family == "qwen2_vl":
        vision = {"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 2}
        model: Any = Qwen2VLForConditionalGeneration(
            Qwen2VLConfig(text_config=text, vision_config=vision, **_ids())
        )
    else:
        vision = {
            "depth": 2,
            "hidden_size": 32,
            "out_hidden_size": 32,
            "num_heads": 2,
            "intermediate_size": 64,
            "fullatt_block_indexes": [1],
            "window_size": 56,
        }
        model = Qwen2_5_VLForConditionalGeneration(
            Qwen2_5_VLConfig(text_config=text, vision_config=vision, **_ids())
        )
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                weight.normal_(0, 1.0 / weight.shape[-1] ** 0.5 * (2.0 if "lm_head" in name else 1.3))
    model.generation_config.eos_token_id = tokenizer().eos_token_id
    model.generation_config.pad_token_id = tokenizer().eos_token_id
    model.generation_config.repetition_penalty = repetition_penalty
    return model.eval()
