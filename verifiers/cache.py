"""A key/value cache whose rows have lengths of their own, as a ``transformers`` cache.

One buffer a layer, ``[rows, heads, places + 1, head_dim]``. A pass writes each row's new keys and values at
that row's own offset, and what pads it at the last place, which is never read; to reject tokens, the caller
just counts fewer of them as present in the next pass, after it has moved those that a tree's accepted path
left apart together.
"""

from __future__ import annotations

from collections.abc import Sequence as Seq
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers.cache_utils import Cache, CacheLayerMixin


def bucket(count: int, base: int = 2) -> int:
    """The power of ``base``, a power of two itself, that ``count`` is rounded up to."""
    bits, each = (count - 1).bit_length(), base.bit_length() - 1
    return 1 << -(-bits // each) * each


def in_place(rows: Seq[int]) -> bool:
    """Whether ``rows`` are the first ones in order, which can be read without gathering them."""
    return all(row == i for i, row in enumerate(rows))


@dataclass(frozen=True, slots=True)
class WritePlan:
    """Where one pass's columns go.

    Column q of pass row i goes to place ``targets[i, q]`` of row ``rows[i]`` of the cache. Queries may look
    at the first ``span`` places of the rows ``read``; None in a prefill, where rows start empty and the
    pass's own keys are all there is.
    """

    rows: torch.Tensor  # [n]
    targets: torch.Tensor  # [n, Q]
    span: int | None
    read: slice | torch.Tensor


class RaggedLayer(CacheLayerMixin):
    """One layer's buffers. ``plan`` is set by the cache before each pass."""

    is_sliding = False
    plan: WritePlan

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # partly annotated library
        self.size = (0, 0)  # rows and places that the buffers are to have from the next pass on

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Allocate empty buffers of the states' type and device."""
        self.keys = key_states.new_zeros(0, key_states.shape[1], 1, key_states.shape[3])
        self.values = value_states.new_zeros(0, value_states.shape[1], 1, value_states.shape[3])
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write a pass's states [n, heads, Q, head_dim] by the plan; return what its queries attend to."""
        keys, values = self.write(key_states, value_states)
        plan = self.plan
        if plan.span is None:
            return key_states, value_states
        return keys[plan.read, :, : plan.span], values[plan.read, :, : plan.span]

    def write(
        self, key_states: torch.Tensor, value_states: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write a pass's states by the plan; return the buffers."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        self.settle()
        assert self.keys is not None and self.values is not None  # noqa: PT018 (for the type checker)
        plan = self.plan
        rows = plan.rows[:, None]
        self.keys[rows, :, plan.targets] = key_states.transpose(1, 2)
        self.values[rows, :, plan.targets] = value_states.transpose(1, 2)
        return self.keys, self.values

    def settle(self) -> None:
        """Have the buffers, if there are any, the size that they are to have."""
        if self.keys is None or self.values is None:
            return
        if self.size != (self.keys.shape[0], self.keys.shape[2] - 1):
            self.keys, self.values = self._resized(self.keys), self._resized(self.values)

    def _resized(self, buffer: torch.Tensor) -> torch.Tensor:
        (rows, places), (_, heads, _, width) = self.size, buffer.shape
        resized = buffer.new_zeros(rows, heads, places + 1, width)
        kept = buffer[:rows, :, :places]
        resized[: kept.shape[0], :, : kept.shape[2]] = kept
        return resized

    @property
    def buffers(self) -> list[torch.Tensor]:
        """Keys and values; none of a layer that looks at another one's (Gemma 4)."""
        return [buffer for buffer in (self.keys, self.values) if buffer is not None]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Only asked in a prefill of one row, whose keys are the pass's own."""
        return query_length, 0

    def get_seq_length(self) -> int:
        """Zero: positions and masks are given explicitly, a shared length does not exist."""
        return 0

    def get_max_length(self) -> int:
        """No maximum: the buffers grow."""
        return -1


class RaggedCache(Cache):
    """``layers`` of ragged rows, sized for the rows that run.

    ``branching`` says that trees can be accepted, not only chains; ``resends`` that accepted tokens may have
    to be sent again (see docspec.verifiers.states). ``size`` are rows, and places that each of them has.
    """

    branching = True
    resends = False

    def __init__(self, layers: int) -> None:
        self.size = (0, 0)
        self.version = 0  # how often the buffers have been made anew
        self.ahead = (1, 0)  # rows, and places of each, for which there is to be room if the budget allows
        self._ragged = [RaggedLayer() for _ in range(layers)]
        super().__init__(layers=list(self._ragged))

    def beside(self) -> RaggedLayer:
        """A further layer that is none of the decoder's: what is written to it goes where its keys go."""
        self._ragged.append(RaggedLayer())
        return self._ragged[-1]

    def behind(self, row: int, cached: int) -> int:
        """How many of the ``cached`` tokens of a row have to be sent again, its last ones."""
        return 0

    def columns(self, counts: Seq[int], width: int, *, prefill: bool) -> list[int]:
        """The column at which each row of a pass of ``width`` begins, of rows with ``counts`` tokens."""
        return [width - count for count in counts]

    def reserve(self, rows: int, places: int, budget: int) -> None:
        """Make room for the first ``rows`` rows with ``places`` each; what else there was may be gone.

        There are never more than ``budget`` places in all, or what is asked for, if that is more.
        """
        had = self.size
        if rows <= had[0] and places <= had[1]:
            return
        # some more than is needed, since a buffer grows by being copied
        more = places if places <= had[1] else places + max(places // 4, self.ahead[1])
        wanted = max(had[0], rows, min(self.ahead[0], bucket(rows, 4))), max(had[1], more)
        if wanted[0] * wanted[1] > budget:
            wanted = rows, max(places, min(wanted[1], budget // rows))
        self.size = wanted
        self.version += 1
        for layer in self._ragged:
            layer.size = wanted

    @torch.inference_mode()
    def settle(self) -> None:
        """Have all buffers the size that was reserved now, not in the next pass."""
        for layer in self._ragged:
            layer.settle()

    def plan(
        self, rows: list[int], starts: list[int], counts: list[int], *, prefill: bool, device: torch.device
    ) -> None:
        """Prepare a pass: row i adds ``counts[i]`` tokens at ``starts[i]`` of ``rows[i]``.

        There has to be room for them, see ``reserve``; where they stand in the pass ``columns`` says.
        """
        self.begin(rows, starts, counts, prefill=prefill, device=device)
        size = len(rows), max(counts)
        firsts = self.columns(counts, size[1], prefill=prefill)
        targets = torch.from_numpy(self.targets(starts, counts, firsts, size)).to(device)
        need = max(start + count for start, count in zip(starts, counts, strict=True))
        index = torch.tensor(rows, device=device)
        read = slice(len(rows)) if in_place(rows) else index
        self.use(WritePlan(index, targets, None if prefill else need, read))

    def begin(
        self, rows: list[int], starts: list[int], counts: list[int], *, prefill: bool, device: torch.device
    ) -> None:
        """What has to be known of a pass besides where its columns go: nothing."""

    def targets(
        self, starts: Seq[int], counts: Seq[int], firsts: Seq[int], size: tuple[int, int]
    ) -> np.ndarray:
        """The places [n, width] that the columns of a pass of ``size`` go to, its padding to the last of all.

        Row i begins at column ``firsts[i]``; ``size`` may have more rows than there are of these.
        """
        targets = np.full(size, self.size[1])
        for i, (start, count, column) in enumerate(zip(starts, counts, firsts, strict=True)):
            targets[i, column : column + count] = np.arange(start, start + count)
        return targets

    def use(self, plan: WritePlan) -> None:
        """Have all layers do the next pass by ``plan``."""
        for layer in self._ragged:
            layer.plan = plan

    @torch.inference_mode()
    def keep(self, rows: Seq[int], firsts: Seq[int], paths: Seq[Seq[int]]) -> None:
        """Close the gaps in accepted paths: node ``paths[i][k]`` of ``rows[i]``, whose node 0 is at
        ``firsts[i]``, goes to place ``firsts[i] + k``."""
        moves = [
            (row, first + node, first + k)
            for row, first, path in zip(rows, firsts, paths, strict=True)
            if path and path[-1] >= len(path)
            for k, node in enumerate(path)
            if node != k
        ]
        if not moves:
            return
        index, source, target = torch.tensor(moves).unbind(1)
        for layer in self._ragged:
            for buffer in layer.buffers:
                index, source, target = (places.to(buffer.device) for places in (index, source, target))
                buffer[index, :, target] = buffer[index, :, source]

    @torch.inference_mode()
    def move(self, source: int, target: int, length: int) -> None:
        """Copy the first ``length`` places of row ``source`` over row ``target``."""
        for layer in self._ragged:
            for buffer in layer.buffers:
                buffer[target, :, :length] = buffer[source, :, :length]

    def drop(self) -> None:
        """Free the buffers; every row is then empty."""
        self.size = (0, 0)
        self.version += 1
        for layer in self._ragged:
            layer.keys = layer.values = None
            layer.is_initialized = False
            layer.size = (0, 0)
