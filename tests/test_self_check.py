"""The check of a checkpoint at its loading: silent for what is right, a refusal for whatever is left out."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from random_models import BUILDS, checkpoint
from tiny_decoder import sequence, tiny_decoder

from docspec.bench.families import Prepared
from docspec.config import Config
from docspec.errors import ModelError
from docspec.types import Request
from docspec.verifiers import runner, self_check
from docspec.verifiers.cache import RaggedCache
from docspec.verifiers.masks import FULL, LayerKinds
from docspec.verifiers.model_verifier import ModelVerifier
from docspec.verifiers.self_check import check, distance, drawn, tolerance
from docspec.verifiers.sequence import Prompt
from docspec.verifiers.states import StatefulCache
from docspec.verifiers.transformers_vlm import load


def unchecked(folder: str, dtype: Any = "float32") -> Any:
    return load(folder, Config(verifier=folder, device="cpu", dtype=dtype, check=False))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("family", sorted(BUILDS))
def test_what_is_right_passes(family: str, dtype: str) -> None:
    """Each family passes in fp32 and, where tokens differ by rounding, in bf16."""
    check(unchecked(checkpoint(family), dtype))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_window_that_is_not_known_of_is_found(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Idefics3 over Mistral's decoder, whose window no list of layers names, is refused without its guard."""
    made = unchecked(checkpoint("idefics3", "sliding"), dtype)
    check(made)
    monkeypatch.setattr(runner, "layer_kinds", lambda *_: LayerKinds(frozenset({FULL}), 0, by_kind=True))
    with pytest.raises(ModelError, match="does not give the logits"):
        check(made)


@pytest.mark.parametrize("change", ["positions", "visual"])
def test_what_a_prompt_lacks_is_found(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Positions that are off by one after the image, and visual features by layer that are left out."""
    made = unchecked(checkpoint("qwen3_vl"))
    whole = made.profile.embed

    def lacking(model: Any, batch: Any) -> Any:
        prompts = whole(model, batch)
        for prompt in prompts:
            if change == "visual":
                object.__setattr__(prompt, "visual", None)
            else:
                object.__setattr__(prompt, "following", prompt.following + 1)
        return prompts

    monkeypatch.setattr(made.profile, "embed", lacking)
    with pytest.raises(ModelError, match="does not give the logits"):
        check(made)


def test_a_prefill_or_step_that_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Branches that see each other, and a cache that keeps the wrong nodes, show in what they spoil."""
    made = unchecked(checkpoint("qwen2_vl"))
    with monkeypatch.context() as patch:
        patch.setattr(RaggedCache, "keep", lambda *_: None)
        with pytest.raises(ModelError, match="a verify step"):
            check(made)
    marks = runner.Runner._marks

    def blind(self: Any, trees: Any, firsts: Any, size: int) -> Any:
        places, ends = marks(self, trees, firsts, size)
        return places, torch.full_like(ends, size)

    monkeypatch.setattr(runner.Runner, "_marks", blind)
    with pytest.raises(ModelError, match="several rows"):
        check(made)


@pytest.mark.parametrize("fault", ["what was refused is kept", "what was accepted is forgotten"])
def test_states_that_are_wrong_are_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers whose states hold refused tokens, or lack accepted ones, show in the step after."""
    made = unchecked(checkpoint("qwen3_5"))
    keep = StatefulCache.keep

    def wrong(self: Any, rows: Any, firsts: Any, paths: Any) -> None:
        """Keep the states as if all of a row had been accepted, or none, and count as is right."""
        starts, counts, _ = self._pass
        whole = [start + count - first for start, count, first in zip(starts, counts, firsts, strict=True)]
        lengths = whole if fault == "what was refused is kept" else [0] * len(whole)
        keep(self, rows, firsts, [range(length) for length in lengths])
        self._seen |= {row: first + len(path) for row, first, path in zip(rows, firsts, paths, strict=True)}

    monkeypatch.setattr(StatefulCache, "keep", wrong)
    with pytest.raises(ModelError, match="a verify step"):
        check(made)


@pytest.mark.parametrize(("dtype", "small", "large"), [("float32", 1e-5, 5e-3), ("bfloat16", 0.01, 0.2)])
def test_what_rounding_does_not_explain_is_found(
    dtype: str, small: float, large: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logits off by much less than their spread, yet by more than rounding, are a reason to refuse."""
    made = unchecked(checkpoint("qwen2_vl"), dtype)
    forward = runner.Runner._forward

    def off(share: float) -> Any:
        def logits(self: Any, *args: Any) -> torch.Tensor:
            right = forward(self, *args)
            noise = torch.randn(right.shape, generator=torch.Generator().manual_seed(0))
            return right + share * right.float().std() * noise

        return logits

    monkeypatch.setattr(runner.Runner, "_forward", off(small))
    check(made)
    monkeypatch.setattr(runner.Runner, "_forward", off(large))
    with pytest.raises(ModelError, match="does not give the logits"):
        check(made)


def test_settings_that_are_not_applied_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens that generate may not write, and that the engine would, are a reason to refuse."""
    made = unchecked(checkpoint("qwen2_vl"))
    profile, category = self_check.asking_briefly(made.profile)
    inputs = profile.inputs(drawn(), category)
    written = self_check.generated(made, inputs, self_check.Forced(inputs["input_ids"].shape[1], {}))
    made.model.generation_config.suppress_tokens = written.tokens[:1]
    check(made)
    monkeypatch.setattr(self_check, "greedy_processors", lambda *_, **__: lambda _: [])
    with pytest.raises(ModelError, match="generation config"):
        check(made)


def test_tokens_that_generate_does_not_write_by_force_are_no_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """A generate of a model's own may heed no processor but those of its generation config."""
    made = unchecked(checkpoint("qwen2_vl"))
    own = made.model.generate
    monkeypatch.setattr(made.model, "generate", lambda logits_processor, **given: own(**given))
    check(made)


@pytest.mark.parametrize(("dtype", "passes"), [("float32", False), ("bfloat16", True)])
def test_one_place_that_is_off_is_forgiven_narrow_types_alone(
    dtype: str, passes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounding may send a token to another expert, in types of few digits."""
    made = unchecked(checkpoint("qwen2_vl"), dtype)
    forward = runner.Runner._forward

    def off(self: Any, *args: Any) -> torch.Tensor:
        logits: torch.Tensor = forward(self, *args).clone()
        if len(logits) == 1:  # the prefill of one row
            logits[0, -1] = logits[0, -1].flip(0)
        return logits

    monkeypatch.setattr(runner.Runner, "_forward", off)
    with nullcontext() if passes else pytest.raises(ModelError, match="a prefill of one row"):
        check(made)


class Worded(Prepared):
    """A decoder without a vision part, whose prompts are its embeddings of words."""

    def embed(self, model: Any, batch: Any) -> list[Prompt]:
        return [sequence(model, 0, inputs["input_ids"][0].tolist(), 1).prompt for inputs in batch]


def test_padding_that_is_in_states_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is padded shows it, where padding is not nothing: biases make it something."""
    ids = torch.tensor([[3, 5, 7, 2]])
    words = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    made = Worded("it", tiny_decoder(kind="state space"), words)
    check(made)
    masks = LayerKinds.masks
    monkeypatch.setattr(LayerKinds, "masks", lambda *args: masks(*args[:6]))  # not what is sent
    with pytest.raises(ModelError, match="several rows"):
        check(made)


def test_a_model_that_gives_no_numbers_is_refused() -> None:
    """Not-a-number is no small difference."""
    made = unchecked(checkpoint("qwen2_vl"))
    with torch.no_grad():
        made.model.lm_head.weight.fill_(float("nan"))
    with pytest.raises(ModelError):
        check(made)


def test_the_check_runs_at_loading_and_can_be_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading checks unless told not to; the time is the verifier's, once it reads."""
    folder = checkpoint("qwen2_vl")
    made = load(folder, Config(verifier=folder, device="cpu"))
    assert made.check_seconds > 0
    verifier = ModelVerifier(made, Config(max_new_tokens=3))
    assert "check" not in verifier.seconds
    list(verifier.verify([Request(0, drawn(), None)]))
    assert verifier.seconds["check"] == made.check_seconds
    monkeypatch.setattr(made.profile.__class__, "embed", lambda *_: 1 / 0)
    with pytest.raises(ModelError, match="ZeroDivisionError"):
        load(folder, Config(verifier=folder, device="cpu"))
    assert unchecked(folder).check_seconds == 0


@given(
    rows=st.lists(st.lists(st.floats(-30, 30), min_size=6, max_size=6), min_size=1, max_size=3),
    shift=st.floats(-100, 100),
)
def test_distance_is_of_what_a_softmax_sees(rows: list[list[float]], shift: float) -> None:
    """The same logits are at no distance, nor are those that differ by one number for all."""
    logits = torch.tensor(rows, dtype=torch.float64) + torch.arange(6)
    assert max(distance(logits, logits + shift)) < 1e-9
    masked = logits.clone()
    masked[:, 0] = -1e9
    lower = logits.clone()
    lower[:, 0] = -2e9
    assert max(distance(masked, lower)) == 0
    assert min(distance(logits, -logits)) > tolerance(torch.bfloat16)


def test_distance_is_a_share_of_the_spread() -> None:
    """Where one logit is far above all others, what the others say among themselves still counts."""
    theirs = torch.cat([torch.tensor([40.0]), torch.tensor([1.0, -1.0]).repeat(500)])[None]
    ours = torch.cat([theirs[:, :1], -theirs[:, 1:]], dim=1)
    assert min(distance(ours, theirs)) > 0.5
