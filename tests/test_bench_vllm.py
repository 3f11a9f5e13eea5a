"""The benchmark inside vLLM: what needs no vLLM of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from docspec.bench import vllm_ways
from docspec.bench.acceptance_cases import Case
from docspec.bench.neutral_tokenizer import neutral_tokenizer
from docspec.bench.recorded_model import TOKENS, batches, picture
from docspec.bench.vllm_cost import MODELS, RATES, acceptance, drafted_step, gpu, plain_step
from docspec.bench.vllm_ways import DRAFTED, PLAIN, WAYS, Measured, figures
from docspec.verifiers.codec import TokenizerCodec


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
