"""Recorded texts asked of vLLM's engine in one process, in each of the ways that are compared.

The model is docspec.bench.recorded_model's. A small model's step is mostly vLLM's own time.
"""

from __future__ import annotations

import gc
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from docspec.bench import recorded_model
from docspec.verifiers.vllm_plugin.arguments import engine_arguments
from docspec.verifiers.vllm_plugin.given import TEXTS
from docspec.verifiers.window import AssumedCost

PLAIN, REMEMBERS, DRAFTED = "vllm", "vllm-suffix", "vllm-docspec"
ROOM = 16  # tokens that a request may write beyond its text: a model that errs is not cut short unseen
LENGTH = 4096  # tokens of a request, its prompt included, or what the longest text needs
CACHE = 512 << 20  # bytes of keys and values
NGRAM = {"method": "ngram", "num_speculative_tokens": 8, "prompt_lookup_min": 2, "prompt_lookup_max": 4}
SUFFIX = {"method": "suffix"}  # its own settings, which its authors chose
QUIET = {"VLLM_LOGGING_LEVEL": "ERROR", "VLLM_NO_USAGE_STATS": "1"}

# What each way adds to vLLM's engine; ``window`` is docspec's.
WAYS: dict[str, Callable[[int], dict[str, Any]]] = {
    PLAIN: lambda window: {},
    "vllm-ngram": lambda window: {"speculative_config": NGRAM},
    "vllm-suffix": lambda window: {
        "speculative_config": SUFFIX,
        "per_request_spec_decode_metrics": "summary",
    },
    DRAFTED: engine_arguments,
}


def missing(way: str) -> str | None:
    """Why a way cannot be run in this environment, with what to install; None where it can."""
    if way == REMEMBERS and find_spec("arctic_inference") is None:
        return "its suffix trees are not installed; pip install arctic-inference"
    return None


@dataclass(frozen=True, slots=True)
class Measured:
    """One run over all texts: what was written, engine steps, steps summed over requests, seconds, and the
    proposer's own milliseconds for each request and step (docspec's alone are known)."""

    outputs: list[list[int]]
    steps: int
    row_steps: int
    seconds: float
    proposing: list[float]

    @property
    def tokens(self) -> int:
        """Tokens written."""
        return sum(map(len, self.outputs))


def measure(
    llm: Any,
    recorded: Sequence[Sequence[int]],
    drafts: Sequence[str | None],
    rows: int,
    step_width: int | None = None,
) -> Measured:
    """Ask ``llm`` for all texts, ``rows`` at a time, with ``drafts`` where they are given.

    docspec's windows follow the measured time of steps; with ``step_width``, so many tokens double it.
    """
    from vllm import SamplingParams

    engine = llm.llm_engine
    scheduler = engine.engine_core.engine_core.scheduler
    for row in range(rows):
        _ask(engine, SamplingParams, f"warm up {row}", len(recorded) + row, 2 * ROOM, None)
    while engine.has_unfinished_requests():
        engine.step()
    proposing = getattr(scheduler, "proposing", None)
    if proposing is not None:
        proposing.times = deque()  # of any length, and without the warm-up
        if step_width is not None:
            proposing.cost = AssumedCost(step_width)
    waiting, done = deque(range(len(recorded))), {}
    before, started = scheduler.current_step, time.perf_counter()
    flying = row_steps = 0
    while waiting or flying:
        while waiting and flying < rows:
            number = waiting.popleft()
            _ask(engine, SamplingParams, str(number), number, len(recorded[number]) + ROOM, drafts[number])
            flying += 1
        answered = engine.step()  # one for each request that the step was for
        row_steps += len(answered)
        for output in answered:
            if output.finished:
                done[int(output.request_id)] = output.outputs[0]
                flying -= 1
    seconds = time.perf_counter() - started
    outputs = [list(done[number].token_ids) for number in range(len(recorded))]
    spent = [1000 * one for one in proposing.times] if proposing is not None else []
    return Measured(outputs, scheduler.current_step - before, row_steps, seconds, spent)


def _ask(engine: Any, params: Any, name: str, number: int, tokens: int, draft: str | None) -> None:
    extra = {TEXTS: [draft]} if draft else None
    settings = params(temperature=0.0, max_tokens=tokens, extra_args=extra, detokenize=False)
    image = {"image": recorded_model.picture(number)}
    engine.add_request(name, {"prompt": recorded_model.PROMPT, "multi_modal_data": image}, settings)


@contextmanager
def started(folder: Path, rows: int, longest: int, **more: Any) -> Iterator[Any]:
    """vLLM with ``folder``'s model and ``rows`` sequences at once, in this process; gone at the end.

    The ``longest`` text has so many tokens.
    """
    from vllm import LLM
    from vllm.distributed import cleanup_dist_env_and_memory

    llm = LLM(
        str(folder),
        dtype="float32",
        max_model_len=max(LENGTH, longest + recorded_model.ASKED + ROOM),
        max_num_seqs=rows,
        kv_cache_memory_bytes=CACHE,
        limit_mm_per_prompt={"image": 1, "video": 0},
        enable_prefix_caching=False,
        enforce_eager=True,
        **more,
    )
    try:
        yield llm
    finally:
        llm.llm_engine.engine_core.shutdown()
        del llm
        gc.collect()
        cleanup_dist_env_and_memory()


def runs(
    folder: Path,
    recorded: Sequence[Sequence[int]],
    drafts: Sequence[str | None],
    together: Sequence[int],
    engine: dict[str, Any],
    step_width: int | None = None,
) -> list[Measured]:
    """One engine's runs, one for each concurrency of ``together``.

    In a process of its own: vLLM's start fails where numba, which ngram brings, is loaded already.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # the scheduler's steps are counted
    with started(folder, max(together), max(map(len, recorded)), **engine) as llm:
        return [measure(llm, recorded, drafts, rows, step_width) for rows in together]
