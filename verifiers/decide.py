"""From logits to emitted tokens: exact, fused and replayed decisions over a batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any, Protocol

import numpy as np
import torch

from docspec.drafters.following.tree import Tree
from docspec.verifiers.acceptance import Accepted, accept_exact, accept_fused, walk
from docspec.verifiers.preceding import preceding
from docspec.verifiers.sequence import Prompt, Sequence

TOGETHER = 256  # places whose logits are processed at once
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

    ``processors(ids)`` gives the ``transformers`` LogitsProcessorList for a prompt of those tokens (some
    processors count from the prompt's end, or look at it). ``by_set`` says that all of them are, for all
    prompts (see docspec.verifiers.processors): the places of a pass are then processed together.
    """

    def __init__(self, processors: Callable[[tuple[int, ...]], Any], *, by_set: bool = False) -> None:
        self.processors = processors
        self.by_set = by_set

    def __call__(self, sequences: list[Sequence], trees: Trees, logits: torch.Tensor) -> list[Accepted]:
        if self.by_set and (before := preceding(sequences, trees)) is not None:
            return self._together(self.processors(sequences[0].prompt.ids), before, trees, logits)
        return [
            self.chosen(sequence.prompt, sequence.output, tree, logits[i, -len(tree) - 1 :].float())
            for i, (sequence, tree) in enumerate(zip(sequences, trees, strict=True))
        ]

    @staticmethod
    def _together(processors: Any, before: np.ndarray, trees: Trees, logits: torch.Tensor) -> list[Accepted]:
        """The outcome of all rows, whose places have the tokens ``before`` [places, L] before them."""
        counts = [len(tree) + 1 for tree in trees]
        row = np.repeat(np.arange(len(trees)), counts)
        column = np.concatenate([np.arange(logits.shape[1] - count, logits.shape[1]) for count in counts])
        index = torch.from_numpy(np.stack([row, column])).to(logits.device)
        tokens = torch.from_numpy(before).to(logits.device)
        choices = [
            processors(tokens[some], logits[index[0, some], index[1, some]].float()).argmax(-1)
            for start in range(0, len(row), TOGETHER)
            for some in [slice(start, start + TOGETHER)]
        ]
        chosen = iter(torch.cat(choices).tolist())
        return [
            accept_exact([next(chosen) for _ in range(count)], tree)
            for count, tree in zip(counts, trees, strict=True)
        ]

    def chosen(self, prompt: Prompt, output: list[int], tree: Tree, logits: torch.Tensor) -> Accepted:
        """One sequence's outcome, of its ``logits`` [places, V]."""
        processors = self.processors(prompt.ids)
        prefix = [*prompt.ids, *output]

        def choose(place: int, drafted: int | None) -> int:
            before = torch.tensor([prefix], dtype=torch.long, device=logits.device)
            prefix.append(int(processors(before, logits[place : place + 1]).argmax(-1)))
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

    The draft is followed token by token (see DraftedNext), so the output depends on it and on the logits
    alone, not on the windows that were sent.
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

    def tolerance(self, sequence: Sequence, output: list[int]) -> float:
        """By how many nats the verifier's choice after ``output`` may be the likelier one where the draft
        stands."""
        return self.trade * log_odds(sequence.confidence) if self.trade else 0.0

    def __call__(self, sequences: list[Sequence], trees: Trees, logits: torch.Tensor) -> list[Accepted]:
        best, choices = logits.max(-1)  # [n, C]
        accepted = []
        for i, (sequence, tree) in enumerate(zip(sequences, trees, strict=True)):
            places = slice(logits.shape[1] - len(tree) - 1, None)
            accepted.append(self._row(sequence, tree, logits[i, places], best[i, places], choices[i, places]))
        return accepted

    def _row(
        self, sequence: Sequence, tree: Tree, logits: torch.Tensor, best: torch.Tensor, choices: torch.Tensor
    ) -> Accepted:
        """One sequence's outcome: ``logits`` [places, V], their maxima and where those are [places]."""
        draft, output, chosen = sequence.draft, list(sequence.output), choices.tolist()
        draft.follow(output, self.undrafted)
        # the first child of place p is node p, nearly always the draft's own token: all of those at once
        likely = torch.tensor(tree.tokens, device=logits.device, dtype=torch.long)[:, None]
        behind = (best[:-1] - logits[:-1].gather(1, likely)[:, 0]).tolist()

        def stands(place: int, token: int) -> bool:
            known = place < len(tree) and tree.tokens[place] == token
            nats = behind[place] if known else float(best[place] - logits[place, token])
            margin = nats / self.weights.get(token, 1.0)
            if chosen[place] in self.undrafted and margin >= self.clearly:
                return False
            return margin <= self.tolerance(sequence, output)

        def emit(token: int) -> None:
            draft.advance(token, self.undrafted)
            output.append(token)

        return accept_fused(chosen, tree, lambda: draft.token, stands, emit)


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
