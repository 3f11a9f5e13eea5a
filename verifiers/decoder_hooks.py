"""What a multimodal model hands its decoder: looked at, and added to, through torch's own module hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from docspec.errors import ModelError

# What the engine gives a decoder in its own way, or is nothing to the result; whatever else a model gives it
# would be left out.
_KNOWN = {
    *("inputs_embeds", "position_ids", "attention_mask", "past_key_values", "cache_position", "use_cache"),
    *("visual_pos_masks", "deepstack_visual_embeds", "return_dict", "logits_to_keep"),
    *("output_attentions", "output_hidden_states", "output_router_logits"),
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
    to its type. Raises ModelError where the forward pass ends without calling the decoder, and where a token
    of the prompt would see what stands after it (as Gemma 3 has its image tokens do): the engine's
    masks are causal. So it does where the decoder is given something that the engine would leave out.
    """

    def stop(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        raise _Reached(kwargs)

    handle = model.get_decoder().register_forward_pre_hook(stop, with_kwargs=True)
    try:
        model(**{name: moved(value, model) for name, value in inputs.items()})
    except _Reached as reached:
        if looks_ahead(reached.given.get("attention_mask")):
            raise ModelError(
                f"{type(model).__name__} lets tokens of the prompt see what stands after them; "
                "docspec cannot decode it"
            ) from None
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


def looks_ahead(mask: Any) -> bool:
    """Whether a decoder's attention mask lets some token see a later one.

    ``mask`` is None (causal), [1, 1, P, P], of truth values or of what is added to the scores, [1, P] (which
    tokens are padding), or a mapping of such masks by kind of layer.
    """
    if isinstance(mask, Mapping):
        return any(map(looks_ahead, mask.values()))
    if not isinstance(mask, torch.Tensor) or mask.dim() < 4:
        return False
    seen = mask if mask.dtype == torch.bool else mask == 0
    return bool(seen.triu(1).any())


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


class Embedding:
    """Embeddings of token ids as the model's own forward pass makes them.

    Some families embed a token that stands for an image otherwise than their table has it, as padding, also
    where the token is one of the output (Kimi K2.5, Muse).
    """

    def __init__(self, model: Any) -> None:
        self.table = model.get_input_embeddings()
        self.weight: torch.Tensor = self.table.weight  # [V, D]
        self.others = _embedded_otherwise(model) if hasattr(model, "get_decoder") else {}

    def __call__(self, ids: torch.Tensor) -> torch.Tensor:
        """``ids`` [...]; their embeddings [..., D]."""
        embeds: torch.Tensor = self.table(ids)
        for token, embedding in self.others.items():
            embeds = torch.where((ids == token)[..., None], embedding, embeds)
        return embeds


def _embedded_otherwise(model: Any) -> dict[int, torch.Tensor]:
    """Embeddings [D] of the model's markers, by token, where they are not those of its table."""
    found = {}
    for token in marker_tokens(model):
        ids = torch.tensor([[token]], device=model.device)
        try:
            given = decoder_inputs(model, {"input_ids": ids, "attention_mask": torch.ones_like(ids)})
        except Exception:  # noqa: BLE001 it does not take such a token alone: the check at loading decides
            continue
        [[embedding]] = given["inputs_embeds"]
        if not torch.equal(embedding, model.get_input_embeddings()(ids)[0, 0]):
            found[token] = embedding
    return found
