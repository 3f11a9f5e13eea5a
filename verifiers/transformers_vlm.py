"""Any VLM that transformers ships and a profile knows: loading, and the reader over it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

from docspec.config import Config
from docspec.errors import ImageRefused, ModelError, first_line
from docspec.types import Request
from docspec.verifiers.clock import now
from docspec.verifiers.decide import Decide, ExactWithProcessors, Fused, exact
from docspec.verifiers.family import Family, find_profile
from docspec.verifiers.generation import refuse_unsupported
from docspec.verifiers.own_head_layer import HeadLayer, load_head
from docspec.verifiers.processors import by_set, greedy_processors, prefixed, sampling_processors, stopping
from docspec.verifiers.refusals import not_loaded, refuse_attention, refuse_class, refuse_encoder_decoder
from docspec.verifiers.sampling import Sampled
from docspec.verifiers.self_check import check
from docspec.verifiers.sequence import Prompt


class TransformersModel(Family):
    """A loaded transformers VLM behind the engine; see docspec.verifiers.model_verifier.LoadedModel."""

    def __init__(
        self, name: str, model: Any, tokenizer: Any, profile: Any, head: HeadLayer | None = None
    ) -> None:
        super().__init__(name, tokenizer, profile, model.generation_config)
        refuse_unsupported(model.generation_config)
        self.model = model.eval()
        self.head = head  # which proposes tokens where drafts do not
        self.check_seconds = 0.0  # what the check at its loading took
        self._stops = stopping(model, tokenizer)

    def prompts(self, requests: list[Request]) -> list[Prompt]:
        inputs = [self._inputs(request) for request in requests]
        prompts: list[Prompt] = self.profile.embed(self.model, inputs)
        return [replace(prompt, stops=self._stops) for prompt in prompts] if self._stops else prompts

    def _inputs(self, request: Request) -> dict[str, Any]:
        """The model's own inputs. Raises ImageRefused where its processor refuses the image."""
        try:
            inputs: dict[str, Any] = self.profile.inputs(request.image, request.category)
        except ValueError as error:
            raise ImageRefused(first_line(error)) from error
        return inputs

    def decide(self, config: Config) -> Decide:
        if config.accept == "fused":
            return Fused(config.trade)
        if config.accept == "sampled":
            processors = sampling_processors(self.model, config.temperature, self._bound(config))
            asked = processors((0,))
            return Sampled(processors, config.seed, prefixed=prefixed(asked), by_set=by_set(asked))
        processors = greedy_processors(self.model, self._bound(config))
        asked = processors((0,))
        return ExactWithProcessors(processors, by_set=by_set(asked)) if len(asked) else exact

    def limit(self, request: Request, config: Config) -> int:
        return self._bound(config)

    def _bound(self, config: Config) -> int:
        """The tokens that an output has at most: the generation config may ask for fewer than ``config``."""
        return min(config.max_new_tokens, self.generation.max_new_tokens or config.max_new_tokens)


def load(name: str, config: Config) -> TransformersModel:
    """Load a checkpoint folder or hub model. Raises ModelError, saying what is missing or unsupported."""
    local = Path(name).exists() or config.offline
    profile_class = find_profile(name, local)
    device = pick_device(config.device)
    try:
        settings = profile_class.config_type.from_pretrained(name, local_files_only=local)
        refuse_encoder_decoder(name, settings)
        if kind := MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING.get(type(settings), None):
            refuse_class(name, kind)
        model, tokenizer, processor = profile_class.load(
            name, dtype=pick_dtype(config.dtype, device), local_files_only=local
        )
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise not_loaded(name, error) from error
    refuse_attention(name, model)
    model.to(device)
    head = load_head(name, model, local_files_only=local)
    profile = profile_class(model.config, tokenizer, processor)
    loaded = TransformersModel(name, model, tokenizer, profile, head)
    if config.check:
        started = now(device)
        check(loaded)
        loaded.check_seconds = now(device) - started
    return loaded


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
