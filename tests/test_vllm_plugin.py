"""Drafts inside vLLM without vLLM: what comes with a request, windows, state, the middleware's bodies."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from random_models import END, core_tokenizer, token_id

from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.vllm_plugin.arguments import engine_arguments, server_options
from docspec.verifiers.vllm_plugin.followers import Followers, Following, Inline
from docspec.verifiers.vllm_plugin.given import IDS, TEXTS, BadDrafts, Given, given
from docspec.verifiers.vllm_plugin.id_cursor import IdCursor
from docspec.verifiers.vllm_plugin.middleware import checked_body
from docspec.verifiers.vllm_plugin.plugin import NoProposer
from docspec.verifiers.vllm_plugin.proposing import Limits, Proposing

LIMITS = Limits(window=16, vocabulary=380, model_length=400, step_tokens=2048)
ANSWER = [20 + (7 * place) % 300 for place in range(100)]


@dataclass
class Params:
    """Sampling parameters, as far as they are looked at."""

    extra_args: Mapping[str, Any] | None = None
    eos_token_id: int | None = 1
    all_stop_token_ids: set[int] = field(default_factory=lambda: {1, 2})


@dataclass
class Asked:
    """A request of vLLM's scheduler, whose model writes ``answer``."""

    request_id: str
    sampling_params: Params
    answer: Sequence[int] = tuple(ANSWER)
    max_tokens: int = 100
    prompt: int = 10
    spec_token_ids: list[int] = field(default_factory=list)
    num_computed_tokens: int = 10
    is_prefill_chunk: bool = False
    output_token_ids: list[int] = field(default_factory=list)

    @property
    def num_tokens(self) -> int:
        return self.prompt + len(self.output_token_ids)

    @property
    def done(self) -> bool:
        return len(self.output_token_ids) == len(self.answer)


@dataclass(frozen=True)
class Step:
    """What a scheduler made of the windows."""

    num_scheduled_tokens: Mapping[str, int]
    scheduled_spec_decode_tokens: Mapping[str, Sequence[int]]


def proposing(limits: Limits = LIMITS, following: Following | None = None) -> Proposing:
    ticks = itertools.count()  # every step takes as long
    following = following or Inline(
        Followers(TokenizerCodec(core_tokenizer(), special=True), limits.vocabulary)
    )
    return Proposing(limits, following, 256, lambda: float(next(ticks)))


def asked(name: str, drafts: Mapping[str, Any] | None, **more: Any) -> Asked:
    return Asked(name, Params(drafts), **more)


def run(made: Proposing, requests: Sequence[Asked], steps: int = 1000) -> int:
    """Verifies what is proposed as vLLM does, until the requests are done; how many steps that took."""
    running = [request for request in requests if not request.done]
    for request in running:
        if not request.output_token_ids:
            request.output_token_ids.append(request.answer[0])  # of the prefill
    for step in range(steps):
        running = [request for request in running if not request.done]
        if not running:
            return step
        made.propose(running)
        sent = {request.request_id: request.spec_token_ids for request in running if request.spec_token_ids}
        made.scheduled(Step({one.request_id: 1 + len(one.spec_token_ids) for one in running}, sent))
        emitted = {request.request_id: emits(request) for request in running}
        made.received(emitted)
        for request in running:
            request.output_token_ids.extend(emitted[request.request_id])
            request.num_computed_tokens = request.num_tokens - 1
            request.spec_token_ids = []
        made.executed([request for request in running if not request.done])
    return steps


def emits(request: Asked) -> list[int]:
    """What verifying the request's window gives."""
    coming = list(request.answer[len(request.output_token_ids) :])
    agreed = 0
    while agreed < min(len(coming) - 1, len(request.spec_token_ids)):
        if coming[agreed] != request.spec_token_ids[agreed]:
            break
        agreed += 1
    return coming[: agreed + 1]


def test_drafts_are_texts_or_ids() -> None:
    """One text or several, ids, or nothing; what others put there is left alone."""
    assert given(None) == given({}) == given({"other": 1}) == Given()
    assert given({TEXTS: "a"}) == given({TEXTS: ["a"]}) == Given(texts=("a",))
    assert given({TEXTS: ["a", "b"], "other": 1}).texts == ("a", "b")
    assert given({IDS: [1, 2]}) == Given(ids=(1, 2))
    assert given({IDS: []}) == Given()


@pytest.mark.parametrize(
    "arguments",
    [
        {TEXTS: 1},
        {TEXTS: [1]},
        {TEXTS: {"a": "b"}},
        {TEXTS: ["a"] * 17},
        {TEXTS: ["a\ud800"]},
        {IDS: "1"},
        {IDS: [1.0]},
        {IDS: [True]},
        {IDS: [-1]},
        {IDS: ["1"]},
        {TEXTS: "a", IDS: [1]},
        {"docspec_draft": "a"},
    ],
)
def test_anything_else_is_said_to_be_wrong(arguments: dict[str, Any]) -> None:
    """In one sentence that names the argument."""
    with pytest.raises(BadDrafts, match=r"^[^\n]*docspec_[^\n]*\.$"):
        given(arguments)


def test_right_ids_go_on_after_a_disagreement() -> None:
    """The cursor of ids finds the place after what was written last, the nearest of equal ones."""
    cursor = IdCursor([5, 6, 7, 8, 9, 5, 6, 70, 80], 1)
    assert cursor.propose(3).tokens == [5, 6, 7]
    cursor.advance([5, 6, 4])  # 7 was refused
    assert cursor.propose(3).tokens == []
    cursor.advance([8, 9])
    assert cursor.propose(9).tokens == [5, 6, 70, 80, 1]
    cursor.advance([5, 6, 7, 8])  # the first of the two places
    assert cursor.propose(2).tokens == [9, 5]


@pytest.mark.parametrize("length", [0, 1, 2, 50])
def test_a_cursor_of_ids_takes_any_output(length: int) -> None:
    """Also past its end, and none at all."""
    cursor = IdCursor(list(range(length)), None)
    for emitted in ([3], [3, 3, 3], list(range(60)), []):
        cursor.advance(emitted)
        assert len(cursor.propose(5).tokens) <= 5
    assert cursor.propose(0).tokens == []


def test_right_drafts_take_a_step_for_each_window() -> None:
    """Windows of 16 for an output of 100: of ids, and of text."""
    assert run(proposing(), [asked("a", {IDS: ANSWER})]) <= 8
    codec = TokenizerCodec(core_tokenizer())
    text = "Speculative decoding lets a small model draft and a large model verify. " * 5
    ids = (*codec.encode(text)[0], token_id(END))
    request = asked("b", {TEXTS: ["nothing of it", text]}, answer=ids, max_tokens=300)
    assert run(proposing(), [request]) <= len(ids) / 5


def test_wrong_drafts_take_few_windows() -> None:
    """Garbage is sent seldom, and what the model cannot embed never."""
    made = proposing()
    request = asked("a", {IDS: [5] * 100})
    made_of = [*ANSWER[:30], 380, 2**40, *ANSWER[30:]]
    assert run(made, [request, asked("b", {IDS: made_of}, answer=ANSWER)]) <= 100
    other = asked("c", {IDS: made_of}, answer=ANSWER[:40], output_token_ids=ANSWER[:29])
    other.num_computed_tokens = other.num_tokens - 1
    proposing().propose([other])
    assert other.spec_token_ids == ANSWER[29:30]


def test_windows_end_where_the_output_must() -> None:
    """At max_tokens, at the model's length, and at a share of what a step takes."""
    made = proposing()
    near = asked("a", {IDS: ANSWER}, max_tokens=8, output_token_ids=ANSWER[:5])
    full = asked("b", {IDS: ANSWER}, prompt=390, output_token_ids=ANSWER[:6])
    for request in (near, full):
        request.num_computed_tokens = request.num_tokens - 1
    made.propose([near, full])
    assert (len(near.spec_token_ids), len(full.spec_token_ids)) == (2, 3)
    narrow = proposing(Limits(window=16, vocabulary=380, model_length=400, step_tokens=40))
    rows = [asked(str(row), {IDS: ANSWER}, output_token_ids=ANSWER[:1]) for row in range(4)]
    narrow.propose(rows)
    assert all(len(row.spec_token_ids) == 4 for row in rows)


def test_requests_that_do_not_decode_get_no_window() -> None:
    """Prompts, pieces of prompts, and requests whose last token is still on its way."""
    made = proposing()
    prompt = asked("a", {IDS: ANSWER}, num_computed_tokens=0)
    piece = asked("b", {IDS: ANSWER}, num_computed_tokens=10, is_prefill_chunk=True, output_token_ids=[3])
    away = asked("c", {IDS: ANSWER}, num_computed_tokens=11, output_token_ids=[20])
    made.propose([prompt, piece, away])
    assert not any(request.spec_token_ids for request in (prompt, piece, away))
    assert not made.rows


def test_state_is_of_running_requests() -> None:
    """It goes with a request that ended, was aborted or preempted; that one goes on from what it has."""
    made = proposing()
    first, second = asked("a", {IDS: ANSWER}), asked("b", {IDS: ANSWER})
    run(made, [first, second], steps=2)
    assert made.rows.keys() == {"a", "b"}
    made.propose([second])  # the first was preempted, say
    assert made.rows.keys() == {"b"}
    assert run(made, [first, second]) <= 6
    assert not made.rows


def test_the_end_that_outputs_have_is_what_a_draft_ends_with() -> None:
    """A model with several end tokens uses one of them: after the first output it is known."""
    made = proposing()
    steps = []
    for name in "ab":
        answer = [*ANSWER[:32], 2]
        steps.append(run(made, [asked(name, {IDS: answer[:-1]}, answer=answer)]))
    assert steps[1] <= steps[0]
    request = asked("c", {IDS: ANSWER[:3]}, output_token_ids=ANSWER[:1])
    made.propose([request])
    assert request.spec_token_ids == [*ANSWER[1:3], 2]


def test_a_request_without_drafts_repeats_itself() -> None:
    """Its own output is proposed again where it comes again; where it does not, little is sent."""
    again = (ANSWER[:12] * 9)[:100]
    assert run(proposing(), [asked("a", None, answer=again)]) < 60
    assert run(proposing(), [asked("a", None)]) <= 99


def test_a_fault_of_a_cursor_costs_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on without drafts; so does one whose drafts are bad, which in process nobody refused."""

    def fails(*args: Any) -> None:
        raise RuntimeError("broken")

    assert run(proposing(), [asked("a", {IDS: "text"})]) == 99
    monkeypatch.setattr(IdCursor, "advance", fails)
    made = proposing()
    assert run(made, [asked("a", {IDS: ANSWER})]) == 99


def test_without_text_offsets_only_ids_are_followed() -> None:
    """Where vLLM's tokenizer is none of the tokenizers library."""
    made = proposing(following=Inline(Followers(None, LIMITS.vocabulary)))
    assert run(made, [asked("a", {TEXTS: "The draft"}), asked("b", {IDS: ANSWER})]) == 99


def test_tokens_that_vllm_does_not_take_are_followed_anew() -> None:
    """Where it has received more than it appends, the next window goes on from what it has."""
    made = proposing()
    request = asked("a", {IDS: ANSWER}, output_token_ids=ANSWER[:1])
    made.propose([request])
    made.received({"a": ANSWER[1:12]})
    request.output_token_ids += ANSWER[1:4]
    request.num_computed_tokens = request.num_tokens - 1
    made.propose([request])
    assert request.spec_token_ids[:3] == ANSWER[4:7]


def test_bodies_without_drafts_stay_as_they_are() -> None:
    """Byte for byte, whatever they are: the server judges them."""
    for body in (
        b"",
        b"{",
        b'{"a": 1}',
        b'["docspec_"]',
        b'{"docspec_": ',
        b'{"vllm_xargs": 1, "docspec_a": 2}',
    ):
        assert checked_body(body) is body
    good = json.dumps({"vllm_xargs": {TEXTS: ["a"]}}).encode()
    assert checked_body(good) is good


def test_a_prediction_becomes_a_draft() -> None:
    """OpenAI's field, as a text and in parts, beside other arguments."""
    for content in ("ab", [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]):
        body = {"prediction": {"type": "content", "content": content}, "vllm_xargs": {"other": 1}, "n": 1}
        made = json.loads(checked_body(json.dumps(body).encode()))
        assert made == {"vllm_xargs": {"other": 1, TEXTS: ["ab"]}, "n": 1}


@pytest.mark.parametrize(
    "body",
    [
        {"vllm_xargs": {IDS: "a"}},
        {"prediction": "a"},
        {"prediction": {"type": "content", "content": []}},
        {"prediction": {"type": "content", "content": [{"type": "text"}]}},
        {"prediction": {"type": "content", "content": "a"}, "vllm_xargs": {TEXTS: ["b"]}},
    ],
)
def test_bad_bodies_are_refused(body: dict[str, Any]) -> None:
    """With the sentence that the client gets."""
    with pytest.raises(BadDrafts):
        checked_body(json.dumps(body).encode())


def test_the_proposer_proposes_nothing() -> None:
    """For each row of the batch, whatever vLLM hands it."""
    assert NoProposer(None).propose([[1], []], None, None, slot_mappings=None) == [[], []]


def test_the_servers_options_are_the_engines_arguments() -> None:
    """The same classes, by their full names, which exist; windows that vLLM cannot take are refused."""
    options = server_options(32)
    assert options[options.index("--scheduler-cls") + 1] == engine_arguments(32)["scheduler_cls"]
    config = json.loads(options[options.index("--speculative-config") + 1])
    assert config == engine_arguments(32)["speculative_config"]
    for window in (0, 129):
        with pytest.raises(ValueError, match="1 to 128"):
            engine_arguments(window)
