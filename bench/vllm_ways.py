"""vLLM alone, with its own training-free drafts, and with docspec's: steps, tokens a step and wall time.

The texts are those of docspec.bench.acceptance (``--drafts`` takes the files that it keeps, one a mode): what
a verifier wrote or should write, and the draft of the OCR pipeline. docspec.bench.recorded_model makes a
small model that writes them by heart; one that is kept with ``--models`` is not made again. Concurrency is
how many requests are in flight, of the engine's most rows. A way that remembers answers, as suffix decoding
does, has a new engine for each, or it would know the texts from the last time. A small model's step is mostly
vLLM's own time, so the wall's share is of that; steps are what holds for a large model. Needs vLLM
(docs/serving.md).
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from transformers import PreTrainedTokenizerFast

from docspec.bench import recorded_model
from docspec.bench.acceptance_cases import Case, add_drafts, kept_cases
from docspec.verifiers.vllm_plugin.arguments import WINDOW, check_vllm, engine_arguments
from docspec.verifiers.vllm_plugin.given import TEXTS

PLAIN, REMEMBERS, DRAFTED = "vllm", "vllm-suffix", "vllm-docspec"
CONCURRENCY = (1, 4, 16)
ROOM = 16  # tokens that a request may write beyond its text: a model that errs is not cut short unseen
CACHE = 512 << 20  # bytes of keys and values
NGRAM = {"method": "ngram", "num_speculative_tokens": 8, "prompt_lookup_min": 2, "prompt_lookup_max": 4}
SUFFIX = {"method": "suffix"}  # its own settings, which its authors chose

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


def figures(run: Measured, plain: Measured, recorded: Sequence[Sequence[int]]) -> dict[str, Any]:
    """A line of the table: ``run`` beside vLLM alone; ``recorded`` are the token ids of the texts."""
    times = np.array(run.proposing) if run.proposing else None
    return {
        "tokens": run.tokens,
        "engine_steps": run.steps,
        "steps_fewer": round(plain.steps / run.steps, 2),
        "tokens_a_step": round(run.tokens / run.row_steps, 2),
        "seconds": round(run.seconds, 2),
        "wall_ratio": round(run.seconds / plain.seconds, 3),
        "proposing_ms_median": None if times is None else round(float(np.median(times)), 3),
        "proposing_ms_p95": None if times is None else round(float(np.percentile(times, 95)), 3),
        "identical": run.outputs == plain.outputs,
        "as_recorded": round(
            sum(list(a) == list(b) for a, b in zip(run.outputs, recorded, strict=True)) / len(recorded), 4
        ),
    }


def measure(llm: Any, recorded: Sequence[Sequence[int]], drafts: Sequence[str | None], rows: int) -> Measured:
    """Ask ``llm`` for all texts, ``rows`` at a time, with ``drafts`` where they are given."""
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
def started(folder: Path, rows: int, **more: Any) -> Iterator[Any]:
    """vLLM with ``folder``'s model and ``rows`` sequences at once, in this process; gone at the end."""
    from vllm import LLM
    from vllm.distributed import cleanup_dist_env_and_memory

    llm = LLM(
        str(folder),
        dtype="float32",
        max_model_len=4096,
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
) -> list[Measured]:
    """One engine's runs, one for each concurrency of ``together``.

    In a process of its own: vLLM's start fails where numba, which ngram brings, is loaded already.
    """
    with started(folder, max(together), **engine) as llm:
        return [measure(llm, recorded, drafts, rows) for rows in together]


def compare(folder: Path, cases: Sequence[Case], options: argparse.Namespace) -> dict[str, Any]:
    """Make the model of ``cases`` in ``folder`` and run all ways; figures by way and concurrency."""
    size = recorded_model.Size(options.width, options.layers, options.rounds)
    training = recorded_model.make(folder, [case.truth for case in cases], size)
    words = PreTrainedTokenizerFast.from_pretrained(folder)  # the neutral one hangs on what is installed
    recorded = [
        [*words(case.truth, add_special_tokens=False)["input_ids"], words.eos_token_id] for case in cases
    ]
    found: dict[str, Any] = {"training": training, "runs": {}, "refused": {}}
    plain: dict[int, Measured] = {}
    for name in dict.fromkeys([PLAIN, *options.ways]):
        drafts = [case.draft if name == DRAFTED else None for case in cases]
        own = [[rows] for rows in options.concurrency]
        for together in own if name == REMEMBERS else [options.concurrency]:
            engine = WAYS[name](options.window)
            with ProcessPoolExecutor(1, get_context("spawn")) as alone:
                asked = alone.submit(runs, folder, recorded, drafts, together, engine)
                try:
                    made = asked.result()
                except ImportError as error:
                    found["refused"][name] = str(error)
                    continue
            for rows, run in zip(together, made, strict=True):
                plain.setdefault(rows, run)
                line = found["runs"][f"{name}, {rows}"] = figures(run, plain[rows], recorded)
                print(f"{name}, {rows}: {json.dumps(line)}", file=sys.stderr)
    return found


def main() -> None:
    """Print a table for each file; the last line is JSON."""
    options = _arguments()
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # the scheduler's steps are counted
    try:
        check_vllm()
    except RuntimeError as error:
        raise SystemExit(str(error)) from error
    results = {}
    with tempfile.TemporaryDirectory() as scratch:
        for file in options.drafts:
            cases = kept_cases(file)[: options.limit]
            results[file.stem] = compare((options.models or Path(scratch)) / file.stem, cases, options)
            _print(file.stem, results[file.stem])
    print(json.dumps({"benchmark": "vllm", "window": options.window, **results}))


def _print(name: str, found: dict[str, Any]) -> None:
    training = found["training"]
    caption = (
        f"a model of {training['texts']} texts ({training['tokens']} tokens), trained for "
        f"{training['seconds']} s, {training['texts_right']:.1%} of them right"
    )
    columns = [column.replace("_", " ") for column in next(iter(found["runs"].values()))]
    table = Table("way, concurrency", *columns, title=name, caption=caption)
    for run, row in found["runs"].items():
        table.add_row(run, *("-" if value is None else str(value) for value in row.values()))
    console = Console(width=max(170, Console().width))
    console.print(table)
    for way, reason in found["refused"].items():
        console.print(f"{way} did not run: {reason}", highlight=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.vllm_ways", description=__doc__)
    add_drafts(parser)
    parser.add_argument("--models", type=Path, help="keep the models in this folder, or reuse them from it")
    parser.add_argument("--ways", nargs="*", choices=list(WAYS), default=list(WAYS), help="beside vLLM alone")
    parser.add_argument("--concurrency", type=int, nargs="*", default=list(CONCURRENCY))
    parser.add_argument("--limit", type=int, help="texts of each file (default: all)")
    parser.add_argument("--window", type=int, default=WINDOW, help="docspec's draft tokens a step")
    size = recorded_model.Size()
    parser.add_argument("--width", type=int, default=size.width, help=f"the model's width ({size.width})")
    parser.add_argument("--layers", type=int, default=size.layers, help=f"its layers ({size.layers})")
    parser.add_argument("--rounds", type=int, default=size.rounds, help=f"of training ({size.rounds})")
    return parser.parse_args()


if __name__ == "__main__":
    main()
