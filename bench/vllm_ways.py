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
import json
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from transformers import PreTrainedTokenizerFast

from docspec.bench import recorded_model
from docspec.bench.acceptance_cases import Case, add_drafts, kept_cases
from docspec.bench.small_model import Size
from docspec.bench.vllm_engine import DRAFTED, PLAIN, REMEMBERS, WAYS, Measured, missing, runs
from docspec.bench.vllm_table import vllm_table
from docspec.verifiers.vllm_plugin.arguments import WINDOW, check_vllm
from docspec.verifiers.window import GPU_WIDTH

CONCURRENCY = (1, 4, 16)
WIDTH = 170  # characters that the table needs


@dataclass(frozen=True, slots=True)
class Comparison:
    """What to run beside vLLM alone: ``ways`` of WAYS, each with so many requests in flight as
    ``concurrency`` says, docspec's with at most ``window`` draft tokens of a request, on a model of ``size``.

    docspec's windows follow the measured time of steps; with ``step_width``, so many tokens double it.
    """

    ways: tuple[str, ...] = tuple(WAYS)
    concurrency: tuple[int, ...] = CONCURRENCY
    window: int = WINDOW
    size: Size = field(default_factory=Size)
    step_width: int | None = None


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


def compare(folder: Path, cases: Sequence[Case], asked: Comparison) -> dict[str, Any]:
    """Make the model of ``cases`` in ``folder`` and run all ways; figures by way and concurrency."""
    training = recorded_model.make(folder, [case.truth for case in cases], asked.size)
    words = PreTrainedTokenizerFast.from_pretrained(folder)  # the neutral one hangs on what is installed
    recorded = [
        [*words(case.truth, add_special_tokens=False)["input_ids"], words.eos_token_id] for case in cases
    ]
    found: dict[str, Any] = {"training": training, "runs": {}, "refused": {}}
    plain: dict[int, Measured] = {}
    for name in dict.fromkeys([PLAIN, *asked.ways]):
        if reason := missing(name):
            found["refused"][name] = reason
            continue
        drafts = [case.draft if name == DRAFTED else None for case in cases]
        own = [[rows] for rows in asked.concurrency]
        for together in own if name == REMEMBERS else [asked.concurrency]:
            engine = WAYS[name](asked.window)
            with ProcessPoolExecutor(1, get_context("spawn")) as alone:
                running = alone.submit(runs, folder, recorded, drafts, together, engine, asked.step_width)
                try:
                    made = running.result()
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
    try:
        check_vllm()
    except RuntimeError as error:
        raise SystemExit(str(error)) from error
    size = Size(options.width, options.layers, options.rounds)
    asked = Comparison(
        tuple(options.ways), tuple(options.concurrency), options.window, size, options.step_width
    )
    results = {}
    with tempfile.TemporaryDirectory() as scratch:
        for file in options.drafts:
            cases = kept_cases(file)[: options.limit]
            results[file.stem] = compare((options.models or Path(scratch)) / file.stem, cases, asked)
            Console(width=max(WIDTH, Console().width)).print(vllm_table(file.stem, results[file.stem]))
    settings = {"window": options.window, "step_width": options.step_width}
    print(json.dumps({"benchmark": "vllm", **settings, **results}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.vllm_ways", description=__doc__)
    add_drafts(parser)
    parser.add_argument("--models", type=Path, help="keep the models in this folder, or reuse them from it")
    parser.add_argument("--ways", nargs="*", choices=list(WAYS), default=list(WAYS), help="beside vLLM alone")
    parser.add_argument("--concurrency", type=int, nargs="*", default=list(CONCURRENCY))
    parser.add_argument("--limit", type=int, help="texts of each file (default: all)")
    parser.add_argument("--window", type=int, default=WINDOW, help="docspec's draft tokens a step")
    parser.add_argument(
        "--step-width",
        type=int,
        help="tokens that double a step's time, to choose docspec's windows by as on a device of that kind "
        f"(a GPU until it is measured: {GPU_WIDTH}); default: as steps are measured here",
    )
    size = Size()
    parser.add_argument("--width", type=int, default=size.width, help=f"the model's width ({size.width})")
    parser.add_argument("--layers", type=int, default=size.layers, help=f"its layers ({size.layers})")
    parser.add_argument("--rounds", type=int, default=size.rounds, help=f"of training ({size.rounds})")
    return parser.parse_args()


if __name__ == "__main__":
    main()
