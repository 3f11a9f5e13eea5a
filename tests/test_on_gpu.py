"""On a CUDA device, in fp32: passes that are recorded as graphs and replayed write what ``generate`` does."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
import test_tree_exactness
import torch
from random_models import BUILDS
from test_exactness import EVERY_KIND, check, loaded

from docspec.verifiers.recorded import CudaRecorder
from docspec.verifiers.runner import Runner

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
SEEDS = [3, 14, 15, 92, 65, 35, 89]
STATEFUL = ("qwen3_5", "surya-ocr-2")
EXPERTS = ("deepseek_ocr2", "unlimited_ocr")
# states are other tensors in each pass; in fp32 torch's product by groups of experts waits for the device
UNRECORDED = (*STATEFUL, *EXPERTS)


@pytest.fixture(autouse=True)
def replays(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One item for each pass that is replayed; convolutions in full fp32, as products are."""
    made: list[int] = []
    record = CudaRecorder.__call__

    def counted(self: CudaRecorder, run: Callable[[], object]) -> Callable[[], object]:
        replay = record(self, run)

        def counting() -> None:
            made.append(1)
            replay()

        return counting

    monkeypatch.setattr(CudaRecorder, "__call__", counted)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    return made


@pytest.mark.parametrize("family", sorted(BUILDS))
def test_families_equal_generate(family: str, replays: list[int]) -> None:
    """One batch with each kind of draft, of regions and pages."""
    check(loaded(family, "plain", 0, True, "cuda"), 3, EVERY_KIND)
    assert bool(replays) == (family not in UNRECORDED)


@pytest.mark.parametrize("variant", ["penalty", "sliding"])
def test_settings_equal_generate(variant: str, replays: list[int]) -> None:
    """Logits processors, and layers with sliding windows, whose masks need the places of keys."""
    check(loaded("qwen2_5_vl", variant, 0, True, "cuda"), 3, EVERY_KIND)
    assert replays


@pytest.mark.parametrize("family", [family for family in sorted(BUILDS) if family not in STATEFUL])
def test_trees_equal_generate(family: str, replays: list[int]) -> None:
    """Random trees in ragged batches that shrink."""
    assert test_tree_exactness.check(family, "plain", SEEDS, 3, "cuda") > 0
    assert bool(replays) == (family not in UNRECORDED)


def test_passes_have_no_masks(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A model with plain attention does without, and the kernel agrees with torch."""
    runners: list[Runner] = []
    initial = Runner.__init__

    def kept(self: Runner, *given: Any, **more: Any) -> None:
        initial(self, *given, **more)
        runners.append(self)

    monkeypatch.setattr(Runner, "__init__", kept)
    check(loaded("qwen2_vl", "plain", 0, True, "cuda"), 3, EVERY_KIND)
    assert any(runner.maskless for runner in runners)
    assert not caplog.records


def test_passes_that_cannot_be_recorded_are_made(
    monkeypatch: pytest.MonkeyPatch, replays: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """A model that waits for the device in its passes is run without graphs, and why is said."""
    made = loaded("qwen2_vl", "plain", 0, True, "cuda")
    forward = made.model.forward

    @wraps(forward)
    def waiting(*arguments: Any, **more: Any) -> Any:
        output = forward(*arguments, **more)
        float(output.logits.sum())
        return output

    monkeypatch.setattr(made.model, "forward", waiting)
    check(made, 3, EVERY_KIND)
    assert not replays
    assert any("not recorded" in record.getMessage() for record in caplog.records)
