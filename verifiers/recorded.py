"""Verify passes of fixed shapes, recorded as CUDA graphs and replayed.

A pass of eager PyTorch is a few thousand kernels that the host launches one by one, which takes it several
times as long as a device takes to run them. A recorded pass is launched at once. Its shape is fixed, so rows,
columns and the places that may be looked at are rounded up to a few sizes, and what fills them up is padding.

The first pass of all is made as any other; each further shape is recorded where it first occurs, which takes
a host half as long as making the pass. Where a device does not allow that, the first pass of each shape is
made, which readies what its kernels need, and the second is recorded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch

from docspec.verifiers.cache import bucket
from docspec.verifiers.columns import PassShape

LEAST_SPAN = 1024  # places of the cache that a recorded pass looks at, at least
CHEAP_PLACES = (
    256  # rows times columns up to which a pass takes a device about as long as one over a single token
)
MOST_PLACES = 2048  # and those of a recorded pass: of larger ones the device has enough to do
Pass = Callable[[torch.Tensor, PassShape, int, int], torch.Tensor]  # columns, shape, position axes, kept

log = logging.getLogger(__name__)


def rounded(rows: int, width: int) -> tuple[int, int]:
    """Rows and columns that a recorded pass has: powers of four where padding is cheap, otherwise of two."""
    few = bucket(rows, 4), bucket(width, 4)
    return few if few[0] * few[1] <= CHEAP_PLACES else (bucket(rows), bucket(width))


class Recorder(Protocol):
    """Records what a function of no arguments has a device do."""

    def __call__(self, run: Callable[[], object]) -> Callable[[], object]:
        """What does the same again, with what is then in the tensors that ``run`` reads and writes.

        Recording need not do it.
        """
        ...


class CudaRecorder:
    """Records CUDA graphs, all of which share the memory of what comes and goes within a pass."""

    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, run: Callable[[], object]) -> Callable[[], object]:
        graph = torch.cuda.CUDAGraph()
        # relaxed: kernels are loaded where they are first used, and other threads use the device meanwhile
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="relaxed"):
            run()
        return graph.replay


@dataclass(slots=True)
class _Recorded:
    """One shape: where its columns are put, on the host and on the device, and once recorded its replay,
    which writes the logits [places, V] to ``output``."""

    staged: torch.Tensor
    columns: torch.Tensor
    replay: Callable[[], object] | None = None
    output: torch.Tensor | None = None


class RecordedPasses:
    """Runs ``verify`` (docspec.verifiers.runner), recorded wherever a shape comes again.

    Where recording fails, passes are made as without it, and a warning says why.
    """

    def __init__(self, verify: Pass, recorder: Callable[[], Recorder], device: torch.device) -> None:
        self._verify = verify
        self._new_recorder = recorder
        self._device = device
        self._failed = False
        self._at_once = True  # whether shapes can be recorded that no pass has had yet
        self._made: torch.Tensor | None = None  # the logits of one place, once a pass has been made
        self.typical = False  # whether the last pass took what another one of its shape will
        self._version = -1
        self.forget()

    def forget(self) -> None:
        """Give up what is recorded, and its memory."""
        self._recorder: Recorder | None = None
        self._known: dict[tuple[PassShape, int], _Recorded] = {}
        self._outputs: dict[int, torch.Tensor] = {}  # by places: shapes share them

    @property
    def most(self) -> int | None:
        """The places of the largest passes that are recorded; None where none is."""
        return None if self._failed else MOST_PLACES

    def room(self, shape: PassShape, size: tuple[int, int], *, whole: bool = False) -> PassShape:
        """The shape that a pass of ``shape`` is rounded up to, over a cache of ``size`` (rows, places).

        ``whole`` says that places beyond those that a row has cost nothing where rows are not gathered.
        """
        rows, width = rounded(shape.rows, shape.width)
        rows = min(rows, size[0])
        if self._failed or rows * width > MOST_PLACES:
            return shape
        span = min(max(bucket(shape.span), LEAST_SPAN), size[1])
        if whole and shape.in_place:
            span = size[1]
        return replace(shape, rows=rows, width=width, span=span)

    def __call__(self, columns: np.ndarray, shape: PassShape, axes: int, version: int) -> torch.Tensor:
        """The logits [rows, width, V] of a pass; they hold until the next one. ``version`` is the cache's,
        whose buffers are other ones where it has changed."""
        if version != self._version:
            self.forget()
            self._version = version
        given = torch.from_numpy(columns)
        self.typical = self._failed
        if self._failed or shape.rows * shape.width > MOST_PLACES:
            return self._verify(given.to(self._device), shape, axes, shape.width)
        one = self._known.get((shape, axes))
        self.typical = one is not None and one.replay is not None
        if one is None:
            pinned = self._device.type == "cuda"
            staged = torch.empty_like(given, pin_memory=pinned)
            one = self._known[shape, axes] = _Recorded(staged, staged.to(self._device))
            self._put(one, given)
            if self._made is None or not self._at_once:
                return self._first(one, shape, axes)
            self._ready(one, shape)
            one.replay = self._record(one, shape, axes, new=True)
            if one.replay is None:
                return self._first(one, shape, axes)
        else:
            self._put(one, given)
            if one.replay is None:
                one.replay = self._record(one, shape, axes)
            if one.replay is None:
                return self._verify(one.columns, shape, axes, shape.width)
        assert one.output is not None
        one.replay()
        return one.output.view(shape.rows, shape.width, -1)

    def _first(self, one: _Recorded, shape: PassShape, axes: int) -> torch.Tensor:
        """Make a pass of a shape that is not recorded yet."""
        logits = self._verify(one.columns, shape, axes, shape.width)
        self._made = logits[:1, 0].clone()
        self._ready(one, shape)
        return logits

    def _ready(self, one: _Recorded, shape: PassShape) -> None:
        """Have room for what a pass gives."""
        assert self._made is not None
        places = shape.rows * shape.width
        if places not in self._outputs:
            self._outputs[places] = self._made.new_empty(places, self._made.shape[1])
        one.output = self._outputs[places]

    @staticmethod
    def _put(one: _Recorded, columns: torch.Tensor) -> None:
        one.staged.copy_(columns)
        one.columns.copy_(one.staged, non_blocking=True)

    def _record(
        self, one: _Recorded, shape: PassShape, axes: int, *, new: bool = False
    ) -> Callable[[], object] | None:
        """Record a pass of ``shape``; where that fails None.

        Then shapes of which no pass was made, as this ``new`` one, are not recorded any more; and if it was
        not new, no pass is.
        """

        def run() -> None:
            assert one.output is not None
            one.output.copy_(self._verify(one.columns, shape, axes, shape.width).flatten(0, 1))

        try:
            self._recorder = self._recorder or self._new_recorder()
            with torch.inference_mode():
                return self._recorder(run)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # noqa: BLE001 whatever a model does that cannot be recorded
            if new:
                self._at_once = False
                self._recorder = None  # with memory of its own: torch gives that of a failed recording up
                return None
            self._failed = True
            self.forget()
            log.warning("passes are not recorded as CUDA graphs: %s: %s", type(error).__name__, error)
            return None
