"""Chances that depend on nothing but seed, sequence and place, and tokens drawn with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from collections.abc import Sequence as Seq
from typing import Any

import numpy as np
import torch

from docspec.drafters.following.tree import Tree
from docspec.errors import ModelError
from docspec.verifiers.acceptance import Accepted, walk
from docspec.verifiers.decide import Trees
from docspec.verifiers.preceding import preceding
from docspec.verifiers.sequence import Sequence

TOGETHER = 64  # places whose distributions are in memory at once


def chances(seed: int, key: Hashable, first: int, count: int) -> list[float]:
    """The numbers in [0, 1) that decide the output tokens from ``first`` on of the sequence ``key``.

    From a counter-based generator (Philox; Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2,
    3"), so that they depend neither on the order of asking nor on other sequences, nor on how the output
    was cut into steps. ``key`` counts by its repr.
    """
    digest = hashlib.blake2b(repr((seed, key)).encode(), digest_size=16).digest()
    generator = np.random.Philox(key=int.from_bytes(digest), counter=first)
    numbers = generator.random_raw(4 * count)[::4] >> np.uint64(12)  # a counter makes four numbers
    return [float(number) for number in numbers * 2.0**-52]


def draw(logits: torch.Tensor, with_chances: Seq[float]) -> list[int]:
    """A token of each row's distribution: the one in whose share of [0, 1) the row's chance lies.

    ``logits`` [n, V] are final (processors and temperature applied), minus infinity where a token is
    excluded. Raises ModelError where they are not numbers or all excluded.
    """
    rows = logits if logits.device.type != "mps" else logits.cpu()  # MPS has no 64-bit floats
    shares = rows.double().softmax(-1).cumsum(-1)  # [n, V]; 32 bits would favour tokens early in vocabulary
    total = shares[:, -1:]
    wanted = torch.tensor(with_chances, dtype=torch.float64, device=rows.device)[:, None] * total
    tokens: list[int] = torch.searchsorted(shares, wanted, right=True)[:, 0].tolist()
    if max(tokens, default=0) >= logits.shape[1]:
        raise ModelError("the model gives no token a probability: use another dtype, such as float32")
    return tokens


class Sampled:
    """Speculative sampling of a drafted text: the output is distributed as the verifier's own samples are.

    See docspec.verifiers.acceptance.accept_sampled. The same seed and key give the same output whatever the
    drafts, the batch and the steps, as far as the model's logits are the same. ``processors(ids)``
    gives the ``transformers`` LogitsProcessorList, temperature included, for a prompt of those tokens;
    ``prefixed`` says whether it looks at the tokens before a place, ``by_set`` that they are a set to it.
    """

    def __init__(
        self,
        processors: Callable[[tuple[int, ...]], Any],
        seed: int,
        *,
        prefixed: bool,
        by_set: bool = False,
    ) -> None:
        self.processors = processors
        self.seed = seed
        self.prefixed = prefixed
        self.by_set = by_set

    def __call__(self, sequences: list[Sequence], trees: Trees, logits: torch.Tensor) -> list[Accepted]:
        rows = [logits[i, -len(tree) - 1 :] for i, tree in enumerate(trees)]  # [places, V] each
        return [
            self._row(sequence, tree, row) for sequence, tree, row in zip(sequences, trees, rows, strict=True)
        ]

    def _row(self, sequence: Sequence, tree: Tree, logits: torch.Tensor) -> Accepted:
        before = np.empty((len(tree) + 1, 0), np.int64) if not self.prefixed else None
        if self.by_set:
            before = preceding([sequence], [tree])
        if before is None:
            return self._one_by_one(sequence, tree, logits)
        return self._at_once(sequence, tree, logits, torch.from_numpy(before).to(logits.device))

    def _chances(self, sequence: Sequence, tree: Tree) -> list[float]:
        """Of the next output token and those that may follow it in this step."""
        count = max(tree.depths, default=0) + 1
        return chances(self.seed, sequence.key, len(sequence.output), count)

    def _at_once(
        self, sequence: Sequence, tree: Tree, logits: torch.Tensor, before: torch.Tensor
    ) -> Accepted:
        """Every place of a few at a time, with the tokens ``before`` [places, L] them: no place waits for the
        token chosen at the one before."""
        processors = self.processors(sequence.prompt.ids)
        by_depth = self._chances(sequence, tree)
        wanted = [by_depth[depth] for depth in (0, *tree.depths)]
        choices: list[int] = []

        def choose(place: int, drafted: int | None) -> int:
            while place >= len(choices):
                some = slice(len(choices), len(choices) + TOGETHER)
                choices.extend(draw(processors(before[some], logits[some].float()), wanted[some]))
            return choices[place]

        return walk(tree, choose)

    def _one_by_one(self, sequence: Sequence, tree: Tree, logits: torch.Tensor) -> Accepted:
        """Each place with the tokens really before it."""
        processors = self.processors(sequence.prompt.ids)
        coming = iter(self._chances(sequence, tree))
        prefix = [*sequence.prompt.ids, *sequence.output]

        def choose(place: int, drafted: int | None) -> int:
            seen = torch.tensor([prefix], dtype=torch.long, device=logits.device)
            prefix.extend(draw(processors(seen, logits[place : place + 1].float()), [next(coming)]))
            return prefix[-1]

        return walk(tree, choose)
