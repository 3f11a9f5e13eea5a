"""The decode loop: continuous batching of sequences, each verified a window at a time.

It knows nothing of documents, prompts, images or text; a step is: windows, one pass, decision, bookkeeping.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from time import perf_counter

import torch

from docspec.drafters.following.tree import Tree
from docspec.errors import ModelError, PassFailed
from docspec.verifiers.decide import Decide
from docspec.verifiers.proposals import Proposals
from docspec.verifiers.runner import Runner
from docspec.verifiers.sequence import Sequence
from docspec.verifiers.window import (
    LONGEST_BRANCH,
    partition,
)

PREFILL_TOKENS = 8192  # places in one prefill pass, padding included
LEAST_BUDGET = 2  # the share of the token budget below which running out of memory is not the cache's doing
MASKED_PREFILL = 2048  # tokens of a prompt beyond which a mask for branches would take too much memory


class Engine:
    """Decodes sequences over ``runner``, at most ``runner.rows`` at once and ``token_budget`` cached tokens.

    ``drafts=False`` decodes plainly, one token a step, for comparison.
    """

    def __init__(self, runner: Runner, decide: Decide, token_budget: int, *, drafts: bool = True) -> None:
        self.runner = runner
        self.decide = decide
        self.token_budget = token_budget
        self.max_rows = runner.rows
        self.steps = self.passes = 0
        self.seconds = {"prefill": 0.0, "decode": 0.0}
        self.proposals = Proposals(runner, drafts=drafts)
        self._active: list[Sequence] = []  # row i of the cache is _active[i]
        self._waiting: deque[Sequence] = deque()

    def run(self, sequences: Iterable[Sequence | None]) -> Generator[Sequence]:
        """Decode ``sequences``; yields each as it finishes.

        The iterable is asked for more only when a row is free; None from it means "none ready yet". Between
        runs, however they end, the engine holds no sequence.

        Raises PassFailed, or ModelError where a single sequence does not fit into memory, and what
        ``sequences`` raises.
        """
        incoming = iter(sequences)
        more = True
        try:
            while more or self._active or self._waiting:
                more = more and self._fill(incoming)
                try:
                    self._prefill()
                    self._step()
                except torch.OutOfMemoryError:
                    self._shrink()
                yield from self._retire()
        finally:
            self._active.clear()
            self._waiting.clear()

    def _fill(self, incoming: Iterator[Sequence | None]) -> bool:
        """Queue what is ready, up to the free rows; False when the source is exhausted."""
        while len(self._active) + len(self._waiting) < self.max_rows:
            try:
                sequence = next(incoming)
            except StopIteration:
                return False
            if sequence is None:
                return True
            self._waiting.append(sequence)
        return True

    def _prefill(self) -> None:
        """Admit waiting sequences to the rows that the budget allows."""
        admitted = self._admissible()
        count = len(self._active) + len(admitted)
        for sequence in admitted:
            if not sequence.output:
                self.proposals.start(sequence, count)
        if self.runner.cache.resends:  # a rejected window would have the whole prompt sent again
            trees = [Tree.chain([]) for _ in admitted]
        else:
            branch = [0 if sequence.cached > MASKED_PREFILL else LONGEST_BRANCH for sequence in admitted]
            trees = [
                self.proposals.tree(sequence, count, 0, most)
                for sequence, most in zip(admitted, branch, strict=True)
            ]
        places = [sequence.cached + len(tree) for sequence, tree in zip(admitted, trees, strict=True)]
        self._reserve([*self._active, *admitted], trees)
        for chosen in partition(places, *self.runner.cost.line(), limit=PREFILL_TOKENS):
            group = [admitted[i] for i in chosen]
            rows = list(range(len(self._active), len(self._active) + len(group)))
            self._pass("prefill", rows, group, [trees[i] for i in chosen])
            for sequence in group:
                self._waiting.remove(sequence)
            self._active += group

    def _admissible(self) -> list[Sequence]:
        """The first waiting sequences that fit free rows and the token budget (a lone one always does)."""
        group: list[Sequence] = []
        longest = max((sequence.cached for sequence in self._active), default=0)
        for sequence in list(self._waiting)[: self.max_rows - len(self._active)]:
            longest = max(longest, sequence.cached + 1)
            count = len(self._active) + len(group) + 1
            if count > 1 and longest * count > self.token_budget:
                break
            group.append(sequence)
        return group

    def _reserve(self, rows: list[Sequence], trees: list[Tree]) -> None:
        """Room in the cache for ``rows`` and, over the last of them, ``trees``."""
        if not trees:
            return
        longest = max(sequence.cached for sequence in rows) + 1 + max(map(len, trees))
        self.runner.cache.reserve(len(rows), longest, self.token_budget)

    def _step(self) -> None:
        """One verify step of every active row, in as many passes as waste least."""
        if any(sequence.finish is not None for sequence in self._active):
            return  # a row finished in its prefill: compact first
        self.steps += bool(self._active)
        self.proposals.begin()
        self._keep_to_budget()
        behind = self._behind(range(len(self._active)), self._active)
        trees = [
            self.proposals.tree(sequence, len(self._active), again)
            for sequence, again in zip(self._active, behind, strict=True)
        ]
        trees = self.proposals.own.instead(self._active, trees, behind)
        trees = self.proposals.worth_sending(self._active, trees, behind)
        widths = [
            self.runner.width(again + len(tree) + 1, len(trees))
            for tree, again in zip(trees, behind, strict=True)
        ]
        passes = partition(widths, *self.runner.cost.line())
        if (most := self.runner.most) and any(len(p) * max(widths[row] for row in p) > most for p in passes):
            passes = partition(widths, *self.runner.cost.line(), limit=most)
        if self.runner.cache.resends:
            self._fill_up(passes, trees, widths)
        self._reserve(self._active, trees)
        emitted, seconds = 0, 0.0
        for rows in map(sorted, passes):  # in order, they need not be gathered from the cache
            group = [self._active[row] for row in rows]
            if self.proposals.own.made:
                self.proposals.own.widen(group, [widths[row] for row in rows], [behind[row] for row in rows])
            emitted += self._pass("decode", rows, group, [trees[row] for row in rows])
            seconds += self.runner.cost.of(len(rows) * max(widths[row] for row in rows))
        self.proposals.end(len(self._active), emitted, seconds)

    def _behind(self, rows: Iterable[int], group: list[Sequence]) -> list[int]:
        """How many tokens of each of ``group`` have to be sent again."""
        return [self.runner.cache.behind(row, s.cached) for row, s in zip(rows, group, strict=True)]

    def _fill_up(self, passes: list[list[int]], trees: list[Tree], widths: list[int]) -> None:
        """Let windows be as long as their pass is wide: a row that is padded has to send all of it again."""
        for rows in passes:
            width = max(widths[row] for row in rows)
            for row in rows:
                sequence = self._active[row]
                room = min(sequence.room, width - widths[row] + len(trees[row]))
                if self.proposals.asks and room > len(trees[row]) and sequence not in self.proposals.own.made:
                    trees[row] = self.proposals.proposed(sequence, room)

    def _keep_to_budget(self) -> None:
        """Put the last rows back in the queue, with their output, where all together have grown too long."""
        while len(self._active) > 1:
            longest = max(sequence.cached for sequence in self._active) + 1
            if longest * len(self._active) <= self.token_budget:
                return
            self._waiting.appendleft(self._active.pop())

    def _pass(self, stage: str, rows: list[int], group: list[Sequence], trees: list[Tree]) -> int:
        """One forward pass of ``group``, which sits in the cache's ``rows``, and what follows from it.

        Returns how many tokens are emitted.
        """
        prefill = stage == "prefill"
        before = [s.cached for s in group] if prefill else [1 + again for again in self._behind(rows, group)]
        width = max(tokens + len(tree) for tokens, tree in zip(before, trees, strict=True))
        started = perf_counter()
        try:
            forward = self.runner.prefill if prefill else self.runner.step
            logits = forward(rows, [s.prompt for s in group], [s.output for s in group], trees)
            accepted = self.decide(group, trees, logits)  # which waits for the device
            elapsed = perf_counter() - started
            firsts = [len(s.prompt) + len(s.output) for s in group]
            self.runner.cache.keep(rows, firsts, [one.nodes for one in accepted])
        except (ModelError, torch.OutOfMemoryError):
            raise
        except Exception as error:
            raise PassFailed(f"the model failed: {type(error).__name__}: {error}") from error
        self.passes += 1
        self.seconds[stage] += elapsed
        if self.runner.typical:
            columns = width if prefill else self.runner.width(width, len(group))
            self.runner.cost.record(len(group) * columns, elapsed)
        for sequence, tree, one in zip(group, trees, accepted, strict=True):
            self.proposals.learn(sequence, tree, one, len(self._active))
            sequence.emit(tree, one)
        return sum(len(one.tokens) for one in accepted)

    def _retire(self) -> list[Sequence]:
        """Take finished rows out and close the gaps with the last rows."""
        finished = []
        row = 0
        while row < len(self._active):
            if self._active[row].finish is None:
                row += 1
                continue
            finished.append(self._active[row])
            last = self._active.pop()
            if row < len(self._active):
                self._active[row] = last
                if last.finish is None:
                    self.runner.move(len(self._active), row, last.cached)
        return finished

    def _shrink(self) -> None:
        """Out of memory: put the active rows back in the queue with their output, and run half as many, with
        half of the cache that was too much (but not far less than was allowed: a pass may have been it).

        Raises ModelError when a single sequence does not fit.
        """
        if self.max_rows == 1:
            raise ModelError("out of memory with a single sequence: use a smaller image, dtype or model")
        self.max_rows = max(1, min(self.max_rows, len(self._active) + len(self._waiting)) // 2)
        rows, places = self.runner.cache.size
        self.token_budget = min(self.token_budget, max(rows * places, self.token_budget // LEAST_BUDGET) // 2)
        self._waiting.extendleft(reversed([s for s in self._active if s.finish is None]))
        self._active = [s for s in self._active if s.finish is not None]
        self.runner.drop()
        self.proposals.own.begin()  # what it proposed for the step that failed goes with it
        if self.runner.device.type == "cuda":
            torch.cuda.empty_cache()
