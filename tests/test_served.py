"""Models on servers: what they are asked, what becomes of their answers, and of servers that fail.

The servers are real ones of this process. What they answer was recorded from our own engine on the same
requests, so that both have to agree in everything.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import lru_cache, partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest
from chat_server import ChatServer, Fault, Reply, completion, digest, parts, running, speculated
from random_models import checkpoint
from typer.testing import CliRunner

from docspec.cli import app
from docspec.config import Config
from docspec.errors import ModelError, UsageError
from docspec.types import Category, DecodeStats, Draft, Finish, PageRegion, Request, Verdict
from docspec.verifiers.family import load_family
from docspec.verifiers.loading import load_verifier
from docspec.verifiers.model_verifier import ModelVerifier
from docspec.verifiers.served.client import Client
from docspec.verifiers.served.exchange import key_of, urls_of
from docspec.verifiers.served.servers import Patience
from docspec.verifiers.served.verifier import ServedVerifier
from docspec.verifiers.transformers_vlm import TransformersModel, load

TOKENS = 16
HASTE = Patience(rest=0.02, longest=0.1, gone=30.0, tries=6)  # not given up on a busy machine
HURRY = replace(HASTE, gone=0.6)  # given up at once
CATEGORIES = (Category.TEXT, Category.TABLE, Category.FORMULA, None)


def config(**more: Any) -> Config:
    return Config(device="auto", max_new_tokens=TOKENS, **more)


@lru_cache
def own(family: str) -> TransformersModel:
    """The random checkpoint in our own engine."""
    return load(checkpoint(family), Config(device="cpu"))


def requests(number: int = 8) -> list[Request]:
    """Regions of each kind and pages, each with a draft."""
    made = []
    for key in range(number):
        image = np.random.default_rng(key).integers(0, 255, (60 + 9 * key, 150, 3), dtype=np.uint8)
        category = CATEGORIES[key % len(CATEGORIES)]
        text = f"a draft of {key}"
        regions = (PageRegion(Category.TEXT, text),) if category is None else ()
        made.append(Request(key, image, category, (Draft(text, "test"),), regions=regions))
    return made


@lru_cache
def expected(family: str) -> dict[Any, Verdict]:
    """The verdicts of our own engine on ``requests``, by key."""
    return dict(ModelVerifier(own(family), config()).verify(requests()))


@lru_cache
def recorded(family: str) -> dict[tuple[str, str], list[int]]:
    """The tokens that our own engine writes, by the image's pixels as the model gets them and the prompt."""
    profile, tokens = own(family).profile, {}
    for request in requests():
        inputs = profile.inputs(request.image, request.category)
        ids = own(family).model.generate(
            **inputs, do_sample=False, max_new_tokens=TOKENS, eos_token_id=list(own(family).end_tokens)
        )
        pixels = np.asarray(profile.sized(request.image, request.category))
        key = digest(pixels), profile.prompt_for(request.category)
        tokens[key] = ids[0, inputs["input_ids"].shape[1] :].tolist()
    return tokens


def chat(family: str = "qwen2_5_vl", *, vllm: bool = True, drafts: bool = True, **more: Any) -> ChatServer:
    """A server with the family's recorded answers: vLLM's or another, with or without our drafts in it."""
    model = checkpoint(family)
    profile, sizes = own(family).profile, {digest(_sized(family, one)): one for one in requests()}

    def answer(body: Reply) -> Reply:
        key = parts(body)
        ids = recorded(family)[key]
        ended = ids[-1] in own(family).end_tokens
        text = own(family).codec.decode(ids)
        if not vllm:
            return completion(text, ended=ended)
        asked = sizes[key[0]]
        prompt = profile.inputs(asked.image, asked.category)["input_ids"][0].tolist()
        counts = speculated(5, 9) if drafts else {}
        return completion(text, ids, ended=ended, prompt_token_ids=prompt, **counts)

    card = {"id": model, "owned_by": "vllm" if vllm else "someone", "max_model_len": 4096}
    return ChatServer(answer, [card], **more)


def _sized(family: str, request: Request) -> Any:
    return np.asarray(own(family).profile.sized(request.image, request.category))


def verifier(
    urls: Sequence[str], family: str = "qwen2_5_vl", key: str = "", patience: Patience = HASTE, **more: Any
) -> ServedVerifier:
    settings = config(server=",".join(urls), **more)
    words = load_family(checkpoint(family), settings)
    return ServedVerifier(words, settings, Client(words, settings, urls, key, patience))


def texts(verdicts: dict[Any, Verdict]) -> dict[Any, Any]:
    """All of the verdicts but their counts, which are the server's."""
    return {key: replace(verdict, stats=DecodeStats()) for key, verdict in verdicts.items()}


@pytest.mark.parametrize("family", ["qwen2_5_vl", "paddleocr_vl", "glm_ocr", "idefics3"])
def test_verdicts_are_those_of_our_own_engine(family: str) -> None:
    """Regions of every kind and pages: same pixels, same prompts, and the same reading of the answers."""
    with running(chat(family)) as server:
        served = verifier([server.url], family)
        verdicts = dict(served.verify(requests()))
    assert texts(verdicts) == texts(expected(family))
    assert verdicts[0].stats.tokens == expected(family)[0].stats.tokens
    assert len(server.bodies) == len(requests())
    assert served.device == server.url


def test_the_page_draft_is_in_the_models_format() -> None:
    """A page's drafts are what our own engine would follow, best first; a region's its own."""
    with running(chat()) as server:
        dict(verifier([server.url], max_batch=1).verify(requests(4)))
    drafts = [body["vllm_xargs"]["docspec_drafts"] for body in server.bodies]
    page = own("qwen2_5_vl").profile.write_page(requests(4)[3].regions, requests(4)[3].image)
    assert drafts == [["a draft of 0"], ["a draft of 1"], ["a draft of 2"], [page, "a draft of 3"]]
    assert page.startswith("---\nprimary_language: en")
    assert all(body["temperature"] == 0 and body["max_tokens"] == TOKENS for body in server.bodies)
    assert all(body["stop_token_ids"] == list(own("qwen2_5_vl").end_tokens) for body in server.bodies)


def test_counts_come_back_with_the_answers() -> None:
    """What the drafts saved: a step writes what it accepts and one token more."""
    with running(chat()) as server:
        verdicts = dict(verifier([server.url]).verify(requests(3)))
    for verdict in verdicts.values():
        written = verdict.stats.tokens
        assert verdict.stats == DecodeStats(written, 5, 9, written - 5)
        assert verdict.stats.mean_accepted_length > 1


@pytest.mark.parametrize("vllm", [True, False])
def test_a_server_without_the_plug_in_is_not_accelerated_and_said_to_be(vllm: bool) -> None:
    """The text is the same, the tokens are known, the steps are not; other servers get no vLLM fields."""
    with running(chat(vllm=vllm, drafts=False)) as server:
        served = verifier([server.url])
        verdicts = dict(served.verify(requests()))
    assert texts(verdicts) == texts(expected("qwen2_5_vl"))
    assert all(verdict.stats.steps == 0 < verdict.stats.tokens for verdict in verdicts.values())
    assert served.device == f"{server.url} (takes no drafts: not accelerated)"
    known = {"model", "messages", "temperature", "max_tokens"}
    assert all((set(body) == known) is not vllm for body in server.bodies)


def test_another_chat_template_is_noticed() -> None:
    """A server that writes the prompt otherwise than the profile is read all the same, and named."""
    server = chat()
    recorded_answer = server.answer
    server.answer = lambda body: recorded_answer(body) | {"prompt_token_ids": [1, 2, 3]}
    with running(server):
        served = verifier([server.url])
        assert texts(dict(served.verify(requests()))) == texts(expected("qwen2_5_vl"))
    assert "its chat template writes other prompts" in served.device


def test_answers_stream_in_order_of_completion() -> None:
    """A slow answer holds up no other, and requests are pulled as there is room."""
    pulled: list[int] = []

    def pulling() -> Iterator[Request]:
        for request in requests():
            pulled.append(len(pulled))
            yield request

    with running(chat(fault=lambda number: 1.0 if number == 0 else None)) as server:
        served = verifier([server.url], max_batch=2)
        with closing(served.verify(pulling())) as verdicts:
            keys = [next(verdicts)[0] for _ in range(3)]
            assert len(pulled) <= 3 + 2
            keys += [key for key, _ in verdicts]
    assert len(keys) == len(set(keys)) == len(requests())
    assert keys.index(0) > 2 or keys.index(1) > 2
    assert server.most == 2


def test_several_servers_share_the_requests() -> None:
    """Each gets its part, and none more at once than it should."""
    with running(chat(fault=lambda number: 0.1)) as one, running(chat(fault=lambda number: 0.1)) as two:
        verdicts = dict(verifier([one.url, two.url], max_batch=2).verify(requests()))
    assert texts(verdicts) == texts(expected("qwen2_5_vl"))
    assert min(len(one.bodies), len(two.bodies)) >= 2
    assert (one.most, two.most) == (2, 2)


@pytest.mark.parametrize("fault", [429, 503, 500, "reset", "half", "html"])
def test_passing_faults_are_tried_again(fault: Fault) -> None:
    """Busy, broken, cut off: the first two tries fail, the verdicts are as without."""
    with running(chat(fault=lambda number: fault if number < 2 else None)) as server:
        verdicts = dict(verifier([server.url], max_batch=2).verify(requests(4)))
    assert texts(verdicts) == {key: one for key, one in texts(expected("qwen2_5_vl")).items() if key < 4}
    assert len(server.bodies) == 6


@pytest.mark.parametrize("fault", [500, "reset"])
def test_a_broken_server_is_left_out(fault: Fault) -> None:
    """Its requests go to the other, and it is tried now and then with a single one."""
    with running(chat(fault=lambda number: fault)) as bad, running(chat()) as good:
        served = verifier([bad.url, good.url], max_batch=2)
        verdicts = dict(served.verify(requests()))
    assert texts(verdicts) == texts(expected("qwen2_5_vl"))
    assert f"{bad.url} (" in served.device


def test_a_server_that_dies_in_the_middle_is_replaced_by_the_other() -> None:
    """What it had in flight is asked again elsewhere; nothing is lost and nothing comes twice."""
    with running(chat(fault=lambda number: 0.05)) as one, running(chat(fault=lambda number: 0.05)) as two:
        served = verifier([one.url, two.url], max_batch=2)
        keys: list[Any] = []
        for key, verdict in served.verify(requests()):
            assert not verdict.failed
            keys.append(key)
            one.stop()
    assert sorted(keys) == list(range(len(requests())))


def test_a_server_that_comes_back_is_used_again() -> None:
    """After its rest it is asked for its model, and gets requests like any other."""
    first = chat()
    with running(first):
        served = verifier([first.url], patience=replace(HASTE, gone=10.0, tries=99), max_batch=1)
        verdicts = served.verify(requests())
        next(verdicts)
        first.stop()
        port = int(first.url.rsplit(":", 1)[1])
        with running(chat(), port) as again:
            assert len(list(verdicts)) == len(requests()) - 1
    assert len(again.bodies) >= len(requests()) - 2
    assert served.device == first.url


def test_when_all_are_gone_every_request_says_so() -> None:
    """Each keeps its draft and has failed, with the URLs and why; nothing waits for ever."""
    with running(chat()) as one, running(chat()) as two:
        served = verifier([one.url, two.url], patience=HURRY, max_batch=1)
        one.stop()
        two.stop()
        started = time.monotonic()
        verdicts = dict(served.verify(requests()))
    assert time.monotonic() - started < 20
    for key, verdict in verdicts.items():
        assert verdict.failed
        assert verdict.text == f"a draft of {key}"
        assert all(f"{url} (connection refused)" in verdict.reason for url in (one.url, two.url))


def test_a_request_that_always_fails_is_given_up_alone() -> None:
    """A single server that breaks on one image answers the others."""
    poison = digest(_sized("qwen2_5_vl", requests()[1]))
    server = chat()
    seen = count()

    def fault(number: int) -> Fault:
        next(seen)
        return 500 if parts(server.bodies[number])[0] == poison else None

    server.fault = fault
    with running(server):
        verdicts = dict(verifier([server.url], max_batch=1).verify(requests(4)))
    assert [verdict.failed for _, verdict in sorted(verdicts.items())] == [False, True, False, False]
    assert f"no answer after {HASTE.tries} tries" in verdicts[1].reason


def test_a_refusal_shows_the_servers_sentence() -> None:
    """A 400 is not tried again: the page has failed, and the server says why."""
    with running(chat(fault=lambda number: 400 if number == 0 else None)) as server:
        verdicts = dict(verifier([server.url], max_batch=1).verify(requests(2)))
    assert len(server.bodies) == 2
    assert verdicts[0].failed
    assert verdicts[0].reason == f"{server.url} refuses it: 400 Bad Request: fault 400 for None"
    assert not verdicts[1].failed


def test_an_early_end_breaks_off_what_is_in_flight() -> None:
    """Closing the verdicts does not wait for slow answers, and the verifier works afterwards."""
    with running(chat(fault=lambda number: None if number == 0 else 8.0)) as server:
        served = verifier([server.url], max_batch=4)
        started = time.monotonic()
        with closing(served.verify(requests())) as verdicts:
            next(verdicts)
        assert time.monotonic() - started < 6
        server.fault = lambda number: None
        assert len(dict(served.verify(requests()))) == len(requests())


def test_the_key_is_sent_and_shown_nowhere(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every request has it; no message, no log, no representation does, even if a server repeats it."""
    key = "sk-secret-1234"
    caplog.set_level(logging.DEBUG)
    with running(chat(fault=lambda number: (401, 500, None)[min(number, 2)])) as server:
        served = verifier([server.url], key=key, max_batch=1)
        verdicts = dict(served.verify(requests(2)))
    assert set(server.keys) == {f"Bearer {key}"}
    told = [*(verdict.reason for verdict in verdicts.values()), caplog.text, *capfd.readouterr()]
    assert "fault 401 for Bearer ***" in verdicts[0].reason
    assert not [text for text in [*told, served.device, repr(served.config)] if key in text]


def test_the_key_comes_from_the_environment() -> None:
    """Our own variable goes before OpenAI's; without either there is none."""
    assert key_of({"DOCSPEC_API_KEY": " a ", "OPENAI_API_KEY": "b"}) == "a"
    assert key_of({"DOCSPEC_API_KEY": "", "OPENAI_API_KEY": "b"}) == "b"
    assert key_of({}) == ""


def test_urls_are_taken_as_people_write_them() -> None:
    """With or without ``/v1`` and slashes; each server once."""
    assert urls_of("http://a:1/v1/, http://b/x/v1,http://a:1") == ["http://a:1", "http://b/x"]


@pytest.mark.parametrize("text", ["", " , ", "a:8000", "ftp://a", "http://", "http://a:x", "http://a/?key=1"])
def test_what_is_no_url_is_refused(text: str) -> None:
    """Wrong usage, said before anything is loaded."""
    with pytest.raises(UsageError, match="expected"):
        urls_of(text)


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    """Keys belong in the environment."""
    with pytest.raises(UsageError, match="DOCSPEC_API_KEY") as caught:
        urls_of("http://me:hunter2@a:8000")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"accept": "fused"}, "own engine"),
        ({"accept": "sampled"}, "own engine"),
        ({"device": "cuda"}, "own engine"),
        ({"dtype": "float32"}, "own engine"),
        ({"verifier": "mini"}, "need a model's name"),
        ({"verifier": "vllm:some/model"}, "in this process"),
        ({"verifier": "nothing"}, "unknown verifier"),
    ],
)
def test_settings_that_servers_cannot_have_are_refused(more: dict[str, Any], said: str) -> None:
    """Each with a sentence, before a server is asked."""
    settings = Config(**{"verifier": "some/model", "server": "http://localhost:1", **more})
    with pytest.raises(UsageError, match=said):
        load_verifier(settings, {})


def test_an_unreachable_server_is_said_at_once() -> None:
    """The command does not read a document first."""
    with running(chat()) as server:
        server.stop()
        with pytest.raises(
            ModelError, match=rf"no server can be reached: {server.url} \(connection refused\)"
        ):
            verifier([server.url])


def test_a_server_of_another_model_is_refused() -> None:
    """It says what it serves and how to name it."""
    server = chat()
    server.models[0]["id"] = "someone/else"
    with running(server), pytest.raises(ModelError, match=r"someone/else.*--served-model-name"):
        verifier([server.url])


def test_vllm_in_this_process_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where vLLM is missing, ``vllm:MODEL`` names the package."""
    monkeypatch.setattr("docspec.verifiers.vllm_plugin.arguments.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="pip install 'vllm"):
        load_verifier(Config(verifier=f"vllm:{checkpoint('qwen2_5_vl')}"), {})


LOOP = " nothing is lost" * 400


def _fixed(answer: Reply, body: Reply) -> Reply:
    return answer


@pytest.mark.parametrize(("on_loop", "text"), [("keep", "So nothing is lost"), ("draft", "a draft of 0")])
def test_a_runaway_output_is_ended_at_the_loop(on_loop: Any, text: str) -> None:
    """As our own engine ends it, whether the server says its tokens or not."""
    ids = own("qwen2_5_vl").codec.encode("So" + LOOP)[0]
    for given in (ids, None):
        answer = completion("So" + LOOP, given, ended=False)
        card = {"id": checkpoint("qwen2_5_vl"), "owned_by": "vllm" if given else "x"}
        server = chat()
        server.answer, server.models = partial(_fixed, answer), [card]
        with running(server):
            [(_, verdict)] = verifier([server.url], on_loop=on_loop).verify(requests(1))
        assert verdict.finish is Finish.LOOP
        assert verdict.text == text


def test_an_output_that_was_cut_off_says_so() -> None:
    """The server's ``length`` is the bound on tokens; with ``on_loop`` off a loop is left as it is."""
    answer = completion("So" + LOOP, ended=False)
    with running(ChatServer(lambda body: answer, [{"id": checkpoint("qwen2_5_vl")}])) as server:
        [(_, verdict)] = verifier([server.url], on_loop="off").verify(requests(1))
    assert verdict.finish is Finish.LENGTH
    assert verdict.text == "So" + LOOP


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """Two pages with a heading and a paragraph."""
    pdf = pymupdf.open()
    for number in (1, 2):
        page = pdf.new_page(width=300, height=200)
        page.insert_text((30, 50), f"Heading {number}", fontsize=18, fontname="hebo")
        page.insert_textbox(
            (30, 80, 270, 180), "A small model drafts, a large one verifies. " * 3, fontsize=11
        )
    path = tmp_path / "note.pdf"
    pdf.save(path)
    return path


def echo(body: Reply) -> Reply:
    """The first draft, which was right."""
    text = body["vllm_xargs"]["docspec_drafts"][0]
    return completion(text, own("qwen2_5_vl").codec.encode(text)[0], **speculated(9, 9))


Parse = Callable[..., Any]


@pytest.fixture
def parse(note: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parse:
    """Runs ``docspec parse --server`` on the note."""
    monkeypatch.setattr("docspec.verifiers.served.client.Patience", lambda: HURRY)

    def run(server: ChatServer, *options: str) -> Any:
        verifying = ["--verifier", checkpoint("qwen2_5_vl"), "--server", server.url]
        return CliRunner().invoke(
            app, ["parse", str(note), "-o", str(tmp_path / "note.md"), *verifying, *options]
        )

    return run


@pytest.mark.parametrize("mode", ["region", "page", "hierarchical"])
def test_the_command_line_reads_with_a_server(mode: str, parse: Parse, tmp_path: Path) -> None:
    """Every mode; the summary names the server and has the counts."""
    with running(ChatServer(echo, [{"id": checkpoint("qwen2_5_vl"), "owned_by": "vllm"}])) as server:
        result = parse(server, "--mode", mode)
    assert result.exit_code == 0, result.output
    assert f"on {server.url}" in result.output
    assert "mean accepted length" in result.output
    assert "# Heading 2" in (tmp_path / "note.md").read_text()


@pytest.mark.parametrize("mode", ["region", "page"])
def test_the_command_line_keeps_drafts_when_servers_go(mode: str, parse: Parse, tmp_path: Path) -> None:
    """Exit code 1, the pages named with URL and reason, the drafts written."""
    models = [{"id": checkpoint("qwen2_5_vl"), "owned_by": "vllm"}]
    with running(ChatServer(echo, models, fault=lambda number: 500)) as server:
        result = parse(server, "--mode", mode)
    assert result.exit_code == 1, result.output
    told = " ".join(result.output.split())
    assert "note.pdf: page 1: no " in told
    assert "note.pdf: page 2: no " in told
    assert server.url in told
    assert "Heading 2" in (tmp_path / "note.md").read_text()


def test_the_command_line_says_what_it_cannot_reach(parse: Parse) -> None:
    """Exit code 2 and one line."""
    with running(ChatServer(echo, [])) as server:
        server.stop()
        result = parse(server)
    assert result.exit_code == 2
    assert f"no server can be reached: {server.url} (connection refused)" in " ".join(result.output.split())
