"""Verify passes that are recorded and replayed decode as those that are not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import test_exactness
import test_tree_exactness
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tape import TapeRecorder
from test_exactness import CASES, KINDS
from test_tree_exactness import CHAINS
from tiny_decoder import END, VOCABULARY, sequence, tiny_decoder

from docspec.verifiers.cache import bucket
from docspec.verifiers.columns import PassShape
from docspec.verifiers.decide import exact
from docspec.verifiers.engine import Engine
from docspec.verifiers.recorded import LEAST_SPAN, MOST_PLACES, RecordedPasses, rounded
from docspec.verifiers.runner import Runner
from docspec.verifiers.window import StepCost


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every runner records, on the CPU."""
    made = Runner.__init__

    def recorded(self: Runner, *arguments: Any, **more: Any) -> None:
        made(self, *arguments, **more)
        self.record(TapeRecorder)

    monkeypatch.setattr(Runner, "__init__", recorded)
    monkeypatch.setattr(TapeRecorder, "replays", 0)


PLAIN = [family for family in dict.fromkeys(family for family, _ in CASES) if family not in CHAINS]


@pytest.mark.slow
@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize("family", PLAIN)
def test_recorded_families_equal_generate(family: str) -> None:
    """Every family, random trees in ragged batches that shrink: as ``generate`` writes them."""
    test_tree_exactness.check(family, "plain", [3, 14, 15, 92, 65, 35, 89], 3)
    assert TapeRecorder.replays > 3


@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize("variant", ["plain", "penalty", "sliding"])
def test_recorded_passes_equal_generate(variant: str) -> None:
    """Hostile drafts; with sliding windows, whose masks need the places of keys, and a penalty."""
    made = test_exactness.loaded("qwen2_5_vl", variant, 0, True)
    cases = [(seed, 60, 90, kind, "\u4e10\u4e20", None) for seed, kind in enumerate(KINDS)]
    test_exactness.check(made, 3, cases)
    assert TapeRecorder.replays > 5


LETTERS = st.text("abcdefghijkl", max_size=40)
ROWS = st.lists(
    st.tuples(st.lists(st.integers(1, VOCABULARY - 1), min_size=1, max_size=9), LETTERS), min_size=1
)


def decode(rows: list[tuple[list[int], str]], at_once: int, *, record: bool) -> dict[Any, list[int]]:
    """What a tiny decoder writes after each of the prompts, with the drafts beside them."""
    model = tiny_decoder()
    runner = Runner(model, at_once)
    if record:
        runner.record(TapeRecorder)
    engine = Engine(runner, exact, 10_000)
    sequences = [sequence(model, key, ids, 30, [draft]) for key, (ids, draft) in enumerate(rows)]
    return {one.key: one.output for one in engine.run(sequences)}


@given(ROWS, st.integers(1, 5))
@settings(max_examples=15, deadline=None)
def test_any_batch_is_decoded_alike(rows: list[tuple[list[int], str]], at_once: int) -> None:
    """Whatever the prompts, drafts and rows at once."""
    assert decode(rows, at_once, record=True) == decode(rows, at_once, record=False)


def test_the_second_pass_is_recorded_and_later_shapes_at_once() -> None:
    """The first pass is made, the next of its shape recorded and replayed; so is any new shape's first."""
    outputs, made = [], 0

    def verify(columns: torch.Tensor, shape: PassShape, axes: int, keep: int) -> torch.Tensor:
        nonlocal made
        made += 1
        return columns[0, :, :, None] * torch.arange(1, 4)

    passes = RecordedPasses(verify, TapeRecorder, torch.device("cpu"))
    shape = PassShape(2, 4, 1024, in_place=True)
    for number in range(5):
        given = np.full((6, 2, 4), number)
        outputs.append(passes(given, shape, 1, version=7).clone())
        assert passes.typical == (number > 1)
    assert made == 2  # the first, and the one that was recorded
    for number, output in enumerate(outputs):
        assert output.tolist() == [[[number, 2 * number, 3 * number]] * 4] * 2
    passes(given, shape, 1, version=8)
    assert made == 3  # other buffers
    other = PassShape(1, 4, 1024, in_place=True)
    for number in (1, 2):
        output = passes(np.full((6, 1, 4), number), other, 1, version=8)
        assert output.tolist() == [[[number, 2 * number, 3 * number]] * 4]
    assert made == 4


def test_shapes_that_cannot_be_recorded_at_once_are_when_they_come_again() -> None:
    """Where recording a shape that no pass has had fails, one is made, and the next one is recorded."""
    made: list[PassShape] = []

    def verify(columns: torch.Tensor, shape: PassShape, axes: int, keep: int) -> torch.Tensor:
        made.append(shape)
        return columns[0, :, :, None] * 2

    class Cautious(TapeRecorder):
        def __call__(self, run: Callable[[], object]) -> Callable[[], object]:
            before = len(made)
            replay = super().__call__(run)
            if made[-1] not in made[:before]:
                raise RuntimeError("kernels are not loaded")
            return replay

    passes = RecordedPasses(verify, Cautious, torch.device("cpu"))
    for width in (1, 2, 4):
        shape = PassShape(1, width, 1024, in_place=True)
        for number in (3, 4, 5):
            output = passes(np.full((6, 1, width), number), shape, 1, version=0)
            assert output.tolist() == [[[2 * number]] * width]
        assert passes.typical
    assert [made.count(shape) for shape in dict.fromkeys(made)] == [2, 3, 2]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda columns: columns + int(columns.sum()), "item"),
        (lambda columns: columns + torch.tensor([1]), "lift_fresh"),
    ],
    ids=["waits for a value", "brings a value"],
)
def test_what_cannot_be_recorded_is_made(
    fault: Callable[[torch.Tensor], torch.Tensor], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A model that a graph could not hold is run pass by pass, and why is said once."""
    passes = RecordedPasses(
        lambda columns, *_: fault(columns)[0, :, :, None], TapeRecorder, torch.device("cpu")
    )
    shape = PassShape(1, 2, 1024, in_place=True)
    with caplog.at_level(logging.WARNING):
        found = [passes(np.full((6, 1, 2), number), shape, 1, 0).flatten()[0].item() for number in range(4)]
    assert found == [fault(torch.full((6, 1, 2), number)).flatten()[0].item() for number in range(4)]
    assert [message in record.getMessage() for record in caplog.records] == [True]
    assert passes.room(PassShape(3, 3, 3, in_place=True), (8, 900)) == PassShape(3, 3, 3, in_place=True)


def test_passes_are_no_larger_than_can_be_recorded_and_each_cost_is_that_of_a_replay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows that together would be too many places go in several passes; a slow prefill, or a pass that is
    made or recorded, says nothing of what a replay takes."""
    model = tiny_decoder()
    runner = Runner(model, 8)
    runner.record(TapeRecorder)
    monkeypatch.setattr("docspec.verifiers.recorded.MOST_PLACES", 64)
    made: list[tuple[int, bool]] = []
    step = Runner.step

    def watched(self: Runner, rows: Any, prompts: Any, outputs: Any, trees: Any) -> torch.Tensor:
        logits = step(self, rows, prompts, outputs, trees)
        made.append((len(rows) * self.width(1 + max(map(len, trees)), len(rows)), self.typical))
        return logits

    recorded: list[int] = []
    monkeypatch.setattr(Runner, "step", watched)
    monkeypatch.setattr(StepCost, "record", lambda self, tokens, seconds: recorded.append(tokens))
    sequences = [sequence(model, key, [1, 2, 3 + key % 5], 40, ["abcdefgh" * 5]) for key in range(8)]
    assert len(list(Engine(runner, exact, 10_000).run(sequences))) == 8
    assert max(places for places, _ in made) <= 64
    assert recorded == [places for places, typical in made if typical]
    assert 0 < len(recorded) < len(made)


def test_shapes_are_few() -> None:
    """Rows, columns and places are rounded up, within the cache and what is worth recording."""
    passes = RecordedPasses(lambda *_: torch.empty(0), TapeRecorder, torch.device("cpu"))
    few = {
        passes.room(PassShape(rows, width, span, in_place=True), (6, 3000))
        for rows in range(1, 7)
        for width in range(1, 257)
        for span in range(1, 3001, 50)
    }
    assert {(shape.rows, shape.width) for shape in few} == {
        *((1, 1), (1, 4), (1, 16), (1, 64), (1, 256)),
        *((4, 1), (4, 4), (4, 16), (4, 64), (6, 1), (6, 4), (6, 16)),
        *((2, 128), (2, 256), (4, 128), (4, 256), (6, 32), (6, 64), (6, 128), (6, 256)),
    }
    assert {shape.span for shape in few} == {LEAST_SPAN, 2048, 3000}
    large = PassShape(3, MOST_PLACES // 3 + 1, 999, in_place=False)
    assert passes.room(large, (4, 3000)) == large


@given(st.integers(1, 99), st.integers(1, 999))
def test_rounding_holds_all_and_is_its_own(rows: int, width: int) -> None:
    """What is rounded stays, so that a window that fills its pass does not make it wider."""
    found = rounded(rows, width)
    assert found[0] >= rows
    assert found[1] >= width
    assert rounded(rows, found[1]) == found


@given(st.integers(1, 10**6), st.sampled_from([2, 4, 8]))
def test_a_bucket_holds_its_count(count: int, base: int) -> None:
    """A power of the base, the least that is enough."""
    size = bucket(count, base)
    assert size >= count > size // base
    while size > 1:
        assert size % base == 0
        size //= base


def test_end_is_reached_in_a_recorded_pass() -> None:
    """An end token within a draft ends the output where ``exact`` would end it."""
    rows = [([1, 2, 3], "abc" * 20)]
    [output] = decode(rows, 1, record=True).values()
    assert END not in output[:-1]
