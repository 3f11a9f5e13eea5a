"""What drafts cost and gain in time, on a clock that passes of known cost move."""

from __future__ import annotations

import random
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from docspec.bench.neutral_tokenizer import neutral_tokenizer
from docspec.config import Config
from docspec.types import Category, Draft, Request
from docspec.verifiers import engine
from docspec.verifiers.replay import NoModel, ReplayModel, ReplayVerifier
from docspec.verifiers.sequence import Prompt
from docspec.verifiers.window import StepCost

TEXT = "the of light region draft verifies pages and reads 1905 (two) model which, it was column; token"
PROMPT = 120  # tokens: a few lines' image
CPU, GPU = (
    (0.08, 0.008),
    (0.025, 0.00004),
)  # seconds a pass and a token: 0.3B on two cores; 3B on an accelerator


@dataclass
class _Clock:
    now: float = 0.0


class _Timed(NoModel):
    """Passes that take ``base + slope * places`` seconds of ``clock``."""

    def __init__(self, rows: int, clock: _Clock, base: float, slope: float) -> None:
        super().__init__(rows)
        self.clock, self.base, self.slope = clock, base, slope
        self.cost = StepCost()

    def prefill(self, rows: Any, prompts: Any, outputs: Any, trees: Any) -> torch.Tensor:
        return self._pass([PROMPT + len(o) + len(t) for o, t in zip(outputs, trees, strict=True)])

    def step(self, rows: Any, prompts: Any, outputs: Any, trees: Any) -> torch.Tensor:
        return self._pass([len(tree) + 1 for tree in trees])

    def _pass(self, widths: list[int]) -> torch.Tensor:
        self.clock.now += self.base + self.slope * len(widths) * max(widths)
        return torch.empty(0)


class _Reader(ReplayModel):
    def prompts(self, requests: list[Request]) -> list[Prompt]:
        return [Prompt(torch.empty(PROMPT, 1), torch.full((1, PROMPT), -1)) for _ in requests]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """The benchmarks' tokenizer, with an end token."""
    made = neutral_tokenizer()
    made.add_special_tokens(["<end>"])
    return made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    """The engine's clock."""
    made = _Clock()
    monkeypatch.setattr(engine, "perf_counter", lambda: made.now)
    return made


def _texts() -> list[str]:
    chance, words = random.Random(3), TEXT.split()
    return [" ".join(chance.choice(words) for _ in range(chance.randint(20, 120))) for _ in range(24)]


def _read(text: str) -> str:
    """``text`` as a good OCR reads it."""
    return text.replace("1905", "l905").replace("column;", "colurnn;")


def _seconds(
    tokenizer: Tokenizer, clock: _Clock, cost: tuple[float, float], rows: int, drafts: list[str] | None
) -> float:
    """Time to verify all texts, ``rows`` at once."""
    texts: dict[Hashable, str] = dict(enumerate(_texts()))
    blank = np.zeros((8, 8, 3), np.uint8)
    requests = [Request(key, blank, Category.TEXT, drafts=()) for key in texts]
    if drafts is not None:
        given = zip(requests, drafts, strict=True)
        requests = [replace(one, drafts=(Draft(text, "test", confidence=0.99),)) for one, text in given]
    config = Config(max_batch=rows, on_loop="off")
    end = tokenizer.token_to_id("<end>")
    assert end is not None
    loaded = _Reader(tokenizer, end)
    verifier = ReplayVerifier(loaded, texts, config, drafts=drafts is not None)
    runner: Any = _Timed(rows, clock, *cost)
    verifier.engine.runner = verifier.engine.proposals.runner = runner
    started = clock.now
    assert {key: verdict.text for key, verdict in verifier.verify(iter(requests))} == texts
    return clock.now - started


@pytest.mark.parametrize("rows", [1, 4, 16])
@pytest.mark.parametrize("cost", [CPU, GPU])
def test_garbage_drafts_cost_next_to_nothing(
    tokenizer: Tokenizer, clock: _Clock, cost: tuple[float, float], rows: int
) -> None:
    """Drafts that are wrong, however sure of themselves, cost at most 5% of verifying without any."""
    plain = _seconds(tokenizer, clock, cost, rows, None)
    texts = _texts()
    noise = random.Random(4)
    for drafts in (
        [text[::-1] for text in texts],
        texts[1:] + texts[:1],
        ["".join(noise.choice("qxzjkvwypb 0123456789#@") for _ in text) for text in texts],
    ):
        assert _seconds(tokenizer, clock, cost, rows, drafts) <= 1.05 * plain


@pytest.mark.parametrize(("cost", "rows", "gain"), [(CPU, 1, 2), (CPU, 16, 0.95), (GPU, 1, 12), (GPU, 16, 4)])
def test_good_drafts_gain(
    tokenizer: Tokenizer, clock: _Clock, cost: tuple[float, float], rows: int, gain: float
) -> None:
    """Drafts with a few wrong characters make verifying ``gain`` times faster, prompts included.

    With 16 rows a token costs two cores nearly as much in a window as in a plain step.
    """
    plain = _seconds(tokenizer, clock, cost, rows, None)
    ours = _seconds(tokenizer, clock, cost, rows, [_read(text) for text in _texts()])
    assert plain >= gain * ours
