"""From a verifier's name to the verifier."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from docspec import registry
from docspec.config import Config
from docspec.errors import UsageError
from docspec.types import Verifier

IN_VLLM = "vllm:"  # before a checkpoint's name


def load_verifier(config: Config, environ: Mapping[str, str] = os.environ) -> Verifier:
    """The verifier that ``config.verifier`` names: a registered one, a checkpoint's folder or a hub model,
    the latter two in our own engine, in vLLM or on servers. ``environ`` has the servers' API key.

    Raises UsageError for a name that can be none of these, ModelError where loading fails.
    """
    name, known = config.verifier.removeprefix(IN_VLLM), registry.names("verifiers")
    in_vllm = name != config.verifier
    if in_vllm and config.server is not None:
        raise UsageError(f"{config.verifier} decodes in this process: leave out {IN_VLLM} or the server")
    elsewhere = in_vllm or config.server is not None
    if name in known and not elsewhere:
        return registry.make("verifiers", name, config)
    if name in known:
        raise UsageError(
            f"{name} is decoded by docspec alone: vLLM and servers need a model's name, a folder or hub name"
        )
    if not Path(name).is_dir() and "/" not in name:
        raise UsageError(
            f"unknown verifier {name!r}; known: {', '.join(known)}, a folder with a checkpoint, or a hub name"
        )
    if elsewhere:
        return _served(name, config, environ)
    # imported here: transformers takes seconds, and the small verifiers do not need its model zoo
    from docspec.verifiers.model_verifier import ModelVerifier
    from docspec.verifiers.transformers_vlm import load

    return ModelVerifier(load(name, config), config)


def is_loaded_here(config: Config) -> bool:
    """Whether the verifier is a model by its folder's or hub's name that decodes on this machine: one that
    may fill a GPU, and that declines by the category alone."""
    name = config.verifier.removeprefix(IN_VLLM)
    return config.verify != "none" and config.server is None and name not in registry.names("verifiers")


def _served(name: str, config: Config, environ: Mapping[str, str]) -> Verifier:
    """The verifier over a model in vLLM or on servers."""
    from docspec.verifiers.family import load_family
    from docspec.verifiers.served.client import Client
    from docspec.verifiers.served.exchange import key_of, urls_of
    from docspec.verifiers.served.verifier import Backend, ServedVerifier, check_settings

    check_settings(config)
    family = load_family(name, config)
    backend: Backend
    if config.server is None:
        from docspec.verifiers.served.offline import Offline

        backend = Offline(family, config)
    else:
        backend = Client(family, config, urls_of(config.server), key_of(environ))
    return ServedVerifier(family, config, backend)
