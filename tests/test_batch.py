"""Batches: what is written where, what is not read again, and documents that break what reads them."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import batch_parts
import fsspec
import pymupdf
import pytest
from batch_parts import LOG, OPTIONS, PARTS
from installed import install
from small_pdfs import make_pdf
from test_source import ZERO_PAGES

import docspec
from docspec.batches.board import RANGE, SUSPECTS
from docspec.batches.leases import Leases, Owner
from docspec.batches.manifest import key_of, pages_folder
from docspec.batches.store import STATE, open_store
from docspec.config import Options

VERSION = docspec.__version__
ROOT = Path(__file__).parent.parent


@pytest.fixture
def parts(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hazardous parts are installed, here and in workers; the file that lists the pages they read."""
    site = tmp_path_factory.mktemp("site")
    install(site, batch_parts)
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv(LOG, str(site / "log"))
    return site / "log"


def run(inputs: list[Any], output: Any, **options: Any) -> docspec.BatchReport:
    """A batch with those parts."""
    return docspec.batch(inputs, output, **{**PARTS, **options})


def was_read(log: Path) -> Counter[str]:
    """How often each page was read."""
    return Counter(log.read_text("utf-8").splitlines()) if log.exists() else Counter()


def results(folder: Path) -> dict[str, bytes]:
    """The results, by their names."""
    files = (path for path in folder.rglob("*") if path.is_file() and STATE not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if path.suffix != ".jsonl"}


def lines(folder: Path) -> list[dict[str, Any]]:
    """The journal."""
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines()]


def test_a_tree_is_mirrored_and_read_once(parts: Path, tmp_path: Path) -> None:
    """Results stand where their inputs did; a second run reads nothing, a third what has changed."""
    inputs, out = tmp_path / "in", tmp_path / "out"
    make_pdf(inputs / "a.pdf", ["Alpha.", "Beta."])
    make_pdf(inputs / "deep/er/b.pdf", ["gamma"])
    first = run([inputs], out, workers=2)
    assert (first.exit_code, first.pages, first.skipped) == (0, 3, 0)
    assert {name: text.decode() for name, text in results(out).items()} == {
        "a.md": "Alpha.\n\nBeta.\n",
        "deep/er/b.md": "gamma\n",
    }
    assert [line["state"] for line in lines(out)] == ["done", "done"]
    assert not list((out / STATE).glob("*/*"))  # no lease, no page is left
    again = run([inputs], out)
    assert (again.pages, again.skipped, again.exit_code) == (0, 2, 0)
    os.utime(inputs / "a.pdf", (1, 1))  # another date, the same bytes
    make_pdf(inputs / "deep/er/b.pdf", ["delta"])
    third = run([inputs], out)
    assert (third.pages, third.skipped) == (1, 1)
    assert results(out)["deep/er/b.md"] == b"delta\n"
    (out / "a.md").unlink()
    assert run([inputs], out).pages == 2
    assert run([inputs], out, force=True).pages == 3


def test_other_options_are_refused_on_one_output(parts: Path, tmp_path: Path) -> None:
    """It says what differs; --force reads everything again, and an interrupted --force is not forgotten."""
    make_pdf(tmp_path / "a.pdf", ["alpha"])
    run([tmp_path / "a.pdf"], tmp_path / "out", password="secret")
    assert "secret" not in (tmp_path / "out" / STATE / "options.json").read_text("utf-8")
    with pytest.raises(
        docspec.UsageError, match="plain: False there, True now; formats: md there, md,json now"
    ):
        run([tmp_path / "a.pdf"], tmp_path / "out", plain=True, formats="md,json")
    assert run([tmp_path / "a.pdf"], tmp_path / "out", max_batch=2).skipped == 1
    assert run([tmp_path / "a.pdf"], tmp_path / "out", plain=True, force=True).pages == 1
    assert run([tmp_path / "a.pdf"], tmp_path / "out", plain=True).skipped == 1


def test_options_of_a_run_that_read_nothing_are_forgotten(parts: Path, tmp_path: Path) -> None:
    """A mistyped verifier does not stand in the way of the right one; after a page was read, others do."""
    source, out = make_pdf(tmp_path / "a.pdf", ["One.", "HANG"]), tmp_path / "out"
    with pytest.raises(docspec.UsageError, match="unknown verifier 'draft-olny'"):
        run([source], out, verifier="draft-olny")
    with pytest.raises(KeyboardInterrupt):
        run([source], out, progress=StopAfter(1))
    with pytest.raises(docspec.UsageError, match="results of other options"):
        run([source], out, plain=True)


def test_the_result_is_that_of_parse(parts: Path, tmp_path: Path) -> None:
    """A document read in ranges by several processes is the document read at once, notes and headings too."""
    texts = [f"Page {number} with words" for number in range(2 * RANGE + 3)]
    source = make_pdf(tmp_path / "long.pdf", texts)
    with pymupdf.open(source) as document:
        document[40].add_text_annot((10, 10), "a comment")
        document.set_toc([[1, "Page 0 with words", 1]])
        document.saveIncr()
    report = run([source], tmp_path / "out", formats="md,html,json", workers=2, pages="2-")
    assert report.pages == 2 * RANGE + 2
    document = docspec.parse(source, **PARTS | Options(pages="2-"))
    found = results(tmp_path / "out")
    assert found["long.md"].decode() == document.markdown
    assert found["long.html"].decode() == document.to_html()
    mine, theirs = json.loads(found["long.json"]), json.loads(document.to_json())
    for result in (mine, theirs):
        del result["timings"]
        for page in result["pages"]:
            del page["timings"]
    assert mine == theirs


def test_what_breaks_its_process_costs_only_itself(parts: Path, tmp_path: Path) -> None:
    """Pages that crash, hang or fill the memory are read once more alone, then recorded with the reason."""
    good = [f"good {number}" for number in range(6)]
    make_pdf(tmp_path / "in/crash.pdf", [*good[:3], "SEGFAULT", *good[3:]])
    make_pdf(tmp_path / "in/hang.pdf", ["HANG"])
    make_pdf(tmp_path / "in/memory.pdf", ["BOMB", "small"])
    make_pdf(tmp_path / "in/fine.pdf", ["fine"])
    report = run([tmp_path / "in"], tmp_path / "out", workers=2, page_timeout=4, memory_limit=900)
    assert report.exit_code == 1
    states = {line["stem"]: (line["state"], line["failures"]) for line in lines(tmp_path / "out")}
    assert states["fine"] == ("done", [])
    [failure] = states["crash"][1]
    assert failure["page"] == 4
    assert "SIGSEGV" in failure["reason"]
    assert states["hang"][0] == "failed"
    [failure] = states["memory"][1]
    assert failure == {"page": 1, "reason": "more than 900 MB of memory were needed"}
    text = results(tmp_path / "out")["crash.md"].decode()
    assert "<!-- page 4 failed: its process died (SIGSEGV) -->" in text
    assert all(word in text for word in good)
    assert any("no page was finished within 4 seconds" in line for line in report.failures())
    assert max(was_read(parts).values()) == 2
    later = run([tmp_path / "in"], tmp_path / "out", page_timeout=4, memory_limit=900)
    assert (later.exit_code, later.pages, len(later.before)) == (1, 0, 3)


def damaged(whole: bytes, chance: random.Random, kind: int) -> bytes:
    """A file with flipped bits, the beginning of one, or garbage."""
    if kind == 0:
        bad = bytearray(whole)
        for _ in range(chance.choice((1, 20, 200))):
            bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        return bytes(bad)
    return whole[: chance.randrange(len(whole))] if kind == 1 else chance.randbytes(500)


def test_bad_documents_stand_between_good_ones(parts: Path, tmp_path: Path) -> None:
    """Bit flips, cuts, garbage, emptiness, no pages, a password: the good ones are all there."""
    chance = random.Random(7)
    whole = make_pdf(tmp_path / "whole.pdf", ["one", "two"]).read_bytes()
    folder = tmp_path / "in"
    good = make_pdf(tmp_path / "good.pdf", ["good"]).read_bytes()
    folder.mkdir()
    for number in range(200):
        (folder / f"{number:03}-bad.pdf").write_bytes(damaged(whole, chance, number % 3))
        if number % 4 == 0:
            (folder / f"{number:03}-good.pdf").write_bytes(good)
    (folder / "empty.pdf").write_bytes(b"")
    (folder / "pageless.pdf").write_bytes(ZERO_PAGES)
    with pymupdf.open(tmp_path / "whole.pdf") as document:
        secret = {"owner_pw": "o", "user_pw": "u", "encryption": pymupdf.PDF_ENCRYPT_AES_256}
        document.save(folder / "secret.pdf", **secret)
    report = run([folder], tmp_path / "out")
    assert (report.exit_code, report.settled, report.documents) == (1, 253, 253)
    found = results(tmp_path / "out")
    assert all(found[f"{number:03}-good.md"] == b"good\n" for number in range(0, 200, 4))
    failed = {line["stem"]: line["error"] for line in lines(tmp_path / "out") if line["state"] == "failed"}
    assert {"empty", "pageless", "secret"} <= set(failed)
    assert len(failed) > 60
    assert "give its password" in failed["secret"]
    assert "the PDF has no pages" in failed["pageless"]
    assert not {f"{stem}.md" for stem in failed} & set(found)
    assert not report.lost


def test_an_input_that_goes_is_no_end(parts: Path, tmp_path: Path) -> None:
    """It is recorded as missing, and read once it is there again."""
    for name in ("a", "b"):
        make_pdf(tmp_path / f"in/{name}.pdf", [name])
    names = [str(tmp_path / "in/a.pdf"), str(tmp_path / "gone.pdf"), "", str(tmp_path / "in/b.pdf")]
    report = run([], tmp_path / "out", listed=names)
    assert report.exit_code == 1
    assert Counter(line["state"] for line in lines(tmp_path / "out")) == {"done": 2, "missing": 1}
    make_pdf(tmp_path / "gone.pdf", ["back"])
    assert run([], tmp_path / "out", listed=names).pages == 1
    with pytest.raises(docspec.UsageError, match="unknown verifier"):
        docspec.batch([tmp_path / "gone.pdf"], tmp_path / "other", verifier="nothing")


def test_inputs_that_vanish_during_the_run(parts: Path, tmp_path: Path) -> None:
    """One whose pages are being read, and one whose turn has not come: missing, the others are there."""
    folder = tmp_path / "in"
    make_pdf(folder / "a.pdf", [f"SLOW {page}" for page in range(RANGE + 8)])
    for name in ("b", "c"):
        make_pdf(folder / f"{name}.pdf", [name])
    kept = {name: (folder / name).read_bytes() for name in ("a.pdf", "b.pdf")}

    def remove(report: docspec.BatchReport) -> None:
        if report.pages:
            for name in kept:
                (folder / name).unlink(missing_ok=True)

    report = run([folder], tmp_path / "out", progress=remove)
    assert report.exit_code == 1
    assert {line["stem"]: line["state"] for line in lines(tmp_path / "out")} == {
        "a": "missing",
        "b": "missing",
        "c": "done",
    }
    assert list(results(tmp_path / "out")) == ["c.md"]
    for name, content in kept.items():
        (folder / name).write_bytes(content)
    again = run([folder], tmp_path / "out")
    assert (again.exit_code, again.pages, again.skipped) == (0, RANGE + 9, 1)


def test_a_damaged_journal_costs_only_its_line(parts: Path, tmp_path: Path) -> None:
    """A half line counts as not written, and the next line does not join it."""
    for name in ("a", "b"):
        make_pdf(tmp_path / f"in/{name}.pdf", [name])
    run([tmp_path / "in"], tmp_path / "out")
    journal = tmp_path / "out/manifest.jsonl"
    journal.write_bytes(journal.read_bytes()[:-40])
    report = run([tmp_path / "in"], tmp_path / "out")
    assert (report.pages, report.skipped, report.exit_code) == (1, 1, 0)
    again = run([tmp_path / "in"], tmp_path / "out")
    assert (again.pages, again.skipped) == (0, 2)
    assert again.notes == ["1 lines of the journal are damaged and count as not written"]


def test_another_version_reads_again(parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its results may differ; it says why."""
    source = make_pdf(tmp_path / "a.pdf", ["One."])
    run([source], tmp_path / "out")
    monkeypatch.setattr(docspec, "__version__", "9.9", raising=False)
    report = run([source], tmp_path / "out")
    assert report.pages == 1
    assert report.notes == [f"1 documents were read by docspec {VERSION}: this is 9.9, and reads them again"]


def test_finished_pages_of_an_unfinished_document_are_kept(parts: Path, tmp_path: Path) -> None:
    """They are not read again, except one whose file has lost its content."""
    texts = [f"Page {number} ends." for number in range(8)]
    source = make_pdf(tmp_path / "a.pdf", [*texts[:4], "HANG", *texts[4:]])
    with pytest.raises(KeyboardInterrupt):
        run([source], tmp_path / "out", progress=StopAfter(4))
    pages = sorted((tmp_path / "out" / STATE / "pages").glob("*/*.json"))
    assert len(pages) == 4
    pages[2].write_bytes(b"")
    with pytest.raises(KeyboardInterrupt):
        run([source], tmp_path / "out", progress=StopAfter(1))
    counts = was_read(parts)
    assert [counts[text] for text in texts[:4]] == [1, 1, 2, 1]
    assert counts["HANG"] == 2


def test_notes_of_pages_outlive_their_process(parts: Path, tmp_path: Path) -> None:
    """What MuPDF complained about on pages that were read before the run was ended is in the result."""
    source, out = make_pdf(tmp_path / "a.pdf", ["One.", "Two.", "HANG", "Four."]), tmp_path / "out"
    with pymupdf.open(source) as document:
        [content] = document[0].get_contents()
        document.update_stream(content, document.xref_stream(content) + b"\nnonsense\n")
        document[1].add_text_annot((10, 10), "a comment")
        document.save(tmp_path / "b.pdf")
    with pytest.raises(KeyboardInterrupt):
        run([tmp_path / "b.pdf"], out, formats="json", progress=StopAfter(2))
    report = run([tmp_path / "b.pdf"], out, formats="json", page_timeout=2)
    assert report.pages == 2
    notes = json.loads((out / "b.json").read_text("utf-8"))["notes"]
    assert notes[0].startswith("MuPDF: ")
    assert "'nonsense'" in notes[0]
    assert "page 2 has a comment: a comment" in notes


def test_what_a_kill_left_of_a_finished_document_goes(parts: Path, tmp_path: Path) -> None:
    """One between the journal's line and the lease's end: the next run, which reads nothing, removes both."""
    source, out = make_pdf(tmp_path / "a.pdf", ["Page 0 ends."]), tmp_path / "out"
    run([source], out)
    [record] = lines(out)
    dead = Owner(Owner.this().machine, os.getpid(), 1.0, "killed")
    Leases(open_store(out), dead).take(key_of("a"))
    kept = out / pages_folder("a", record["sha256"], record["version"], record["options"]) / "000000.json"
    kept.parent.mkdir()
    kept.write_text("{}")
    assert run([source], out).skipped == 1
    assert not list((out / STATE).glob("*/*"))
    assert sum(was_read(parts).values()) == 1


class StopAfter:
    """A user who interrupts a run after so many pages, and that many seconds to begin what comes next."""

    def __init__(self, pages: int, linger: float = 0.5) -> None:
        self.pages, self.linger = pages, linger

    def __call__(self, report: docspec.BatchReport) -> None:
        """Interrupts it."""
        if report.pages >= self.pages:
            time.sleep(self.linger)
            raise KeyboardInterrupt


def limited(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command after ``code``, which takes something away from the process."""
    program = f"import sys\n{code}\nfrom docspec.cli import main\nsys.argv[0] = 'docspec'\nmain()"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{os.environ['PYTHONPATH']}"}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, env=environment
    )


def test_a_full_disk_ends_the_run_and_costs_nothing(
    parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done stays, no half file stands under a final name, and the next run goes on."""
    monkeypatch.delenv(LOG)
    for number in range(3):
        make_pdf(tmp_path / f"in/{number}.pdf", [f"small {number}"])
    make_pdf(tmp_path / "in/3.pdf", [f"Some more words of page {number}." for number in range(200)])
    full = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))"
    command = ["batch", str(tmp_path / "in"), "-o", str(tmp_path / "out"), *OPTIONS]
    done = limited(full, *command)
    assert done.returncode == 1, done.stderr
    assert "cannot be written: File too large" in done.stderr
    assert sorted(results(tmp_path / "out")) == ["0.md", "1.md", "2.md"]
    done = limited("", *command, "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(results(tmp_path / "out")) == ["0.md", "1.md", "2.md", "3.md"]
    assert not [path for path in (tmp_path / "out").rglob("*") if path.name.endswith(".tmp")]


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write anywhere")
def test_an_output_that_cannot_be_written_is_an_error(parts: Path, tmp_path: Path) -> None:
    """A read-only folder and a file in its place: one line, exit code 2, before any model is loaded."""
    make_pdf(tmp_path / "a.pdf", ["a"])
    (tmp_path / "file").write_text("no folder")
    done = limited("", "batch", str(tmp_path / "a.pdf"), "-o", str(tmp_path / "file"), *OPTIONS)
    assert done.returncode == 2
    assert "exists and is no folder" in done.stderr
    done = limited(
        "", "batch", str(tmp_path / "a.pdf"), "-o", "/proc/out", *OPTIONS
    )  # root cannot write there
    assert done.returncode == 2
    assert "/proc/out: cannot be written" in done.stderr


def test_remote_inputs_and_outputs(parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses are read and written through fsspec, with the same journal, resumed the same way."""
    store = fsspec.filesystem("memory")
    store.pipe_file("/bucket/in/deep/a.pdf", make_pdf(tmp_path / "a.pdf", ["Alpha.", "Beta."]).read_bytes())
    store.pipe_file("/bucket/in/notes.txt", b"no document")
    try:
        report = run(["memory://bucket/in", "memory://bucket/nothing"], "memory://bucket/out")
        assert (report.pages, report.exit_code, len(report.unnamed)) == (2, 1, 1)
        assert store.cat_file("/bucket/out/deep/a.md") == b"Alpha.\n\nBeta.\n"
        again = run(["memory://bucket/in/**/*.pdf"], "memory://bucket/out")
        assert (again.pages, again.skipped, again.exit_code) == (0, 1, 0)
        left = [name for name in store.find("/bucket/out") if "/leases/" in name or "/pages/" in name]
        assert not left
    finally:
        store.rm("/bucket", recursive=True)


def test_two_runs_share_one_output(parts: Path, tmp_path: Path) -> None:
    """Each page is read once, by one of them, and both know of all documents in the end."""
    for number in range(12):
        make_pdf(tmp_path / f"in/{number}.pdf", [f"SLOW {number}.{page}" for page in range(3)])
    reports: list[docspec.BatchReport] = []

    def work() -> None:
        reports.append(run([tmp_path / "in"], tmp_path / "out"))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results(tmp_path / "out")) == len(lines(tmp_path / "out")) == 12
    assert set(was_read(parts).values()) == {1}
    assert sum(report.pages for report in reports) == 36
    assert [report.settled for report in reports] == [12, 12]


def test_suspects_are_as_many_as_may_be_in_hand() -> None:
    """The pages drafted ahead, the one that waits to be put among them, and the one that is read."""
    from docspec.drafting import AHEAD

    assert SUSPECTS >= AHEAD + 2


def test_a_run_that_is_ended_ends_within_a_document(
    parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages that come faster than one looks for a page that hangs do not keep it going."""
    monkeypatch.setattr("docspec.batches.run.GLANCE", 0.01)
    source = make_pdf(tmp_path / "a.pdf", [f"Page {number}." for number in range(RANGE)])
    with pytest.raises(KeyboardInterrupt):
        run([source], tmp_path / "out", progress=StopAfter(1, linger=0))
    assert 1 <= len(list((tmp_path / "out" / STATE / "pages").glob("*/*.json"))) < RANGE
