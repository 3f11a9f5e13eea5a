"""The OmniDocBench benchmark: its summary, its journal, and the whole of it on two pages made here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bench_pages import HEADING, save_pages
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

pytest.importorskip("apted")
pytest.importorskip("pylatexenc")
pytest.importorskip("scipy")

from docspec.bench.omnidocbench import chosen
from docspec.bench.record import Journal
from docspec.bench.summary import (
    comparable,
    first_difference,
    lossless,
    quartiles,
    ratios,
    speed,
    summarise,
)
from docspec.cli import app
from docspec.errors import UsageError


def _row(page: str, run: str, seconds: float = 1.0, **more: Any) -> dict[str, Any]:
    return {
        "page": page,
        "run": run,
        "language": "english",
        "layout": "single_column",
        "data_source": "book",
        "seconds": {"decode": seconds},
        "total_s": seconds,
        "verifier_s": seconds / 2,
        "passes": 10,
        "tokens": 100,
        "accepted": 90,
        "drafted": 95,
        "steps": 10,
        "categories": {"text": {"tokens": 100, "accepted": 90, "drafted": 95, "steps": 10}},
        "sources": {"rapidocr": {"tokens": 100, "accepted": 90, "drafted": 95, "steps": 10}},
        "outputs": {"0": "text"},
        "peak_memory_mib": 100,
        "peak_gpu_mib": None,
        "quality": {"text": 0.5, "teds": None},
        "setup": {"computed": True},
        **more,
    }


def test_ratios_are_of_pages_and_of_sums() -> None:
    """Twice and four times as fast: 3 on the mean; the worst page decides the decile."""
    assert ratios([(2.0, 1.0), (4.0, 1.0)]) == {"mean": 3.0, "sums": 3.0, "worst_decile": 2.0}
    assert ratios([(20.0, 10.0), (4.0, 1.0)])["sums"] == pytest.approx(24 / 11)
    assert ratios([]) == {"mean": None, "sums": None, "worst_decile": None}
    assert ratios([(3.0, 0.0)]) == {"mean": None, "sums": None, "worst_decile": None}


@given(st.lists(st.tuples(st.floats(0.1, 100), st.floats(0.1, 100)), min_size=1, max_size=40))
def test_worst_decile_is_the_low_end(pairs: list[tuple[float, float]]) -> None:
    """At least a tenth of the pages are no faster; it is no more than the mean."""
    found = ratios(pairs)
    worst, mean = found["worst_decile"], found["mean"]
    assert worst is not None
    assert mean is not None
    assert worst <= mean * (1 + 1e-9)
    assert 10 * sum(plain / ours <= worst for plain, ours in pairs) >= len(pairs)


@given(st.lists(st.integers(0, 30), max_size=40))
def test_quartiles_hold_every_length_once(lengths: list[int]) -> None:
    """Each length is in exactly one of the ranges."""
    ranges = quartiles(lengths)
    assert len(ranges) <= 4
    assert all(sum(low <= length <= high for low, high in ranges) == 1 for length in lengths)


def test_runs_are_compared_with_what_reads_the_same() -> None:
    """Regions with regions; page and hierarchical runs with pages; nothing with itself."""
    assert comparable("docspec-region", "ar-region")
    assert comparable("docspec-hierarchical", "generate-page")
    assert not comparable("docspec-page", "ar-region")
    assert not comparable("ar-region", "generate-region")
    assert not comparable("docspec-page", "docspec-page")


def test_without_a_model_only_passes_are_compared() -> None:
    """Times of passes that were not made are no speed-up."""
    pair = (_row("a", "ar-region", passes=100), _row("a", "docspec-region"))
    [line, *_] = speed([pair], computed=False)
    assert line["passes"]["mean"] == 10.0
    assert "decode" not in line
    assert "end_to_end" not in line


def test_first_difference_is_shown_with_its_place() -> None:
    """The region, the character, and what stands there; a missing output differs from its start."""
    plain = _row("a", "ar-region", outputs={"0": "same", "1": "abcd"})
    ours = _row("a", "docspec-region", outputs={"0": "same", "1": "abxd"})
    assert first_difference(plain, ours) == {
        "page": "a",
        "output": "1",
        "at": 2,
        "plain": "abcd",
        "docspec": "abxd",
    }
    assert first_difference(plain, _row("a", "docspec-region", outputs={"0": "same"}))["at"] == 0
    counted = lossless([(plain, ours), (plain, plain)])
    assert (counted["identical"], counted["pages"], counted["share"]) == (1, 2, 0.5)


def test_a_failed_page_is_counted_and_has_no_ratio() -> None:
    """It stands among the failures; the other pages are compared."""
    rows = [_row(page, run) for page in "ab" for run in ("docspec-region", "ar-region")]
    rows[0] = {"page": "a", "run": "docspec-region", "error": "InputError: no", "setup": {"computed": True}}
    summary = summarise(rows)
    assert summary["pages"] == 2
    assert summary["failed"] == [{"page": "a", "run": "docspec-region", "error": "InputError: no"}]
    assert [line["pages"] for line in summary["speed"] if line["by"] == "all"] == [1]
    assert summary["runs"][1]["pages"] == 2
    assert summary["runs"][0]["quality"] == {"text": 0.5, "teds": None}
    assert summary["saturated"] == {"runs": [], "speed": []}


def test_filters_take_values_and_lists() -> None:
    """An attribute is equal to the value or has it among its own; pages without it are left out."""
    entries: list[dict[str, Any]] = [
        {"page_info": {"page_attribute": {"language": "english", "special_issue": ["fuzzy_scan"]}}},
        {"page_info": {"page_attribute": {"language": "other"}}},
        {"page_info": {}},
    ]
    assert chosen(entries, ["language=english"], None) == entries[:1]
    assert chosen(entries, ["special_issue=fuzzy_scan"], None) == entries[:1]
    assert chosen(entries, [], 2) == entries[:2]
    with pytest.raises(UsageError, match="no page has language=klingon"):
        chosen(entries, ["language=klingon"], None)
    with pytest.raises(UsageError, match="attribute=value"):
        chosen(entries, ["english"], None)


def test_journal_goes_on_after_a_line_that_was_cut_off(tmp_path: Path) -> None:
    """Whole lines count as done, the torn one is made again; another setup is refused."""
    path = tmp_path / "runs.jsonl"
    journal = Journal(path, {"verifier": "one"})
    journal.add({"page": "a", "run": "x"})
    with path.open("a", encoding="utf-8") as file:
        file.write('{"page": "b", "ru')
    journal = Journal(path, {"verifier": "one"})
    assert journal.done == {("a", "x")}
    journal.add({"page": "b", "run": "x"})
    assert [json.loads(line)["page"] for line in path.read_text(encoding="utf-8").splitlines()] == ["a", "b"]
    with pytest.raises(UsageError, match="another verifier"):
        Journal(path, {"verifier": "two"})


@pytest.fixture
def benchmark(tmp_path: Path) -> Path:
    """Two pages of a heading and a paragraph in the benchmark's format."""
    return save_pages(tmp_path)


def _bench(data: Path, out: Path, *options: str) -> dict[str, Any]:
    """Run the command; its last line."""
    result = CliRunner().invoke(app, ["bench", "omnidocbench", "--data", str(data), "-o", str(out), *options])
    assert result.exit_code == 0, result.output
    summary: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return summary


def test_mini_on_two_pages(benchmark: Path, tmp_path: Path) -> None:
    """A line for each page and run, markdown for the official toolkit, identical outputs; a second run adds
    nothing."""
    out = tmp_path / "out"
    summary = _bench(benchmark, out)
    lines = (out / "runs.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert {(row["page"], row["run"]) for row in rows} == {
        (f"page_{number}.png", run) for number in (0, 1) for run in ("docspec-region", "ar-region")
    }
    assert [line["identical"] for line in summary["lossless"]] == [2]
    assert summary["failed"] == []
    assert summary["setup"]["replayed"] is None
    whole = summary["speed"][0]
    assert (whole["by"], whole["pages"]) == ("all", 2)
    assert whole["passes"]["sums"] > 1
    ours = next(row for row in rows if row["run"] == "docspec-region")
    assert ours["total_s"] >= sum(ours["seconds"].values()) * 0.9
    assert ours["seconds"]["read"] > 0
    assert ours["quality"]["text"] < 0.1
    prediction = out / "predictions" / "docspec-region" / "page_0.md"
    assert HEADING in prediction.read_text(encoding="utf-8")
    assert (out / "summary.json").is_file()
    again = _bench(benchmark, out, "--limit", "1")
    assert (out / "runs.jsonl").read_text(encoding="utf-8").splitlines() == lines
    assert again["pages"] == 1


@pytest.mark.slow
def test_replayed_annotations_in_every_mode(benchmark: Path, tmp_path: Path) -> None:
    """What is annotated comes back, in fewer passes than tokens, and everything says that it is replayed."""
    out, options = tmp_path / "out", ("--replay", "annotations", "--concurrency", "1,saturated")
    summary = _bench(benchmark, out, *options)
    runs = {line["run"]: line for line in summary["runs"]}
    assert set(runs) == {
        *("docspec-region", "docspec-page", "docspec-hierarchical"),
        *("ar-region", "ar-page"),
    }
    assert summary["failed"] == []
    assert summary["setup"]["replayed"] == "annotations"
    assert all(line["identical"] == line["pages"] == 2 for line in summary["lossless"])
    assert all(line["quality"]["text"] == 0.0 for line in runs.values())
    together = summary["saturated"]
    assert {line["run"] for line in together["runs"]} == set(runs)
    assert all(line["tokens"] == runs[line["run"]]["tokens"] for line in together["runs"])
    assert all(line["identical"] == line["pages"] == 2 for line in together["speed"])
    assert all(line["passes"] <= runs[line["run"]]["passes"] for line in together["runs"])
    passes = {line["run"]: line["passes"] for line in together["runs"]}
    assert passes["ar-page"] < runs["ar-page"]["passes"]
    lines = (out / "runs.jsonl").read_text(encoding="utf-8")
    assert _bench(benchmark, out, *options)["saturated"] == together
    assert (out / "runs.jsonl").read_text(encoding="utf-8") == lines
    assert runs["docspec-region"]["mean_accepted_length"] > 3
    assert all(set(line) & {"end_to_end", "decode", "passes"} == {"passes"} for line in summary["speed"])


@pytest.mark.slow
def test_random_model_beside_generate(benchmark: Path, tmp_path: Path) -> None:
    """Over a model, replayed choices come back from our engine, ``generate`` and prompt lookup alike."""
    options = ["--replay", "annotations", "--shape", "1x64", "--limit", "1", "--drafter", "none"]
    options += ["--concurrency", "1,saturated"]
    summary = _bench(benchmark, tmp_path / "out", *options, "--modes", "region,page")
    assert summary["failed"] == []
    runs = {line["run"]: line for line in summary["runs"]}
    ways = ("docspec", "ar", "generate", "lookup")
    assert set(runs) == {f"{way}-{mode}" for way in ways for mode in ("region", "page")}
    assert all(line["identical"] == line["pages"] == 1 for line in summary["lossless"])
    assert runs["generate-page"]["passes"] == runs["generate-page"]["tokens"]
    assert runs["lookup-page"]["passes"] <= runs["generate-page"]["passes"]
    assert all(line["decode"]["mean"] > 0 for line in summary["speed"])
    together = {line["run"]: line for line in summary["saturated"]["runs"]}
    assert set(together) == {f"{way}-{mode}" for way in ways[:3] for mode in ("region", "page")}
    assert together["generate-region"]["passes"] <= runs["generate-region"]["passes"]
    assert all(line["identical"] == line["pages"] == 1 for line in summary["saturated"]["speed"])
    assert any("no prompt lookup" in note for note in summary["notes"])


@pytest.mark.slow
def test_a_page_that_cannot_be_read(benchmark: Path, tmp_path: Path) -> None:
    """It fails in every run, one page at a time and all at once; the pages after it keep their own text."""
    listing = benchmark / "OmniDocBench.json"
    first, second = json.loads(listing.read_text(encoding="utf-8"))
    broken = {**first, "page_info": {**first["page_info"], "image_path": "broken.png"}}
    (benchmark / "images" / "broken.png").write_bytes(
        (benchmark / "images" / "page_0.png").read_bytes()[:900]
    )
    listing.write_text(json.dumps([broken, first, second]), encoding="utf-8")
    options = ["--replay", "annotations", "--modes", "region", "--concurrency", "1,saturated"]
    arguments = ["bench", "omnidocbench", "--data", str(benchmark), "-o", str(tmp_path / "out"), *options]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1, result.output
    summary = json.loads(result.stdout.splitlines()[-1])
    runs = ("docspec-region", "ar-region", "docspec-region, saturated", "ar-region, saturated")
    assert {(line["page"], line["run"]) for line in summary["failed"]} == {
        ("broken.png", run) for run in runs
    }
    assert [line["identical"] for line in summary["saturated"]["speed"]] == [2]


def test_replay_and_mode_that_do_not_go_together(benchmark: Path, tmp_path: Path) -> None:
    """Files of pages say nothing of regions; unknown names and missing folders are wrong usage."""
    outputs = tmp_path / "outputs"
    outputs.mkdir()
    for options, expected in (
        (("--replay", str(outputs), "--modes", "region"), "mode 'region' cannot be measured"),
        (("--replay", str(tmp_path / "none")), "--replay takes"),
        (("--shape", "2x64"), "--shape is of replays"),
        (("--concurrency", "2"), "--concurrency takes some of 1,saturated"),
        (("--replay", "annotations", "--shape", "big"), "LAYERSxHIDDEN"),
        (("--replay", "annotations", "--baselines", "magic"), "unknown baseline 'magic'"),
        (
            (
                "--verifier",
                "draft-only",
            ),
            "no plain run to compare with",
        ),
    ):
        arguments = ["bench", "omnidocbench", "--data", str(benchmark), "-o", str(tmp_path / "out"), *options]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 2
        assert expected in " ".join(result.stderr.split())
