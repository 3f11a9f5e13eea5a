"""``docspec doctor --server``: what it says of servers, and what to do where one cannot be used."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import Any

import pytest
from chat_server import ChatServer, Refusal, Reply, completion, parts, running, speculated
from typer.testing import CliRunner

from docspec.cli import app
from docspec.doctor import Check, Status
from docspec.doctor_servers import TOKENS, examine_servers
from docspec.verifiers.vllm_plugin.given import IDS, BadDrafts, given

IDS_WRITTEN = list(range(40, 40 + TOKENS))
VLLM: Reply = {"id": "some/model", "owned_by": "vllm", "max_model_len": 4096}
VERSION = {"/version": {"version": "0.32.0"}}


def plug_in(body: Reply) -> Reply:
    """As vLLM with docspec's plug-in answers: a right draft of ids is taken whole, bad arguments are not."""
    arguments = body.get("vllm_xargs") or {}
    try:
        drafts = given(arguments)
    except BadDrafts as error:
        raise Refusal(str(error)) from None
    assert parts(body)[1]
    if not drafts.ids:
        return completion("text", IDS_WRITTEN, **speculated(0, 0, steps=0))
    assert list(drafts.ids) == IDS_WRITTEN
    return completion("text", IDS_WRITTEN, **speculated(TOKENS - 2, TOKENS - 2))


def plain(body: Reply) -> Reply:
    """As vLLM alone answers, whatever arguments there are."""
    return completion("text", IDS_WRITTEN[: body["max_tokens"]])


def checks(server: ChatServer, key: str = "") -> list[Check]:
    """What is said of a running server, without its address."""
    with running(server) as made:
        found = examine_servers(made.url, {"DOCSPEC_API_KEY": key})
        return [
            Check(one.name.removeprefix(made.url).removeprefix(": "), one.status, one.detail, one.fix)
            for one in found
        ]


def test_a_server_with_the_plug_in_shows_what_a_draft_saves() -> None:
    """Version, model, and the same tokens in two steps."""
    server = ChatServer(plug_in, [VLLM], pages=VERSION)
    answers, model, drafts = checks(server, "secret")
    assert (answers.status, answers.detail) == (Status.OK, "answers; vLLM 0.32.0")
    assert model.detail == "some/model, up to 4096 tokens with the prompt: give it as --verifier"
    assert drafts.status is Status.OK
    assert f"{TOKENS} tokens in 2 steps" in drafts.detail
    assert drafts.detail.endswith("the same tokens")
    assert set(server.keys) == {"Bearer secret"}
    assert [IDS in (body.get("vllm_xargs") or {}) for body in server.bodies] == [False, False, True]


def test_other_tokens_with_a_draft_are_no_failure_but_said() -> None:
    """Half precision may do that."""

    def answer(body: Reply) -> Reply:
        reply = plug_in(body)
        if (body.get("vllm_xargs") or {}).get(IDS):
            reply["choices"][0]["token_ids"] = IDS_WRITTEN[::-1]
        return reply

    [*_, drafts] = checks(ChatServer(answer, [VLLM]))
    assert drafts.status is Status.NOTE
    assert "other tokens than without" in drafts.detail


@pytest.mark.parametrize(
    ("server", "status", "detail", "fix"),
    [
        (
            ChatServer(plain, [VLLM]),
            Status.NOTE,
            "without docspec's plug-in",
            "docspec serve",
        ),
        (ChatServer(plain, [{"id": "m"}]), Status.NOTE, "takes no drafts: not accelerated", "docspec serve"),
        (ChatServer(plain, []), Status.MISSING, "serves no model", "docspec serve"),
        (ChatServer(plain, [], pages={"/v1/models": 401}), Status.MISSING, "401", "export DOCSPEC_API_KEY"),
        (ChatServer(plain, [], pages={"/v1/models": 404}), Status.MISSING, "404", "OpenAI-compatible server"),
        (ChatServer(plain, [], pages={"/v1/models": 503}), Status.MISSING, "503", "wait until"),
        (ChatServer(plain, [], pages={"/v1/models": [1]}), Status.MISSING, "no list", "OpenAI-compatible"),
        (ChatServer(plain, [VLLM], lambda n: 400), Status.MISSING, "refuses an image", "reads images"),
        (ChatServer(plain, [VLLM], lambda n: 500), Status.MISSING, "does not answer a request: 500", "log"),
        (ChatServer(plain, [VLLM], lambda n: "reset"), Status.MISSING, "the connection broke off", "log"),
        (ChatServer(lambda b: {}, [VLLM]), Status.MISSING, "no chat completion", "log"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    server: ChatServer, status: Status, detail: str, fix: str
) -> None:
    """In the last check, after which nothing more is asked."""
    [*before, last] = checks(server)
    assert all(check.status is Status.OK for check in before)
    assert last.status is status
    assert detail in last.detail
    assert fix in last.fix


def test_a_key_is_never_shown() -> None:
    """Not even where a server repeats it."""
    found = checks(ChatServer(plain, [VLLM], lambda number: 500), "hunter2")
    assert "***" in found[-1].detail
    assert "hunter2" not in repr(found)


def test_counts_that_do_not_come_back_are_said() -> None:
    """Drafts are read, but nobody can tell what they save."""

    def answer(body: Reply) -> Reply:
        return {name: value for name, value in plug_in(body).items() if name != "metrics"}

    [*_, drafts] = checks(ChatServer(answer, [VLLM]))
    assert drafts.status is Status.NOTE
    assert "no counts came back" in drafts.detail


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def asked(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["doctor", *arguments], env={"COLUMNS": "300"})


def test_the_command_line_says_it_of_every_server() -> None:
    """Exit code 1 where one cannot be used, 0 where all can, 2 where none is named."""
    with running(ChatServer(plug_in, [VLLM], pages=VERSION)) as made:
        nobody = f"http://127.0.0.1:{free_port()}"
        result = asked("--server", f"{made.url},{nobody}")
        assert result.exit_code == 1
        assert "vLLM 0.32.0" in result.stdout
        assert f"{nobody}" in result.stdout
        assert "connection refused" in result.stdout
        assert f"to fix {nobody}: wait until it is up, or start it: docspec serve MODEL" in result.stdout
        assert "1 check(s) failed" in result.stdout
        result = asked("--server", made.url)
        assert result.exit_code == 0
        assert "the same tokens" in result.stdout
    assert asked("--server", ",").exit_code == 2
    assert "hunter2" not in asked("--server", "http://me:hunter2@a:1").output


def test_servers_are_asked_without_a_model() -> None:
    """Neither torch nor transformers is imported."""
    code = (
        "import sys\nfrom docspec.cli import app\n"
        "try:\n    app(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "assert not {'torch', 'transformers'} & {*sys.modules}"
    )
    command = [sys.executable, "-c", code, "doctor", "--server", f"http://127.0.0.1:{free_port()}"]
    subprocess.run(command, check=True, capture_output=True)
