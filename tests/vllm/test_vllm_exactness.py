"""With drafts of every kind vLLM's greedy output is what it is without speculation, token for token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from checkpoints import save
from draft_kinds import KINDS
from engines import Engine, engine

FAMILIES = ["qwen2_vl", "qwen2_5_vl", "qwen3_vl", "dots_ocr"]
ROWS = 4
SAMPLING: dict[str, dict[str, Any]] = {
    "greedy": {},
    "repetition penalty": {"repetition_penalty": 1.3},
    "other penalties": {"presence_penalty": 0.7, "frequency_penalty": 0.2},
    "least tokens": {"min_tokens": 60},
    "forbidden words": {"bad_words": ["e", " t"]},
}


@dataclass(frozen=True)
class Served:
    """A drafted engine and what the same engine without speculation had answered, by the way of sampling."""

    engine: Engine
    plain: dict[str, list[list[int]]]


@pytest.fixture(scope="module", params=FAMILIES)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The family's small model in vLLM; its plain engine is gone when the drafted one starts."""
    family: str = request.param
    folder: Path = tmp_path_factory.mktemp(family)
    save(folder, family)
    with engine(folder, family, drafted=False) as made:
        plain = {name: made.answers([None] * ROWS, **settings) for name, settings in SAMPLING.items()}
    with engine(folder, family, drafted=True) as made:
        yield Served(made, plain)


@pytest.mark.parametrize("sampling", SAMPLING)
@pytest.mark.parametrize("kind", KINDS)
def test_output_is_that_without_speculation(served: Served, kind: str, sampling: str) -> None:
    """Whatever the draft and whatever vLLM does to the logits."""
    made, plain = served.engine, served.plain[sampling]
    drafts = KINDS[kind](plain, made.vocabulary, made.decode)
    assert made.answers(drafts, **SAMPLING[sampling]) == plain
    assert not made.proposing.rows  # nothing is kept of what has ended


def test_right_drafts_save_steps(served: Served) -> None:
    """A right draft of ids needs a step for each window, a wrong one at most as many as none."""
    made, plain = served.engine, served.plain["greedy"]
    longest = max(map(len, plain))
    made.answers(KINDS["right"](plain, made.vocabulary, made.decode))
    assert made.steps <= longest / 15
    made.answers(KINDS["every 25th wrong"](plain, made.vocabulary, made.decode))
    assert made.steps <= longest / 3
    made.answers(KINDS["garbage"](plain, made.vocabulary, made.decode))
    assert made.steps <= longest + 1


def test_each_answer_counts_its_drafts(served: Served) -> None:
    """vLLM's own counts by request: steps with a window, draft tokens, accepted ones."""
    made, plain = served.engine, served.plain["greedy"]
    for output in made.outputs(KINDS["right"](plain, made.vocabulary, made.decode)):
        counts = output.outputs[0].spec_decode_metrics.to_dict()
        assert counts["num_draft_tokens"] >= counts["num_accepted_draft_tokens"] > 0
        assert counts["mean_acceptance_length"] > 10
