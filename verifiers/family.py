"""A checkpoint's family in use: how it is asked and read, by its profile, without its weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from transformers import GenerationConfig, PreTrainedConfig
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

from docspec import registry
from docspec.config import Config
from docspec.errors import ModelError, first_line
from docspec.types import Request, Style, Verdict
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.profiles.generic import Generic
from docspec.verifiers.refusals import not_loaded


class Family:
    """A ``Reader`` (docspec.verifiers.reading) over a profile; ``generation`` is a generation config."""

    def __init__(self, name: str, tokenizer: Any, profile: Any, generation: Any) -> None:
        self.name = name
        self.profile = profile
        self.generation = generation
        self.asked = "generic profile" if isinstance(profile, Generic) else ""  # where no profile is its own
        self.style: Style = profile.style
        self.dpi: float = profile.dpi
        self.native: Literal["region", "page"] = profile.native
        self.page: Any = profile if profile.declines(None) is None else None
        if not hasattr(tokenizer, "backend_tokenizer"):
            raise ModelError(f"{name}: its tokenizer ({type(tokenizer).__name__}) is not one of `tokenizers`")
        self.codec = TokenizerCodec(
            tokenizer.backend_tokenizer, special=getattr(profile, "special_text", False)
        )
        self.end_tokens = _end_tokens(generation, tokenizer, getattr(profile, "stop_tokens", ()))

    def declines(self, request: Request) -> str | None:
        reason: str | None = self.profile.declines(request.category)
        return reason

    def words(self, request: Request, draft: str) -> str:
        return draft if request.category is None else str(self.profile.write(request.category, draft))

    def verdict(self, request: Request, verdict: Verdict) -> Verdict:
        return replace(verdict, text=self.profile.read(request.category, verdict.text))


def load_family(name: str, config: Config) -> Family:
    """The family of a checkpoint folder or hub model: its configuration, tokenizer and processor.

    Raises ModelError, saying what is missing or unsupported.
    """
    local = Path(name).exists() or config.offline
    profile_class = find_profile(name, local)
    try:
        settings, tokenizer, processor = profile_class.load_words(name, local_files_only=local)
        generation = _generation(name, settings, local)
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise not_loaded(name, error) from error
    return Family(name, tokenizer, profile_class(settings, tokenizer, processor), generation)


def _generation(name: str, settings: Any, local: bool) -> Any:
    """The checkpoint's generation config; without one made of its ``settings``, as transformers does."""
    try:
        return GenerationConfig.from_pretrained(name, local_files_only=local)
    except OSError:
        return GenerationConfig.from_model_config(settings)


def _end_tokens(generation: Any, tokenizer: Any, stops: Sequence[str]) -> tuple[int, ...]:
    """Ids that end an output, the likeliest first: the profile's own, then the generation config's."""
    ends = generation.eos_token_id
    if ends is None:
        ends = tokenizer.eos_token_id
    ends = ends if isinstance(ends, list | tuple) else [ends]
    ids = dict.fromkeys([*tokenizer.convert_tokens_to_ids(list(stops)), *ends])
    return tuple(int(token) for token in ids if token is not None)


def find_profile(name: str, local: bool) -> Any:
    """The profile class for the checkpoint's model type: its own, or the one for all that read images."""
    try:
        model_type = PreTrainedConfig.get_config_dict(name, local_files_only=local)[0].get("model_type")
    except (OSError, ValueError) as error:
        raise ModelError(_unreachable(name, local, error)) from error
    if model_type is None:
        raise ModelError(f"{name} is not a checkpoint: no config.json that names a model_type")
    known = registry.names("profiles")
    if model_type in known:
        return registry.load("profiles", model_type).of(name)
    if model_type in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        return Generic
    raise ModelError(
        f"no profile for {name}, of model type {model_type!r}, and transformers has no model of that type "
        f"that reads images; profiles: {', '.join(known)} (a package can add one: an entry point of "
        "docspec.profiles, see docs/adding-a-family.md)"
    )


def _unreachable(name: str, local: bool, error: Exception) -> str:
    """Why a checkpoint's configuration cannot be read, and what to do."""
    if Path(name).exists():
        return f"{name} is not a readable checkpoint: {first_line(error)}"
    if local:
        return (
            f"{name} is not on this machine, and --offline forbids downloading it: run once without, or "
            "give a folder with the checkpoint"
        )
    return (
        f"cannot download {name}: {first_line(error)} Check the name and the network, or give a folder "
        "with the checkpoint"
    )
