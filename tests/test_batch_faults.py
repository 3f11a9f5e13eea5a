"""Batches that are killed, shared and long: nothing is lost, nothing grows. Takes minutes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest
from batch_parts import OPTIONS
from small_pdfs import make_pdf
from test_batch import ROOT, lines, parts, results, run, was_read

from docspec.batches.manifest import key_of
from docspec.batches.store import STATE

__all__ = ["parts"]  # a fixture

pytestmark = pytest.mark.slow

PROGRAM = "from docspec.cli import main; main()"
LEAST, MOST = 0.3, 1.5  # seconds of work until a kill


def start(source: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    """``docspec batch`` as a process."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{os.environ['PYTHONPATH']}"}
    command = [sys.executable, "-c", PROGRAM, "batch", str(source), "-o", str(out), "-q", *OPTIONS, *more]
    return subprocess.Popen(command, env=environment)


def wait_for_reading(log: Path, process: subprocess.Popen[bytes]) -> None:
    """Until another page is read, or the process has ended."""
    before = sum(was_read(log).values())
    while process.poll() is None and sum(was_read(log).values()) == before:
        time.sleep(0.02)


def in_hand(log: Path, out: Path) -> set[str]:
    """Pages of ``make_documents`` that were read and are not finished."""
    unfinished = set[str]()
    for text in was_read(log):
        number, page = map(int, text.split()[1].split("."))
        stem = f"{number % 3}/{number:02}"
        kept = (out / STATE / "pages").glob(f"{key_of(stem)}-*/{page:06}.json")
        if not any(kept) and not (out / f"{stem}.md").exists():
            unfinished.add(text)
    return unfinished


def make_documents(folder: Path, count: int, pages: int) -> dict[str, bytes]:
    """So many documents of slow pages, and what is to be written of them."""
    texts = {number: [f"SLOW {number}.{page} ends." for page in range(pages)] for number in range(count)}
    for number, text in texts.items():
        make_pdf(folder / f"{number % 3}/{number:02}.pdf", text)
    return {
        f"{number % 3}/{number:02}.md": "\n\n".join([*t, ""])[:-1].encode() for number, t in texts.items()
    }


def test_twenty_kills_lose_nothing(parts: Path, tmp_path: Path) -> None:
    """The bytes of an undisturbed run, every page read at most twice, no half file, nothing left over."""
    expected = make_documents(tmp_path / "in", 60, 6)
    chance, kills, twice = random.Random(20), 0, set[str]()
    while kills < 20:
        process = start(tmp_path / "in", tmp_path / "out", "--workers", "2")
        wait_for_reading(parts, process)
        while process.poll() is None and twice & in_hand(parts, tmp_path / "out"):
            time.sleep(0.02)  # however slow the machine is, none of these is killed again
        time.sleep(chance.uniform(LEAST, MOST))
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        twice = in_hand(parts, tmp_path / "out")
        found = results(tmp_path / "out")
        assert all(expected[name] == content for name, content in found.items() if name in expected)
    assert start(tmp_path / "in", tmp_path / "out", "--workers", "2").wait() == 0
    assert kills >= 15
    assert results(tmp_path / "out") == expected
    counts = was_read(parts)
    assert len(counts) == 360
    assert max(counts.values()) <= 2
    assert len(lines(tmp_path / "out")) == 60
    assert not [path for path in (tmp_path / "out" / STATE).glob("*/*") if path.suffix != ".tmp"]
    print(f"{kills} kills, {sum(counts.values()) - 360} pages read twice")


def test_four_share_and_two_are_killed(parts: Path, tmp_path: Path) -> None:
    """The others take over what the dead had, at once on one machine, and each page is read at most twice."""
    expected = make_documents(tmp_path / "in", 24, 6)
    processes = [start(tmp_path / "in", tmp_path / "out") for _ in range(4)]
    for process in processes[:2]:
        wait_for_reading(parts, process)
        time.sleep(0.5)
        process.kill()
        process.wait()
    assert [process.wait() for process in processes[2:]] == [0, 0]
    assert results(tmp_path / "out") == expected
    assert max(was_read(parts).values()) <= 2
    assert len(lines(tmp_path / "out")) == 24


def sizes(process: subprocess.Popen[bytes]) -> Sequence[int]:
    """Resident bytes of the process, then of its workers."""
    leader = psutil.Process(process.pid)
    return [one.memory_info().rss for one in (leader, *leader.children(recursive=True))]


def test_memory_does_not_grow_with_the_document(parts: Path, tmp_path: Path) -> None:
    """3,000 pages: after the first hundred no process grows by more than 100 MB until they are read."""
    make_pdf(tmp_path / "long.pdf", [f"Page {number} of many." for number in range(3000)])
    process = start(tmp_path / "long.pdf", tmp_path / "out")
    first: Sequence[int] = ()
    last: Sequence[int] = ()
    while process.poll() is None:
        read = sum(was_read(parts).values())
        try:
            now = sizes(process)
        except psutil.Error:
            continue
        if len(now) == 2:
            first = first or (now if read > 100 else ())
            last = now if read < 3000 else last
        time.sleep(0.3)
    assert process.returncode == 0
    assert results(tmp_path / "out")["long.md"].count(b"of many.") == 3000
    assert all(after - before < 100e6 for before, after in zip(first, last, strict=True))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts file systems")
def test_a_disk_that_is_full(parts: Path, tmp_path: Path) -> None:
    """A small file system fills up: an error, no half result; with more room the next run goes on."""
    expected = make_documents(tmp_path / "in", 30, 2)
    out = tmp_path / "out"
    out.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(out)], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        assert start(tmp_path / "in", out).wait() == 1
        found = results(out)
        assert 0 < len(found) < 30
        assert all(expected[name] == content for name, content in found.items())
        subprocess.run(["mount", "-o", "remount,size=4m", str(out)], check=True)
        assert start(tmp_path / "in", out).wait() == 0
        assert results(out) == expected
        subprocess.run(["mount", "-o", "remount,ro", str(out)], check=True)
        assert start(tmp_path / "in", out, "--force").wait() == 2
        assert results(out) == expected
    finally:
        subprocess.run(["umount", str(out)], check=True)


def test_many_documents_are_skipped_soon(parts: Path, tmp_path: Path) -> None:
    """A second run over 500 documents that are done takes seconds, and starts no worker."""
    one = make_pdf(tmp_path / "one.pdf", ["One."]).read_bytes()
    (tmp_path / "in").mkdir()
    for number in range(500):
        (tmp_path / f"in/{number}.pdf").write_bytes(one)
    assert run([tmp_path / "in"], tmp_path / "out", workers=2).pages == 500
    before = time.process_time()
    assert run([tmp_path / "in"], tmp_path / "out", workers=2).skipped == 500
    assert time.process_time() - before < 5
