"""Models of a given shape with random weights, for replays: their passes cost what a real model's cost."""

from __future__ import annotations

from typing import Any

import torch
from transformers import PreTrainedTokenizerFast
from transformers.initialization import no_init_weights
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from docspec.bench.decode import make_reader
from docspec.bench.neutral_tokenizer import neutral_tokenizer
from docspec.errors import UsageError
from docspec.verifiers.dots_ocr.configuration import DotsOCRConfig
from docspec.verifiers.dots_ocr.loading import MAX_PIXELS, MIN_PIXELS
from docspec.verifiers.dots_ocr.model import DotsOCRForCausalLM
from docspec.verifiers.profiles.dots_ocr import DotsOCR
from docspec.verifiers.transformers_vlm import TransformersModel, pick_device, pick_dtype

DOTS = "dots.ocr"
DOTS_SPECIAL = (
    *("<|endofassistant|>", "<|imgpad|>", "<|img|>", "<|endofimg|>"),
    *("<|user|>", "<|endofuser|>", "<|assistant|>"),
)
SPREAD = 0.02  # standard deviation of random weights, the usual one


def random_reader(shape: str, device: str, dtype: str) -> TransformersModel:
    """A random model of ``shape``: ``dots.ocr``, or a Qwen2-VL of LAYERSxHIDDEN.

    Raises UsageError for another shape and ModelError for a device that is not there.
    """
    if shape == DOTS:
        return random_dots_ocr(DotsOCRConfig(), device, dtype)
    layers, _, hidden = shape.partition("x")
    if not (layers.isdigit() and hidden.isdigit() and int(layers) and int(hidden) % 64 == 0 < int(hidden)):
        raise UsageError(
            f"--shape is {DOTS} or LAYERSxHIDDEN, HIDDEN a multiple of 64, such as 20x1024, not {shape!r}"
        )
    loaded = make_reader(int(layers), int(hidden), device, dtype)
    loaded.name = f"random Qwen2-VL of {layers} layers x {hidden}"
    return loaded


def random_dots_ocr(config: DotsOCRConfig, device: str, dtype: str) -> TransformersModel:
    """A dots.ocr of ``config`` (its defaults are the published model's), made on ``device`` in ``dtype``.

    Chat format, image sizes and page format are its own. The benchmarks' tokenizer, ten times smaller than
    the model's, has its ids within the model's vocabulary, which keeps its size.
    """
    core = neutral_tokenizer()
    core.add_special_tokens(list(DOTS_SPECIAL))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token=DOTS_SPECIAL[0])
    if len(tokenizer) > config.vocab_size:
        raise UsageError(f"{len(tokenizer)} tokens do not fit a vocabulary of {config.vocab_size}")
    image_token = core.token_to_id("<|imgpad|>")
    assert image_token is not None
    config.image_token_id = image_token
    where = pick_device(device)
    model = _random_dots(config, where, pick_dtype(dtype, where))
    model.generation_config.eos_token_id = model.generation_config.pad_token_id = tokenizer.eos_token_id
    images = Qwen2VLImageProcessorPil(min_pixels=MIN_PIXELS, max_pixels=MAX_PIXELS, temporal_patch_size=1)
    name = f"random {DOTS} of {config.num_hidden_layers} layers x {config.hidden_size}"
    return TransformersModel(name, model, tokenizer, DotsOCR(model.config, tokenizer, images))


def _random_dots(config: DotsOCRConfig, device: torch.device, dtype: torch.dtype) -> Any:
    """The model, no part of which is anywhere but on ``device`` or in another type than ``dtype``."""
    make: Any = DotsOCRForCausalLM._from_config  # partly annotated library
    with torch.device(device), no_init_weights():
        model = make(config, dtype=dtype, attn_implementation="sdpa")
    torch.manual_seed(0)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                weight.normal_(0.0, SPREAD)
            else:
                weight.fill_(0.0 if name.endswith("bias") else 1.0)
    return model.eval()
