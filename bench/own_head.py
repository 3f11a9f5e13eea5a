"""What a model's own head for further tokens would save beside drafts: steps and time, replayed.

No checkpoint's weights are needed: each of the head's tokens is right with a given chance (``--right``), by a
seeded draw for each place of a text, and one of its passes takes a share (``--share``) of a pass of the
model. Recorded texts are decoded with their drafts (``--drafts``) by the engine, as in docspec.bench.host: no
drafts, the head alone, drafts alone, and both.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from docspec.bench.acceptance_cases import Case, add_drafts, kept_cases
from docspec.bench.host import CountedPasses, FixedCost, counted, requests_of
from docspec.drafters.following.tree import Tree
from docspec.verifiers.decide import Replay
from docspec.verifiers.own_proposals import OwnProposals
from docspec.verifiers.sequence import Sequence as Text

SHARE = 0.23  # a layer, the vocabulary and what joins the two, of GLM-OCR's 16 layers and vocabulary
RIGHT = (0.5, 0.7, 0.9)
WAYS = ((False, False), (False, True), (True, False), (True, True))  # drafts, head
BASE = 0.01  # seconds of a pass over one token


class Simulated(OwnProposals):
    """A head whose tokens are those of ``texts`` with chance ``right``."""

    def __init__(
        self, runner: CountedPasses, texts: Mapping[Hashable, list[int]], right: float, share: float
    ) -> None:
        super().__init__(runner)  # type: ignore[arg-type]  # it stands for a runner
        self.head: Any = self
        self.texts, self.right, self.passes = texts, right, runner
        self.cost = FixedCost(runner.base * share, runner.slope * share)
        self._measured = True

    def _ask(self, lengths: dict[int, int], sequences: Sequence[Text]) -> dict[int, Tree]:
        """Right and wrong tokens for rows, by row; their passes are counted."""
        self._seconds = self.cost.of(len(lengths)) * max(lengths.values())
        self.passes.seconds += self._seconds
        return {
            row: Tree.chain(self._tokens(sequence, length))
            for (row, length), sequence in zip(lengths.items(), sequences, strict=True)
        }

    def _tokens(self, sequence: Text, length: int) -> list[int]:
        done = len(sequence.output)
        draws = [random.Random(f"{sequence.key} {done + k}").random() for k in range(length)]
        coming = self.texts[sequence.key][done : done + length]
        return [
            token if draw < self.right else (token + 1) % 1000
            for token, draw in zip(coming, draws, strict=False)
        ]


def decode(
    cases: Sequence[Case], rows: int, right: float, share: float, *, drafts: bool, head: bool
) -> dict[str, float]:
    """Decode ``cases`` once; tokens a step and row, and tokens a second of the device."""
    verifier, runner = counted(cases, rows, BASE, drafts=drafts or head)
    engine = verifier.engine
    assert isinstance(engine.decide, Replay)
    if head:
        engine.proposals.own = Simulated(runner, engine.decide.recorded, right, share)
    stats = [verdict.stats for _, verdict in verifier.verify(requests_of(cases, drafts=drafts))]
    tokens = sum(one.tokens for one in stats)
    steps = sum(one.steps for one in stats)
    return {
        "steps": steps,
        "tokens_a_step": round(tokens / steps, 2),
        "tokens_a_second": round(tokens / runner.seconds, 1),
    }


def main() -> None:
    """Print the table; the last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.own_head", description=__doc__)
    add_drafts(parser)
    parser.add_argument("--rows", type=int, nargs="*", default=[1, 16], help="sequences at once")
    parser.add_argument("--right", type=float, nargs="*", default=list(RIGHT), help="chances of a token")
    parser.add_argument("--share", type=float, default=SHARE, help=f"of a pass (default: {SHARE})")
    options = parser.parse_args()
    table = Table("texts, rows, right", "drafts", "head", "steps", "tokens a step", "tokens a second")
    found = []
    for file in options.drafts:
        cases = [case for case in kept_cases(file) if case.truth.strip()]
        for rows, right in itertools.product(options.rows, options.right):
            for drafts, head in WAYS:
                line = decode(cases, rows, right, options.share, drafts=drafts, head=head)
                found.append(
                    {"texts": file.stem, "rows": rows, "right": right, "drafts": drafts, "head": head} | line
                )
                marks = ["yes" if one else "" for one in (drafts, head)]
                table.add_row(f"{file.stem}, {rows}, {right:g}", *marks, *map(str, line.values()))
    Console(width=max(120, Console().width)).print(table)
    print(json.dumps({"benchmark": "own_head", "lines": found}))


if __name__ == "__main__":
    main()
