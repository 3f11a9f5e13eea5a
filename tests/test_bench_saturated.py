"""Many pages at once: padded batches, what plain runs are charged with, the summary, the memory of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from dots_model import image_processor, random_dots, tokenizer
from random_models import checkpoint

pytest.importorskip("apted")
pytest.importorskip("pylatexenc")
pytest.importorskip("scipy")

from docspec.bench.generate import Generate, Watch, batch_inputs
from docspec.bench.memory import PeakMemory
from docspec.bench.padding import left_padded
from docspec.bench.plain import PlainPage, PlainPages, PlainRun
from docspec.bench.result_tables import tables
from docspec.bench.saturated import batch_name
from docspec.bench.summary import summarise
from docspec.config import Config
from docspec.drafting import RequestKey
from docspec.errors import UsageError
from docspec.types import Category, DecodeStats, Finish, Mode, Request, Verdict
from docspec.verifiers.profiles.dots_ocr import DotsOCR
from docspec.verifiers.transformers_vlm import TransformersModel, load

TOKENS = 12


def dots() -> TransformersModel:
    """A small random dots.ocr."""
    model = random_dots(0)
    return TransformersModel(
        "dots", model, tokenizer(), DotsOCR(model.config, tokenizer(), image_processor())
    )


def images() -> list[np.ndarray[Any, Any]]:
    """Noise of three sizes: prompts of three lengths."""
    noise = np.random.default_rng(0)
    return [noise.integers(0, 256, (28, 28 * cells, 3), dtype=np.uint8) for cells in (1, 3, 6)]


def generated(loaded: TransformersModel, inputs: dict[str, Any]) -> list[list[int]]:
    """What ``generate`` writes after the prompts, end tokens ignored."""
    with torch.inference_mode():
        output = loaded.model.generate(
            **inputs, do_sample=False, max_new_tokens=TOKENS, min_new_tokens=TOKENS
        )
    rows: list[list[int]] = output[:, inputs["input_ids"].shape[1] :].tolist()
    return rows


@pytest.mark.parametrize("family", ["dots_ocr", "qwen2_vl", "qwen3_vl", "paddleocr_vl", "glm_ocr"])
def test_padded_batches_give_what_single_images_give(family: str) -> None:
    """Rows of different lengths, padded on the left, are generated as each alone."""
    name = checkpoint(family) if family != "dots_ocr" else ""
    loaded = load(name, Config(verifier=name, device="cpu")) if name else dots()
    asked = [(image, Category.TEXT) for image in images()]
    alone = [generated(loaded, batch_inputs(loaded, [one]))[0] for one in asked]
    assert generated(loaded, batch_inputs(loaded, asked)) == alone
    assert len({tuple(row) for row in alone}) > 1


def test_inputs_that_are_no_grid_are_not_padded() -> None:
    """Images in tiles with masks of their own are refused with the names of what is unknown."""
    with pytest.raises(UsageError, match="pixel_attention_mask"):
        left_padded([{"input_ids": torch.ones(1, 2), "pixel_attention_mask": torch.ones(1, 1)}] * 2, 0)


def test_recorded_choices_of_a_batch() -> None:
    """Each row gets its own, and its last one again when it is over."""
    watch = Watch(2, torch.tensor([[3, 1, 0], [2, 0, 0]]))
    for done, expected in enumerate(([3, 2], [1, 0], [0, 0], [0, 0])):
        scores = watch(torch.zeros(2, 2 + done, dtype=torch.long), torch.randn(2, 5))
        assert scores.argmax(-1).tolist() == expected
    assert watch.first is not None


class Recorded:
    """A recording of two requests."""

    def choices(self, request: Request) -> list[int]:
        """As many letters as the request's place says, and the end."""
        assert isinstance(request.key, RequestKey)
        words = tokenizer().encode("Text " * (1 + request.key.document), add_special_tokens=False)
        return [*words, tokenizer().convert_tokens_to_ids("<|endofassistant|>")]


class Pages(PlainPages):
    """Pages that are made in no time, or take a second each."""

    def __init__(self, saturated: bool) -> None:
        self.saturated = saturated

    def make(self, number: int, path: Path) -> tuple[PlainPage, list[Request]]:
        """A page of one request; ``bad`` cannot be read."""
        if path.stem == "bad":
            return PlainPage(path.name, error="InputError: bad"), []
        key = RequestKey(number, 0, None)
        image = np.full((56, 84, 3), 255, dtype=np.uint8)
        return PlainPage(path.name, [key], {"render": 1.0}), [Request(key, image, None)]


def test_generate_takes_pages_in_batches() -> None:
    """Two pages are one batch: its passes are those of the longer one, each page has its own text."""
    way = object.__new__(Generate)
    way.loaded, way.config, way.mode = dots(), Config(max_batch=2), Mode.PAGE
    way.recording, way.rows, way.options = Recorded(), 2, {}  # type: ignore[assignment]
    way.pages = Pages(saturated=True)
    outcome = way.read([Path("a.png"), Path("bad.png"), Path("b.png")])
    texts = {name: page.outputs.get("page") for name, page in outcome.pages.items()}
    assert texts == {"a.png": "Text ", "bad.png": None, "b.png": "Text Text Text "}
    assert outcome.pages["bad.png"].error == "InputError: bad"
    assert outcome.passes == outcome.pages["b.png"].stats.tokens > outcome.pages["a.png"].stats.tokens
    assert outcome.seconds["prefill"] > 0 < outcome.seconds["decode"]


@pytest.mark.parametrize(("saturated", "expected"), [(False, 5.0), (True, 3.0)])
def test_plain_runs_of_many_pages_wait_for_nothing(saturated: bool, expected: float) -> None:
    """One page: render, then read. Many: whichever takes longer."""
    run = PlainRun(Pages(saturated), [Path("a.png"), Path("b.png")])
    verdicts = {one.key: Verdict("text", Finish.END, DecodeStats(2, 0, 0, 2)) for one in run.requests()}
    outcome = run.outcome({"vision": 1.0, "prefill": 1.0, "decode": 1.0}, 4, verdicts)
    assert outcome.total == pytest.approx(expected, abs=0.1)
    assert outcome.seconds["render"] == 2.0
    assert outcome.stats == DecodeStats(4, 0, 0, 4)


def _line(run: str, seconds: float, outputs: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "page": "2 pages 0",
        "run": run,
        "concurrency": "saturated",
        "seconds": {"decode": seconds},
        "total_s": seconds,
        "verifier_s": seconds / 2,
        "passes": 10 * seconds,
        **{"tokens": 100, "accepted": 90, "drafted": 95, "steps": 10},
        "outputs": {page: {"page": text} for page, text in outputs.items()},
        "failed": {},
        "peak_memory_mib": None,
        "peak_gpu_mib": 7,
        "setup": {"computed": True},
        **more,
    }


def test_saturated_lines_stand_by_themselves() -> None:
    """Ratios of runs that read the same pages, outputs compared page by page, failures with their run."""
    rows = [
        _line("docspec-page", 2.0, {"a": "one", "b": "two"}),
        _line("ar-page", 6.0, {"b": "twO", "a": "one"}),
        _line("generate-page", 9.0, {"a": "one"}, failed={"b": "InputError: no"}),
        {"page": "2 pages 0", "run": "docspec-region", "concurrency": "saturated", "error": "ModelError: no"},
    ]
    summary = summarise(rows)
    assert summary["pages"] == 0
    assert summary["runs"] == []
    [line] = summary["saturated"]["speed"]
    assert (line["run"], line["baseline"], line["end_to_end"]) == ("docspec-page", "ar-page", 3.0)
    assert (line["identical"], line["pages"], line["first_difference"]["page"]) == (1, 2, "b")
    assert [run["tokens_per_s"] for run in summary["saturated"]["runs"]] == [50, 100 / 6, 100 / 9]
    assert {(one["page"], one["run"]) for one in summary["failed"]} == {
        ("b", "generate-page, saturated"),
        ("2 pages 0", "docspec-region, saturated"),
    }
    setup = {"replayed": None, "computed": True, "verifier": "v", "dtype": "d", "gpu": "g"}
    titles = [str(table.title) for table in tables({**summary, "setup": setup})]
    assert [title.partition(":")[0] for title in titles][:2] == [
        "saturated, seconds for all pages at once",
        "saturated, speed-up",
    ]


def test_batches_are_named_by_their_pages() -> None:
    """Other pages, or another order of them, are another line."""
    entries = [{"page_info": {"image_path": name}} for name in "abc"]
    names = [batch_name(entries), batch_name(entries[:2]), batch_name(entries[::-1])]
    assert len(set(names)) == 3
    assert names[0].startswith("3 pages ")


def test_memory_is_of_one_run() -> None:
    """What an earlier run needed and gave back does not count."""
    before = PeakMemory(torch.device("cpu"))
    if before.host_mib is None:
        pytest.skip("the peak cannot be set back here")
    block = np.ones(200 * 2**20, dtype=np.uint8)
    assert block.sum() > 0
    del block
    peak = before.host_mib
    after = PeakMemory(torch.device("cpu")).host_mib
    assert peak is not None
    assert after is not None
    assert peak > after + 150
    assert before.device_mib is None
