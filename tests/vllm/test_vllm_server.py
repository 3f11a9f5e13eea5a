"""docspec serve: drafts over HTTP, what is refused, what comes back, and how it ends."""

from __future__ import annotations

import json
import signal
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from checkpoints import save
from draft_kinds import KINDS
from servers import ANSWERED_IN, Server, chat, docspec_command, plain_command, server

from docspec.doctor import Status
from docspec.doctor_servers import TOKENS, examine_servers

ROWS = 4


@dataclass(frozen=True)
class Both:
    """A docspec server, and what vLLM's server alone had answered: whole answers, and their token ids."""

    server: Server
    answers: list[dict[str, Any]]
    ids: list[list[int]]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """One after the other."""
    folder: Path = tmp_path_factory.mktemp("qwen2_vl")
    save(folder, "qwen2_vl")
    with server(plain_command(folder)) as made:
        answers = made.answers([None] * ROWS)
    with server(docspec_command(folder)) as made:
        yield Both(made, answers, [answer["choices"][0]["token_ids"] for answer in answers])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "ids that the model lacks"])
def test_answers_are_those_of_vllm_alone(both: Both, kind: str) -> None:
    """Whatever drafts come along."""
    texts = {tuple(answer["choices"][0]["token_ids"]): answer["choices"][0]["message"]["content"]
             for answer in both.answers}  # fmt: skip
    drafts = KINDS[kind](both.ids, 380, lambda ids: texts.get(tuple(ids)) or "")
    assert both.server.ids(drafts) == both.ids


def test_each_answer_has_its_counts(both: Both) -> None:
    """Steps, draft tokens and accepted ones come back with the answer, as vLLM writes them."""
    drafts = KINDS["right"](both.ids, 380, lambda _: "")
    for answer in both.server.answers(drafts):
        counts = answer["metrics"]["speculative_decoding"]
        assert counts["mean_acceptance_length"] > 10
        assert counts["num_draft_tokens"] >= counts["num_accepted_draft_tokens"] > 0
    [answer, *_] = both.server.answers([None] * ROWS)
    assert answer["usage"]["completion_tokens"] == len(both.ids[0])


def test_a_prediction_is_a_draft(both: Both) -> None:
    """OpenAI's own field, as a text and as parts, also for a stream."""
    text = both.answers[0]["choices"][0]["message"]["content"]
    for content in (text, [{"type": "text", "text": text[:9]}, {"type": "text", "text": text[9:]}]):
        status, answer = both.server.post(chat(0, prediction={"type": "content", "content": content}))
        assert status == 200
        assert answer["choices"][0]["token_ids"] == both.ids[0]
        assert answer["metrics"]["speculative_decoding"]["num_accepted_draft_tokens"] > 0
    body = chat(0, prediction={"type": "content", "content": text}, stream=True)
    request = urllib.request.Request(
        both.server.url + "/v1/chat/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=ANSWERED_IN) as answer:
        lines = [line[6:] for line in answer.read().decode().splitlines() if line.startswith("data: {")]
    parts = [choice["delta"].get("content") or "" for line in lines for choice in json.loads(line)["choices"]]
    assert "".join(parts) == text
    assert len(parts) < 0.8 * len(both.ids[0])  # several tokens at a time


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"vllm_xargs": {"docspec_draft_ids": "text"}}, "docspec_draft_ids has to be a list of token ids"),
        ({"vllm_xargs": {"docspec_drafts": [1, 2]}}, "docspec_drafts has to be a text or a list of texts"),
        ({"vllm_xargs": {"docspec_draft": ["a"]}}, "docspec_draft is unknown"),
        ({"vllm_xargs": {"docspec_drafts": ["a"] * 17}}, "at most 16"),
        ({"vllm_xargs": {"docspec_drafts": ["a\ud800"]}}, "surrogate"),
        ({"prediction": "a"}, "prediction has to be"),
    ],
)
def test_bad_drafts_are_refused(both: Both, more: dict[str, Any], sentence: str) -> None:
    """With status 400 and a sentence in OpenAI's form of an error; the server goes on."""
    status, answer = both.server.post(chat(0, **more))
    assert status == 400
    assert sentence in answer["error"]["message"]
    assert both.server.post(chat(0))[0] == 200


def test_text_completions_take_drafts(both: Both) -> None:
    """The older API too."""
    body = {"model": "m", "prompt": "The draft", "temperature": 0, "max_tokens": 60, "return_token_ids": True}
    _, plain = both.server.post(body, "/v1/completions")
    ids = plain["choices"][0]["token_ids"]
    given = body | {"vllm_xargs": {"docspec_draft_ids": ids}}
    status, answer = both.server.post(given, "/v1/completions")
    assert status == 200
    assert answer["choices"][0]["token_ids"] == ids


def test_health_and_metrics_are_vllms(both: Both) -> None:
    """What a deployment watches."""
    assert both.server.get("/health") == ""
    assert "vllm:spec_decode_num_accepted_tokens_total" in both.server.get("/metrics")


def test_the_doctor_sees_the_plug_in(both: Both) -> None:
    """Version, model, and what a right draft saves."""
    answers, model, drafts = examine_servers(both.server.url, {})
    assert {check.status for check in (answers, model, drafts)} == {Status.OK}
    assert answers.detail.startswith("answers; vLLM 0.3")
    assert model.detail.startswith("m, up to 512 tokens")
    assert f"{TOKENS} tokens in 2 steps" in drafts.detail


def test_the_server_ends_at_a_signal(both: Both) -> None:
    """SIGTERM to the process that docspec serve was ends vLLM, and nothing of it stays. The last test."""
    both.server.process.send_signal(signal.SIGTERM)
    assert both.server.process.wait(60) in (0, -signal.SIGTERM)
    with pytest.raises(OSError, match="refused"):
        both.server.get("/health")
