"""Batches whose workers share one model: the same results, and what happens where one of them ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import model_parts
import psutil
import pytest
from batch_parts import PARTS
from installed import install
from model_parts import COLOURS
from random_models import checkpoint
from small_pdfs import make_pdf
from test_batch import ROOT, StopAfter, lines, parts, results, run

import docspec

__all__ = ["parts"]  # a fixture

pytestmark = pytest.mark.slow

MODEL: dict[str, Any] = {"accept": "exact", "mode": "region", "max_batch": 4, "max_new_tokens": 40}
PROGRAM = "from docspec.cli import main; main()"


@pytest.fixture
def model(parts: Path) -> dict[str, Any]:
    """The options for a random model; ``model_parts`` is installed, here and in workers."""
    install(parts.parent, model_parts)
    return {**MODEL, "verifier": checkpoint("qwen2_vl")}


def processes(leader: psutil.Process, module: str) -> list[psutil.Process]:
    """The processes below ``leader`` that run that module of docspec.batches."""
    found = []
    for child in leader.children(recursive=True):
        try:
            if f"docspec.batches.{module}" in child.cmdline():
                found.append(child)
        except psutil.Error:
            continue
    return found


def documents(folder: Path, count: int = 8, pages: int = 4) -> Path:
    """A folder of so many documents."""
    for number in range(count):
        make_pdf(
            folder / f"{number}.pdf", [f"Document {number}, page {page}." for page in range(pages)], COLOURS
        )
    return folder


def content(folder: Path) -> dict[str, Any]:
    """What the results say, but for times and how many passes it took."""
    return {
        name: without_costs(json.loads(text)) if name.endswith(".json") else text.decode()
        for name, text in results(folder).items()
    }


def without_costs(value: Any) -> Any:
    """JSON without what depends on measured times."""
    costs = ("timings", "verification", "region_pass")
    if isinstance(value, dict):
        return {name: without_costs(item) for name, item in value.items() if name not in costs}
    return [without_costs(item) for item in value] if isinstance(value, list) else value


class When:
    """A ``progress`` that does something once, when so many pages are read."""

    def __init__(self, pages: int, do: Callable[[], None]) -> None:
        self.pages, self.do, self.done = pages, do, False

    def __call__(self, report: docspec.BatchReport) -> None:
        """Does it."""
        if report.pages >= self.pages and not self.done:
            self.done = True
            self.do()


@pytest.mark.parametrize("mode", ["region", "hierarchical"])
def test_workers_that_share_write_what_one_writes(model: dict[str, Any], tmp_path: Path, mode: str) -> None:
    """The same as one worker, and as a Parser with the model in its own process; workers have no torch."""
    source, me = documents(tmp_path / "in"), psutil.Process()
    options = {**model, "mode": mode, "formats": "md,json"}
    seen: list[tuple[int, list[bool]]] = []

    def look() -> None:
        workers = processes(me, "worker")
        torch = [any("torch" in part.path for part in worker.memory_maps()) for worker in workers]
        seen.append((len(processes(me, "verifying")), torch))

    report = run([source], tmp_path / "two", workers=2, progress=When(4, look), **options)
    assert seen == [(1, [False, False])]
    assert (report.exit_code, report.pages, report.lost) == (0, 32, {})
    assert report.tokens > 32
    assert report.seconds["decode"] > 0
    assert run([source], tmp_path / "one", workers=1, **options).exit_code == 0
    assert content(tmp_path / "two") == content(tmp_path / "one")
    parser = docspec.Parser(**{**PARTS, **model, "mode": mode})
    for document in (result.document for result in parser.parse_batch(source.glob("*.pdf"))):
        assert document is not None
        name = Path(document.name).stem
        assert content(tmp_path / "two")[f"{name}.md"] == document.markdown
        assert content(tmp_path / "two")[f"{name}.json"] == without_costs(json.loads(document.to_json()))
    assert not me.children(recursive=True)


def test_a_model_that_is_killed_is_started_again(model: dict[str, Any], tmp_path: Path) -> None:
    """kill -9 of the process with the model, twice: no page is lost, and the bytes are the same."""
    source, me = documents(tmp_path / "in", 12), psutil.Process()
    options = {**model, "max_new_tokens": 100}

    def kill() -> None:
        [holder] = processes(me, "verifying")
        holder.kill()

    first, second = When(4, kill), When(24, kill)

    def progress(report: docspec.BatchReport) -> None:
        first(report)
        second(report)

    report = run([source], tmp_path / "out", workers=2, progress=progress, **options)
    assert first.done
    assert second.done
    assert (report.exit_code, report.pages) == (0, 48)
    assert report.lost == {"of the model: its process died (SIGKILL)": 2}
    run([source], tmp_path / "undisturbed", **options)
    assert results(tmp_path / "out") == results(tmp_path / "undisturbed")
    assert not me.children(recursive=True)


def test_a_worker_that_is_killed_costs_nothing(model: dict[str, Any], tmp_path: Path) -> None:
    """kill -9 of a worker that has requests with the model: the model stays, the pages are read elsewhere."""
    source, me = documents(tmp_path / "in", 12), psutil.Process()
    options = {**model, "max_new_tokens": 100}
    holders = set[int]()

    def kill() -> None:
        holders.update(holder.pid for holder in processes(me, "verifying"))
        processes(me, "worker")[0].kill()

    def progress(report: docspec.BatchReport) -> None:
        killing(report)
        holders.update(holder.pid for holder in processes(me, "verifying"))

    killing = When(4, kill)
    report = run([source], tmp_path / "out", workers=3, progress=progress, **options)
    assert killing.done
    assert (report.exit_code, report.pages) == (0, 48)
    assert report.lost == {"its process died (SIGKILL)": 1}
    assert len(holders) == 1
    run([source], tmp_path / "undisturbed", **options)
    assert results(tmp_path / "out") == results(tmp_path / "undisturbed")


def test_what_breaks_the_model_costs_only_itself(model: dict[str, Any], tmp_path: Path) -> None:
    """Pages that kill it or hang it are tried once more alone, then recorded; one it refuses keeps its draft.

    Those that were with the model at the same time are all there."""
    source = documents(tmp_path / "in", 4)
    make_pdf(source / "crash.pdf", ["before it", "crash here", "after it"], COLOURS)
    make_pdf(source / "hang.pdf", ["hang here", "good"], COLOURS)
    make_pdf(source / "refuse.pdf", ["refuse this", "and not this"], COLOURS)
    report = run([source], tmp_path / "out", workers=2, page_timeout=6, formats="md,json", **model)
    assert report.exit_code == 1
    failed = {line["stem"]: line["failures"] for line in lines(tmp_path / "out") if line["failures"]}
    killed, stuck = (
        "its process died (SIGKILL)",
        "its process died (code 1): nothing was answered within 6 seconds",
    )
    assert failed == {
        "crash": [{"page": 2, "reason": f"the model broke on it: {killed}"}],
        "hang": [{"page": 1, "reason": f"the model broke on it: {stuck}"}],
    }
    assert report.lost == {f"of the model: {killed}": 2, f"of the model: {stuck}": 2}
    refused = json.loads(results(tmp_path / "out")["refuse.json"])
    first, second = (page["regions"][0] for page in refused["pages"])
    assert first["text"] == "refuse this"
    assert "too blue" in first["verification"]["reason"]
    assert second["verification"]["finish"] != "unverified"
    assert len(results(tmp_path / "out")) == 14


def test_a_model_that_answers_nothing_ends_the_run(
    model: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its process ends again and again, whatever it reads, that is said, and nothing goes on."""
    monkeypatch.setattr("docspec.batches.model.FRUITLESS", 2)
    source = make_pdf(tmp_path / "bad.pdf", [f"crash {page}" for page in range(4)], COLOURS)
    with pytest.raises(docspec.ModelError, match=r"ends again and again: its process died \(SIGKILL\)"):
        run([source], tmp_path / "out", workers=2, **model)
    assert not psutil.Process().children(recursive=True)


def test_a_model_that_cannot_be_loaded_ends_the_run(model: dict[str, Any], tmp_path: Path) -> None:
    """In one line, from whichever process it comes, before a document is counted as read."""
    source = documents(tmp_path / "in", 2)
    (tmp_path / "empty").mkdir()
    with pytest.raises(docspec.ModelError, match="empty is not a checkpoint"):
        run([source], tmp_path / "out", workers=2, **{**model, "verifier": str(tmp_path / "empty")})
    assert not lines_of(tmp_path / "out")
    assert not psutil.Process().children(recursive=True)


def lines_of(out: Path) -> list[Any]:
    """The journal, if there is one."""
    return lines(out) if (out / "manifest.jsonl").exists() else []


def test_an_interrupted_run_goes_on_without_a_page_read_twice(model: dict[str, Any], tmp_path: Path) -> None:
    """Ctrl-C in Python: nothing of it is left, finished pages stay, and one worker alone can go on."""
    source = make_pdf(tmp_path / "long.pdf", [f"Page {page}." for page in range(60)], COLOURS)
    with pytest.raises(KeyboardInterrupt):
        run([source], tmp_path / "out", workers=2, progress=StopAfter(10, linger=0), **model)
    assert not psutil.Process().children(recursive=True)
    report = run([source], tmp_path / "out", workers=1, **model)
    assert report.exit_code == 0
    assert 0 < report.pages <= 50
    run([source], tmp_path / "undisturbed", **model)
    assert results(tmp_path / "out") == results(tmp_path / "undisturbed")


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_the_command(model: dict[str, Any], tmp_path: Path, way: signal.Signals) -> None:
    """However it is ended, workers and the process with the model are gone within seconds."""
    source = make_pdf(tmp_path / "long.pdf", [f"Page {page}." for page in range(200)], COLOURS)
    words = [
        word
        for name, value in {**model, "max_new_tokens": 200}.items()
        for word in (option(name), str(value))
    ]
    command = ["batch", str(source), "-o", str(tmp_path / "out"), "-q", "--workers", "2", *words]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{os.environ['PYTHONPATH']}"}
    more = ["--drafter", "hazard", "--detector", "block"]
    started = subprocess.Popen([sys.executable, "-c", PROGRAM, *command, *more], env=environment)
    leader = psutil.Process(started.pid)
    pages = tmp_path / "out/.docspec/pages"
    while started.poll() is None and len(list(pages.glob("*/*.json"))) < 4:
        time.sleep(0.05)
    below = [*processes(leader, "worker"), *processes(leader, "verifying")]
    assert len(below) == 3
    started.send_signal(way)
    code = started.wait(timeout=30)
    assert code == (130 if way is signal.SIGINT else -way)
    gone, alive = psutil.wait_procs(below, timeout=10)
    assert (len(gone), alive) == (3, [])


def test_no_process_grows_with_what_is_read(model: dict[str, Any], tmp_path: Path) -> None:
    """1,000 pages: after the first hundred neither workers nor the model's process nor we grow by 100 MB."""
    me, texts = psutil.Process(), [f"Page {page}." for page in range(1000)]
    source = make_pdf(tmp_path / "long.pdf", texts, COLOURS)
    first, last = dict[int, int](), dict[int, int]()

    def look(report: docspec.BatchReport) -> None:
        below = [*processes(me, "worker"), *processes(me, "verifying")]
        if report.pages > 100 and len(below) == 3:
            last.update({one.pid: one.memory_info().rss for one in (me, *below)})
            first.update({pid: size for pid, size in last.items() if pid not in first})

    options = {**model, "max_new_tokens": 4, "max_batch": 16}
    assert run([source], tmp_path / "out", workers=2, progress=look, **options).pages == 1000
    grown = {pid: last[pid] - size for pid, size in first.items()}
    assert len(grown) == 4
    assert max(grown.values()) < 100e6
    print({pid: f"{size / 1e6:.0f} MB, {grown[pid] / 1e6:+.0f} MB" for pid, size in first.items()})


def option(name: str) -> str:
    """An option's name on the command line."""
    return "--" + name.replace("_", "-")
