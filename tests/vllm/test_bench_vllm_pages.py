"""``docspec bench omnidocbench --vllm``: the whole of it, on two pages and with a very small model."""

from __future__ import annotations

import json
from pathlib import Path

import engines  # noqa: F401  sets vLLM's environment before it is imported
import pytest
from bench_pages import save_pages

pytest.importorskip("apted", reason="needs docspec's extra bench")

from docspec.bench.omnidocbench import Options, run
from docspec.bench.small_model import Size
from docspec.config import Config
from docspec.verifiers.vllm_plugin.arguments import WINDOW

ALL = ("vllm", "vllm-ngram", "vllm-docspec")


def test_pages_inside_vllm_are_one_more_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the model writes is the same in every way, in fewer steps with docspec's drafts; a second run adds
    nothing."""
    options = Options(
        save_pages(tmp_path),
        tmp_path / "out",
        Config(),
        modes=("page",),
        baselines=(),
        replay="annotations",
        vllm=ALL,
        vllm_concurrency=("1", "2"),
        vllm_size=Size(64, 1, 300),
    )
    summary = run(options)
    [found] = summary["vllm"].values()
    assert list(found["runs"]) == [f"{way}, {rows}" for way in ALL for rows in (1, 2)]
    assert found["asked"]["window"] == WINDOW
    assert found["training"]["texts_right"] == 1.0
    assert all(line["identical"] and line["as_recorded"] == 1.0 for line in found["runs"].values())
    assert found["runs"]["vllm-docspec, 1"]["steps_fewer"] > 3
    printed = capsys.readouterr().out
    assert "inside vLLM, page mode: REPLAYED (annotations)" in " ".join(printed.split())
    assert json.loads(printed.splitlines()[-1])["vllm"] == summary["vllm"]
    lines = (tmp_path / "out" / "runs.jsonl").read_text(encoding="utf-8")
    assert run(options)["vllm"] == summary["vllm"]
    assert (tmp_path / "out" / "runs.jsonl").read_text(encoding="utf-8") == lines
