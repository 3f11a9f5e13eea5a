"""From logits to emitted tokens: exact, fused and replayed decisions over a batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any, Protocol

import torch

from docspec.drafters.following.tree import Tree
from docspec.verifiers.acceptance import Accepted, accept_exact, accept_fused, walk
from docspec.verifiers.sequence import Sequence

Trees = list[Tree]


class Decide(Protocol):
    """Decides what each sequence emits after one pass."""

    def __call__(self, sequences: list[Sequence], trees: Trees, logits: torch.Tensor) -> list[Accepted]:
        """``logits`` [n, C, V] right-aligned: row i's last ``len(trees[i]) + 1`` columns are its places."""
        ...


def exact(sequences: list[Sequence], trees: Trees, logits: torch.Tensor) -> list[Accepted]:
    """Greedy: token-identical to ``generate(do_sample=False)`` without logits processors."""
    choices = logits.argmax(-1).tolist()
    return [accept_exact(row[-len(tree) - 1 :], tree) for row, tree in zip(choices, trees, strict=True)]


class ExactWithProcessors:
    """Greedy, with logits processors applied to every place's true prefix.

    ``processors(prompt_length)`` gives the ``transformers`` LogitsProcessorList for a prompt of that many
    tokens (some processors count from the prompt's end).
    """

    def __init__(self, processors: Callable[[int], Any]) -> None:
        self.processors = processors

    def __call__(self, sequences: list[Sequence], trees: Trees, logits: torch.Tensor) -> list[Accepted]:
        return [
            self._row(sequence, tree, logits[i, -len(tree) - 1 :].float())
            for i, (sequence, tree) in enumerate(zip(sequences, trees, strict=True))
        ]

    def _row(self, sequence: Sequence, tree: Tree, logits: torch.Tensor) -> Accepted:
        processors = self.processors(len(sequence.prompt.ids))
        prefix = [*sequence.prompt.ids, *sequence.output]

        def choose(place: int, drafted: int | None) -> int:
            seen = torch.tensor([prefix], device=logits.device)
            prefix.append(int(processors(seen, logits[place : place + 1]).argmax(-1)))
            return prefix[-1]

        return walk(tree, choose)


def log_odds(confidence: float) -> float:
    """``log(c / (1 - c))``, at least 0: what a reader that is right with chance ``c`` weighs, in nats."""
    return math.inf if confidence >= 1 else max(0.0, math.log(max(confidence, 0.5) / (1 - confidence)))


class Fused:
    """Draft and verifier weighed against each other as two readers of one image.

    A draft token stands where the verifier prefers another by at most ``trade * log_odds(confidence)`` nats.
    At ``trade`` 1 (None) that is Bayes' rule for two independent readers; 0 is exact, infinity is the draft.
    One of ``undrafted``, tokens that no draft has, is emitted where the verifier prefers it by ``clearly``
    nats; of the draft's tokens those in ``weights`` count for so many times as much.
    """

    def __init__(
        self,
        trade: float | None,
        undrafted: Collection[int] = (),
        clearly: float = 0.0,
        weights: Mapping[int, float] | None = None,
    ) -> None:
        self.trade = 1.0 if trade is None else trade
        self.undrafted, self.clearly = frozenset(undrafted), clearly
        self.weights = weights or {}

    def tolerance(self, sequence: Sequence) -> float:
        """By how many nats the verifier's choice may be the likelier one where the draft stands."""
        return self.trade * log_odds(sequence.confidence) if self.trade else 0.0

    def __call__(self, sequences: list[Sequence], trees: Trees, logits: torch.Tensor) -> list[Accepted]:
        best, choices = logits.max(-1)  # [n, C]
        accepted = []
        for i, (sequence, tree) in enumerate(zip(sequences, trees, strict=True)):
            width = len(tree)
            chosen = choices[i, -width - 1 :].tolist()
            behind: list[float] = []
            if width:
                # the first child of place p is node p: of the others nobody asks
                drafted = torch.tensor(tree.tokens, device=logits.device)[:, None]
                of_draft = logits[i, -width - 1 : -1].gather(1, drafted)[:, 0]
                behind = (best[i, -width - 1 : -1] - of_draft).tolist()
            margins = [*map(self._margin, tree.tokens, behind, chosen)]
            accepted.append(accept_fused(chosen, tree, margins, self.tolerance(sequence)))
        return accepted

    def _margin(self, token: int, behind: float, choice: int) -> float:
        """What is held against the tolerance where the draft's ``token`` is ``behind`` the verifier's
        ``choice``, in nats; not a number where that choice is to be emitted anyway."""
        margin = behind / self.weights.get(token, 1.0)
        return math.nan if choice in self.undrafted and margin >= self.clearly else margin


class Replay:
    """The verifier's choices come from recorded token ids by sequence key, each ending with an end token.

    A model's own greedy choices are made and ignored: their cost is a part of what is timed.
    """

    def __init__(self, recorded: Mapping[Hashable, list[int]]) -> None:
        self.recorded = recorded

    def __call__(self, sequences: list[Sequence], trees: Trees, logits: torch.Tensor) -> list[Accepted]:
        if logits.numel():
            logits.argmax(-1).tolist()
        return [self._row(sequence, tree) for sequence, tree in zip(sequences, trees, strict=True)]

    def _row(self, sequence: Sequence, tree: Tree) -> Accepted:
        done = len(sequence.output)
        # beyond the recording's end nothing can be accepted: the end token has stopped the sequence
        coming = [*self.recorded[sequence.key][done : done + len(tree) + 1], *[-1] * (len(tree) + 1)]
        return accept_exact([coming[depth] for depth in (0, *tree.depths)], tree)
