"""What of its drafts each sequence sends to be verified, and what is learnt from what came of it."""

from __future__ import annotations

from time import thread_time

from docspec.drafters.following.tree import Tree
from docspec.verifiers.acceptance import Accepted
from docspec.verifiers.own_proposals import OwnProposals
from docspec.verifiers.payoff import Payoff
from docspec.verifiers.runner import Runner
from docspec.verifiers.sequence import Sequence
from docspec.verifiers.window import (
    LONGEST,
    LONGEST_BRANCH,
    AcceptanceRate,
    HostCost,
    Window,
    expected_run,
    worth_proposing,
    worth_resending,
    worth_sending,
    worth_waiting,
)

LEAST_ASKED = 8  # tokens that a row of a batch asks of its draft, at least
GROWTH = 1.5  # times what was sent last that a row of a batch asks at most: more would be cut off
CATCHING_UP = 8  # rows asked in a step after a pause: each has much to catch up with
NOTHING = Tree.chain([])
PACE = 0.3  # weight of a step's tokens in the running mean of a sequence's


class Proposals:
    """The windows of a batch that ``runner`` decodes; ``drafts=False`` sends none."""

    def __init__(self, runner: Runner, *, drafts: bool) -> None:
        self.runner = runner
        self.drafts = drafts
        self.host = HostCost()
        self.payoff = Payoff()
        self.own = OwnProposals(runner)
        self.asks = drafts  # in this step
        self._taken = 0.0  # seconds that asking has taken in this step
        self._behind = 0  # rows that were asked in it after a pause
        self._sent = LONGEST  # most tokens of a row in the last step that sent any
        self._begun = AcceptanceRate()  # of the first steps of sequences

    def begin(self) -> None:
        """Note that a step begins."""
        self.asks, self._taken, self._behind = self.drafts and self.payoff.asks(), 0.0, 0
        self.host.fade(asks=self.asks)
        self.own.begin()

    def end(self, rows: int, emitted: int, seconds: float) -> None:
        """Note that the step of so many ``rows`` emitted so many tokens in passes of so many seconds."""
        if self.asks and rows:
            emitted, seconds = emitted - self.own.gained, seconds - self.own.widened
            plain = self.runner.cost.of(rows)
            self.payoff.record(emitted * plain / rows, seconds + self._taken, plain)
        self.own.end(rows)

    def start(self, sequence: Sequence, rows: int) -> None:
        """Ready a sequence that begins as one of ``rows``."""
        sequence.rate = self._begun.fresh()
        self.payoff.renew(1 / rows)
        self.asks = self.drafts and not self.payoff.left

    def tree(self, sequence: Sequence, rows: int, behind: int, longest_branch: int = LONGEST_BRANCH) -> Tree:
        """The draft tokens to send for a sequence, within its limit, after the ``behind`` sent again."""
        if not self.asks or (sequence.unasked and self._behind >= CATCHING_UP):
            return NOTHING
        cost, rate = self.runner.cost.line(), sequence.rate.value
        if self.runner.cache.resends:
            length, branch = worth_resending(rate, *cost, rows, self.host, behind), 0
        else:
            length, branch = worth_proposing(rate, sequence.branches.value, *cost, rows, self.host)
        if not self.runner.cache.branching:
            branch = 0
        if rows > 1 and length + branch > (most := max(LEAST_ASKED, int(GROWTH * self._sent))):
            length, branch = min(length, most), 0
        if length:  # what a pass is padded with costs nothing
            length = self.runner.width(1 + behind + length, rows) - 1 - behind
        tree = self.proposed(sequence, min(length, sequence.room), min(branch, longest_branch))
        if not sequence.output and worth_waiting(rate, *cost, rows, len(tree)):
            return NOTHING
        return tree

    def proposed(self, sequence: Sequence, room: int, branch: int = 0) -> Tree:
        """What the draft has next, timed."""
        if room == 0:
            return NOTHING
        self._behind += bool(sequence.unasked)
        started = thread_time()
        sequence.cursor.advance(sequence.untold)
        tree = sequence.cursor.propose(room, branch)
        taken = self.host.usual(thread_time() - started)
        self._taken += taken
        # the first time it is made ready, which has to be, and after a pause the place is to be found again
        if sequence.unasked == 0:
            self.host.record(taken, branch > 0)
        sequence.untold, sequence.unasked = [], 0
        return tree

    def worth_sending(self, rows: list[Sequence], trees: list[Tree], behind: list[int]) -> list[Tree]:
        """Of the ``trees`` of all ``rows`` what promises more than it costs the batch; ``behind`` are sent
        again in any case."""
        if not any(trees):
            return trees
        windows = [
            Window(len(tree), tree.main, self._rate(row).value, _beside(tree, row), again)
            for row, tree, again in zip(rows, trees, behind, strict=True)
        ]
        sizes = worth_sending(windows, self.runner.cost, self.runner.width)
        self._sent = max(sizes) or self._sent
        return [tree.cut(size) for tree, size in zip(trees, sizes, strict=True)]

    def _rate(self, sequence: Sequence) -> AcceptanceRate:
        """At which what is proposed for a sequence in this step is accepted."""
        return self.own.rate if sequence in self.own.made else sequence.rate

    def learn(self, sequence: Sequence, tree: Tree, accepted: Accepted, rows: int) -> None:
        """Move the acceptance estimate; a plain step tests the draft for free.

        The cursor moves when it is asked next.
        """
        if not self.drafts:
            return
        rates = [sequence.rate] if sequence.output else [sequence.rate, self._begun]
        own = sequence in self.own.made and bool(tree.tokens)
        sequence.refused = bool(tree.tokens) and not own and not accepted.nodes
        if own:
            self.own.learn(sequence, tree, accepted, rows)
        elif sequence.output:
            sequence.pace += PACE * (len(accepted.tokens) - sequence.pace)
        if tree.tokens and not own:
            run, strayed = len(accepted.nodes), accepted.strayed
            for rate in rates:
                rate.update(run, rejected=strayed or run < tree.main)
            sequence.branches.update(tree.branches, taken=strayed)
        elif not self.asks:
            sequence.unasked = None if sequence.unasked is None else sequence.unasked + 1
        elif seen := self._asked(sequence, rows).tokens:
            for rate in rates:
                rate.update(int(seen == accepted.tokens[:1]), rejected=seen != accepted.tokens[:1])
        sequence.untold += accepted.tokens

    def _asked(self, sequence: Sequence, rows: int) -> Tree:
        """What the draft has next where no window was sent, unless it was asked not long ago."""
        base, slope = self.runner.cost.line()
        unasked = sequence.unasked
        early = unasked is not None and unasked < self.host.pause(base / max(1, rows) + slope)
        if unasked is not None and (early or (unasked and self._behind >= CATCHING_UP)):
            sequence.unasked = unasked + 1
            return NOTHING
        return self.proposed(sequence, 1)


def _beside(tree: Tree, sequence: Sequence) -> float:
    """How many tokens the branches of ``tree`` give on average."""
    if not (branches := tree.branches):
        return 0.0
    reach = (len(tree) - tree.main) // branches
    chance = min(1.0, branches * sequence.branches.value)
    return chance * (1 + expected_run(sequence.rate.value, reach))
