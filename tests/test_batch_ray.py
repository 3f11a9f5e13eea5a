"""Batches on Ray, where it is installed: a cluster of two nodes on this machine, one of which is killed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from small_pdfs import make_pdf
from test_batch import StopAfter, lines, parts, results, run, was_read
from test_batch_faults import make_documents

import docspec
from docspec.batches.store import STATE

__all__ = ["parts"]  # a fixture

pytestmark = pytest.mark.slow

ray = pytest.importorskip("ray")
cluster_utils = pytest.importorskip("ray.cluster_utils")


@pytest.fixture
def cluster(parts: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head without processors and two nodes with one each; ended with all that runs there."""
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    made = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    made.workers = [made.add_node(num_cpus=1) for _ in range(2)]
    yield made
    ray.shutdown()
    made.shutdown()


def processes_of(node: Any) -> list[psutil.Process]:
    """A node's own process and all below it."""
    [raylet] = node.all_processes["raylet"]
    process = psutil.Process(raylet.process.pid)
    return [*process.children(recursive=True), process]


def kill(node: Any) -> None:
    """As if its machine had lost its power."""
    for process in processes_of(node):
        process.kill()


def test_a_node_is_killed_in_the_middle(cluster: Any, parts: Path, tmp_path: Path) -> None:
    """The other node reads what it had in hand, each page at most twice, and nothing is lost."""
    expected = make_documents(tmp_path / "in", 12, 6)
    killed = threading.Event()

    def kill_one(report: docspec.BatchReport) -> None:
        if report.pages >= 12 and not killed.is_set():
            killed.set()
            kill(cluster.workers[0])

    report = run([tmp_path / "in"], tmp_path / "out", workers=2, ray=cluster.address, progress=kill_one)
    assert killed.is_set()
    assert (report.exit_code, report.settled) == (0, 12)
    assert set(report.lost) == {"its node, or its process there, was lost"}
    assert results(tmp_path / "out") == expected
    counts = was_read(parts)
    assert len(counts) == 72
    assert max(counts.values()) <= 2
    assert len(lines(tmp_path / "out")) == 12
    assert not list((tmp_path / "out" / STATE).glob("*/*"))
    print(f"{sum(counts.values()) - 72} pages read twice, {report.wall:.0f} seconds")


def test_each_goes_on_where_the_other_was_ended(cluster: Any, parts: Path, tmp_path: Path) -> None:
    """A run on Ray after one on this machine, and the other way round; no finished page is read again."""
    texts = [f"SLOW {page} ends." for page in range(200)]
    source, out = make_pdf(tmp_path / "a.pdf", texts), tmp_path / "out"
    ways: list[dict[str, Any]] = [{"ray": cluster.address}, {}, {"ray": cluster.address}]
    finished: dict[str, int] = {}
    for number, way in enumerate(ways, 1):
        with pytest.raises(KeyboardInterrupt):
            run([source], out, workers=2, progress=StopAfter(8), **way)
        kept = [int(path.stem) for path in (out / STATE / "pages").glob("*/*.json")]
        assert len(kept) >= 8 * number
        finished = {texts[page]: was_read(parts)[texts[page]] for page in kept} | finished
    assert run([source], out, workers=2, ray=cluster.address).exit_code == 0
    assert results(out)["a.md"].decode() == "\n\n".join(texts) + "\n"
    assert {text: was_read(parts)[text] for text in finished} == finished
    assert run([source], out).skipped == 1


def test_what_breaks_its_process_costs_only_itself_on_ray(cluster: Any, parts: Path, tmp_path: Path) -> None:
    """A crash and a hang are what they are on one machine: of the page, not of the node."""
    make_pdf(tmp_path / "in/crash.pdf", ["one", "SEGFAULT", "three"])
    make_pdf(tmp_path / "in/hang.pdf", ["HANG"])
    report = run([tmp_path / "in"], tmp_path / "out", workers=2, page_timeout=4, ray=cluster.address)
    assert report.exit_code == 1
    reasons = {line["stem"]: line["failures"] or line["error"] for line in lines(tmp_path / "out")}
    assert reasons["crash"] == [{"page": 2, "reason": "its process died (SIGSEGV)"}]
    assert "no page was finished within 4 seconds" in reasons["hang"]


def test_more_workers_than_there_is_room(cluster: Any, parts: Path, tmp_path: Path) -> None:
    """Those without a place hold nothing up."""
    expected = make_documents(tmp_path / "in", 6, 2)
    report = run([tmp_path / "in"], tmp_path / "out", workers=5, ray=cluster.address)
    assert report.exit_code == 0
    assert results(tmp_path / "out") == expected
    assert set(was_read(parts).values()) == {1}


def test_a_store_that_nodes_do_not_see_is_refused(cluster: Any, parts: Path, tmp_path: Path) -> None:
    """It is said before anything is read."""
    source = make_pdf(tmp_path / "a.pdf", ["a"])
    began = time.monotonic()
    with pytest.raises(docspec.OutputError, match="does not see it"):
        run([source], "memory://nowhere/out", ray=cluster.address)
    assert time.monotonic() - began < 60
    assert not was_read(parts)


def test_an_address_without_a_cluster_is_refused(parts: Path, tmp_path: Path) -> None:
    """At once, and not after Ray's minutes."""
    began = time.monotonic()
    with pytest.raises(docspec.UsageError, match=r"127\.0\.0\.1:1: no Ray cluster"):
        run([make_pdf(tmp_path / "a.pdf", ["a"])], tmp_path / "out", ray="127.0.0.1:1")
    assert time.monotonic() - began < 30
