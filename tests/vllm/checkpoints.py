"""Small random checkpoints that vLLM runs on a CPU, in the keys and files of published models.

Its attention takes heads of 32 and more there, so these are wider than those of tests/random_models.py. Their
greedy output varies from place to place, and now and then ends.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dots_model
import random_models as rm
import torch
import transformers
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from docspec.verifiers.dots_ocr.configuration import DotsOCRConfig
from docspec.verifiers.dots_ocr.model import DotsOCRForCausalLM

WIDTH, HEAD = 64, 32
PIXELS: dict[str, Any] = {"min_pixels": 28 * 28, "max_pixels": 28 * 28 * 24}
PROMPT = (
    "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>Read the text.<|im_end|>\n"
    "<|im_start|>assistant\n"
)
DOTS_PROMPT = "<|user|><|img|><|imgpad|><|endofimg|>Read the text.<|endofuser|><|assistant|>"


def prompt(family: str) -> str:
    """The prompt that the tests ask a family with, its image as a placeholder."""
    return DOTS_PROMPT if family == "dots_ocr" else PROMPT


def special_tokens() -> list[int]:
    """Ids that are special in every family: the first of a vocabulary, end tokens among them."""
    return list(range(len(dots_model.SPECIAL)))


def save(folder: Path, family: str, seed: int = 0) -> None:
    """Write the family's checkpoint."""
    if family == "dots_ocr":
        _save_dots(folder, seed)
        return
    torch.manual_seed(seed)
    model, images, processor = FAMILIES[family]()
    _randomize(model)
    model.generation_config.eos_token_id = rm.token_id(rm.END)
    model.generation_config.pad_token_id = rm.token_id(rm.END)
    model.save_pretrained(folder)
    words = rm.tokenizer(chat_template=rm.QWEN_TEMPLATE)
    videos = processor.__name__.replace("Processor", "VideoProcessor")
    videos = {"Qwen2_5_VLVideoProcessor": "Qwen2VLVideoProcessor"}.get(videos, videos)
    parts = processor(images, words, getattr(transformers, videos)(), chat_template=rm.QWEN_TEMPLATE)
    parts.save_pretrained(folder)
    words.save_pretrained(folder)


def _randomize(model: torch.nn.Module) -> None:
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                weight.normal_(0, 1.0 / weight[0].numel() ** 0.5 * (2.0 if "lm_head" in name else 1.3))


def _text(**more: Any) -> dict[str, Any]:
    heads = {"num_attention_heads": WIDTH // HEAD, "num_key_value_heads": 1}
    return rm.decoder(hidden_size=WIDTH, intermediate_size=2 * WIDTH, **heads, **more)


Parts = tuple[Any, Any, Any]  # the model, its image processor, its processor's class


def _qwen2_vl() -> Parts:
    vision = {"depth": 2, "embed_dim": 64, "hidden_size": WIDTH, "num_heads": 2, "mlp_ratio": 2}
    config = transformers.Qwen2VLConfig(
        text_config=_text(rope_parameters=rm.mrope(4, 6, 6)), vision_config=vision, **rm.qwen_ids()
    )
    model = transformers.Qwen2VLForConditionalGeneration(config)
    return model, Qwen2VLImageProcessorPil(**PIXELS), transformers.Qwen2VLProcessor


def _qwen2_5_vl() -> Parts:
    vision: dict[str, Any] = {"depth": 2, "hidden_size": 64, "out_hidden_size": WIDTH, "num_heads": 2}
    vision |= {"intermediate_size": 128, "fullatt_block_indexes": [1], "window_size": 112}
    config = transformers.Qwen2_5_VLConfig(
        text_config=_text(rope_parameters=rm.mrope(4, 6, 6)), vision_config=vision, **rm.qwen_ids()
    )
    model = transformers.Qwen2_5_VLForConditionalGeneration(config)
    return model, Qwen2VLImageProcessorPil(**PIXELS), transformers.Qwen2_5_VLProcessor


def _vision3() -> dict[str, Any]:
    vision: dict[str, Any] = {"depth": 3, "hidden_size": 64, "out_hidden_size": WIDTH, "num_heads": 2}
    return vision | {"intermediate_size": 64, "num_position_embeddings": 64}


def _images3() -> Qwen2VLImageProcessorPil:
    return Qwen2VLImageProcessorPil(patch_size=16, min_pixels=32 * 32, max_pixels=32 * 32 * 24)


def _qwen3_vl() -> Parts:
    rope = rm.mrope(6, 5, 5) | {"mrope_interleaved": True}
    config = transformers.Qwen3VLConfig(
        text_config=_text(head_dim=HEAD, rope_parameters=rope),
        vision_config=_vision3() | {"deepstack_visual_indexes": [0, 1]},
        **rm.qwen_ids(),
    )
    return transformers.Qwen3VLForConditionalGeneration(config), _images3(), transformers.Qwen3VLProcessor


def _qwen3_5() -> Parts:
    rope = rm.mrope(6, 5, 5) | {"mrope_interleaved": True, "partial_rotary_factor": 1.0}
    linear = {"linear_key_head_dim": 128, "linear_value_head_dim": 128}
    linear |= {"linear_num_key_heads": 2, "linear_num_value_heads": 2}
    layers = {"num_hidden_layers": 4, "layer_types": ["linear_attention"] * 3 + ["full_attention"]}
    text = _text(head_dim=HEAD, rope_parameters=rope) | layers | linear
    config = transformers.Qwen3_5Config(text_config=text, vision_config=_vision3(), **rm.qwen_ids())
    return transformers.Qwen3_5ForConditionalGeneration(config), _images3(), transformers.Qwen3VLProcessor


FAMILIES: dict[str, Callable[[], Parts]] = {
    "qwen2_vl": _qwen2_vl,
    "qwen2_5_vl": _qwen2_5_vl,
    "qwen3_vl": _qwen3_vl,
    "qwen3_5": _qwen3_5,
}


def _save_dots(folder: Path, seed: int) -> None:
    config = dots_model.config_dict()
    config |= {"hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_attention_heads": WIDTH // HEAD}
    config |= {"num_key_value_heads": 1}
    config["vision_config"] |= {"embed_dim": 64, "hidden_size": WIDTH, "intermediate_size": 96}
    torch.manual_seed(seed)
    made = DotsOCRConfig(**config)
    made.dtype = torch.float32
    model = DotsOCRForCausalLM(made)
    _randomize(model)
    ids = dots_model.tokenizer().convert_tokens_to_ids
    model.generation_config.eos_token_id = [ids("<|endoftext|>"), ids("<|endofassistant|>")]
    model.generation_config.pad_token_id = ids("<|endoftext|>")
    dots_model.save_checkpoint(folder, model.train(False), config)
