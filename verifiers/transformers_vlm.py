"""Any VLM that transformers ships and a profile knows: loading, and the reader over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import PreTrainedConfig

from docspec import registry
from docspec.config import Config
from docspec.errors import ImageRefused, ModelError
from docspec.types import Request, Style, Verdict
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.decide import Decide, ExactWithProcessors, Fused, exact
from docspec.verifiers.processors import greedy_processors, prefixed, sampling_processors
from docspec.verifiers.profiles.base import Profile
from docspec.verifiers.sampling import Sampled
from docspec.verifiers.sequence import Prompt


class TransformersModel:
    """A loaded transformers VLM behind the engine; see docspec.verifiers.model_verifier.LoadedModel."""

    def __init__(self, name: str, model: Any, tokenizer: Any, profile: Any) -> None:
        self.name = name
        self.model = model.eval()
        self.profile = profile
        self.style: Style = profile.style
        self.dpi: float = profile.dpi
        self.native: Literal["region", "page"] = profile.native
        self.page: Any = profile if profile.declines(None) is None else None
        self.codec = TokenizerCodec(
            tokenizer.backend_tokenizer, special=getattr(profile, "special_text", False)
        )
        self.end_tokens = _end_tokens(model, tokenizer, getattr(profile, "stop_tokens", ()))

    def declines(self, request: Request) -> str | None:
        reason: str | None = self.profile.declines(request.category)
        return reason

    def prompts(self, requests: list[Request]) -> list[Prompt]:
        inputs = [self._inputs(request) for request in requests]
        prompts: list[Prompt] = self.profile.embed(self.model, inputs)
        return prompts

    def _inputs(self, request: Request) -> dict[str, Any]:
        """The model's own inputs. Raises ImageRefused where its processor refuses the image."""
        try:
            inputs: dict[str, Any] = self.profile.inputs(request.image, request.category)
        except ValueError as error:
            raise ImageRefused(_first_line(error)) from error
        return inputs

    def decide(self, config: Config) -> Decide:
        if config.accept == "fused":
            return Fused(config.trade)
        if config.accept == "sampled":
            processors = sampling_processors(self.model, config.temperature)
            return Sampled(processors, config.seed, prefixed=prefixed(processors(1)))
        processors = greedy_processors(self.model)
        return ExactWithProcessors(processors) if len(processors(1)) else exact

    def limit(self, request: Request, config: Config) -> int:
        return config.max_new_tokens

    def words(self, request: Request, draft: str) -> str:
        return draft if request.category is None else str(self.profile.write(request.category, draft))

    def verdict(self, request: Request, verdict: Verdict) -> Verdict:
        return replace(verdict, text=self.profile.read(request.category, verdict.text))


def _end_tokens(model: Any, tokenizer: Any, stops: Sequence[str]) -> tuple[int, ...]:
    """Ids that end an output, the likeliest first: the profile's own, then the generation config's."""
    ends = model.generation_config.eos_token_id
    if ends is None:
        ends = tokenizer.eos_token_id
    ends = ends if isinstance(ends, list | tuple) else [ends]
    ids = dict.fromkeys([*tokenizer.convert_tokens_to_ids(list(stops)), *ends])
    return tuple(int(token) for token in ids if token is not None)


def load(name: str, config: Config) -> TransformersModel:
    """Load a checkpoint folder or hub model. Raises ModelError, saying what is missing or unsupported."""
    local = Path(name).exists() or config.offline
    profile_class = _profile(name, local)
    device = pick_device(config.device)
    load_parts = getattr(profile_class, "load", Profile.load)
    try:
        model, tokenizer, processor = load_parts(
            name, dtype=pick_dtype(config.dtype, device), local_files_only=local
        )
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise ModelError(f"cannot load {name}: {_first_line(error)}") from error
    model.to(device)
    return TransformersModel(name, model, tokenizer, profile_class(model.config, tokenizer, processor))


def _profile(name: str, local: bool) -> Any:
    """The profile class for the checkpoint's model type."""
    try:
        model_type = PreTrainedConfig.get_config_dict(name, local_files_only=local)[0].get("model_type")
    except (OSError, ValueError) as error:
        raise ModelError(_unreachable(name, local, error)) from error
    if model_type is None:
        raise ModelError(f"{name} is not a checkpoint: no config.json that names a model_type")
    known = registry.names("profiles")
    if model_type not in known:
        raise ModelError(
            f"no profile for {name}, of model type {model_type!r}; known: {', '.join(known)} (a package can "
            "add one: an entry point of docspec.profiles, see docs/adding-a-family.md)"
        )
    return registry.load("profiles", model_type)


def _unreachable(name: str, local: bool, error: Exception) -> str:
    """Why a checkpoint's configuration cannot be read, and what to do."""
    if Path(name).exists():
        return f"{name} is not a readable checkpoint: {_first_line(error)}"
    if local:
        return (
            f"{name} is not on this machine, and --offline forbids downloading it: run once without, or "
            "give a folder with the checkpoint"
        )
    return (
        f"cannot download {name}: {_first_line(error)} Check the name and the network, or give a folder "
        "with the checkpoint"
    )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


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
