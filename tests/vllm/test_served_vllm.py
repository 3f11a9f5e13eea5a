"""The same model in our own engine, in vLLM within this process, and behind vLLM's real server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import checkpoints
import numpy as np
import pymupdf
import pytest
from servers import Server, docspec_command, plain_command, server

from docspec.config import Config
from docspec.doctor import Status
from docspec.doctor_servers import examine_servers
from docspec.types import Category, DecodeStats, Draft, PageRegion, Request, Verdict
from docspec.verifiers.loading import load_verifier

TOKENS = 60
CATEGORIES = (Category.TEXT, Category.TABLE, Category.FORMULA, None)
PAGES = 6


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Qwen2.5-VL."""
    folder = tmp_path_factory.mktemp("qwen2_5_vl")
    checkpoints.save(folder, "qwen2_5_vl")
    return folder


def options(model: Path) -> list[str]:
    """What the server is told of ``model``, beside what all tests tell theirs: our prompts are long."""
    sizes = ["--max-model-len", "2048", "--kv-cache-memory-bytes", str(256 << 20)]
    return [*sizes, "--served-model-name", str(model)]


@pytest.fixture(scope="module")
def drafted(model: Path) -> Iterator[Server]:
    """A server with docspec's drafts in it."""
    with server(docspec_command(model, *options(model))) as made:
        yield made


@pytest.fixture(scope="module")
def plain(model: Path) -> Iterator[Server]:
    """A server as vLLM comes."""
    with server([*plain_command(model), *options(model)]) as made:
        yield made


def config(**more: Any) -> Config:
    return Config(max_new_tokens=TOKENS, on_loop="off", **more)


def requests() -> list[Request]:
    """Regions of each kind and pages of several sizes, with drafts that are wrong."""
    made = []
    for key in range(8):
        image = np.random.default_rng(key).integers(0, 255, (60 + 9 * key, 150, 3), dtype=np.uint8)
        category = CATEGORIES[key % len(CATEGORIES)]
        regions = (PageRegion(Category.TEXT, "A draft."),) if category is None else ()
        drafts = (Draft(f"a draft of {key}", "test"),)
        made.append(Request(key, image, category, drafts, regions=regions))
    return made


@lru_cache
def own(model: Path) -> dict[Any, Verdict]:
    """The verdicts of our own engine."""
    verifier = load_verifier(config(verifier=str(model), device="cpu", dtype="float32"))
    return dict(verifier.verify(requests()))


def right(model: Path) -> list[Request]:
    """The requests with what the model writes as their draft."""
    return [replace(one, drafts=(Draft(own(model)[one.key].text, "test"),), regions=()) for one in requests()]


def texts(verdicts: dict[Any, Verdict], *, compared: bool = True) -> dict[Any, Any]:
    """Text, end and length of each verdict, and how it compares with its draft."""
    return {
        key: (one.text, one.finish, one.stats.tokens, one.regions, compared and one.corrections)
        for key, one in verdicts.items()
    }


def total(verdicts: dict[Any, Verdict]) -> DecodeStats:
    return sum((one.stats for one in verdicts.values()), DecodeStats())


def test_vllm_in_this_process_writes_what_our_own_engine_writes(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Token for token, for regions of every kind and pages, with wrong drafts and with right ones."""
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")  # GiB; else nearly all memory
    verifier = load_verifier(config(verifier=f"vllm:{model}", dtype="float32"))
    try:
        assert texts(dict(verifier.verify(requests()))) == texts(own(model))
        verdicts = dict(verifier.verify(right(model)))
    finally:
        verifier.release()
    assert texts(verdicts, compared=False) == texts(own(model), compared=False)
    assert total(verdicts).accepted > 0  # few: a random model's text has other tokens when it is read again
    assert verifier.device == "vLLM on cpu (float32)"


def test_a_server_writes_what_our_own_engine_writes(model: Path, drafted: Server) -> None:
    """Token for token; its chat template writes the profile's prompts, and counts come back."""
    verifier = load_verifier(config(verifier=str(model), server=drafted.url), {})
    assert texts(dict(verifier.verify(requests()))) == texts(own(model))
    verdicts = dict(verifier.verify(right(model)))
    assert texts(verdicts, compared=False) == texts(own(model), compared=False)
    counts = total(verdicts)
    assert counts.accepted > 0
    assert counts.steps == counts.tokens - counts.accepted
    assert verifier.device == drafted.url


def test_a_server_without_the_plug_in_writes_the_same(model: Path, plain: Server) -> None:
    """It takes the drafts without a word and does nothing with them, which is noticed."""
    verifier = load_verifier(config(verifier=str(model), server=plain.url), {})
    verdicts = dict(verifier.verify(requests()))
    assert texts(verdicts) == texts(own(model))
    assert total(verdicts).steps == 0
    assert verifier.device == f"{plain.url} (takes no drafts: not accelerated)"


def test_the_doctor_misses_the_plug_in(plain: Server) -> None:
    """vLLM as it comes takes the argument that the plug-in refuses."""
    [*_, drafts] = examine_servers(plain.url, {})
    assert drafts.status is Status.NOTE
    assert "without docspec's plug-in" in drafts.detail


def test_what_the_server_refuses_is_said_in_its_words(model: Path, drafted: Server) -> None:
    """An image that leaves no room for an answer fails its own page only."""
    verifier = load_verifier(config(verifier=str(model), server=drafted.url), {})
    bad = replace(requests()[0], drafts=(Draft("x" * 10, "test"),))
    verifier.family.profile.prompt = "word " * 2048  # type: ignore[attr-defined]
    [(_, verdict)] = verifier.verify([bad])
    assert verdict.failed
    assert verdict.reason.startswith(f"{drafted.url} refuses it: 400 Bad Request: ")
    assert "2048" in verdict.reason


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """Pages with a heading and a paragraph."""
    pdf = pymupdf.open()
    for number in range(1, PAGES + 1):
        page = pdf.new_page(width=300, height=200)
        page.insert_text((30, 50), f"Heading {number}", fontsize=18, fontname="hebo")
        page.insert_textbox((30, 80, 270, 180), "A small model drafts, a large one verifies. " * 3)
    path = tmp_path / "note.pdf"
    pdf.save(path)
    return path


def parse(note: Path, out: Path, *options: str) -> tuple[str, dict[str, Any]]:
    """What ``docspec parse`` says, and the JSON that it writes."""
    command = [sys.executable, "-m", "docspec.cli", "parse", str(note), "-o", str(out), *options]
    command += ["--max-new-tokens", str(TOKENS), "--on-loop", "off", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stderr, json.loads(out.read_text())


def read(document: dict[str, Any]) -> list[Any]:
    """What stands on the pages of a result."""
    return [
        (page["error"], [(region["bbox"], region["text"]) for region in page["regions"]])
        for page in document["pages"]
    ]


@pytest.mark.parametrize("mode", ["region", "page", "hierarchical"])
def test_the_command_line_reads_the_same(
    mode: str, model: Path, drafted: Server, plain: Server, note: Path, tmp_path: Path
) -> None:
    """``docspec parse`` with two servers, one of which takes drafts, gives what it gives by itself."""
    mine = ["--verifier", str(model), "--mode", mode]
    _, alone = parse(note, tmp_path / "own.json", *mine, "--device", "cpu", "--dtype", "float32")
    said, served = parse(note, tmp_path / "served.json", *mine, "--server", f"{drafted.url},{plain.url}")
    assert read(served) == read(alone)
    assert f"{plain.url} (takes no drafts: not accelerated)" in " ".join(said.split())


def test_a_killed_server_is_replaced_by_the_other(
    model: Path, drafted: Server, note: Path, tmp_path: Path
) -> None:
    """Killed in the middle of a run: the other takes its requests, and the result is the same."""
    mine = ["--verifier", str(model), "--mode", "region", "--max-batch", "1"]
    _, alone = parse(note, tmp_path / "own.json", *mine, "--device", "cpu", "--dtype", "float32")
    with server([*plain_command(model), *options(model)]) as victim:
        killing = threading.Thread(target=_kill_when_busy, args=(victim,))
        killing.start()
        said, served = parse(note, tmp_path / "two.json", *mine, "--server", f"{victim.url},{drafted.url}")
        killing.join()
    assert read(served) == read(alone)
    assert f"{victim.url} (" in said


def _kill_when_busy(victim: Server) -> None:
    """Once it has a request in hand."""
    while True:
        lines = victim.get("/metrics").splitlines()
        running = [line for line in lines if line.startswith("vllm:num_requests_running")]
        if any(float(line.split()[-1]) > 0 for line in running):
            os.killpg(victim.process.pid, signal.SIGKILL)  # the engine is a process of its own
            return


def test_dots_ocr_on_a_server_writes_the_same(tmp_path: Path) -> None:
    """``docspec serve`` gives it the published chat format, so that the prompts are the profile's."""
    checkpoints.save(tmp_path, "dots_ocr")
    with server(docspec_command(tmp_path, *options(tmp_path))) as made:
        verifier = load_verifier(config(verifier=str(tmp_path), server=made.url), {})
        assert texts(dict(verifier.verify(requests()))) == texts(own(tmp_path))
        assert verifier.device == made.url
