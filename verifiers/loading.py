"""From a verifier's name to the verifier."""

from __future__ import annotations

from pathlib import Path

from docspec import registry
from docspec.config import Config
from docspec.errors import UsageError
from docspec.types import Verifier


def load_verifier(config: Config) -> Verifier:
    """The verifier that ``config.verifier`` names: a registered one, a checkpoint's folder or a hub model.

    Raises UsageError for a name that can be none of these, ModelError where loading fails.
    """
    name, known = config.verifier, registry.names("verifiers")
    if name in known:
        return registry.make("verifiers", name, config)
    if not Path(name).is_dir() and "/" not in name:
        raise UsageError(
            f"unknown verifier {name!r}; known: {', '.join(known)}, a folder with a checkpoint, or a hub name"
        )
    # imported here: transformers takes seconds, and the small verifiers do not need its model zoo
    from docspec.verifiers.model_verifier import ModelVerifier
    from docspec.verifiers.transformers_vlm import load

    return ModelVerifier(load(name, config), config)
