"""A small random Qwen2-VL as a checkpoint: to try a server with, without a download or a GPU.

It writes nonsense, unless docspec.bench.recorded_model teaches it texts.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import PreTrainedTokenizerFast, Qwen2VLConfig, Qwen2VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from docspec.bench.neutral_tokenizer import neutral_tokenizer

START, END, BEFORE, PAD, AFTER, VIDEO = SPECIAL = (
    *("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|image_pad|>", "<|vision_end|>", "<|video_pad|>"),
)
MOST_PIXELS = 28 * 28 * 256  # of an image
HEAD = 64
LONGEST = 32768  # tokens of a prompt with its text: what the model's positions reach


@dataclass(frozen=True, slots=True)
class Size:
    """The decoder's width and layers, and how many rounds over the texts it is trained at most."""

    width: int = 256
    layers: int = 2
    rounds: int = 120


def tokenizer() -> Any:
    """The neutral tokenizer with the family's special tokens."""
    core = neutral_tokenizer()
    core.add_special_tokens(list(SPECIAL))
    return PreTrainedTokenizerFast(tokenizer_object=core, eos_token=END, pad_token=END)


def make_random(folder: Path, size: Size = Size(), seed: int = 0) -> None:
    """Write the checkpoint of a model that reads images of any size and writes nonsense: to try a server."""
    words = tokenizer()
    images = Qwen2VLImageProcessorPil(min_pixels=28 * 28, max_pixels=MOST_PIXELS)
    save(folder, random_model(words, size, seed), words, images, None)


def save(folder: Path, model: Any, words: Any, images: Any, template: str | None) -> None:
    """Write the checkpoint with its tokenizer, processor and chat template."""
    model.generation_config.eos_token_id = model.generation_config.pad_token_id = words.eos_token_id
    model.save_pretrained(folder)
    videos = transformers.Qwen2VLVideoProcessor()
    transformers.Qwen2VLProcessor(images, words, videos, chat_template=template).save_pretrained(folder)
    words.save_pretrained(folder)


def random_model(words: Any, size: Size, seed: int) -> Any:
    """A model over the tokens of ``words``."""
    torch.manual_seed(seed)
    model = Qwen2VLForConditionalGeneration(_config(words, size))
    _randomize(model)
    return model


def _config(words: Any, size: Size) -> Qwen2VLConfig:
    ids = words.convert_tokens_to_ids
    text = {
        "vocab_size": len(words),
        "hidden_size": size.width,
        "intermediate_size": 3 * size.width,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.width // HEAD,
        "num_key_value_heads": 1,
        "max_position_embeddings": LONGEST,
        "rope_parameters": {"rope_type": "default", "mrope_section": [8, 12, 12], "rope_theta": 10000.0},
        "bos_token_id": None,
        "eos_token_id": ids(END),
        "pad_token_id": None,
        "tie_word_embeddings": False,
    }
    vision = {"depth": 1, "embed_dim": 64, "hidden_size": size.width, "num_heads": 2, "mlp_ratio": 2}
    places = {"image_token_id": ids(PAD), "video_token_id": ids(VIDEO), "vision_start_token_id": ids(BEFORE)}
    return Qwen2VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=False, **places)


def _randomize(model: torch.nn.Module) -> None:
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.normal_(0, 1.0 / weight[0].numel() ** 0.5)


def main() -> None:
    """Write a random checkpoint, to try a server with."""
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.small_model", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="a new folder")
    folder: Path = parser.parse_args().folder
    make_random(folder)
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    print(f"{folder}: a random Qwen2-VL, {size:.0f} MB; it writes nonsense")


if __name__ == "__main__":
    main()
