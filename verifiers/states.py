"""The cache of decoders some of whose layers keep a state instead of keys and values.

Such a state (a gated delta rule's, arXiv 2412.06464; a state-space model's, arXiv 2405.21060; the last inputs
of a short convolution) has every token so far folded into it, so that a rejected draft cannot be counted out
of it again. A pass therefore works on copies of its rows' states. Where all that a row sent was accepted, the
copy is kept. Otherwise it is forgotten, and the accepted tokens stand at the front of the row's next window:
they need no pass of their own, and their keys and values are written to the same places again. The state of a
convolution is cut out of its inputs wherever the accepted tokens end, so that nothing is sent twice for it.

A state is the sum of all its row's columns, so padding would be in it. A prefill has it in front, where
transformers' own mask keeps it out of a state that is still empty; a step behind, and a row that was padded
forgets its copy as if a token had been rejected.
"""

from __future__ import annotations

from collections.abc import Sequence as Seq
from typing import Any, NamedTuple

import torch
from torch.nn.functional import pad
from transformers.cache_utils import LinearAttentionLayer

from docspec.errors import ModelError
from docspec.verifiers.cache import RaggedCache

RECURRENT, CONVOLUTION = "linear_attention", "conv"  # kinds of layers
STATEFUL = frozenset({RECURRENT, CONVOLUTION})
STATELESS = frozenset({"mlp", "moe"})  # blocks that some configurations count as layers


class StateLayer(LinearAttentionLayer):
    """One layer's states: those kept by row of the cache, and those of a pass, which are transformers' own.

    ``by_input`` says that the state is nothing but the last inputs: those of a whole pass are then recorded.
    """

    def __init__(self, states: int, *, by_input: bool) -> None:
        super().__init__(number_of_states=states)
        self.record_past = by_input
        self._kept: dict[tuple[bool, int], torch.Tensor] = {}  # by (recurrent, number): [rows, ...]

    def begin(self, rows: torch.Tensor | None) -> None:
        """Copy the states of ``rows`` for a pass; None where they begin."""
        for recurrent, states, made in self._parts():
            for number in states:
                kept = self._kept.get((recurrent, number))
                states[number] = None if rows is None or kept is None else kept[rows.to(kept.device)]
                made[number] = states[number] is not None
        self.has_previous_state = dict.fromkeys(self.has_previous_state, rows is not None)

    def keep(
        self, taken: torch.Tensor, rows: torch.Tensor, ends: torch.Tensor, width: int, size: int
    ) -> None:
        """Keep the states of the pass's rows ``taken`` for ``rows`` of the cache, which has ``size``.

        A recorded state ends before the column ``ends`` [n] of the pass's ``width``.
        """
        for recurrent, states, _ in self._parts():
            for number, state in states.items():
                if state is None:
                    continue
                at = taken.to(state.device)
                new, inputs = state[at], self.conv_kernel_size[number]
                if self.record_past and not recurrent and inputs is not None:
                    new = self._cut(new, ends.to(state.device), width, inputs)
                kept = self._room((recurrent, number), new, size)
                kept[rows.to(state.device)] = new

    def move(self, source: int, target: int) -> None:
        """Copy the states of row ``source`` over those of row ``target``."""
        for kept in self._kept.values():
            kept[target] = kept[source]

    def drop(self) -> None:
        """Free the states, those of the last pass too."""
        self._kept.clear()
        self.begin(None)

    def _parts(self) -> list[tuple[bool, dict[int, torch.Tensor | None], dict[int, bool]]]:
        """Both kinds of states by number, and whether they are there."""
        return [
            (False, self.conv_states, self.is_conv_states_initialized),
            (True, self.recurrent_states, self.is_recurrent_states_initialized),
        ]

    def _room(self, key: tuple[bool, int], like: torch.Tensor, size: int) -> torch.Tensor:
        """The buffer of ``size`` rows for states as in ``like`` [n, ...]."""
        kept = self._kept.get(key)
        if kept is None or len(kept) != size:
            room = like.new_zeros(size, *like.shape[1:])
            if kept is not None:
                room[: len(kept)] = kept[:size]
            self._kept[key] = room
        return self._kept[key]

    @staticmethod
    def _cut(recorded: torch.Tensor, ends: torch.Tensor, width: int, size: int) -> torch.Tensor:
        """The last ``size`` inputs before ``ends`` [n] of a pass of ``width`` columns, of ``recorded``
        [n, C, columns], which begins with those before the pass; zeros before a row's first ones."""
        before = recorded.shape[-1] - width
        columns = before + ends[:, None] + torch.arange(size, device=ends.device)  # after the padding
        return pad(recorded, (size, 0)).gather(2, columns[:, None].expand(-1, recorded.shape[1], -1))


def refuse_bounded_steps(model: Any) -> None:
    """Raises ModelError for state-space layers with a least time step above zero.

    transformers (5.23) applies it to several tokens at once and not to one, so that the same text gives other
    logits by how it was cut into passes.
    """
    for module in model.modules():
        least = getattr(module, "time_step_limit", (0.0,))[0]
        if least > 0:
            raise ModelError(
                f"{type(model).__name__} has state-space layers with a least time step ({least}), which "
                "transformers applies in passes over several tokens alone; docspec cannot decode it exactly"
            )


class _Pass(NamedTuple):
    """The last pass's rows: their first places, how many tokens they added, and at which columns."""

    starts: list[int]
    counts: list[int]
    columns: list[int]


class StatefulCache(RaggedCache):
    """Layers of the ``kinds`` that transformers names; ``states`` are the states that a layer has.

    Only chains of tokens can be accepted: what stands beside a branch would be in the states behind it.
    """

    branching = False

    def __init__(self, kinds: Seq[str], states: int = 1) -> None:
        super().__init__(sum(kind not in STATEFUL | STATELESS for kind in kinds))
        self.resends = RECURRENT in kinds
        ragged, layers = iter(self._ragged), list[Any]()
        for kind in kinds:
            if kind in STATEFUL:
                layers.append(StateLayer(states, by_input=kind == CONVOLUTION))
            else:
                layers.append(LinearAttentionLayer() if kind in STATELESS else next(ragged))
        self.layers = layers
        self._states: list[StateLayer] = [layer for layer in layers if isinstance(layer, StateLayer)]
        self._seen: dict[int, int] = {}  # tokens that are in the states of each row
        self._pass = _Pass([], [], [])

    def behind(self, row: int, cached: int) -> int:
        return cached - self._seen[row] if self.resends else 0

    def columns(self, counts: Seq[int], width: int, *, prefill: bool) -> list[int]:
        return super().columns(counts, width, prefill=True) if prefill else [0] * len(counts)

    def begin(
        self, rows: list[int], starts: list[int], counts: list[int], *, prefill: bool, device: torch.device
    ) -> None:
        self._pass = _Pass(starts, counts, self.columns(counts, max(counts), prefill=prefill))
        index = None if prefill else torch.tensor(rows, device=device)
        for layer in self._states:
            layer.begin(index)

    @torch.inference_mode()
    def keep(self, rows: Seq[int], firsts: Seq[int], paths: Seq[Seq[int]]) -> None:
        """Keep the states that are those of the accepted tokens and no others; see the module."""
        starts, counts, columns = self._pass
        width = max(counts)
        lengths = [
            first + len(path) - start for first, path, start in zip(firsts, paths, starts, strict=True)
        ]
        kept = [
            i
            for i, (length, count, column) in enumerate(zip(lengths, counts, columns, strict=True))
            if not self.resends or (length == count and column + count == width)
        ]
        if not kept:
            return
        self._seen |= {rows[i]: starts[i] + lengths[i] for i in kept}
        taken, into = torch.tensor(kept), torch.tensor([rows[i] for i in kept])
        ends = torch.tensor([columns[i] + lengths[i] for i in kept])
        for layer in self._states:
            layer.keep(taken, into, ends, width, self.size[0])

    @torch.inference_mode()
    def move(self, source: int, target: int, length: int) -> None:
        super().move(source, target, length)
        self._seen[target] = self._seen[source]
        for layer in self._states:
            layer.move(source, target)

    def drop(self) -> None:
        super().drop()
        for layer in self._states:
            layer.drop()
