"""Drafts followed in other processes: the same windows, and what happens when one is lost."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator

import pytest
from random_models import core_tokenizer
from test_vllm_plugin import ANSWER, LIMITS, asked, proposing, run

from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.vllm_plugin.followers import Asked, Begun, Followers, Inline, Turn
from docspec.verifiers.vllm_plugin.given import IDS, TEXTS
from docspec.verifiers.vllm_plugin.pool import SHARE, VARIABLE, Pool, processes

TEXT = "Speculative decoding lets a small model draft and a large model verify. " * 5


@pytest.fixture(name="pool")
def _pool() -> Iterator[Pool]:
    made = Pool(2, core_tokenizer().to_str(), LIMITS.vocabulary)
    yield made
    made.close()


def test_windows_are_those_of_one_process(pool: Pool) -> None:
    """Whatever is emitted, and whoever begins and ends in between."""
    codec = TokenizerCodec(core_tokenizer(), special=True)
    inline, chance = Inline(Followers(codec, LIMITS.vocabulary)), random.Random(0)
    ids = codec.encode(TEXT)[0]
    at: dict[str, int] = {}
    for step in range(40):
        ended = [key for key in at if chance.random() < 0.1]
        begun = [Begun(f"{step}", (TEXT, "other"), tuple(ANSWER) if step % 3 == 0 else (), 1)]
        at = {key: place for key, place in at.items() if key not in ended} | {f"{step}": 0}
        turns = []
        for key, place in at.items():
            emitted = ids[place : place + chance.randrange(4)] or [chance.randrange(300)]
            at[key] += len(emitted)
            turns.append(Turn(key, emitted, chance.randrange(4), 16))
        asked_now = Asked(ended, begun, turns, 0.25, 0.001, len(at))
        for following in (pool, inline):
            following.ask(asked_now)
        assert pool.collect() == inline.collect()


def test_requests_are_served_by_several_processes(pool: Pool) -> None:
    """As by one: few steps for right drafts, as many as tokens for none."""
    requests = [asked(f"{row}", {IDS: ANSWER}) for row in range(7)]
    assert run(proposing(following=pool), requests) <= 8
    assert run(proposing(following=pool), [asked("a", {TEXTS: "The draft"})]) == 99


def test_a_lost_process_costs_no_request(pool: Pool, caplog: pytest.LogCaptureFixture) -> None:
    """Those whose drafts it followed go on without; new ones go to the others."""
    made = proposing(following=pool)
    requests = [asked(f"{row}", {IDS: ANSWER}) for row in range(4)]
    run(made, requests, steps=1)
    lost = pool.pids[0]
    os.kill(lost, signal.SIGKILL)
    os.waitid(os.P_PID, lost, os.WEXITED | os.WNOWAIT)  # it is gone
    assert run(made, requests) > 40  # a window or two had been answered
    assert all(request.done for request in requests)
    assert run(made, [asked("new", {IDS: ANSWER})]) <= 8
    assert "is lost" in caplog.text


def test_a_process_that_does_not_answer_is_given_up(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a moment, once; when all are lost, nothing is drafted and everything goes on."""
    monkeypatch.setattr("docspec.verifiers.vllm_plugin.pool.PATIENCE", 0.05)
    for pid in pool.pids:
        os.kill(pid, signal.SIGSTOP)
    made = proposing(following=pool)
    assert run(made, [asked("a", {IDS: ANSWER}), asked("b", {IDS: ANSWER})]) == 99
    assert pool.pids == []


def test_how_many_processes_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """As said, or by the cores, and none where the model itself needs them."""
    monkeypatch.delenv(VARIABLE, raising=False)
    assert processes(on_cpu=True) == 0
    for cores, count in ((1, 0), (SHARE, 0), (3 * SHARE, 3), (1000, 8)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: set(range(cores)))
        assert processes(on_cpu=False) == count
    monkeypatch.setenv(VARIABLE, "5")
    assert processes(on_cpu=True) == 5
    monkeypatch.setenv(VARIABLE, "many")
    with pytest.raises(RuntimeError, match="number of processes"):
        processes(on_cpu=True)
