"""What proposing for many requests costs a step of vLLM: in the engine's own process, and in others.

The plug-in's own code, with requests that emit recorded text (``--drafts``), as many at once as ``--rows``
says: the next one begins where one ends. Milliseconds of a step that the engine waits, by the clock: what
it takes to hand on the tokens and to collect the windows; ``--pause`` is what vLLM does between the two. No
model runs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from docspec.bench.acceptance_cases import Case, add_drafts, kept_cases
from docspec.bench.neutral_tokenizer import neutral_tokenizer
from docspec.drafters.following.tree import shared_start
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.vllm_plugin.arguments import WINDOW
from docspec.verifiers.vllm_plugin.followers import Followers, Following, Inline
from docspec.verifiers.vllm_plugin.given import TEXTS
from docspec.verifiers.vllm_plugin.pool import Pool
from docspec.verifiers.vllm_plugin.proposing import Limits, Proposing, SamplingParams
from docspec.verifiers.window import GPU_WIDTH

VOCABULARY, LENGTH, STEP = 1 << 20, 1 << 20, 1 << 14  # limits that nothing here reaches
END = VOCABULARY - 1  # no token of the tokenizer


@dataclass(slots=True)
class Params:
    """Sampling parameters, as far as the plug-in looks at them."""

    extra_args: dict[str, Any]
    eos_token_id: int | None = END
    all_stop_token_ids: set[int] = field(default_factory=lambda: {END})


@dataclass(slots=True)
class Recorded:
    """A request whose model writes ``answer``."""

    request_id: str
    sampling_params: SamplingParams
    answer: list[int]
    max_tokens: int = 1 << 14
    spec_token_ids: list[int] = field(default_factory=list)
    output_token_ids: list[int] = field(default_factory=list)
    is_prefill_chunk: bool = False

    @property
    def num_tokens(self) -> int:
        """With a prompt of one."""
        return 1 + len(self.output_token_ids)

    @property
    def num_computed_tokens(self) -> int:
        """All but the last."""
        return len(self.output_token_ids)

    def emits(self) -> list[int]:
        """What verifying its window gives."""
        coming = self.answer[len(self.output_token_ids) :]
        return coming[: shared_start(self.spec_token_ids, coming) + 1]


@dataclass(slots=True)
class Scheduled:
    """What vLLM makes of the windows: all are sent."""

    scheduled_spec_decode_tokens: dict[str, list[int]]
    num_scheduled_tokens: dict[str, int]


def measure(
    codec: TokenizerCodec, cases: Sequence[Case], following: Following, rows: int, steps: int, pause: float
) -> dict[str, float | int]:
    """Milliseconds that the engine waits for each of ``steps`` full steps, and tokens of a row's step."""
    coming = _requests(codec, cases)
    running = [next(coming) for _ in range(rows)]
    clock = (
        itertools.count()
    )  # a step takes one of its seconds whatever is sent: windows do not depend on the machine
    made = Proposing(
        Limits(WINDOW, VOCABULARY, LENGTH, STEP * rows), following, GPU_WIDTH, lambda: float(next(clock))
    )
    times, tokens = [], 0
    for _ in range(steps):
        begun = time.perf_counter()
        made.propose(running)
        spent = time.perf_counter() - begun
        sent = {one.request_id: one.spec_token_ids for one in running}
        made.scheduled(Scheduled(sent, {key: 1 + len(window) for key, window in sent.items()}))
        emitted = {one.request_id: one.emits() for one in running}
        begun = time.perf_counter()
        made.received(emitted)
        times.append(spent + time.perf_counter() - begun)
        time.sleep(pause)
        for one in running:
            one.output_token_ids += emitted[one.request_id]
        tokens += sum(map(len, emitted.values()))
        running = [one for one in running if len(one.output_token_ids) < len(one.answer)]
        made.executed(running)
        running += [next(coming) for _ in range(rows - len(running))]
    later = np.array(times[1:]) * 1e3  # the first one begins all rows
    return {
        "median": round(float(np.median(later)), 2),
        "p95": round(float(np.percentile(later, 95)), 2),
        "mean": round(float(later.mean()), 2),
        "tokens_a_row": round(tokens / rows / steps, 2),
    }


def _requests(codec: TokenizerCodec, cases: Sequence[Case]) -> Iterator[Recorded]:
    """The cases again and again, each with its first token written, as after a prefill."""
    for number, case in enumerate(itertools.cycle(cases)):
        answer = [*codec.encode(case.truth)[0], END]
        yield Recorded(str(number), Params({TEXTS: [case.draft]}), answer, output_token_ids=answer[:1])


def main() -> None:
    """Print the table; the last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.proposing_at_once", description=__doc__)
    add_drafts(parser)
    parser.add_argument(
        "--rows", type=int, nargs="*", default=[1, 16, 64], help="requests (default: 1 16 64)"
    )
    parser.add_argument(
        "--processes", type=int, nargs="*", default=[0, 2], help="0 is the engine's own (default: 0 2)"
    )
    parser.add_argument("--steps", type=int, default=200, help="of each way (default: 200)")
    parser.add_argument(
        "--pause", type=float, default=1.0, help="ms from tokens to the next step (default: 1)"
    )
    options = parser.parse_args()
    tokenizer = neutral_tokenizer()
    codec = TokenizerCodec(tokenizer)
    found: dict[str, dict[str, float | int]] = {}
    for file in options.drafts:
        cases = [case for case in kept_cases(file) if case.truth.strip()]
        for rows, count in itertools.product(options.rows, options.processes):
            following: Following = (
                Pool(count, tokenizer.to_str(), VOCABULARY) if count else Inline(Followers(codec, VOCABULARY))
            )
            name = f"{file.stem}, {rows} rows, {count} processes"
            found[name] = measure(codec, cases, following, rows, options.steps, options.pause / 1e3)
            following.close()
    table = Table(
        "texts, requests, processes", *(name.replace("_", " ") for name in next(iter(found.values())))
    )
    for name, line in found.items():
        table.add_row(name, *map(str, line.values()))
    Console().print(table)
    print(json.dumps({"benchmark": "proposing at once", "milliseconds": found}))


if __name__ == "__main__":
    main()
