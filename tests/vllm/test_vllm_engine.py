"""Drafts under an engine's own conditions: full batches, small caches, aborts, other ways to ask."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from checkpoints import prompt, save
from draft_kinds import KINDS
from engines import Engine, engine, pictures
from vllm import SamplingParams

from docspec.verifiers.vllm_plugin.given import IDS
from docspec.verifiers.vllm_plugin.pool import VARIABLE

FAMILY = "qwen2_vl"
TIGHT: dict[str, Any] = {
    "max_model_len": 256,
    "max_num_seqs": 3,
    "max_num_batched_tokens": 96,
    "block_size": 32,
}
TIGHT |= {"kv_cache_memory_bytes": 200_000, "enable_prefix_caching": True}
MIXED = ("right", "every 25th wrong", "half wrong", "garbage", "end tokens", "right text", "only some")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint."""
    made = tmp_path_factory.mktemp(FAMILY)
    save(made, FAMILY)
    return made


@pytest.mark.parametrize("processes", [0, 2])
def test_full_batches_small_caches_and_prompts_in_pieces(
    folder: Path, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nine requests for three rows, prompts in chunks, prefixes cached, rows preempted and taken up again."""
    monkeypatch.setenv(VARIABLE, str(processes))
    with engine(folder, FAMILY, drafted=False, **TIGHT) as made:
        plain = made.answers([None] * 9, max_tokens=150)
    with engine(folder, FAMILY, drafted=True, window=40, **TIGHT) as made:
        preempted: list[str] = []
        preempt = made.scheduler._preempt_request

        def noted(request: Any, *args: Any, **more: Any) -> None:
            preempted.append(request.request_id)
            preempt(request, *args, **more)

        made.scheduler._preempt_request = noted
        for kind in MIXED:
            drafts = KINDS[kind](plain, made.vocabulary, made.decode)
            assert made.answers(drafts, max_tokens=150) == plain, kind
        assert preempted


@pytest.mark.parametrize(("rows", "window", "processes"), [(1, 128, 0), (32, 64, 0), (32, 64, 3)])
def test_one_request_and_thirty_two(
    folder: Path, rows: int, window: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The longest window for one request; and for 32 that share a step, each with another kind of draft."""
    monkeypatch.setenv(VARIABLE, str(processes))
    settings = {"max_num_seqs": rows, "max_model_len": 512}
    with engine(folder, FAMILY, drafted=False, **settings) as made:
        plain = made.answers([None] * rows, max_tokens=200)
    with engine(folder, FAMILY, drafted=True, window=window, **settings) as made:
        kinds = {kind: KINDS[kind](plain, made.vocabulary, made.decode) for kind in MIXED if rows > 1}
        kinds |= {"right": KINDS["right"](plain, made.vocabulary, made.decode)}
        names = list(kinds)
        mixed = [kinds[names[row % len(names)]][row] for row in range(rows)]
        assert made.answers(mixed, max_tokens=200) == plain
        assert made.answers(kinds["right"], max_tokens=200) == plain
        assert made.steps < 60


def test_outputs_that_reach_the_models_length(folder: Path) -> None:
    """The last window is cut where the model's context ends."""
    settings = {"max_model_len": 100}
    with engine(folder, FAMILY, drafted=False, **settings) as made:
        plain = made.answers([None] * 4, max_tokens=99)
        assert {output.outputs[0].finish_reason for output in made.outputs([None] * 4, max_tokens=99)} == {
            "length"
        }
    with engine(folder, FAMILY, drafted=True, window=128, **settings) as made:
        for kind in ("right", "longer than the model", "every 25th wrong"):
            drafts = KINDS[kind]([[*answer, 5, 6, 7] for answer in plain], made.vocabulary, made.decode)
            assert made.answers(drafts, max_tokens=99) == plain, kind


@pytest.fixture(scope="module")
def plain(folder: Path) -> dict[str, Any]:
    """What the engine without speculation answers, in all the ways that the next tests ask."""
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    with engine(folder, FAMILY, drafted=False) as made:
        found: dict[str, Any] = {"answers": made.answers([None] * 4)}
        found["schema"] = schema
        found["structured"] = made.answers([None] * 4, **structured(schema))
        found["logprobs"] = logprobs(made.outputs([None] * 4, logprobs=3))
        found["stop"] = [output.outputs[0].text for output in made.outputs([None] * 4, stop=["e", "in"])]
    return found


@pytest.fixture(scope="module")
def drafted(folder: Path, plain: dict[str, Any]) -> Iterator[Engine]:
    """The same engine with drafts."""
    with engine(folder, FAMILY, drafted=True) as made:
        yield made


def structured(schema: dict[str, Any]) -> dict[str, Any]:
    """Sampling settings under which only JSON of the schema can be written."""
    from vllm.sampling_params import StructuredOutputsParams

    return {"structured_outputs": StructuredOutputsParams(json=json.dumps(schema))}


def logprobs(outputs: list[Any]) -> list[list[dict[int, float]]]:
    """The likeliest tokens at each place, with their log probabilities."""
    return [
        [{token: one.logprob for token, one in place.items()} for place in output.outputs[0].logprobs]
        for output in outputs
    ]


@pytest.mark.parametrize("kind", MIXED)
def test_structured_output_is_that_without_speculation(
    plain: dict[str, Any], drafted: Engine, kind: str
) -> None:
    """A grammar's tokens, with drafts of what is written under it and of what it forbids."""
    for source in (plain["structured"], plain["answers"]):
        drafts = KINDS[kind](source, drafted.vocabulary, drafted.decode)
        assert drafted.answers(drafts, **structured(plain["schema"])) == plain["structured"]


@pytest.mark.parametrize("kind", ["right", "half wrong"])
def test_log_probabilities_are_those_without_speculation(
    plain: dict[str, Any], drafted: Engine, kind: str
) -> None:
    """The same tokens at each place, as likely."""
    drafts = KINDS[kind](plain["answers"], drafted.vocabulary, drafted.decode)
    found = logprobs(drafted.outputs(drafts, logprobs=3))
    for row, wanted in zip(found, plain["logprobs"], strict=True):
        for place, other in zip(row, wanted, strict=True):
            assert place == pytest.approx(other, abs=1e-3)


@pytest.mark.parametrize("kind", ["right", "half wrong"])
def test_text_up_to_a_stop_string_is_that_without_speculation(
    plain: dict[str, Any], drafted: Engine, kind: str
) -> None:
    """Also where the string stands in the middle of a window."""
    drafts = KINDS[kind](plain["answers"], drafted.vocabulary, drafted.decode)
    outputs = drafted.outputs(drafts, stop=["e", "in"])
    assert [output.outputs[0].text for output in outputs] == plain["stop"]


def test_aborted_requests_leave_nothing(plain: dict[str, Any], drafted: Engine) -> None:
    """Of eight requests half are aborted at some step; the others' outputs are right and no state is left."""
    llm_engine, answers = drafted.llm.llm_engine, plain["answers"]
    drafts = KINDS["every 25th wrong"](answers, drafted.vocabulary, drafted.decode)
    images, done = pictures(4), {}
    for row in range(8):
        params = SamplingParams(temperature=0.0, max_tokens=120, extra_args=drafts[row % 4])
        asked: Any = {"prompt": prompt(FAMILY), "multi_modal_data": {"image": images[row % 4]}}
        llm_engine.add_request(f"row {row}", asked, params)
    source = random.Random(0)
    abort = {f"row {row}": source.randrange(2, 9) for row in range(4, 8)}
    step = 0
    while llm_engine.has_unfinished_requests():
        step += 1
        leaving = [name for name, at in abort.items() if at == step]
        llm_engine.abort_request(leaving)
        for output in llm_engine.step():
            if output.finished:
                done[output.request_id] = list(output.outputs[0].token_ids)
    assert [done[f"row {row}"] for row in range(4)] == answers
    assert drafted.answers([None] * 4) == answers  # and it goes on
    assert not drafted.proposing.rows


def test_bad_drafts_cost_no_request(
    plain: dict[str, Any], drafted: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In process drafts of a wrong kind are left alone, and so is a cursor that fails."""
    bad: list[Any] = [{IDS: "text"}, {"docspec_draft": []}, {"docspec_drafts": [1]}, {IDS: [-1]}]
    assert drafted.answers(bad) == plain["answers"]

    def fails(*args: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("docspec.verifiers.vllm_plugin.id_cursor.IdCursor.advance", fails)
    assert drafted.answers([{IDS: answer} for answer in plain["answers"]]) == plain["answers"]


def test_sampling_and_several_outputs_run(plain: dict[str, Any], drafted: Engine) -> None:
    """With a temperature, and with several outputs of a request, drafts are verified against the samples."""
    drafts = KINDS["right"](plain["answers"], drafted.vocabulary, drafted.decode)
    for output in drafted.outputs(drafts, temperature=0.8, n=3, seed=1, max_tokens=40):
        assert len(output.outputs) == 3
        assert all(0 < len(one.token_ids) <= 40 for one in output.outputs)


def test_models_with_recurrent_layers_are_refused_on_the_cpu(tmp_path: Path) -> None:
    """Qwen3.5's convolution takes windows of one length there; what would be wrong is not started."""
    save(tmp_path, "qwen3_5")
    with (
        pytest.raises(RuntimeError, match="recurrent layers"),
        engine(tmp_path, "qwen3_5", drafted=True, dtype="bfloat16"),
    ):
        pass
