"""What docspec's drafts should gain inside vLLM on a GPU: measured acceptance, and a model of a step's time.

Acceptance is replayed over the texts of docspec.bench.acceptance (``--drafts``), with chains, and windows as
the plug-in chooses them at the modelled cost. A step takes the host's time and the GPU's: small kernels, the
weights read once or the arithmetic of its tokens, whichever is longer, and each row's keys and values. vLLM
alone prepares a step while the last one runs; with docspec's scheduler it cannot. ``RATES`` are assumptions,
not measurements; docs/serving.md says where they come from.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.console import Console
from rich.table import Table

from docspec.bench.acceptance_cases import Case, add_drafts, kept_cases
from docspec.bench.acceptance_loop import END
from docspec.bench.neutral_tokenizer import neutral_tokenizer
from docspec.drafters.following.cursor import Codec
from docspec.drafters.following.tree import shared_start
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.vllm_plugin.arguments import WINDOW
from docspec.verifiers.vllm_plugin.followers import Asked, Begun, Followers, Turn

CONCURRENCY = (1, 4, 16, 64)
VOCABULARY = 1 << 20  # more than any tokenizer's: nothing is cut


@dataclass(frozen=True, slots=True)
class Rates:
    """Seconds and rates of one GPU and its host."""

    bandwidth: float = 3.0e12  # bytes a second that kernels reach
    arithmetic: float = 4.0e14  # operations a second that they reach, bf16
    layer: float = 4e-5  # of a layer's kernels, beside what they read
    host: float = 2e-3  # of scheduling, inputs and sampling, a step
    host_row: float = 3e-5  # the same, a row
    proposing: float = 1.5e-4  # of docspec, a row
    processes: int = 8  # that propose side by side; 0: the engine's own, one row after the other
    handing: float = 2e-4  # of handing tokens and windows to and fro, a step


@dataclass(frozen=True, slots=True)
class Model:
    """A decoder in bf16: parameters that a step reads, layers, and bytes of keys and values of a token."""

    parameters: float
    layers: int
    kv: float
    context: int = 5000  # tokens of image and text that a row has: a page's; a region has some hundreds


MODELS = {
    "1.7B (dots.ocr)": Model(1.7e9, 28, 28 * 2 * 2 * 128 * 2),
    "3B (Qwen2.5-VL)": Model(3.1e9, 36, 36 * 2 * 2 * 128 * 2),
}
RATES = Rates()


def gpu(model: Model, rows: int, tokens: float, rates: Rates = RATES) -> float:
    """Seconds of the GPU for a step of ``rows`` sequences and ``tokens`` in all."""
    weights = 2 * model.parameters / rates.bandwidth
    arithmetic = 2 * model.parameters * tokens / rates.arithmetic
    cache = rows * model.kv * model.context / rates.bandwidth
    return model.layers * rates.layer + max(weights, arithmetic) + cache


def plain_step(model: Model, rows: int, rates: Rates = RATES) -> float:
    """Seconds of a step of vLLM alone: the host prepares it while the last one runs."""
    return max(rates.host + rows * rates.host_row, gpu(model, rows, rows, rates))


def drafted_step(model: Model, rows: int, tokens: float, rates: Rates = RATES) -> float:
    """Seconds of a step with drafts, ``tokens`` in all: one after the other."""
    if rates.processes:
        proposing = rates.handing + math.ceil(rows / rates.processes) * rates.proposing
    else:
        proposing = rows * rates.proposing
    return rates.host + rows * rates.host_row + proposing + gpu(model, rows, tokens, rates)


def acceptance(
    codec: Codec, cases: Sequence[Case], rows: int, base: float, slope: float
) -> tuple[float, float]:
    """Tokens and draft tokens of a row's step, with windows as the plug-in chooses them for ``rows`` rows."""
    tokens = steps = drafted = 0
    followers = Followers(codec, VOCABULARY)
    for case in cases:
        wanted, done = [*codec.encode(case.truth)[0], END], 1
        followers.windows(Asked([], [Begun(case.page, (case.draft,), (), END)], [], base, slope, rows))
        emitted, window = wanted[:1], list[int]()  # a prefill has no window
        while True:
            tokens, steps, drafted = tokens + len(emitted), steps + 1, drafted + len(window)
            if done == len(wanted):
                break
            turn = Turn(case.page, emitted, len(window), WINDOW)
            window = followers.windows(Asked([], [], [turn], base, slope, rows))[case.page]
            coming = wanted[done:]
            emitted = coming[: shared_start(window, coming) + 1]
            done += len(emitted)
    return tokens / max(1, steps), drafted / max(1, steps)


def expected(
    codec: Codec, cases: Sequence[Case], model: Model, rows: int, rates: Rates = RATES
) -> dict[str, float]:
    """A line of the table, times in milliseconds."""
    slope = 2 * model.parameters / rates.arithmetic
    base = drafted_step(model, rows, rows, rates)
    gained, sent = acceptance(codec, cases, rows, base, slope)
    plain, drafted = plain_step(model, rows, rates), drafted_step(model, rows, rows * (1 + sent), rates)
    return {
        "plain_step_ms": round(1e3 * plain, 2),
        "drafted_step_ms": round(1e3 * drafted, 2),
        "draft_tokens_a_step": round(sent, 1),
        "tokens_a_step": round(gained, 2),
        "gain": round(gained * plain / drafted, 2),
    }


def main() -> None:
    """Print the table; the last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.vllm_cost", description=__doc__)
    add_drafts(parser)
    parser.add_argument("--concurrency", type=int, nargs="*", default=list(CONCURRENCY))
    parser.add_argument("--context", type=int, default=5000, help="tokens of a row (default: 5000, a page's)")
    parser.add_argument("--proposing-ms", type=float, default=0.15, help="of docspec, a row (default: 0.15)")
    parser.add_argument("--processes", type=int, default=8, help="that propose, 0: in turn (default: 8)")
    options = parser.parse_args()
    rates = replace(RATES, proposing=options.proposing_ms / 1e3, processes=options.processes)
    codec = TokenizerCodec(neutral_tokenizer())
    lines: dict[str, dict[str, float]] = {}
    for file in options.drafts:
        cases = kept_cases(file)
        for name, known in MODELS.items():
            model = replace(known, context=options.context)
            for rows in options.concurrency:
                lines[f"{file.stem}, {name}, {rows}"] = expected(codec, cases, model, rows, rates)
    table = Table(
        "texts, model, concurrency", *(name.replace("_", " ") for name in next(iter(lines.values())))
    )
    for name, line in lines.items():
        table.add_row(name, *map(str, line.values()))
    Console(width=max(130, Console().width)).print(table)
    print(json.dumps({"benchmark": "vllm cost", "expected": lines}))


if __name__ == "__main__":
    main()
