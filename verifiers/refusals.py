"""What a checkpoint's class and settings say against decoding it, before anything is tried."""

from __future__ import annotations

from inspect import Parameter, signature
from typing import Any

from transformers import GenerationMixin

from docspec.errors import ModelError, first_line

SEES = ("pixel", "image", "patches")  # one of these is in the name of an argument that takes an image
ATTENTION = "sdpa"  # whose masks are truth values, as the engine's are


def refuse_encoder_decoder(name: str, config: Any) -> None:
    """Raises ModelError where the image is not a part of what one decoder reads."""
    if any(getattr(part, "is_encoder_decoder", False) for part in (config, config.get_text_config())):
        raise ModelError(
            f"{name} is an encoder-decoder model ({config.model_type}): its decoder looks at the image "
            "through cross-attention, not as tokens of the prompt; docspec cannot decode it"
        )


def refuse_class(name: str, kind: Any) -> None:
    """Raises ModelError where models of class ``kind`` take no image, write otherwise than token by token,
    or take no token alone."""
    if not issubclass(kind, GenerationMixin):
        raise ModelError(
            f"{name} does not write token by token ({kind.__name__} has no `generate` of the usual kind); "
            "docspec cannot decode it"
        )
    taken = signature(kind.forward).parameters
    if not any(word in argument for argument in taken for word in SEES):
        raise ModelError(f"{name} takes no image: transformers' class for it is {kind.__name__}")
    required = [
        argument
        for argument, is_ in taken.items()
        if is_.default is Parameter.empty
        and is_.kind is Parameter.POSITIONAL_OR_KEYWORD
        and argument != "self"
    ]
    if required:
        raise ModelError(
            f"{name} wants {' and '.join(required)} in every pass ({kind.__name__}), so that no text can go "
            "on without the image being read again; docspec cannot decode it"
        )


def refuse_attention(name: str, model: Any) -> None:
    """Raises ModelError where the decoder's attention takes no masks of truth values."""
    found = getattr(model.config.get_text_config(), "_attn_implementation", ATTENTION)
    if found != ATTENTION:
        raise ModelError(_no_attention(name))


def not_loaded(name: str, error: Exception) -> ModelError:
    """Why transformers does not load the model ``name``, in a sentence."""
    if lacks_attention(error):
        return ModelError(_no_attention(name))
    return ModelError(f"cannot load {name}: {first_line(error)}")


def lacks_attention(error: Exception) -> bool:
    """Whether transformers refuses to load a model since its class knows no attention of the kind needed."""
    return "scaled_dot_product_attention" in str(error)


def _no_attention(name: str) -> str:
    return (
        f"the decoder of {name} has no scaled dot product attention (sdpa) in transformers, whose masks "
        "docspec needs; it cannot decode it"
    )
