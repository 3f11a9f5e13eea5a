"""The benchmark of ways in vLLM, on two short texts."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import engines  # noqa: F401  sets vLLM's environment before it is imported
import pytest

from docspec.bench import vllm_ways
from docspec.bench.acceptance_cases import Case

TEXTS = [
    "Where both agree nothing is lost, but time is won.",
    "The draft is text; the verdict is text as well.",
]


def test_docspecs_drafts_save_steps_and_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The model writes the texts, with drafts as without, in fewer steps."""
    drafts = tmp_path / "page.json"
    cases = [Case(str(number), "english", text, text) for number, text in enumerate(TEXTS)]
    drafts.write_text(json.dumps([asdict(case) for case in cases]), encoding="utf-8")
    options = ["--drafts", str(drafts), "--concurrency", "2", "--ways", "vllm-ngram", "vllm-docspec"]
    size = ["--width", "64", "--layers", "1", "--rounds", "200"]
    monkeypatch.setattr(sys, "argv", ["vllm_ways", *options, *size])
    vllm_ways.main()
    found = json.loads(capsys.readouterr().out.splitlines()[-1])["page"]
    assert found["training"]["texts_right"] == 1.0
    assert list(found["runs"]) == ["vllm, 2", "vllm-ngram, 2", "vllm-docspec, 2"]
    for line in found["runs"].values():
        assert line["identical"]
        assert line["as_recorded"] == 1.0
    assert found["runs"]["vllm-docspec, 2"]["steps_fewer"] > 3
    assert found["runs"]["vllm-docspec, 2"]["proposing_ms_median"] > 0
