"""What a multimodal model hands its decoder: looked at, and added to, through torch's own module hooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from docspec.errors import ModelError


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
    to its type. Raises ModelError where the forward pass ends without calling the decoder.
    """

    def stop(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        raise _Reached(kwargs)

    handle = model.get_decoder().register_forward_pre_hook(stop, with_kwargs=True)
    try:
        model(**{name: _moved(value, model) for name, value in inputs.items()})
    except _Reached as reached:
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


def _moved(value: Any, model: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    return value.to(model.device, model.dtype if value.is_floating_point() else value.dtype)
