"""What a CUDA graph records of a pass, recorded on a CPU: each operation with the tensors that it is about.

As with a graph, what the host worked out from values while recording stays as it was then. An operation that
a graph could not hold fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

# each has the host wait for values, or brings some from it
REFUSED = {
    *("aten::item", "aten::_local_scalar_dense", "aten::nonzero", "aten::nonzero_numpy", "aten::argwhere"),
    *("aten::masked_select", "aten::equal", "aten::is_nonzero"),
    *("aten::lift_fresh", "aten::lift_fresh_copy", "aten::_unique2", "aten::repeat_interleave.Tensor"),
}


class _Tape(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's
        self.calls: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func._schema.name + (f".{func._overloadname}" if func._overloadname != "default" else "")
        masks = [one for one in args[1] or () if one is not None] if name == "aten::index.Tensor" else []
        if name in REFUSED or any(mask.dtype == torch.bool for mask in masks):
            raise RuntimeError(f"{name} cannot be recorded")
        result = func(*args, **kwargs)
        self.calls.append((func, args, kwargs, result))
        return result


class TapeRecorder:
    """A docspec.verifiers.recorded.Recorder; ``replays`` counts those of all."""

    replays: ClassVar[int] = 0

    def __call__(self, run: Callable[[], object]) -> Callable[[], object]:
        with _Tape() as tape:
            run()
        return lambda: self._replay(tape.calls)

    @classmethod
    @torch.inference_mode()
    def _replay(cls, calls: list[tuple[Any, Any, Any, Any]]) -> None:
        cls.replays += 1
        made: dict[int, torch.Tensor] = {}  # what stands for a tensor of the recording

        def now(tensor: torch.Tensor) -> torch.Tensor:
            return made.get(id(tensor), tensor)

        for func, args, kwargs, recorded in calls:
            result = func(*tree_map_only(torch.Tensor, now, args), **tree_map_only(torch.Tensor, now, kwargs))
            old, new = (one if isinstance(one, tuple | list) else [one] for one in (recorded, result))
            for was, tensor in zip(old, new, strict=True):
                if isinstance(was, torch.Tensor):
                    made[id(was)] = tensor
