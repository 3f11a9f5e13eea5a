"""What proposing costs: the cursor's own time a step, replayed over recorded text. No model runs.

The cases are those of docspec.bench.acceptance (``--drafts`` takes the files that it keeps), and made ones: a
draft of so many tokens, and an output that has other characters here and there. A step is one ``propose`` and
one ``advance``; the first one of a sequence, in which the draft is made ready, is told apart. Milliseconds of
the thread's own time, whatever else runs, the garbage collector's included.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from docspec.bench.acceptance_cases import Case, add_drafts, kept_cases
from docspec.bench.acceptance_loop import END, replay
from docspec.bench.neutral_tokenizer import neutral_tokenizer
from docspec.drafters.following import cursor as following
from docspec.drafters.following.cursor import Codec, DraftCursor
from docspec.drafters.following.draft_tokens import DraftTokens
from docspec.drafters.following.echo import Echo
from docspec.drafters.following.experience import Experience
from docspec.drafters.following.resync import Finder
from docspec.drafters.following.tree import Tree
from docspec.types import Alternative
from docspec.verifiers.codec import TokenizerCodec

BRANCH = 8  # draft tokens in each branch, as in the acceptance benchmark
RATES = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)  # characters that the made outputs have otherwise than the draft
LENGTHS = (500, 2000, 8000)  # tokens of a made draft
# What is told apart; a part within another one counts for both.
PARTS = (
    (TokenizerCodec, "encode", "tokenizing"),
    (TokenizerCodec, "decode", "decoding"),
    (DraftTokens, "reread", "other readings"),
    (Finder, "find", "finding the place"),
    (Echo, "propose", "echo, proposing"),
    (Echo, "extend", "echo, learning"),
    (Tree, "merge", "merging"),
)
Times = dict[str, list[float]]


class TimedCursor:
    """A ``DraftCursor`` whose steps are timed, in milliseconds: the ``first`` and the ``later`` ones."""

    def __init__(self, cursor: DraftCursor, made: float, times: Times) -> None:
        self._cursor, self._times = cursor, times
        self._spent, self._first = made, True

    def propose(self, limit: int, reach: int = 0) -> Tree:
        """The cursor's."""
        started = time.thread_time()
        tree = self._cursor.propose(limit, reach)
        self._spent += time.thread_time() - started
        return tree

    def advance(self, emitted: Sequence[int]) -> None:
        """The cursor's; ends the step."""
        started = time.thread_time()
        self._cursor.advance(emitted)
        self._spent += time.thread_time() - started
        self._times["first" if self._first else "later"].append(1000 * self._spent)
        self._spent, self._first = 0.0, False


def measure(
    codec: Codec, cases: Sequence[Case], window: int, reach: int, rounds: int = 1
) -> dict[str, float | int]:
    """Tokens a step and the cursor's time over ``cases``, in milliseconds a step: the least of so many
    ``rounds``, which have the same steps."""
    all_times = []
    for _ in range(rounds):
        times: Times = defaultdict(list)
        tokens, steps = _replayed(codec, cases, window, reach, times)
        all_times.append(times)
    first, later = (
        np.min([times[name] or [0.0] for times in all_times], axis=0) for name in ("first", "later")
    )
    return {
        "sequences": len(cases),
        "tokens": tokens,
        "steps": steps,
        "mean_accepted_length": round(tokens / max(1, steps), 3),
        "median": round(float(np.median(later)), 4),
        "p95": round(float(np.percentile(later, 95)), 4),
        "mean": round(float(later.mean()), 4),
        "first_median": round(float(np.median(first)), 4),
        "first_most": round(float(first.max()), 4),
        "ms_a_token": round(float(first.sum() + later.sum()) / max(1, tokens), 4),
    }


def _replayed(codec: Codec, cases: Sequence[Case], window: int, reach: int, times: Times) -> tuple[int, int]:
    """Tokens and steps of ``cases``, whose ``times`` are added."""
    known = Experience()
    tokens = steps = 0
    for case in cases:
        alternatives = [Alternative(*one) for one in case.alternatives]
        started = time.thread_time()
        cursor = DraftCursor([case.draft], codec, END, [alternatives], known)
        timed = TimedCursor(cursor, time.thread_time() - started, times)
        stats = replay(codec, timed, case.truth, window, reach)
        known.finished(codec.encode(case.truth)[0])
        tokens, steps = tokens + stats.tokens, steps + stats.steps
    return tokens, steps


@contextmanager
def parts_timed() -> Iterator[dict[str, float]]:
    """Within it, the milliseconds spent in each of ``PARTS``."""
    spent: dict[str, float] = {name: 0.0 for *_, name in PARTS}
    kept = [(owner, method, owner.__dict__[method]) for owner, method, _ in PARTS]
    for owner, method, name in PARTS:
        setattr(owner, method, _timed(owner.__dict__[method], name, spent))
    try:
        yield spent
    finally:
        for owner, method, function in kept:
            setattr(owner, method, function)


def _timed(function: Any, name: str, spent: dict[str, float]) -> Any:
    plain = function.__func__ if isinstance(function, staticmethod | classmethod) else function

    @wraps(plain)
    def timed(*given: Any, **named: Any) -> Any:
        started = time.thread_time()
        try:
            return plain(*given, **named)
        finally:
            spent[name] += 1000 * (time.thread_time() - started)

    return type(function)(timed) if plain is not function else timed


def made_cases(codec: Codec, tokens: int, rate: float, words: Sequence[str], count: int = 3) -> list[Case]:
    """Drafts of about ``tokens`` tokens, whose verifier writes one character in ``1 / rate`` otherwise."""
    chance = random.Random(f"{tokens} {rate}")
    cases = []
    for number in range(count):
        draft = ""
        while len(codec.encode(draft)[0]) < tokens:
            draft += " ".join(chance.choice(words) for _ in range(200)) + "\n\n"
        truth = "".join(_misread(char, chance) if chance.random() < rate else char for char in draft)
        cases.append(Case(str(number), "text", draft.strip(), truth.strip()))
    return cases


def _misread(char: str, chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.2:
        return ""
    other = chance.choice("aeiourstnlmcd.,-1280")
    return char + other if kind < 0.3 else other


def main() -> None:
    """Print the tables; the last line is JSON."""
    options = _arguments()
    codec = TokenizerCodec(neutral_tokenizer())
    groups: dict[str, list[Case]] = {}
    for file in options.drafts:
        groups[file.stem] = kept_cases(file)
    words = sorted(set((following.__doc__ or "").split()) | set((__doc__ or "").split()))
    for length in options.lengths:
        for rate in RATES:
            groups[f"{length} tokens, {rate:.0%} otherwise"] = made_cases(codec, length, rate, words)
    results = {}
    for name, reach in (("chains", 0), ("trees", BRANCH)):
        results[name] = {
            group: measure(codec, cases, options.window, reach, options.rounds)
            for group, cases in groups.items()
        }
        _print(f"{name}, window {options.window}: milliseconds a step", results[name])
    parts = {}
    for name, reach in (("chains", 0), ("trees", BRANCH)):
        for file in options.drafts:
            with parts_timed() as spent:
                figures = measure(codec, groups[file.stem], options.window, reach)
            each = {part: round(value / figures["steps"], 4) for part, value in spent.items()}
            parts[f"{name}, {file.stem}"] = each
    if parts:
        _print("milliseconds a step (mean) in each part", parts)
    print(json.dumps({"benchmark": "proposing", "window": options.window, **results, "parts": parts}))


def _print(title: str, rows: dict[str, Any]) -> None:
    names = [name.replace("_", " ") for name in next(iter(rows.values()))]
    table = Table("group", *names, title=title)
    for group, row in rows.items():
        table.add_row(group, *map(str, row.values()))
    Console(width=max(150, Console().width)).print(table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.proposing", description=__doc__)
    add_drafts(parser, required=False)
    parser.add_argument("--lengths", type=int, nargs="*", default=list(LENGTHS), help="tokens of made drafts")
    parser.add_argument(
        "--rounds", type=int, default=1, help="replays, of whose times each step's least counts (default: 1)"
    )
    parser.add_argument("--window", type=int, default=64, help="draft tokens a step (default: 64)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
