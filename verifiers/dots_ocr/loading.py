"""A dots.ocr checkpoint folder or hub model, without remote code: ``auto_map`` in its files is ignored."""

from __future__ import annotations

import torch
from transformers import PreTrainedTokenizerFast
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from docspec.verifiers.dots_ocr.model import DotsOCRForCausalLM

MIN_PIXELS, MAX_PIXELS = 3136, 11_289_600


def load_dots_ocr(
    name: str, *, dtype: torch.dtype, local_files_only: bool
) -> tuple[DotsOCRForCausalLM, PreTrainedTokenizerFast, Qwen2VLImageProcessorPil]:
    """Model (on the CPU), tokenizer and image processor of ``name``.

    Raises what transformers raises (OSError, ValueError), and ValueError for a checkpoint that lacks weights:
    transformers would make them up.
    """
    model, found = DotsOCRForCausalLM.from_pretrained(
        name,
        dtype=dtype,
        local_files_only=local_files_only,
        attn_implementation="sdpa",
        output_loading_info=True,
    )
    if missing := sorted(found["missing_keys"]):
        raise ValueError(f"the checkpoint lacks {len(missing)} weights, {missing[0]} among them")
    return model, *load_words(name, local_files_only=local_files_only)


def load_words(
    name: str, *, local_files_only: bool
) -> tuple[PreTrainedTokenizerFast, Qwen2VLImageProcessorPil]:
    """Tokenizer and image processor of ``name``. Raises what transformers raises."""
    # the classes by name: the Auto classes would look for the model type among transformers' own
    tokenizer = PreTrainedTokenizerFast.from_pretrained(name, local_files_only=local_files_only)
    return tokenizer, _image_processor(name, local_files_only)


def _image_processor(name: str, local_files_only: bool) -> Qwen2VLImageProcessorPil:
    try:
        return Qwen2VLImageProcessorPil.from_pretrained(name, local_files_only=local_files_only)
    except OSError:  # a conversion without preprocessor_config.json: as published
        return Qwen2VLImageProcessorPil(min_pixels=MIN_PIXELS, max_pixels=MAX_PIXELS, temporal_patch_size=1)
