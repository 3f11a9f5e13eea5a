"""What docspec's own engine takes of the host: time outside the forward pass, by sequences at once.

Recorded texts are decoded with their drafts (``--drafts``) by the whole engine: windows, passes' make-up,
decision, bookkeeping. No pass is made; each is counted, at ``base + slope * places`` milliseconds, so that
the gain over the same engine without drafts can be told for a device of that cost. Milliseconds of the
thread's own time, whatever else runs; the median of several rounds.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from docspec.bench.acceptance_cases import Case, add_drafts, kept_cases
from docspec.bench.neutral_tokenizer import neutral_tokenizer
from docspec.config import Config
from docspec.types import Alternative, Category, Draft, Request
from docspec.verifiers.replay import NoModel, ReplayModel, ReplayVerifier
from docspec.verifiers.window import GPU_WIDTH, StepCost

BASES = (10.0, 2.5)  # milliseconds of a pass over one token: a large and a small model, graphs captured
END = "<end>"
MOST = 20  # characters that a step emits, at most, so that texts last


class FixedCost(StepCost):
    """A pass takes what the line says, whatever is measured."""

    def __init__(self, base: float, slope: float) -> None:
        super().__init__()
        self._line = base, slope

    def record(self, tokens: int, seconds: float) -> None:
        """Nothing is learnt."""

    def line(self) -> tuple[float, float]:
        """The line."""
        return self._line


class CountedPasses(NoModel):
    """Counts passes and the seconds that they would take."""

    def __init__(self, rows: int, base: float) -> None:
        super().__init__(rows)
        self.base, self.slope = base, base / GPU_WIDTH
        self.cost = FixedCost(self.base, self.slope)
        self.steps, self.seconds = 0, 0.0
        self.last = 0  # after so many passes,
        self.mark: Callable[[], None] | None = None  # this is called

    def step(self, rows: Any, prompts: Any, outputs: Any, trees: Any) -> torch.Tensor:
        """A verify pass of rows that are padded to the widest."""
        if self.steps == self.last and self.mark is not None:
            self.mark()
        self.steps += 1
        self.seconds += self.base + self.slope * len(trees) * (1 + max(map(len, trees)))
        return torch.empty(0)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Of all sequences together: seconds of the host and of passes, engine's steps, passes, and tokens."""

    host: float
    device: float
    steps: int
    passes: int
    tokens: int


def decode(cases: Sequence[Case], rows: int, base: float, steps: int, *, drafts: bool) -> Decoded:
    """Decode ``cases``, again and again, with ``rows`` at once for ``steps`` passes, where one over one
    token takes ``base`` seconds."""
    chosen = list(itertools.islice(itertools.cycle(cases), rows + rows * steps * MOST // _characters(cases)))
    verifier, runner = counted(chosen, rows, base, drafts=drafts)
    engine: Any = verifier.engine
    tokens, started = 0, time.thread_time()
    found: list[Decoded] = []

    def mark() -> None:
        host = time.thread_time() - started
        begun = sum(len(one.output) for one in [*engine._active, *engine._waiting])
        found.append(Decoded(host, runner.seconds, engine.steps, runner.steps, tokens + begun))

    runner.last, runner.mark = steps, mark
    for _, verdict in verifier.verify(requests_of(chosen)):
        tokens += verdict.stats.tokens
        if found:
            break
    mark()  # where all texts end before
    return found[0]


def counted(
    cases: Sequence[Case], rows: int, base: float, *, drafts: bool
) -> tuple[ReplayVerifier, CountedPasses]:
    """What decodes the texts of ``cases``, ``rows`` at once, and its passes, which are counted."""
    tokenizer = neutral_tokenizer()
    end = tokenizer.get_vocab_size()
    tokenizer.add_special_tokens([END])
    texts: dict[Hashable, str] = {number: case.truth for number, case in enumerate(cases)}
    verifier = ReplayVerifier(
        ReplayModel(tokenizer, end), texts, Config(max_batch=rows, on_loop="off"), drafts=drafts
    )
    runner = CountedPasses(rows, base)
    engine: Any = verifier.engine
    engine.runner = engine.proposals.runner = engine.proposals.own.runner = runner
    return verifier, runner


def requests_of(cases: Sequence[Case], *, drafts: bool = True) -> Iterator[Request]:
    """A request for each of ``cases``, with its draft or without."""
    blank = np.zeros((8, 8, 3), np.uint8)
    for number, case in enumerate(cases):
        yield Request(number, blank, Category.TEXT, drafts=_drafts(case) if drafts else ())


def _characters(cases: Sequence[Case]) -> int:
    """Of a text, on average."""
    return max(1, sum(len(case.truth) for case in cases) // len(cases))


def _drafts(case: Case) -> tuple[Draft, ...]:
    """The draft that was kept of a case."""
    alternatives = tuple(Alternative(*one) for one in case.alternatives)
    return (Draft(case.draft, "recorded", confidence=0.9, alternatives=alternatives),)


def measure(cases: Sequence[Case], rows: int, base: float, steps: int, rounds: int) -> dict[str, float]:
    """A line of the table: medians of ``rounds``, in which both ways take turns."""
    lines = []
    for _ in range(rounds):
        one = decode(cases, rows, base, steps, drafts=True)
        plain = decode(cases, rows, base, steps, drafts=False)
        seconds = (one.host + one.device) / one.tokens
        lines.append(
            {
                "host_ms_a_step": 1e3 * one.host / one.steps,
                "without_drafts": 1e3 * plain.host / plain.steps,
                "passes_a_step": one.passes / one.steps,
                "tokens_a_step": one.tokens / one.steps,
                "host_share": one.host / (one.host + one.device),
                "gain": (plain.host + plain.device) / plain.tokens / seconds,
            }
        )
    return {name: round(statistics.median(line[name] for line in lines), 2) for name in lines[0]}


def main() -> None:
    """Print the table; the last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.host", description=__doc__)
    add_drafts(parser)
    parser.add_argument("--rows", type=int, nargs="*", default=[1, 8, 16, 32, 64], help="sequences at once")
    parser.add_argument(
        "--bases", type=float, nargs="*", default=list(BASES), help="ms of a pass over one token"
    )
    parser.add_argument("--steps", type=int, default=300, help="of each way and round (default: 300)")
    parser.add_argument("--rounds", type=int, default=3, help="(default: 3)")
    options = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    for file in options.drafts:
        cases = [case for case in kept_cases(file) if case.truth.strip()]
        for base in options.bases:
            for rows in options.rows:
                name = f"{file.stem}, {rows} rows, {base:g} ms"
                found[name] = measure(cases, rows, base / 1e3, options.steps, options.rounds)
    table = Table("texts, rows, pass", *(name.replace("_", " ") for name in next(iter(found.values()))))
    for name, line in found.items():
        table.add_row(name, *map(str, line.values()))
    Console(width=max(120, Console().width)).print(table)
    print(json.dumps({"benchmark": "host", "lines": found}))


if __name__ == "__main__":
    main()
