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
        self._seconds = 0.0  # that this step's proposals took
        self._sent = self._gained = 0  # tokens

    def begin(self) -> None:
        """Note that a step begins."""
        self.made.clear()
        self._seconds, self._sent, self._gained = 0.0, 0, 0
        self._asks = self.head is not None and self.payoff.asks()

    def end(self, rows: int) -> None:
        """Note that a step of so many ``rows`` is over."""
        if self._seconds and rows:
            _, slope = self.runner.cost.line()
            worth = self._gained * self.runner.cost.of(rows) / rows
            self.payoff.record(worth, self._seconds + slope * self._sent)
        self.made.clear()

    @property
    def spent(self) -> float:
        """Seconds of this step's passes that its tokens have taken."""
        return self.runner.cost.line()[1] * self._sent

    @property
    def gained(self) -> int:
        """How many of this step's were accepted."""
        return self._gained

    def instead(self, sequences: Seq[Sequence], trees: list[Tree], behind: Seq[int]) -> list[Tree]:
        """The windows to send: those of the drafts, ``trees``, or what promises more than they do."""
        if self.head is None or not self._asks or not sequences:
            return trees
        base, slope = self.runner.cost.line()
        worth = base / len(sequences) + slope
        each = self.cost.of(len(sequences)) / len(sequences) if self._measured else 0.0
        longest = {again: self._length(len(sequences), each, again) for again in set(behind)}
        lengths: dict[int, int] = {}
        for row, (sequence, tree, again) in enumerate(zip(sequences, trees, behind, strict=True)):
            length = min(longest[again], sequence.room)
            own = expected_run(self.rate.value, length) * worth - (slope + each) * length
            drafted = expected_run(sequence.rate.value, tree.main) * worth - slope * len(tree)
            # a draft that was refused at once is one step later where it was, or in place again
            if length and (not tree.tokens or (sequence.refused and own > drafted)):
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

    def learn(self, tree: Tree, accepted: Accepted) -> None:
        """Take what came of one window of ours."""
        run = len(accepted.nodes)
        self.rate.update(run, rejected=run < len(tree))
        self._sent += len(tree)
        self._gained += run

    def _length(self, rows: int, each: float, behind: int) -> int:
        """How many tokens to ask for: one at least, unless the row is to catch up; whether that pays in the
        end, the payoff sees."""
        base, slope = self.runner.cost.line()
        if self.runner.cache.resends:
            length = worth_resending(self.rate.value, base, slope, rows, HostCost(chain=each), behind)
            return min(MOST, length if behind else max(1, length))
        return worth_asking(self.rate.value, base / rows + slope, slope + each)

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
