"""Layers with states: what a window leaves in them is what its accepted tokens would, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Sequence as Seq
from functools import cache
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_decoder import STATEFUL, VOCABULARY, sequence, tiny_decoder
from transformers import NemotronHForCausalLM

from docspec.drafters.following.tree import Tree
from docspec.errors import ModelError
from docspec.verifiers.decide import exact
from docspec.verifiers.engine import Engine
from docspec.verifiers.masks import layer_kinds
from docspec.verifiers.runner import Runner
from docspec.verifiers.sequence import Prompt
from docspec.verifiers.states import StatefulCache, StateLayer
from docspec.verifiers.window import AssumedCost

LIMIT = 24


class PartlyRight:
    """Proposes what is right for some tokens, then what is wrong, as many as it is asked for or fewer."""

    def __init__(self, truth: Seq[int], seed: int) -> None:
        self._truth, self._chance, self._done = list(truth), random.Random(seed), 0

    def propose(self, limit: int, reach: int = 0) -> Tree:
        right = self._truth[self._done : self._done + self._chance.choice([0, 1, 2, 5, 99])]
        wrong = [self._chance.randrange(VOCABULARY) for _ in range(self._chance.choice([0, 0, 1, 9]))]
        return Tree.chain([*right, *wrong][:limit])

    def advance(self, emitted: Seq[int]) -> None:
        self._done += len(emitted)


class Watched(Runner):
    """Notes of each step its width and the rows' tokens that are sent again, and of each prefill its rows."""

    def __init__(self, model: Any, rows: int) -> None:
        super().__init__(model, rows)
        self.cost = AssumedCost(16)
        self.again: list[list[int]] = []
        self.widths: list[set[int]] = []
        self.prefilled: list[int] = []

    def prefill(self, rows: Seq[int], *arguments: Any) -> torch.Tensor:
        self.prefilled.append(len(rows))
        return super().prefill(rows, *arguments)

    def step(self, rows: Seq[int], prompts: Any, outputs: Any, trees: Seq[Tree]) -> torch.Tensor:
        cached = [len(prompt) + len(output) - 1 for prompt, output in zip(prompts, outputs, strict=True)]
        self.again.append([self.cache.behind(row, count) for row, count in zip(rows, cached, strict=True)])
        self.widths.append({again + len(tree) for again, tree in zip(self.again[-1], trees, strict=True)})
        return super().step(rows, prompts, outputs, trees)


@cache
def truth(kind: str, prompt: tuple[int, ...]) -> list[int]:
    """What transformers itself writes after ``prompt``."""
    with torch.inference_mode():
        output = tiny_decoder(kind=kind).generate(
            torch.tensor([prompt]), do_sample=False, max_new_tokens=LIMIT
        )
    tokens: list[int] = output[0, len(prompt) :].tolist()
    return tokens


def decode(kind: str, prompts: Seq[Seq[int]], rows: int, seed: int, budget: int = 10**6) -> Watched:
    """Decode ``prompts`` with drafts that are partly right, and compare each with ``truth``."""
    model = tiny_decoder(kind=kind)
    made = []
    for key, prompt in enumerate(prompts):
        one = sequence(model, key, prompt, LIMIT)
        cursor: Any = PartlyRight(truth(kind, tuple(prompt)), seed + key)
        one.cursor = cursor
        made.append(one)
    runner = Watched(model, rows)
    outputs = {one.prompt.ids: one.output for one in Engine(runner, exact, budget).run(made)}
    assert outputs == {tuple(prompt): truth(kind, tuple(prompt)) for prompt in prompts}
    return runner


PROMPTS = st.lists(st.integers(1, VOCABULARY - 1), min_size=1, max_size=9)


@pytest.mark.parametrize("kind", STATEFUL)
@given(
    prompts=st.lists(PROMPTS, min_size=1, max_size=7),
    rows=st.integers(1, 5),
    seed=st.integers(0, 10_000),
    budget=st.sampled_from([1, 60, 10**6]),
)
@settings(max_examples=30, deadline=None)
def test_windows_that_are_partly_right_equal_generate(
    kind: str, prompts: list[list[int]], rows: int, seed: int, budget: int
) -> None:
    """Rows of any lengths, ending at any time, put back and begun anew, whatever is accepted of them."""
    decode(kind, prompts, rows, seed, budget)


@pytest.mark.parametrize("kind", STATEFUL)
def test_what_makes_it_hard_happens(kind: str) -> None:
    """Prefills and steps with padding, tokens that are sent again and, of convolutions, none that is."""
    prompts = [[1 + (7 * key + k) % 11 for k in range(1 + key)] for key in range(12)]
    runner = decode(kind, prompts, 4, 3)
    assert max(runner.prefilled) > 1
    assert any(len(widths) > 1 for widths in runner.widths)
    again = [count for step in runner.again for count in step]
    assert 0 in again
    assert (max(again) > 2) == runner.cache.resends == (kind != "convolution")


@pytest.mark.parametrize("kind", STATEFUL)
def test_a_right_draft_takes_one_window(kind: str) -> None:
    """It rides in the prefill where nothing can be sent twice for it, else in the pass after it."""
    model = tiny_decoder(kind=kind)
    prompt = next((3, 4, last) for last in range(1, VOCABULARY) if len(truth(kind, (3, 4, last))) > 3)
    wanted = truth(kind, prompt)
    one = sequence(model, 0, prompt, LIMIT, ["".join(chr(ord("a") + token) for token in wanted[:-1])])
    engine = Engine(Watched(model, 1), exact, 10**6)
    assert [done.output for done in engine.run([one])] == [wanted]
    assert engine.passes == (2 if engine.runner.cache.resends else 1)


@pytest.mark.parametrize("kind", STATEFUL)
def test_padding_of_a_prefill_is_in_no_state(kind: str) -> None:
    """A row that is padded up to a longer one has the logits that it has alone, then and a step later."""
    model = tiny_decoder(kind=kind)
    prompts = [sequence(model, key, ids, LIMIT).prompt for key, ids in enumerate(([3, 4, 5], [1, 2] * 4))]
    alone, padded = (_two_passes(Runner(model, 2), prompts[:count]) for count in (1, 2))
    torch.testing.assert_close(padded, alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", STATEFUL)
def test_a_prompt_of_one_token_begins_without_a_state(kind: str) -> None:
    """A pass over one token is a prefill as well, where nothing came before it."""
    decode(kind, [[5]], 1, 0)


def _two_passes(runner: Runner, prompts: Seq[Prompt]) -> torch.Tensor:
    """The first row's logits of a prefill without drafts and of a step after it: [2, V]."""
    rows, trees = range(len(prompts)), [Tree.chain([]) for _ in prompts]
    runner.cache.reserve(len(rows), 16, 32)
    first = runner.prefill(rows, prompts, [[] for _ in rows], trees)
    runner.cache.keep(rows, [len(prompt) for prompt in prompts], [[] for _ in rows])
    return torch.stack([first[0, -1], runner.step(rows, prompts, [[7] for _ in rows], trees)[0, -1]])


def test_a_draft_that_is_always_wrong_is_not_sent_again_and_again() -> None:
    """However few of its tokens are right, no pass grows longer than a window and what it can leave."""
    model = tiny_decoder(kind="delta net")
    runner = Watched(model, 3)
    made = [sequence(model, key, [3, 1 + key], LIMIT, ["cdefghijkl" * 40]) for key in range(6)]
    assert len(list(Engine(runner, exact, 10**6).run(made))) == 6
    assert max(count for step in runner.again for count in step) <= 2 * LIMIT


@given(
    width=st.integers(1, 9),
    size=st.integers(1, 5),
    before=st.integers(0, 5),
    data=st.data(),
)
def test_a_recorded_state_is_cut_where_the_accepted_tokens_end(
    width: int, size: int, before: int, data: st.DataObject
) -> None:
    """The last inputs before any column, with zeros before the first ones."""
    ends = data.draw(st.lists(st.integers(1, width), min_size=1, max_size=4))
    recorded = torch.randn(len(ends), 2, before + width)
    cut = StateLayer._cut(recorded, torch.tensor(ends), width, size)
    for row, end, state in zip(recorded, ends, cut, strict=True):
        wanted = torch.cat([torch.zeros(2, size), row[:, : before + end]], dim=1)[:, -size:]
        assert torch.equal(state, wanted)


def test_states_outlive_a_change_of_size_and_a_move() -> None:
    """Rows that stay keep their states when there are more or fewer rows, and a row can take another's."""
    cache = StatefulCache(["linear_attention", "full_attention"])
    [layer] = cache._states
    states = torch.randn(3, 2, 4)

    def put(rows: list[int], new: torch.Tensor) -> None:
        """What a pass does that begins ``rows`` and is accepted."""
        cache.plan(rows, [0] * len(rows), [4] * len(rows), prefill=True, device=torch.device("cpu"))
        layer.update_conv_state(new, conv_kernel_size=4)
        layer.update_recurrent_state(2 * new)
        cache.keep(rows, [4] * len(rows), [[]] * len(rows))

    def of(rows: list[int]) -> torch.Tensor:
        cache.plan(rows, [4] * len(rows), [1] * len(rows), prefill=False, device=torch.device("cpu"))
        recurrent, convolution = layer.recurrent_states[0], layer.conv_states[0]
        assert recurrent is not None
        assert convolution is not None
        assert torch.equal(recurrent, 2 * convolution)
        return convolution

    cache.reserve(3, 8, 99)
    put([0, 1, 2], states)
    cache.reserve(9, 8, 99)
    put([5], -states[:1])
    assert torch.equal(of([2, 0, 1]), states[[2, 0, 1]])
    with torch.inference_mode():
        layer.move(5, 1)
    assert torch.equal(of([1, 2]), torch.stack([-states[0], states[2]]))
    cache.reserve(2, 60, 120)
    put([0], states[2:])
    assert torch.equal(of([0, 1]), torch.stack([states[2], -states[0]]))
    cache.drop()
    assert cache.size == (0, 0)
    assert not layer._kept


def test_other_kinds_of_layers_are_refused() -> None:
    """What the engine does not know it does not run."""
    config: Any = type("Settings", (), {"layer_types": ["indexed_attention", "full_attention"]})
    with pytest.raises(ModelError, match="indexed_attention"):
        layer_kinds("It", config)


def test_a_least_time_step_is_refused() -> None:
    """transformers applies one in some passes and not in others, so that no two ways of cutting agree."""
    model = NemotronHForCausalLM(tiny_decoder(kind="state space").config)
    with pytest.raises(ModelError, match="time step"):
        Runner(model, 1)
