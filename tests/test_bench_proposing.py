"""The benchmark of the proposer's own time."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from docspec.bench import host, proposing, proposing_at_once
from docspec.bench.neutral_tokenizer import neutral_tokenizer
from docspec.drafters.following.resync import Finder
from docspec.verifiers.codec import TokenizerCodec

WORDS = ["a", "draft", "of", "the", "verifier's", "output", "that", "it", "can", "follow"]


def test_steps_are_timed_by_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last line is JSON: both kinds of proposals and each part; afterwards nothing is timed any more."""
    find = Finder.find
    codec = TokenizerCodec(neutral_tokenizer())
    file = tmp_path / "few.json"
    made = proposing.made_cases(codec, 60, 0.05, WORDS, count=1)
    file.write_text(
        json.dumps([{"page": "1", "language": "", "truth": one.truth, "draft": one.draft} for one in made])
    )
    with pytest.MonkeyPatch.context() as given:
        given.setattr(sys, "argv", ["proposing", "--drafts", str(file), "--lengths", "80"])
        proposing.main()
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert Finder.find is find
    for kind in ("chains", "trees"):
        assert set(result[kind]) > {"few"}
        for row in result[kind].values():
            assert row["tokens"] >= row["steps"] > 0
            assert 0 < row["median"] <= row["p95"]
    assert result["parts"]["chains, few"]["finding the place"] > 0


@pytest.fixture(name="drafts")
def _drafts(tmp_path: Path) -> Path:
    """A file of kept cases: two short texts and their drafts."""
    file = tmp_path / "short.json"
    text = " ".join(WORDS * 8)
    cases = [{"page": name, "language": "", "truth": text + name, "draft": text} for name in "ab"]
    file.write_text(json.dumps(cases))
    return file


def test_many_requests_cost_as_much_beside_as_in_the_engine(
    drafts: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In other processes the same tokens are emitted in as many steps."""
    options = ["--rows", "3", "--processes", "0", "1", "--steps", "12", "--pause", "0"]
    monkeypatch.setattr(sys, "argv", ["proposing_at_once", "--drafts", str(drafts), *options])
    proposing_at_once.main()
    inline, beside = json.loads(capsys.readouterr().out.splitlines()[-1])["milliseconds"].values()
    assert inline["tokens_a_row"] == beside["tokens_a_row"] > 1
    assert min(inline["median"], beside["median"]) > 0


def test_the_hosts_time_is_told_from_the_passes(
    drafts: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With drafts a step emits more tokens, and where passes are dear that is a gain."""
    options = ["--rows", "2", "--bases", "1000", "--steps", "12", "--rounds", "1"]
    monkeypatch.setattr(sys, "argv", ["host", "--drafts", str(drafts), *options])
    host.main()
    [line] = json.loads(capsys.readouterr().out.splitlines()[-1])["lines"].values()
    assert line["tokens_a_step"] > 2 * line["passes_a_step"]
    assert line["gain"] > 1.5
    assert line["host_ms_a_step"] > 0


def test_made_outputs_differ_as_often_as_asked() -> None:
    """At rate 0 the output is the draft; at rate 1 hardly a character stays."""
    codec = TokenizerCodec(neutral_tokenizer())
    [same] = proposing.made_cases(codec, 50, 0.0, WORDS, count=1)
    [other] = proposing.made_cases(codec, 50, 1.0, WORDS, count=1)
    assert same.truth == same.draft
    assert sum(a == b for a, b in zip(other.truth, other.draft, strict=False)) < len(other.draft) / 4
