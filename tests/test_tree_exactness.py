"""Trees of drafts never change a token: exact mode equals ``generate(do_sample=False)`` with them as well.

The trees come from a cursor that is told the output: it proposes right and wrong continuations in branches,
so that every shape of accepted path occurs, the cache's gaps with it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Seq
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_exactness import CASES, NEW_TOKENS, decoded, generate, loaded

from docspec.config import Config
from docspec.drafters.following.tree import Tree
from docspec.types import Category, Request
from docspec.verifiers.cache import RaggedCache
from docspec.verifiers.model_verifier import ModelVerifier
from docspec.verifiers.sequence import Sequence
from docspec.verifiers.window import AssumedCost

QUICK = ("qwen2_vl", "qwen2_5_vl")  # M-RoPE, with sliding layers and with logits processors
CHAINS = ("qwen3_5", "surya-ocr-2")  # have layers whose states know no branches


class BranchingCursor:
    """Proposes random trees, some of whose paths follow ``truth`` for a while."""

    def __init__(self, truth: Seq[int], seed: int, noise: int) -> None:
        self._truth = list(truth)
        self._chance = random.Random(seed)
        self._noise = noise
        self._done = 0

    def propose(self, limit: int, reach: int = 0) -> Tree:
        """Up to five continuations, each right for some tokens and then wrong."""
        continuations = []
        for _ in range(self._chance.randint(0, 5)):
            right = self._chance.randint(0, 6)
            tokens = self._truth[self._done : self._done + right]
            tokens += [self._chance.randrange(self._noise) for _ in range(self._chance.randint(0, 4))]
            continuations.append(tokens[:limit])
        return Tree.merge(continuations)

    def advance(self, emitted: Seq[int]) -> None:
        """Count along."""
        self._done += len(emitted)


def check(family: str, variant: str, seeds: Seq[int], rows: int, device: str = "cpu") -> int:
    """Run one sequence a seed, with random trees; how many accepted paths had left the main branch."""
    made = loaded(family, variant, 0, True, device)
    requests, truths = [], []
    for key, seed in enumerate(seeds):
        rng = np.random.default_rng(seed)
        pixels = rng.integers(0, 255, (20 + seed % 97, 30 + seed % 71, 3), dtype=np.uint8)
        requests.append(Request(key, pixels, Category.TEXT))
        truths.append(generate(made, requests[-1]))
    config = Config(max_batch=rows, max_new_tokens=NEW_TOKENS, accept="exact", on_loop="off")
    verifier = ModelVerifier(made, config)
    verifier.engine.runner.cost = AssumedCost(10**6)  # of a device so wide that every branch is sent
    run, decide, strayed = verifier.engine.run, verifier.engine.decide, 0

    def branching(sequences: Iterable[Sequence | None]) -> Iterator[Sequence]:
        def swapped() -> Iterator[Sequence | None]:
            for sequence in sequences:
                if sequence is not None:
                    key: Any = sequence.key  # the request's number
                    cursor: Any = BranchingCursor(truths[key], seeds[key], 300)
                    sequence.cursor = cursor
                yield sequence

        return run(swapped())

    def counting(*arguments: Any) -> Any:
        nonlocal strayed
        accepted = decide(*arguments)
        strayed += sum(one.strayed for one in accepted)
        return accepted

    verifier.engine.run, verifier.engine.decide = branching, counting  # type: ignore[method-assign, assignment]
    assert decoded(verifier, requests) == dict(enumerate(truths))
    return strayed


@pytest.mark.parametrize(("family", "variant"), [case for case in CASES if case[0] in QUICK])
def test_trees_equal_generate(family: str, variant: str) -> None:
    """One ragged batch; many of the accepted paths leave the main branch."""
    assert check(family, variant, [3, 14, 15, 92, 65, 35, 89], 3) > 5


@pytest.mark.slow
@pytest.mark.parametrize(("family", "variant"), [case for case in CASES if case[0] not in CHAINS])
@given(seeds=st.lists(st.integers(0, 10_000), min_size=1, max_size=8), rows=st.integers(1, 4))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_trees_equal_generate(family: str, variant: str, seeds: list[int], rows: int) -> None:
    """Random images, ragged batches and random trees."""
    check(family, variant, seeds, rows)


def filled_cache(rows: int, length: int) -> tuple[RaggedCache, torch.Tensor]:
    """A cache of two layers with random keys; the values are the keys, negated."""
    cache = RaggedCache(2)
    cache.reserve(rows, length, rows * length)
    keys = torch.randn(rows, 3, length, 4)
    cache.plan(list(range(rows)), [0] * rows, [length] * rows, prefill=True, device=torch.device("cpu"))
    for layer in layers(cache):
        layer.update(keys, -keys)
    return cache, keys


def layers(cache: RaggedCache) -> list[Any]:
    """Its layers, whose common class in transformers has neither keys nor values."""
    return list(cache.layers)


def test_accepted_nodes_are_moved_together() -> None:
    """Each row's path, where it stood apart; nothing before it and no other row changes."""
    cache, keys = filled_cache(3, 12)
    cache.keep([2, 0, 1], [4, 2, 5], [[0, 1, 4, 5], [3, 4, 8], [0, 1, 2]])
    wanted = keys.clone()
    wanted[2, :, 4:8] = keys[2, :, [4, 5, 8, 9]]
    wanted[0, :, 2:5] = keys[0, :, [5, 6, 10]]
    for layer in layers(cache):
        for row, kept in ((0, 5), (1, 12), (2, 8)):
            assert torch.equal(layer.keys[row, :, :kept], wanted[row, :, :kept])
            assert torch.equal(layer.values[row, :, :kept], -wanted[row, :, :kept])


def test_a_chain_moves_nothing() -> None:
    """An accepted run of the main branch stays where it was written, and so does nothing at all."""
    cache, keys = filled_cache(2, 6)
    cache.keep([0, 1], [2, 2], [[0, 1, 2], []])
    for layer in layers(cache):
        assert torch.equal(layer.keys[:, :, :6], keys)
