"""A small random dots.ocr, with a tokenizer and image processor of its own, and as a checkpoint folder."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from docspec.verifiers.dots_ocr.configuration import DotsOCRConfig
from docspec.verifiers.dots_ocr.model import DotsOCRForCausalLM

SPECIAL = [
    "<|endoftext|>",
    "<|imgpad|>",
    "<|img|>",
    "<|endofimg|>",
    "<|user|>",
    "<|endofuser|>",
    "<|assistant|>",
    "<|endofassistant|>",
    "<|video_pad|>",
]
TEXT = (
    'Please output the layout information from the PDF image [{"bbox": [12, 34, 567, 890], "category": '
    '"Text", "text": "Formula, Table, Title"}, {"bbox": ...}] 0123456789\n'
)


@lru_cache
def tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer of a few hundred tokens with dots.ocr's special ones, each digit a token."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\d| ?[^\s\d]+|\s+"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=340,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator([TEXT] * 3, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="<|endoftext|>", pad_token="<|endoftext|>"
    )


def image_processor() -> Qwen2VLImageProcessorPil:
    """dots.ocr's image processing, limited to a few dozen image tokens."""
    return Qwen2VLImageProcessorPil(
        min_pixels=28 * 28, max_pixels=28 * 28 * 24, temporal_patch_size=1, patch_size=14, merge_size=2
    )


def config_dict() -> dict[str, Any]:
    """A small model's config.json with everything in it that the published one has."""
    ids = tokenizer().convert_tokens_to_ids
    return {
        "architectures": ["DotsOCRForCausalLM"],
        "model_type": "dots_ocr",
        "auto_map": {
            "AutoConfig": "configuration_dots.DotsOCRConfig",
            "AutoModelForCausalLM": "modeling_dots_ocr.DotsOCRForCausalLM",
        },
        "attention_bias": True,
        "attention_dropout": 0.0,
        "hidden_act": "silu",
        "hidden_size": 32,
        "initializer_range": 0.02,
        "intermediate_size": 64,
        "max_position_embeddings": 4096,
        "max_window_layers": 28,
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-06,
        "rope_scaling": None,
        "rope_theta": 1000000,
        "sliding_window": 131072,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.51.0",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": len(tokenizer()),
        "image_token_id": ids("<|imgpad|>"),
        "video_token_id": 336,
        "vision_config": {
            "model_type": "dots_vit",
            "attn_implementation": "flash_attention_2",
            "embed_dim": 32,
            "gradient_checkpointing": False,
            "hidden_size": 32,
            "init_merger_std": 0.02,
            "initializer_range": 0.02,
            "intermediate_size": 48,
            "is_causal": False,
            "num_attention_heads": 2,
            "num_channels": 3,
            "num_hidden_layers": 2,
            "patch_size": 14,
            "post_norm": True,
            "rms_norm_eps": 1e-05,
            "spatial_merge_size": 2,
            "temporal_patch_size": 1,
            "use_bias": False,
        },
    }


def random_dots(seed: int, *, repetition_penalty: float | None = None) -> DotsOCRForCausalLM:
    """A random model whose greedy output varies from place to place (large initial weights)."""
    torch.manual_seed(seed)
    config = DotsOCRConfig(**config_dict())
    config.dtype = torch.float32
    model = DotsOCRForCausalLM(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                weight.normal_(0, 1.0 / weight[0].numel() ** 0.5 * (2.0 if "lm_head" in name else 1.3))
            else:
                weight.add_(torch.randn_like(weight) * 0.1)
    ids = tokenizer().convert_tokens_to_ids
    model.generation_config.eos_token_id = [ids("<|endoftext|>"), ids("<|endofassistant|>")]
    model.generation_config.pad_token_id = ids("<|endoftext|>")
    model.generation_config.repetition_penalty = repetition_penalty
    model.train(False)
    return model


def save_checkpoint(folder: Path, model: DotsOCRForCausalLM, config: dict[str, Any] | None = None) -> None:
    """Write the folder as the published one is: its config.json, remote-code hints and all."""
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    image_processor().save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(config or config_dict()))
    preprocessor = {
        "min_pixels": 28 * 28,
        "max_pixels": 28 * 28 * 24,
        "patch_size": 14,
        "temporal_patch_size": 1,
        "merge_size": 2,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
        "image_processor_type": "Qwen2VLImageProcessor",
        "processor_class": "DotsVLProcessor",
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))
