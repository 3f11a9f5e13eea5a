"""The speed benchmark: its documents, what is read in which order, its summary and comparison."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from docspec import Parser
from docspec.bench import documents
from docspec.bench.speed import LENGTHS, Options, readings
from docspec.bench.speed_summary import RUNS, compare, read_summary, summarise, tables
from docspec.cli import app
from docspec.errors import UsageError

SETUP = {
    "benchmark": "speed",
    "verifier": "mini",
    "replayed": None,
    "computed": True,
    "dtype": "float32",
    "gpu": None,
    "cpu": "a processor",
    "cores": 2,
    "threads": 2,
    "device": "cpu",
}


def _row(run: str, seconds: float, regions: int = 4, repeat: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "kind": "pdf",
        "regions": regions,
        "repeat": repeat,
        "run": run,
        "pages": 1,
        "found": regions,
        "tokens": 100 * regions,
        "total_s": seconds,
        "verifier_s": seconds / 2,
        "seconds": {"decode": seconds / 4},
        "passes": 10,
        "mean_accepted_length": 10.0,
        "outputs": {"0.0": "text"},
        **more,
    }


def _summary(*rows: dict[str, Any], **setup: Any) -> dict[str, Any]:
    lengths = summarise(rows)
    return {"benchmark": "speed", "lengths": lengths, "plain_regions": 16, "setup": {**SETUP, **setup}}


def test_documents_are_the_same_each_time_and_grow() -> None:
    """Equal bytes for equal seeds, a document begins as a shorter one does, 100 to 10,000 characters."""
    assert documents.pdf(3) == documents.pdf(3)
    assert documents.scan(1) == documents.scan(1)
    longest = documents.parts(max(LENGTHS))
    assert documents.parts(5) == longest[:5]
    assert documents.parts(5, seed=1) != longest[:5]
    assert 100 <= len(longest[0][1]) <= 300
    assert 9_000 <= sum(len(text) for _, text in longest) <= 11_000


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 40), st.integers(0, 1000))
def test_every_text_is_on_its_page(count: int, seed: int) -> None:
    """Whatever the seed, sixteen regions fit on a page, and nothing of them is lost."""
    with pymupdf.open(stream=documents.pdf(count, seed)) as document:
        shown = [" ".join(page.get_text().split()) for page in document]
    assert len(shown) == -(-count // documents.PER_PAGE)
    for number, (_, text) in enumerate(documents.parts(count, seed)):
        words = text.replace("ffi", "ﬃ").replace("fi", "ﬁ").replace("fl", "ﬂ").replace("ff", "ﬀ")
        assert words in shown[number // documents.PER_PAGE] or text in shown[number // documents.PER_PAGE]


def test_scans_have_pages_and_no_text(tmp_path: Path) -> None:
    """A TIFF of as many images as the document has pages."""
    path = tmp_path / "scan.tiff"
    path.write_bytes(documents.scan(17))
    with Image.open(path) as image:
        assert (getattr(image, "n_frames", 1), image.mode) == (2, "L")


def test_layout_finds_the_regions(tmp_path: Path) -> None:
    """As many as were made, of the same categories, on each page."""
    path = tmp_path / "made.pdf"
    path.write_bytes(documents.pdf(16))
    [page] = Parser(verifier="draft-only").parse(path).pages
    found = Counter(one.region.category.value for one in page.regions)
    assert found == {"text": 8, "list-item": 6, "section-header": 2}


def test_ways_take_turns_and_plain_ones_stop() -> None:
    """Each document is read in all ways, none always first; without drafts only the short ones."""
    order = list(readings(Options(Path(), max_regions=8, plain_regions=2, repeat=2)))
    assert len(order) == 2 * 2 * (2 * 3 + 2 * 2)
    assert {one.regions for one in order if one.run == "ar"} == {1, 2}
    assert {one.regions for one in order} == {1, 2, 4, 8}
    firsts = {next(one.run for one in order if one.regions == regions) for regions in (1, 2)}
    assert len(firsts) == 2
    with pytest.raises(UsageError, match="at least 1"):
        list(readings(Options(Path(), max_regions=0)))


def test_medians_and_speed_ups() -> None:
    """Of three repeats the middle one counts; the speed-up is of medians; the texts are compared."""
    rows = [_row("docspec", seconds, repeat=n) for n, seconds in enumerate((1.0, 9.0, 2.0))]
    rows += [_row("ar", seconds, repeat=n) for n, seconds in enumerate((8.0, 8.0, 20.0))]
    [line] = summarise(rows)
    assert line["runs"]["docspec"]["total_s"] == 2.0
    assert line["speed_up"] == {"docspec": {"total_s": 4.0, "verifier_s": 4.0}}
    assert line["identical"] is True
    [other] = summarise([_row("docspec", 1.0), _row("ar", 1.0, outputs={"0.0": "test"})])
    assert other["identical"] is False
    [alone] = summarise([_row("docspec", 1.0)])
    assert alone["speed_up"] == {}
    assert alone["identical"] is None


def test_slower_than_before_is_seen() -> None:
    """Ratios by length; over all lengths, the tolerance decides; what is not in both is left out."""
    now = _summary(_row("docspec", 1.5), _row("docspec", 3.0, regions=8), _row("fused", 1.0))
    then = _summary(_row("docspec", 1.0), _row("docspec", 2.0, regions=8), cpu="another")
    found = compare(now, then, 1.25)
    assert [line["ratio"] for line in found["lengths"]] == [1.5, 1.5]
    assert found["slower"] == ["pdf, docspec"]
    assert found["changed"] == ["cpu"]
    assert compare(now, then, 1.6)["slower"] == []
    assert compare(then, now, 1.0)["slower"] == []


def test_tables_are_made_with_and_without_comparison() -> None:
    """A row for each length; a second table only where there is something to compare with."""
    summary = _summary(_row("docspec", 1.0), _row("ar", 3.0), _row("docspec", 2.0, regions=32))
    [table] = tables(summary)
    assert table.row_count == 2
    summary["against"] = compare(summary, summary, 1.25)
    assert [table.row_count for table in tables(summary)] == [2, 1]


def test_earlier_results_are_checked(tmp_path: Path) -> None:
    """A folder or its summary; a missing file, no JSON and another benchmark's are refused."""
    (tmp_path / "summary.json").write_text(json.dumps(_summary(_row("docspec", 1.0))))
    assert read_summary(tmp_path) == read_summary(tmp_path / "summary.json")
    (tmp_path / "other.json").write_text('{"benchmark": "omnidocbench"}')
    (tmp_path / "none.json").write_text("{")
    for name in ("missing.json", "other.json", "none.json"):
        with pytest.raises(UsageError):
            read_summary(tmp_path / name)
    answer = CliRunner().invoke(app, ["bench", "speed", "--against", str(tmp_path / "none.json")])
    assert answer.exit_code == 2


@pytest.mark.slow
def test_the_whole_of_it(tmp_path: Path) -> None:
    """The shortest documents in all ways: lines, a summary, and the same text without drafts."""
    out = tmp_path / "out"
    answer = CliRunner().invoke(app, ["bench", "speed", "--max-regions", "1", "-o", str(out)])
    assert answer.exit_code == 0, answer.output
    summary = json.loads(answer.stdout.splitlines()[-1])
    assert [line["kind"] for line in summary["lengths"]] == ["pdf", "scan"]
    for line in summary["lengths"]:
        assert set(line["runs"]) == set(RUNS)
        assert line["identical"] is True
        assert line["runs"]["docspec"]["passes"] < line["runs"]["ar"]["passes"]
    assert len((out / "runs.jsonl").read_text().splitlines()) == 6
