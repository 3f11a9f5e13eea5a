"""What a multimodal model hands its decoder: looked at, and added to, through torch's own module hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Sequence as Seq
from contextlib import contextmanager
from inspect import signature
from typing import Any

import torch

from docspec.errors import ModelError
from docspec.verifiers.sequence import VisualLayers

BY_TOKEN = ("moe_mm_token_type_ids", "per_layer_inputs")  # arguments [1, P, ...] with a value for each token
# What the engine gives a decoder in its own way, or is nothing to the result; whatever else a model gives it
# would be left out.
_KNOWN = {
    *("inputs_embeds", "position_ids", "attention_mask", "past_key_values", "cache", "use_cache"),
    *("visual_pos_masks", "deepstack_visual_embeds", "vision_mask", "deepstack_features", *BY_TOKEN),
    *(
        "cache_position",
        "return_dict",
        "logits_to_keep",
        "output_attentions",
        "output_hidden_states",
        "output_router_logits",
    ),
}

# endings of a configuration's names for the tokens that stand for an image, or the like
_MARKERS = ("token_id", "token_index", "patch_id")
_MARKED = ("image", "video", "audio")


class _Reached(Exception):
    """Ends a forward pass where the decoder would begin."""

    def __init__(self, given: dict[str, Any]) -> None:
        super().__init__()
        self.given = given


@torch.inference_mode()
def decoder_inputs(model: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments that ``model(**inputs)`` calls its decoder with; the decoder itself does not run.

    The image is encoded, merged into the token embeddings and given its positions by the model's own code,
    so that whatever a family does there is done. Tensors are moved to the model's device and floating ones
    to its type. Raises ModelError where the forward pass ends without calling the decoder, and where that is
    given something that the engine would leave out.
    """

    def stop(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        raise _Reached(kwargs)

    handle = model.get_decoder().register_forward_pre_hook(stop, with_kwargs=True)
    try:
        model(**{name: moved(value, model) for name, value in inputs.items()})
    except _Reached as reached:
        embedded = reached.given.get("inputs_embeds") is not None
        unknown = [name for name, value in reached.given.items() if value is not None and name not in _KNOWN]
        if not embedded:
            raise ModelError(
                f"{type(model).__name__} gives its decoder {', '.join(unknown)} instead of embeddings among "
                "which the image stands; docspec cannot decode it"
            ) from None
        if unknown:
            raise ModelError(
                f"{type(model).__name__} gives its decoder {', '.join(unknown)}, which docspec leaves out; "
                "it cannot decode it"
            ) from None
        return reached.given
    finally:
        handle.remove()
    raise ModelError(f"{type(model).__name__} did not call its decoder; docspec cannot run it")


@contextmanager
def decoder_given(model: Any, extra: Mapping[str, Any]) -> Iterator[None]:
    """Within it, the model's decoder is called with ``extra`` keyword arguments besides its own.

    Models compute some of these (visual features for the first layers) only from pixels, and refuse them
    from outside.
    """
    if not extra:
        yield
        return

    def add(
        module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return args, {**kwargs, **extra}

    handle = model.get_decoder().register_forward_pre_hook(add, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def cache_name(forward: Callable[..., Any]) -> str:
    """By which name a forward pass takes its cache: most by the first of these since transformers 5.24."""
    return "cache" if "cache" in signature(forward).parameters else "past_key_values"


@contextmanager
def decoder_output(model: Any, seen: Callable[[torch.Tensor], None]) -> Iterator[None]:
    """Within it, ``seen`` is shown what the model's decoder gives to its vocabulary, [n, Q, D]."""

    def show(module: Any, args: tuple[Any, ...], output: Any) -> None:
        seen(output[0])

    handle = model.get_decoder().register_forward_hook(show)
    try:
        yield
    finally:
        handle.remove()


def visual_of(given: Mapping[str, Any]) -> VisualLayers | None:
    """The visual features by layer among what a decoder is ``given`` of one prompt."""
    if features := given.get("deepstack_visual_embeds"):  # L of [V, D]
        return VisualLayers(given["visual_pos_masks"][0], torch.stack(features))
    if features := given.get("deepstack_features"):  # by layer
        places = given["vision_mask"][0, :, 0]
        return VisualLayers(places, torch.stack(list(features.values())), tuple(features))
    return None


def visual_arguments(visuals: Seq[VisualLayers]) -> dict[str, Any]:
    """The decoder's arguments for the visual features of a pass's rows; empty where there are no rows."""
    if not visuals:
        return {}
    places = torch.stack([visual.places for visual in visuals])  # [n, width]
    features = list(torch.cat([visual.features for visual in visuals], dim=1))  # L of [sum of V, D]
    if (layers := visuals[0].layers) is None:
        return {"visual_pos_masks": places, "deepstack_visual_embeds": features}
    return {"vision_mask": places[..., None], "deepstack_features": dict(zip(layers, features, strict=True))}


def moved(value: Any, model: Any) -> Any:
    """A tensor on the model's device, a floating one of its type; anything else as it is."""
    if not isinstance(value, torch.Tensor):
        return value
    return value.to(model.device, model.dtype if value.is_floating_point() else value.dtype)


def marker_tokens(model: Any) -> list[int]:
    """Tokens of the vocabulary that stand for an image or the like, by the model's configuration."""
    size = model.get_input_embeddings().weight.shape[0]
    settings = model.config.to_dict() if hasattr(model.config, "to_dict") else {}
    found = [
        token
        for name, token in settings.items()
        if name.endswith(_MARKERS) and any(word in name for word in _MARKED) and isinstance(token, int)
    ]
    return [token for token in dict.fromkeys(found) if 0 <= token < size]
