"""Any VLM that transformers ships and a profile knows: loading, and the reader over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoImageProcessor, AutoModelForImageTextToText, AutoTokenizer

from docspec import registry
from docspec.config import Config
from docspec.errors import ModelError
from docspec.types import Request, Style, Verdict
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.decide import Decide, ExactWithProcessors, Fused, exact
from docspec.verifiers.processors import greedy_processors, prefixed, sampling_processors
from docspec.verifiers.sampling import Sampled
from docspec.verifiers.sequence import Prompt

DEFAULT_TRADE = 1.0


class TransformersReader:
    """A loaded transformers VLM behind the engine; see docspec.verifiers.reader.Reader."""

    def __init__(self, name: str, model: Any, tokenizer: Any, profile: Any) -> None:
        self.name = name
        self.model = model.eval()
        self.profile = profile
        self.style: Style = profile.style
        self.dpi: float = profile.dpi
        self.codec = TokenizerCodec(tokenizer.backend_tokenizer)
        ends = model.generation_config.eos_token_id
        ends = ends if ends is not None else tokenizer.eos_token_id
        self.end_tokens = tuple(ends) if isinstance(ends, list | tuple) else (int(ends),)

    def declines(self, request: Request) -> str | None:
        reason: str | None = self.profile.declines(request.category)
        return reason

    def prompts(self, requests: list[Request]) -> list[Prompt]:
        inputs = [self.profile.inputs(request.image, request.category) for request in requests]
        prompts: list[Prompt] = self.profile.embed(inputs)
        return prompts

    def decide(self, config: Config) -> Decide:
        if config.accept == "fused":
            return Fused(DEFAULT_TRADE if config.trade is None else config.trade)
        if config.accept == "sampled":
            processors = sampling_processors(self.model, config.temperature)
            return Sampled(processors, config.seed, prefixed=prefixed(processors(1)))
        processors = greedy_processors(self.model)
        return ExactWithProcessors(processors) if len(processors(1)) else exact

    def limit(self, request: Request, config: Config) -> int:
        return config.max_new_tokens

    def verdict(self, request: Request, verdict: Verdict) -> Verdict:
        text = self.profile.read(request.category, verdict.text)
        return Verdict(text, verdict.finish, verdict.stats)


def load(name: str, config: Config) -> TransformersReader:
    """Load a checkpoint folder or hub model. Raises ModelError, saying what is missing or unsupported."""
    local = Path(name).exists() or config.offline
    try:
        model_type = AutoConfig.from_pretrained(name, local_files_only=local).model_type
        profile_class = _profile(model_type)
        device = pick_device(config.device)
        model: Any = AutoModelForImageTextToText.from_pretrained(
            name, dtype=pick_dtype(config.dtype, device), local_files_only=local, attn_implementation="sdpa"
        )
        model.to(device)
        tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=local)
        image_processor = AutoImageProcessor.from_pretrained(name, local_files_only=local)
    except (OSError, ValueError, ImportError) as error:
        raise ModelError(f"cannot load {name}: {str(error).splitlines()[0]}") from error
    return TransformersReader(name, model, tokenizer, profile_class(model, tokenizer, image_processor))


def _profile(model_type: str) -> Any:
    known = registry.names("profiles")
    if model_type not in known:
        raise ModelError(f"no profile for the model type {model_type!r}; known: {', '.join(known)}")
    return registry.load("profiles", model_type)


def pick_device(name: str) -> torch.device:
    """``auto`` is CUDA, then MPS, then the CPU. Raises ModelError for a device that is not there."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise ModelError(f"device {name!r} cannot be used: {str(error).splitlines()[0]}") from error


def pick_dtype(name: str, device: torch.device) -> torch.dtype:
    """``auto`` is bfloat16 on an accelerator and float32 on the CPU."""
    if name == "auto":
        return torch.float32 if device.type == "cpu" else torch.bfloat16
    dtype: torch.dtype = getattr(torch, name)
    return dtype
