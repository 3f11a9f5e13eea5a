"""The benchmark inside vLLM: what needs no vLLM of it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from bench_pages import HEADING, PARAGRAPHS, save_pages
from rich.console import Console

from docspec.bench import vllm_ways
from docspec.bench.acceptance_cases import Case
from docspec.bench.neutral_tokenizer import neutral_tokenizer
from docspec.bench.recorded_model import TOKENS, batches, picture
from docspec.bench.subject import load_subject
from docspec.bench.summary import IN_VLLM, summarise
from docspec.bench.vllm_cost import MODELS, RATES, acceptance, drafted_step, gpu, plain_step
from docspec.bench.vllm_engine import DRAFTED, PLAIN, REMEMBERS, WAYS, Measured, missing
from docspec.bench.vllm_pages import collected, comparison
from docspec.bench.vllm_table import vllm_table
from docspec.bench.vllm_ways import figures
from docspec.config import Config
from docspec.drafters.following.cursor import agreement
from docspec.errors import UsageError
from docspec.types import Mode
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.vllm_plugin import arguments


def test_batches_hold_every_text_once_and_are_bounded() -> None:
    """A text longer than a batch is alone."""
    lengths = [1, TOKENS * 2, 40, 300, 301, 7]
    found = list(batches(lengths, lambda groups: None))
    assert sorted(number for group in found for number in group) == list(range(len(lengths)))
    assert [1] in found
    assert all(
        len(group) * max(lengths[number] for number in group) <= TOKENS for group in found if group != [1]
    )


def test_pictures_differ_and_come_again() -> None:
    """They are what tells the texts apart."""
    assert picture(3).tobytes() == picture(3).tobytes()
    assert picture(3).tobytes() != picture(4).tobytes()


def test_a_line_compares_with_vllm_alone() -> None:
    """Steps, tokens, wall, the proposer's time, and whether outputs are the same."""
    plain = Measured([[1, 2, 3, 4], [5, 6]], steps=6, row_steps=6, seconds=2.0, proposing=[])
    run = Measured([[1, 2, 3, 4], [5, 6]], steps=3, row_steps=2, seconds=1.0, proposing=[0.1, 0.3])
    line = figures(run, plain, [[1, 2, 3, 4], [5, 7]])
    assert (line["steps_fewer"], line["tokens_a_step"], line["wall_ratio"]) == (2.0, 3.0, 0.5)
    assert (line["identical"], line["as_recorded"]) == (True, 0.5)
    assert line["proposing_ms_median"] == pytest.approx(0.2)
    assert figures(plain, plain, run.outputs)["proposing_ms_median"] is None


def test_only_docspecs_way_has_its_scheduler() -> None:
    """vLLM alone is vLLM alone."""
    assert WAYS[PLAIN](64) == {}
    assert [name for name in WAYS if "scheduler_cls" in WAYS[name](64)] == [DRAFTED]
    assert WAYS[DRAFTED](32)["speculative_config"]["num_speculative_tokens"] == 32


def test_without_vllm_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Before a model is made."""

    def missing() -> None:
        raise RuntimeError("vLLM is not installed; pip install 'vllm>=0.32,<0.34'")

    monkeypatch.setattr(vllm_ways, "check_vllm", missing)
    monkeypatch.setattr("sys.argv", ["vllm_ways", "--drafts", str(tmp_path / "none.json")])
    with pytest.raises(SystemExit, match="pip install"):
        vllm_ways.main()


def test_a_modelled_step_is_bound_by_weights_and_then_by_arithmetic() -> None:
    """And with drafts the host's time comes on top, with the proposer's for each row that waits for it."""
    model = MODELS["3B (Qwen2.5-VL)"]
    assert gpu(model, 1, 1) == gpu(model, 1, 32) < gpu(model, 1, 1000)
    rates = replace(RATES, processes=0)
    more = drafted_step(model, 8, 8, rates) - gpu(model, 8, 8)
    assert more == pytest.approx(RATES.host + 8 * (RATES.host_row + RATES.proposing))
    rates = replace(RATES, processes=4)
    beside = drafted_step(model, 8, 8, rates) - gpu(model, 8, 8)
    assert more - beside == pytest.approx(6 * RATES.proposing - RATES.handing)
    assert plain_step(model, 8) == pytest.approx(max(RATES.host + 8 * RATES.host_row, gpu(model, 8, 8)))


def test_modelled_acceptance_follows_the_draft() -> None:
    """A right draft needs a step for each window beside the first, which cannot ride in the prefill."""
    codec, text = TokenizerCodec(neutral_tokenizer()), "The draft is text, and so is the verdict. " * 3
    right, wrong = Case("a", "english", text, text), Case("b", "english", text, "")
    tokens, _ = acceptance(codec, [right], 1, base=1e-3, slope=1e-5)
    assert tokens > 5
    assert acceptance(codec, [wrong], 64, base=1e-3, slope=1e-3)[0] < 1.2  # its own repetitions


@pytest.mark.parametrize(
    ("ways", "concurrency", "replay", "sentence"),
    [
        (("all",), ("1",), None, "add --replay annotations"),
        (("vllm-magic",), ("1",), "annotations", "unknown way 'vllm-magic'"),
        (("all",), ("0",), "annotations", "numbers of requests"),
        (("all",), ("many",), "annotations", "numbers of requests"),
        (("all",), (), "annotations", "numbers of requests"),
    ],
)
def test_what_cannot_be_compared_is_said_first(
    ways: tuple[str, ...], concurrency: tuple[str, ...], replay: str | None, sentence: str
) -> None:
    """Before anything is loaded."""
    with pytest.raises(UsageError, match=sentence):
        comparison(ways, concurrency, replay)


@pytest.mark.skipif(arguments.installed(), reason="vLLM is installed")
def test_the_command_says_what_to_install() -> None:
    """vLLM is no part of docspec; a folder of that name, as these tests have one, is no vLLM."""
    with pytest.raises(UsageError, match="pip install 'vllm>="):
        comparison(("all",), ("1",), "annotations")


def test_a_way_without_its_package_says_which() -> None:
    """Suffix decoding is another project's."""
    assert missing(PLAIN) is None
    reason = missing(REMEMBERS)
    assert (reason is None) == (find_spec("arctic_inference") is not None)
    assert reason is None or "pip install arctic-inference" in reason


LINE = {"tokens": 10, "engine_steps": 5, "proposing_ms_median": None, "identical": True}
FOUND: dict[str, Any] = {
    "asked": {"ways": ["vllm"]},
    "training": {"texts": 2, "tokens": 10, "seconds": 1.0, "texts_right": 0.5},
    "runs": {"vllm, 1": LINE},
    "refused": {REMEMBERS: "it is [not] here"},
}


def test_the_table_says_how_the_model_was_made_and_what_did_not_run() -> None:
    """Below its lines."""
    console = Console(width=120, file=io.StringIO(), record=True)
    console.print(vllm_table("page", FOUND))
    text = " ".join(console.export_text().split())
    assert "trained for 1.0 s until it wrote 50.0% of them by heart" in text
    assert "vllm-suffix did not run: it is [not] here" in text
    assert "engine steps" in text


def test_lines_inside_vllm_stand_by_themselves() -> None:
    """They are no page's; of a mode that was run again the last one counts."""
    row = {"page": "2 pages", "run": "vllm-page", "concurrency": IN_VLLM, "setup": {"computed": True}}
    summary = summarise([{**row, **FOUND, "runs": {}}, {**row, **FOUND}])
    assert summary["vllm"] == {"vllm-page": FOUND}
    assert (summary["pages"], summary["runs"], summary["failed"]) == (0, [], [])


@pytest.mark.slow
def test_texts_and_drafts_are_those_of_docspecs_own_replay(tmp_path: Path) -> None:
    """Of each region and page what is annotated, and what OCR makes of it."""
    data = save_pages(tmp_path)
    [entry, _] = json.loads((data / "OmniDocBench.json").read_text(encoding="utf-8"))
    subject = load_subject(Config(), "annotations", None)
    regions = collected(subject, data, [entry], Mode.REGION, Config())
    assert [case.truth for case in regions] == [HEADING, PARAGRAPHS[0]]
    [page] = collected(subject, data, [entry], Mode.PAGE, Config())
    assert HEADING in page.truth
    assert PARAGRAPHS[0] in page.truth
    for case in (*regions, page):
        assert case.page == "page_0.png"
        assert agreement(case.draft, case.truth) > 0.9
