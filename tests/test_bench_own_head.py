"""The benchmarks' ways with a model's own head: transformers' baseline, and what a head would save."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from own_heads import COUNT
from random_models import BUILDS
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageTextToText

from docspec.bench.acceptance_cases import Case
from docspec.bench.assisted import mtp_options
from docspec.bench.own_head import decode
from docspec.bench.shrunk_models import small_model
from docspec.bench.shrunk_settings import MORE

TEXT = "It was the best of times, it was the worst of times, it was the age of wisdom. "
CASES = [Case("page", "english", TEXT * 4 + "x" * number, "Quite another text. " * 9) for number in range(3)]


def loaded(model: Any) -> Any:
    """What the benchmark knows of a loaded model."""
    return SimpleNamespace(model=model, name="it")


def test_without_a_head_that_transformers_takes_a_sentence_says_so() -> None:
    """A model has none, or transformers does not load it from checkpoints of its class."""
    model, _ = BUILDS["qwen2_vl"].make(False)
    assert mtp_options(loaded(model)) == "no `generate-mtp`: it has no head of its own for further tokens"
    for family, name in COUNT.items():
        model, _ = BUILDS[family].make(False)
        setattr(model.config.get_text_config(), name, 1)
        reason = mtp_options(loaded(model))
        assert isinstance(reason, str)
        assert type(model).__name__ in reason


def test_with_one_generate_writes_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Step 3.7's head, with random weights, is used by transformers and changes no token."""
    layers = pytest.importorskip("transformers.modeling_layers")
    if not hasattr(layers, "MtpModel"):
        pytest.skip("this transformers has no multi-token prediction")
    settings = MORE["step3p7"]["text_config"] | {"num_nextn_predict_layers": 1}
    settings |= {"mtp_layer_types": ["full_attention"], "mtp_mlp_layer_types": ["dense"]}
    monkeypatch.setitem(MORE, "step3p7", MORE["step3p7"] | {"text_config": settings})
    model = small_model("step3p7")
    torch.manual_seed(0)
    weights = {}
    for key, weight in layers.MtpModel(model, 1).state_dict().items():
        if key.startswith("layers.0."):
            own = (
                key.removeprefix("layers.0.")
                .replace("mtp_block.", "")
                .replace("post_norm", "shared_head.norm")
            )
            random = torch.randn_like(weight) / weight.shape[-1] ** 0.5
            weights[f"model.layers.2.{own}"] = random if weight.dim() > 1 else torch.ones_like(weight)
    model.save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    save_file(load_file(file) | weights, file, metadata={"format": "pt"})
    model = AutoModelForImageTextToText.from_pretrained(tmp_path).eval()
    options = mtp_options(loaded(model))
    assert options == {"use_mtp": True}
    passes, forward = list[int](), layers.MtpModel.forward

    def counted(self: Any, *arguments: Any, **more: Any) -> Any:
        passes.append(1)
        return forward(self, *arguments, **more)

    monkeypatch.setattr(layers.MtpModel, "forward", counted)
    ids = torch.arange(5, 15)[None]
    asked: dict[str, Any] = {"do_sample": False, "max_new_tokens": 20, "attention_mask": torch.ones_like(ids)}
    assert torch.equal(model.generate(ids, **asked, **options), model.generate(ids, **asked))
    assert len(passes) > 3


@pytest.mark.parametrize("rows", [1, 3])
def test_a_head_that_is_right_saves_steps_and_one_that_is_wrong_costs_little(rows: int) -> None:
    """Beside drafts that are of no use, by how often it is right."""
    none = decode(CASES, rows, 0.0, 0.2, drafts=False, head=False)
    right = decode(CASES, rows, 1.0, 0.2, drafts=False, head=True)
    wrong = decode(CASES, rows, 0.0, 0.2, drafts=False, head=True)
    both = decode(CASES, rows, 1.0, 0.2, drafts=True, head=True)
    drafts = decode(CASES, rows, 1.0, 0.2, drafts=True, head=False)
    assert right["steps"] < 0.6 * none["steps"]
    assert both["tokens_a_second"] > 0.95 * drafts["tokens_a_second"]
    assert right["tokens_a_second"] > 1.3 * none["tokens_a_second"]
    assert wrong["tokens_a_second"] > 0.8 * none["tokens_a_second"]
