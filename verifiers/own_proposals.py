"""For which rows the checkpoint's own head proposes, and what came of it.

Drafts come first: they are longer and cost nothing on the device. The head is asked where they have nothing,
or where they were refused at their first token and promise less than it does: where the place is lost, in
formulas.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence as Seq
from time import perf_counter

import torch

from docspec.drafters.following.tree import Tree
from docspec.verifiers.acceptance import Accepted
from docspec.verifiers.payoff import Payoff
from docspec.verifiers.runner import Runner
from docspec.verifiers.sequence import Sequence
from docspec.verifiers.window import AcceptanceRate, HostCost, StepCost, expected_run, worth_resending

HALF = 0.5  # the chance to be right that every head is given, so that it is asked at all
MOST = 4  # tokens that are proposed at once: the further ahead, the worse, and each takes a pass of the head
FEW = 16  # places a row to catch up with, up to which a proposal takes what another one will

log = logging.getLogger(__name__)


class OwnProposals:
    """Proposals of the head that ``runner`` has, if it has one. One that fails is not asked any more."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.head = runner.own_head
        self.rate = AcceptanceRate()  # of all sequences: there is one head
        self.cost = StepCost()
        self.payoff = Payoff()
        self.made: set[Sequence] = set()  # those proposed for in this step
        self._measured = self._asks = False
        self._seconds = self._saved = 0.0  # that this step's proposals took, and are worth
        self.widened = 0.0  # and by which they made its passes longer
        self.gained = 0  # how many of this step's tokens were accepted

    def begin(self) -> None:
        """Note that a step begins."""
        self.made.clear()
        self._seconds = self._saved = self.widened = 0.0
        self.gained = 0
        self._asks = self.head is not None and self.payoff.asks()

    def end(self, rows: int) -> None:
        """Note that a step of so many ``rows`` is over."""
        if self._seconds and rows:
            plain = self.runner.cost.of(rows)
            self.payoff.record(self._saved, self._seconds + self.widened, plain)
        self.made.clear()

    def instead(self, sequences: Seq[Sequence], trees: list[Tree], behind: Seq[int]) -> list[Tree]:
        """The windows to send: those of the drafts, ``trees``, or what promises more than they do."""
        if self.head is None or not self._asks or not sequences:
            return trees
        # a draft that was refused at once is one step later where it was, or in place again
        able = [
            row
            for row, (sequence, tree) in enumerate(zip(sequences, trees, strict=True))
            if sequence.room and (sequence.refused or not tree.tokens)
        ]
        rows, lengths = len(sequences), dict[int, int]()
        each = self.cost.of(len(able)) / len(able) if self._measured and able else 0.0
        each += self.runner.cost.line()[1] * (rows / len(able) - 1) if able else 0.0  # other rows are padded
        for row in able:
            sequence, tree = sequences[row], trees[row]
            length = min(self._length(rows, sequence, each, behind[row]), sequence.room)
            if length and (not tree.tokens or self._better(rows, sequence, tree, length, each)):
                lengths[row] = length
        if not lengths:
            return trees
        try:
            found = self._ask(lengths, [sequences[row] for row in lengths])
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # noqa: BLE001 whatever it is, the text does not depend on it
            log.warning("the model's own head is not asked any more: %s: %s", type(error).__name__, error)
            self.head = None
            return trees
        self.made |= {sequences[row] for row in lengths}
        return [found.get(row, tree) for row, tree in enumerate(trees)]

    def widen(self, rows: Seq[Sequence], widths: Seq[int], behind: Seq[int]) -> None:
        """Note a pass over ``rows`` of such ``widths``, ``behind`` of each sent in any case."""
        bare = [
            1 + again if sequence in self.made else width
            for sequence, width, again in zip(rows, widths, behind, strict=True)
        ]
        cost = self.runner.cost
        self.widened += cost.of(len(rows) * max(widths)) - cost.of(len(rows) * max(bare))

    def learn(self, sequence: Sequence, tree: Tree, accepted: Accepted, rows: int) -> None:
        """Take what came of the window of one of ``rows`` that is of the head."""
        run = len(accepted.nodes)
        self.rate.update(run, rejected=run < len(tree))
        self.gained += run
        self._saved += run * self._worth(rows, sequence)

    def _worth(self, rows: int, sequence: Sequence) -> float:
        """Seconds that a token more is worth: what the sequence's tokens take where the head is not asked."""
        return self.runner.cost.of(rows) / rows / sequence.pace

    def _better(self, rows: int, sequence: Sequence, tree: Tree, length: int, each: float) -> bool:
        """Whether so many tokens of the head promise more than the draft's ``tree``."""
        worth, slope = self._worth(rows, sequence), self.runner.cost.line()[1]
        own = expected_run(self.rate.value, length) * worth - (slope + each) * length
        return own > expected_run(sequence.rate.value, tree.main) * worth - slope * len(tree)

    def _length(self, rows: int, sequence: Sequence, each: float, behind: int) -> int:
        """How many tokens to ask for: one where a head that is right half the time would pay, so that it can
        show what it is, and more where this one does."""
        base, slope = self.runner.cost.line()
        worth, rate = self._worth(rows, sequence), self.rate.value
        if max(rate, HALF) * worth <= slope + each:
            return 0
        if not self.runner.cache.resends:
            return worth_asking(rate, worth, slope + each)
        length = worth_resending(rate, base / sequence.pace, slope, rows, HostCost(chain=each), behind)
        return min(MOST, length if behind else max(1, length))

    def _ask(self, lengths: dict[int, int], sequences: Seq[Sequence]) -> dict[int, Tree]:
        """What the head proposes for rows, by row, timed."""
        assert self.head is not None
        rows, count = list(lengths), max(lengths.values())
        catches_up = self.head.behind(rows, [one.cached for one in sequences])
        started = perf_counter()
        tokens = self.head.propose(rows, [s.prompt for s in sequences], [s.output for s in sequences], count)
        self._seconds = perf_counter() - started  # which waits for the device
        if catches_up <= FEW * len(rows):
            self.cost.record(len(rows), self._seconds / count)
            self._measured = True
        return {row: Tree.chain(own[: lengths[row]]) for row, own in zip(rows, tokens, strict=True)}


def worth_asking(rate: float, worth: float, cost: float) -> int:
    """How many tokens, 1 to ``MOST``, each of which is accepted with chance ``rate`` if the one before it
    is, is ``worth`` seconds then, and takes ``cost`` to propose and to verify."""
    length = 1
    while length < MOST and rate ** (length + 1) * worth > cost:
        length += 1
    return length
