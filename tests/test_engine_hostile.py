"""The engine under hostile drafts, limits, budgets and failures: its output is always ``generate``'s."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_decoder import BUILDS, VOCABULARY, sequence, tiny_decoder

from docspec.drafters.following.tree import Tree
from docspec.errors import ModelError
from docspec.types import Finish
from docspec.verifiers import engine as engine_module
from docspec.verifiers.cache import RaggedLayer
from docspec.verifiers.decide import exact
from docspec.verifiers.engine import Engine
from docspec.verifiers.own_head_layer import HeadLayer
from docspec.verifiers.runner import Runner
from docspec.verifiers.sequence import Sequence
from docspec.verifiers.window import StepCost

DRAFTS: dict[str, list[str]] = {
    "none": [],
    "empty": [""],
    "white": [" \n\t "],
    "ends only": ["a" * 40],
    "ends within": ["bacadaeafa"],
    "long": ["bcdefghijkl" * 9000],
    "one letter": ["c" * 3000],
    "many": ["bcd", "", "cde", "lkj", "a", "bbbbbb"] * 5,
    "unknown": ["\ud800 \x00 ﷽ 字" * 30],
}


@cache
def truth(prompt: tuple[int, ...], limit: int, kind: str = "attention") -> list[int]:
    """What transformers itself writes after ``prompt``."""
    model = tiny_decoder(kind=kind)
    with torch.inference_mode():
        output = model.generate(torch.tensor([prompt]), do_sample=False, max_new_tokens=limit)
    tokens: list[int] = output[0, len(prompt) :].tolist()
    return tokens


def check(done: list[Sequence], count: int, kind: str = "attention") -> None:
    """Every sequence came back once, with the right tokens, reason and counts."""
    assert sorted(int(str(one.key)) for one in done) == list(range(count))
    for one in done:
        wanted = truth(one.prompt.ids, one.limit, kind)
        assert one.output == wanted
        assert one.finish is (Finish.END if wanted[-1] == 0 else Finish.LENGTH)
        assert 0 < one.stats.steps <= len(wanted)
        assert one.stats.accepted <= min(one.stats.drafted, len(wanted))


ROWS = st.lists(
    st.tuples(
        st.lists(st.integers(1, VOCABULARY - 1), min_size=1, max_size=8),
        st.sampled_from(list(DRAFTS)),
        st.sampled_from([1, 2, 3, 25]),
    ),
    min_size=1,
    max_size=7,
)


class Failing(Runner):
    """Runs out of memory in the passes numbered ``failing``."""

    def __init__(self, model: Any, rows: int, failing: set[int], head: HeadLayer | None = None) -> None:
        super().__init__(model, rows, head=head)
        self.failing, self.count = failing, 0

    def _forward(self, *arguments: Any, **named: Any) -> torch.Tensor:
        self.count += 1
        if self.count in self.failing:
            raise torch.OutOfMemoryError("simulated")
        return super()._forward(*arguments, **named)


class Watched(Runner):
    """Notes the drafts of each prefill's rows."""

    def __init__(self, model: Any, rows: int) -> None:
        super().__init__(model, rows)
        self.prefilled: list[list[Tree]] = []

    def prefill(self, rows: Any, prompts: Any, outputs: Any, trees: Any) -> torch.Tensor:
        self.prefilled.append(list(trees))
        return super().prefill(rows, prompts, outputs, trees)


class Branching:
    """Proposes a token, and another where branches are wanted."""

    def propose(self, limit: int, reach: int = 0) -> Tree:
        return Tree.merge([[1], [2]] if reach else [[1]])

    def advance(self, emitted: Any) -> None:
        """It proposes the same."""


class FreeTokens(StepCost):
    """Of a device on which a pass takes the same time whatever it holds."""

    def line(self) -> tuple[float, float]:
        return 1.0, 1e-6


@pytest.mark.parametrize("decoder", BUILDS)
@given(
    rows=ROWS,
    batch=st.integers(1, 9),
    budget=st.sampled_from([1, 7, 30, 10**6]),
    places=st.sampled_from([1, 12, 8192]),
    failing=st.sets(st.integers(1, 9), max_size=2),
    pauses=st.integers(0, 3),
    drafts=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_nothing_changes_the_output(
    rows: list[Any],
    batch: int,
    budget: int,
    places: int,
    failing: set[int],
    pauses: int,
    drafts: bool,
    decoder: str,
) -> None:
    """Drafts, tiny budgets, prefills in pieces, memory failures and a slow source in any mix."""
    model = tiny_decoder(kind=decoder)

    def source() -> Iterator[Sequence | None]:
        for key, (prompt, kind, limit) in enumerate(rows):
            yield from [None] * pauses
            yield sequence(model, key, prompt, limit, DRAFTS[kind])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_module, "PREFILL_TOKENS", places)
        # two failures halve the rows twice: from four rows on there is always one left
        runner = Failing(model, batch, failing if batch >= 4 and len(rows) >= 4 else set())
        engine = Engine(runner, exact, budget, drafts=drafts)
        try:
            done = list(engine.run(source()))
        except ModelError as error:  # the rows at hand were fewer than the halvings
            assert engine.max_rows == 1 and "out of memory" in str(error)  # noqa: PT017, PT018
            return
    check(done, len(rows), decoder)


@pytest.mark.parametrize("decoder", BUILDS)
@pytest.mark.parametrize("kind", DRAFTS)
def test_each_hostile_draft(kind: str, decoder: str) -> None:
    """One by one, so that a failure names the draft."""
    model = tiny_decoder(kind=decoder)
    made = [sequence(model, key, [3, 1 + key], 25, DRAFTS[kind]) for key in range(3)]
    check(list(Engine(Runner(model, 2), exact, 64).run(made)), 3, decoder)


def test_a_limit_of_nothing_ends_at_once() -> None:
    """A pass always gives a token; a sequence that may have none stops there."""
    [one] = Engine(Runner(tiny_decoder(), 1), exact, 1).run([sequence(tiny_decoder(), 0, [3], 0, ["bcd"])])
    assert len(one.output) == 1
    assert one.finish in (Finish.LENGTH, Finish.END)


@pytest.mark.parametrize(("budget", "rows"), [(17, 2), (18, 3)])
def test_rows_begin_within_the_budget(budget: int, rows: int) -> None:
    """As many rows as the budget has places for, each a prompt's and one for what follows it."""
    model = tiny_decoder()
    runner = Watched(model, 4)
    engine = Engine(runner, exact, budget, drafts=False)
    made = [sequence(model, key, [3, 4, 5, 6, 1 + key], 1) for key in range(4)]
    check(list(engine.run(made)), 4)
    assert max(map(len, runner.prefilled)) == rows


@pytest.mark.parametrize(("longest", "branches"), [(3, False), (4, True)])
def test_long_prompts_begin_without_branches(
    longest: int, branches: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prompt of more tokens than a mask for branches is made for is given a chain."""
    monkeypatch.setattr(engine_module, "MASKED_PREFILL", longest)
    model = tiny_decoder()
    runner = Watched(model, 1)
    runner.cost = FreeTokens()
    one = sequence(model, 0, [3, 4, 5, 6], 25)
    cursor: Any = Branching()
    one.cursor = cursor
    check(list(Engine(runner, exact, 10**6).run([one])), 1)
    [[tree]] = runner.prefilled
    assert len(tree)
    assert tree.is_chain != branches


def test_out_of_memory_halves_the_cache_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where memory has room for half of the cache that was asked for, recovery keeps within it: long windows
    and room to grow do not use up what fewer rows have left."""
    resized = RaggedLayer._resized

    def limited(layer: RaggedLayer, buffer: torch.Tensor) -> torch.Tensor:

        if layer.size[0] * layer.size[1] > 600:
            raise torch.OutOfMemoryError("simulated")
        return resized(layer, buffer)

    monkeypatch.setattr(RaggedLayer, "_resized", limited)
    model = tiny_decoder()
    prompts = [[3, 1 + key % 8] * (5 if key < 16 else 20) for key in range(24)]
    made = [sequence(model, key, prompt, 60, ["bcd" * 20]) for key, prompt in enumerate(prompts)]
    engine = Engine(Runner(model, 16), exact, 1200)
    check(list(engine.run(made)), len(made))
    assert engine.max_rows >= 4


def test_out_of_memory_with_one_row_says_what_to_do() -> None:
    """Where not even one sequence fits, the error names the remedies."""
    runner = Failing(tiny_decoder(), 4, set(range(1, 99)))
    made = [sequence(tiny_decoder(), key, [3, 4], 9) for key in range(4)]
    with pytest.raises(ModelError, match="smaller image"):
        list(Engine(runner, exact, 10**6).run(made))


def test_rows_that_are_done_survive_running_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a prefill's first pass ends a row and its second is too much, that row still comes out."""
    monkeypatch.setattr(engine_module, "PREFILL_TOKENS", 4)
    model = tiny_decoder()
    runner = Failing(model, 2, {2})
    made = [sequence(model, key, [3, 4, 5 + key], 1) for key in range(2)]
    check(list(Engine(runner, exact, 10**6).run(made)), 2)
    assert runner.count == 3
