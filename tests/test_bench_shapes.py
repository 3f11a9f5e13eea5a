"""Random models of a published shape behind a replay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from dots_model import config_dict
from typer.testing import CliRunner

pytest.importorskip("apted")
pytest.importorskip("pylatexenc")
pytest.importorskip("scipy")

from docspec.bench import shapes, warm_up
from docspec.cli import app
from docspec.drafters.formats import dots_json
from docspec.verifiers.dots_ocr.configuration import DotsOCRConfig

VOCABULARY = 20_000
TEXT = "The quick brown fox"


def small_config() -> DotsOCRConfig:
    """A small dots.ocr with room for the benchmarks' tokenizer."""
    return DotsOCRConfig(**{**config_dict(), "vocab_size": VOCABULARY})


@pytest.fixture(scope="module")
def loaded() -> Any:
    """A small random dots.ocr as the benchmark makes the full one."""
    return shapes.random_dots_ocr(small_config(), "cpu", "bfloat16")


def test_the_model_is_whole_and_of_the_type_asked_for(loaded: Any) -> None:
    """Weights are bfloat16 and finite, rotary frequencies the configuration's, ids in the vocabulary."""
    model = loaded.model
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
    assert all(weight.isfinite().all() for weight in model.parameters())
    frequencies = model.model.rotary_emb.inv_freq
    steps = torch.arange(0, 8, 2) / 8
    assert frequencies.dtype == torch.float32
    torch.testing.assert_close(frequencies, 1.0 / 1e6**steps)
    assert model.lm_head.weight.shape[0] == VOCABULARY > model.config.image_token_id
    assert loaded.end_tokens == (loaded.codec.tokenizer.token_to_id("<|endofassistant|>"),)
    assert (loaded.native, loaded.dpi) == ("page", 200.0)


def test_it_is_made_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """No part of it is made elsewhere first: on the device without memory, the full model takes none."""
    monkeypatch.setattr(shapes, "pick_device", torch.device)
    model = shapes.random_reader(shapes.DOTS, "meta", "bfloat16").model
    assert {weight.device.type for weight in [*model.parameters(), *model.buffers()]} == {"meta"}
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
    assert sum(weight.numel() for weight in model.parameters()) == pytest.approx(3.04e9, rel=0.01)
    assert (len(model.model.layers), len(model.vision_tower.blocks)) == (28, 42)


@pytest.mark.slow
def test_replayed_in_its_own_page_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way writes the annotated page as dots.ocr's JSON, alone and in batches, and it is read back."""
    monkeypatch.setattr(shapes, "DotsOCRConfig", small_config)
    monkeypatch.setattr(shapes, "MAX_PIXELS", 28 * 28 * 64)
    monkeypatch.setattr(warm_up, "TEXT", TEXT)
    (tmp_path / "images").mkdir()
    entries = []
    for number in (0, 1):
        entry = warm_up.warm_up_page(tmp_path / "images")
        name = f"page_{number}.png"
        (tmp_path / "images" / "warm-up.png").rename(tmp_path / "images" / name)
        entries.append({**entry, "page_info": {**entry["page_info"], "image_path": name}})
    (tmp_path / "OmniDocBench.json").write_text(json.dumps(entries), encoding="utf-8")
    options = ["--replay", "annotations", "--shape", "dots.ocr", "--concurrency", "1,saturated"]
    options += ["--device", "cpu", "--dtype", "float32", "--max-batch", "2", "--modes", "page"]
    arguments = ["bench", "omnidocbench", "--data", str(tmp_path), "-o", str(tmp_path / "out"), *options]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout.splitlines()[-1])
    assert summary["setup"]["verifier"] == "random dots.ocr of 2 layers x 32"
    assert all(line["identical"] == line["pages"] == 2 for line in summary["lossless"])
    assert all(line["identical"] == line["pages"] == 2 for line in summary["saturated"]["speed"])
    assert {line["run"] for line in summary["saturated"]["runs"]} == {
        f"{way}-page" for way in ("docspec", "ar", "generate")
    }
    assert all(line["quality"]["text"] < 0.02 for line in summary["runs"])
    rows = [json.loads(line) for line in (tmp_path / "out" / "runs.jsonl").read_text().splitlines()]
    output = next(row["outputs"]["page"] for row in rows if row["run"] == "lookup-page")
    [region] = dots_json.read_page(output)
    assert region.text == TEXT
    assert region.box is not None
    assert any("its own page format" in note for note in summary["notes"])
