"""The cache's size: bounded by the rows that run and by the token budget."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_decoder import sequence, tiny_decoder

from docspec.verifiers.cache import RaggedCache
from docspec.verifiers.decide import exact
from docspec.verifiers.engine import Engine
from docspec.verifiers.runner import Runner
from docspec.verifiers.window import AssumedCost


@given(
    st.lists(st.tuples(st.integers(1, 16), st.integers(1, 5000)), min_size=1, max_size=12),
    st.integers(1, 9999),
)
def test_room_is_there_and_bounded(wishes: list[tuple[int, int]], budget: int) -> None:
    """What is asked for is there, within the budget or no more than what is asked for."""
    cache = RaggedCache(1)
    for rows, places in wishes:
        before = cache.size
        cache.reserve(rows, places, budget)
        assert cache.size[0] >= rows
        assert cache.size[1] >= places
        assert cache.size in (before, (rows, places)) or cache.size[0] * cache.size[1] <= budget


def filled(rows: int, places: int) -> tuple[RaggedCache, torch.Tensor]:
    """A cache of one layer and what is in it."""
    cache = RaggedCache(1)
    cache.reserve(rows, places, rows * places)
    keys = torch.randn(rows, 2, places, 4)
    cache.plan(list(range(rows)), [0] * rows, [places] * rows, prefill=True, device=torch.device("cpu"))
    layer(cache).update(keys, -keys)
    return cache, keys


def layer(cache: RaggedCache) -> Any:
    """The first one; the class that transformers' layers have in common has no update."""
    return cache.layers[0]


def test_what_rows_hold_outlives_a_change_of_size() -> None:
    """More places, more rows, fewer rows: the rows that stay keep their keys and values."""
    cache, keys = filled(3, 8)
    for rows, places in ((3, 20), (9, 20), (2, 100)):
        cache.reserve(rows, places, 200)
        new = torch.randn(2, 2, 1, 4)
        cache.plan([0, 1], [8, 8], [1, 1], prefill=False, device=torch.device("cpu"))
        read, values = layer(cache).update(new, -new)
        assert torch.equal(read, torch.cat([keys[:2], new], dim=2))
        assert torch.equal(values, -read)
    assert cache.size == (2, 100)


def largest(rows: int, budget: int, prompts: list[int], limit: int) -> tuple[int, list[list[int]]]:
    """The most places that the cache had, and the outputs."""
    model = tiny_decoder()
    engine = Engine(Runner(model, rows), exact, budget)
    engine.runner.cost = AssumedCost()
    most = 0
    reserve = engine.runner.cache.reserve

    def watched(count: int, places: int, bound: int) -> None:
        nonlocal most
        reserve(count, places, bound)
        most = max(most, engine.runner.cache.size[0] * engine.runner.cache.size[1])

    engine.runner.cache.reserve = watched  # type: ignore[method-assign, assignment]
    made = [
        sequence(model, key, [1 + (key + i) % 11 for i in range(length)], limit, ["bcdefg" * 4])
        for key, length in enumerate(prompts)
    ]
    outputs = {int(str(one.key)): one.output for one in engine.run(made)}
    return most, [outputs[key] for key in range(len(prompts))]


def test_a_lone_sequence_takes_one_row() -> None:
    """Sixteen rows may run; one that runs alone does not pay for the others."""
    most, _ = largest(16, 4096, [3000], 20)
    assert most <= 4096


def test_rows_that_grow_together_stay_in_the_budget() -> None:
    """Rows are put back where all would outgrow the budget, and what they write stays the same."""
    prompts = [5, 6, 7, 8, 9, 10]
    free, wanted = largest(6, 10**6, prompts, 60)
    most, outputs = largest(6, 180, prompts, 60)
    assert outputs == wanted
    assert any(len(output) == 60 for output in outputs)  # six of those alone would be 6 x 70
    assert most <= 180 + 6 * 24  # a window of draft tokens comes on top
    assert most < free
