"""Attention without a mask in memory: the kernel, and which models it is for.

Without a CUDA device it is run by Triton's interpreter (see conftest).
"""

from __future__ import annotations

import logging
from types import ModuleType
from typing import Any

import pytest
import test_exactness
import test_tree_exactness
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from docspec.verifiers import split_attention
from docspec.verifiers.attention import attend
from docspec.verifiers.columns import NEVER
from docspec.verifiers.runner import Runner
from docspec.verifiers.split_attention import Sight, Trial

FEW = test_exactness.EVERY_KIND[2:5]
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
pytest.importorskip("triton")


@pytest.fixture(scope="module")
def kernels() -> ModuleType:
    """The kernels."""
    from docspec.verifiers import split_kernels

    return split_kernels


@st.composite
def passes(draw: st.DrawFn) -> dict[str, Any]:
    """The make-up of a pass: heads, columns, sizes, places, and each row's first place and tokens."""
    width = draw(st.sampled_from([1, 2, 5, 17]))
    capacity = draw(st.integers(width, 400))
    rows = [
        (draw(st.integers(0, capacity - count)), count)
        for count in draw(st.lists(st.integers(1, width), min_size=1, max_size=3))
    ]
    return {
        "rows": rows,
        "width": width,
        "capacity": capacity,
        "shared": draw(st.integers(1, 2)),
        "groups": draw(st.integers(1, 3)),
        "size": draw(st.sampled_from([8, 24, 64])),
        "seed": draw(st.integers(0, 99)),
    }


def made(case: dict[str, Any]) -> tuple[Sight, list[torch.Tensor], torch.Tensor]:
    """What a pass is told, its query, keys and values, and its mask; ends are any that let a token see
    itself."""
    torch.manual_seed(case["seed"])
    rows, width, capacity = case["rows"], case["width"], case["capacity"]
    targets = torch.full((len(rows), width), capacity)
    ends = torch.full((len(rows), width), NEVER)
    for row, (start, count) in enumerate(rows):
        own = torch.arange(start, start + count)
        targets[row, width - count :] = own
        ends[row, width - count + 1 :] = (own + torch.randint(1, 4, (count,)))[1:]
    places = torch.arange(capacity)
    at = targets.clamp(max=capacity - 1)[:, None, :, None]
    by_place = torch.full((len(rows), capacity + 1), NEVER).scatter(1, targets, ends)[:, None, None, :-1]
    mask = ((places <= at) & (at < by_place)) | (places == at)
    query = torch.randn(len(rows), width, case["shared"] * case["groups"], case["size"]).transpose(1, 2)
    key, value = torch.randn(2, len(rows), case["shared"], capacity + 1, case["size"])[..., :-1, :].unbind(0)
    sight = Sight(targets.to(DEVICE), ends.to(DEVICE), capacity)
    return sight, [one.to(DEVICE) for one in (query, key, value)], mask.to(DEVICE)


@given(case=passes())
@settings(max_examples=25, deadline=None)
def test_any_pass_attends_as_with_its_mask(kernels: ModuleType, case: dict[str, Any]) -> None:
    """Ragged rows, trees, any sizes: what is no padding is as torch gives it, and padding is finite."""
    sight, given_, mask = made(case)
    query, key, value = given_
    found = kernels.attend(query, key, value, sight.targets, sight.ends, sight.capacity, 0.3)
    wanted = attend(query, key, value, mask, 0.3).transpose(1, 2)
    real = sight.targets < sight.capacity
    torch.testing.assert_close(found[real], wanted[real], atol=1e-5, rtol=1e-5)
    assert found.isfinite().all()


def test_half_precision_and_heads_of_other_sizes(kernels: ModuleType) -> None:
    """In fp16, values smaller than keys, many splits, a row that pads the pass and sees nothing."""
    torch.manual_seed(0)
    query = torch.randn(2, 3, 6, 40).half().transpose(1, 2).to(DEVICE)
    key, value = torch.randn(2, 2, 2001, 40).half().to(DEVICE), torch.randn(2, 2, 2001, 24).half().to(DEVICE)
    targets = torch.tensor([[1997, 1998, 1999], [2000] * 3], device=DEVICE)
    ends = torch.full_like(targets, NEVER)
    found = kernels.attend(query, key[:, :, :2000], value[:, :, :2000], targets, ends, 2000, 0.2)
    mask = torch.arange(2000, device=DEVICE) <= targets[:1, None, :, None]
    wanted = attend(query[:1], key[:1, :, :2000], value[:1, :, :2000], mask, 0.2).transpose(1, 2)
    torch.testing.assert_close(found[:1], wanted, atol=2e-3, rtol=2e-3)
    assert (found[1] == 0).all()


@pytest.fixture
def maskless(kernels: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[Runner]:
    """Every runner tries to do without masks, on the CPU; the runners that were made."""
    runners: list[Runner] = []
    initial = Runner.__init__

    def trying(self: Runner, *arguments: Any, **more: Any) -> None:
        initial(self, *arguments, **more)
        self.maskless = None
        runners.append(self)

    monkeypatch.setattr(Runner, "__init__", trying)
    monkeypatch.setattr(split_attention, "kernels", lambda: kernels)
    return runners


@pytest.mark.slow
@pytest.mark.parametrize("family", ["idefics3", "hunyuan_vl"])
def test_passes_without_masks_equal_generate(family: str, maskless: list[Runner]) -> None:
    """Hostile drafts in a ragged batch."""
    test_exactness.check(test_exactness.loaded(family, "plain", 0, True, DEVICE), 2, FEW)
    assert any(runner.maskless for runner in maskless)


def test_trees_without_masks_equal_generate(maskless: list[Runner]) -> None:
    """Random trees in a ragged batch."""
    test_tree_exactness.check("qwen2_vl", "plain", [3, 14], 2, DEVICE)
    assert any(runner.maskless for runner in maskless)


def test_a_model_that_attends_by_more_than_a_mask_keeps_its_mask(
    maskless: list[Runner], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One layer of several that cuts its mask, as some models' code does, is enough."""
    reader = test_exactness.loaded("qwen2_vl", "plain", 0, True, DEVICE)
    layer = reader.model.get_decoder().layers[-1].self_attn
    forward = layer.forward

    def cutting(*arguments: Any, attention_mask: torch.Tensor | None = None, **more: Any) -> Any:
        cut = None if attention_mask is None else attention_mask[..., :]
        return forward(*arguments, attention_mask=cut, **more)

    monkeypatch.setattr(layer, "forward", cutting)
    test_exactness.check(reader, 2, FEW)
    assert not any(runner.maskless for runner in maskless)


@pytest.mark.parametrize(
    ("fault", "message"), [("raises", "no compiler"), ("differs", "something else")], ids=str
)
def test_a_kernel_that_does_not_work_here_is_not_used(
    fault: str,
    message: str,
    maskless: list[Runner],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without a compiler, or where it gives something else, attention is torch's, and why is said."""

    def broken(*arguments: Any) -> torch.Tensor:
        if fault == "raises":
            raise RuntimeError("no compiler")
        return torch.zeros(())

    monkeypatch.setattr(split_attention, "split_attention", broken)
    with caplog.at_level(logging.WARNING):
        reader = test_exactness.loaded("qwen2_vl", "plain", 0, True, DEVICE)
        test_exactness.check(reader, 2, FEW)
    assert not any(runner.maskless for runner in maskless)
    assert {message in record.getMessage() for record in caplog.records} == {True}


def test_a_trial_counts_layers() -> None:
    """Fewer layers than the model has, or none, are no proof."""
    sight = Sight(torch.zeros(1, 1), torch.zeros(1, 1), 1)
    trial = Trial(sight, torch.ones(1, 1, 1, 1, dtype=torch.bool), plain=2, agrees=True)
    assert trial.passed(2)
    assert not trial.passed(3)
    trial.others = 1
    assert not trial.passed(2)
    assert not Trial(sight, trial.mask).passed(0)
