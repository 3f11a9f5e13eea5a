"""The table of all model types: what is found in small random models, with the guards and without them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from transformers.modeling_outputs import MoeCausalLMOutputWithPast
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
from transformers.models.gemma3n import modeling_gemma3n

from docspec.bench import families
from docspec.bench.families import Prepared, Row, markdown, tried
from docspec.bench.shrunk_decoding import TOKENS, differing
from docspec.bench.shrunk_inputs import OWN, _ids, inputs_for
from docspec.bench.shrunk_models import shrunk, small_model
from docspec.bench.shrunk_settings import IMAGE_TOKEN, SMALL_RESNET
from docspec.errors import ModelError
from docspec.verifiers import embedding, runner
from docspec.verifiers.cache import RaggedCache
from docspec.verifiers.masks import CHUNKED, FULL, LayerKinds
from docspec.verifiers.profiles import base
from docspec.verifiers.self_check import check
from docspec.verifiers.window import StepCost

DOCUMENTED = Path(__file__).parent.parent / "docs" / "model-types.md"
HONOURED = {  # by type, what its decoder is given besides embeddings, positions and causal masks
    "paligemma": "own_masks",
    "gemma3": "own_masks",
    "gemma4": "by token",
    "gemma4_unified": "own_masks",
    "ernie4_5_vl_moe": "by token",
    "granite4_vision": "visual_of",
}


@pytest.mark.parametrize("model_type", sorted(HONOURED))
def test_without_what_is_honoured_the_check_refuses(model_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens of the prompt that see each other, and arguments of the decoder's own: with them the check
    passes, without them it finds the difference."""
    model = small_model(model_type)
    made = Prepared(model_type, model, inputs_for(model))
    check(made)
    if HONOURED[model_type] == "by token":
        monkeypatch.setattr(base, "BY_TOKEN", ())
    else:
        monkeypatch.setattr(base, HONOURED[model_type], lambda _: None)
    with pytest.raises(ModelError, match=r"does not give the logits|cannot be decoded"):
        check(made)


@pytest.mark.parametrize(
    ("model_type", "status", "reason"),
    [
        ("llava", "exact", ""),
        ("qwen3_vl_moe", "exact", ""),
        ("pix2struct", "refused", "encoder-decoder"),
        ("qwen3_5_moe", "exact", ""),
        ("lfm3_vl", "exact", ""),
        *((model_type, "exact", "") for model_type in sorted(HONOURED) if model_type != "granite4_vision"),
        ("qwen4_exp", "refused", "indexed_attention"),
        ("qwen2_vl", "profile", ""),
        ("blip-2", "refused", "wants pixel_values and input_ids in every pass"),
        ("git", "refused", "scaled dot product attention"),
        ("blip", "refused", "wants pixel_values in every pass"),
        ("mllama", "refused", "cross_attention_states"),
        ("mistral4", "refused", "takes no image"),
        ("pi0", "refused", "does not write token by token"),
    ],
)
def test_a_type_of_each_outcome(model_type: str, status: str, reason: str) -> None:
    """One model of each kind comes out as it should, with its reason."""
    row = tried(model_type)
    assert row.status == status
    assert reason in row.reason


@pytest.mark.parametrize("model_type", ["kimi_k25", "muse_glimmer", "gemma4"])
def test_written_image_tokens_are_embedded_as_the_model_does(
    model_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the model embeds an image token of its own output otherwise than its table, so does the engine;
    without that the check at loading refuses the model, and the output is another."""
    model = small_model(model_type)
    inputs = inputs_for(model)
    with torch.no_grad():
        model.lm_head.weight[IMAGE_TOKEN] *= 3
        written = model.generate(**inputs, do_sample=False, max_new_tokens=TOKENS)
    assert IMAGE_TOKEN in written[0, inputs["input_ids"].shape[1] : -1]
    made = Prepared(model_type, model, inputs)
    [prompt] = made.embed(model, [made.made])
    check(made)
    assert differing(model, inputs, prompt, 1) == []
    monkeypatch.setattr(embedding, "_embedded_otherwise", lambda model: ({}, {}))
    assert differing(model, inputs, prompt, 1)
    with pytest.raises(ModelError, match="does not give the logits"):
        check(made)


def test_words_of_a_models_parts_are_embedded_by_these(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gemma 3n, a small residual network in place of its vision part from another library, is exact also
    where it writes words of its image and audio parts."""
    settings: dict[str, Any] = {name: value for name, value in SMALL_RESNET.items() if name != "model_type"}

    def part(config: Any) -> Any:
        if config.model_type == "gemma3n_vision":
            return transformers.ResNetModel(transformers.ResNetConfig(**settings))
        return transformers.AutoModel.from_config(config)

    monkeypatch.setattr(modeling_gemma3n, "AutoModel", SimpleNamespace(from_config=part))
    pixels = torch.randn(1, 3, 56, 56, generator=torch.Generator().manual_seed(0))
    monkeypatch.setitem(OWN, "gemma3n", lambda _: {"input_ids": _ids(49), "pixel_values": pixels})
    model = small_model("gemma3n")
    made = Prepared("gemma3n", model, inputs_for(model))
    [prompt] = made.embed(model, [made.made])
    with torch.no_grad():
        model.lm_head.weight[380:] *= 3
    written = model.generate(**made.made, do_sample=False, max_new_tokens=TOKENS)[0, len(prompt) :]
    assert len({token for token in written.tolist() if token >= 380 and token != IMAGE_TOKEN}) > 1
    check(made)
    assert differing(model, made.made, prompt, 1) == []
    monkeypatch.setattr(embedding, "_words_of_parts", lambda _: [])
    assert differing(model, made.made, prompt, 1)


@pytest.mark.parametrize("line", [None, (1.0, 1e-6)])
def test_text_in_chunks(line: tuple[float, float] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Llama 4 is exact over several chunks, with chains and with trees, and refused where they are not kept.

    Its class (transformers 5.24) looks for a field that its decoder's output does not have.
    """
    monkeypatch.setattr(MoeCausalLMOutputWithPast, "image_outputs", None, raising=False)
    if line is not None:  # of a device where every branch is sent
        monkeypatch.setattr(StepCost, "line", lambda _: line)
    model = small_model("llama4")
    inputs = inputs_for(model)
    made = Prepared("llama4", model, inputs)
    [prompt] = made.embed(model, [inputs])
    check(made)
    assert differing(model, inputs, prompt, 1) == []
    assert len(prompt) + TOKENS > 4 * model.config.text_config.attention_chunk_size
    monkeypatch.setattr(
        runner, "layer_kinds", lambda *_: LayerKinds(frozenset({FULL, CHUNKED}), 0, True, 10**6)
    )
    with pytest.raises(ModelError, match="does not give the logits"):
        check(made)


def test_a_type_that_is_written_wrongly_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where outputs differ from generate's, the row says so, whatever the check at loading found."""
    monkeypatch.setattr(RaggedCache, "keep", lambda *_: None)
    monkeypatch.setattr(families, "check", lambda made: None)
    monkeypatch.setattr(StepCost, "line", lambda _: (1.0, 1e-6))  # of a device where every branch is sent
    row = tried("llava")
    assert row.status == "wrong"
    assert "generate" in row.reason


def documented() -> dict[str, str]:
    """Outcomes by model type, as the documentation's table has them."""
    rows = [line.split("|") for line in DOCUMENTED.read_text("utf-8").splitlines() if line.startswith("| `")]
    return {cells[1].strip(" `"): cells[2].strip() for cells in rows}


def test_the_table_has_every_type() -> None:
    """The documentation's table has each of transformers' types, in order; older releases have fewer."""
    assert list(documented()) == sorted(documented())
    assert set(documented()) >= set(MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES)


@pytest.mark.slow
@pytest.mark.parametrize("model_type", sorted(MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES))
def test_the_table_is_what_is_found(model_type: str) -> None:
    """Each type's outcome is the documented one."""
    [row] = markdown([tried(model_type)]).splitlines()[2:]
    assert row.split("|")[2].strip() == documented()[model_type]


def test_command_prints_the_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The named types, as a table or as markdown, and JSON in the last line."""
    for option, expected in (
        ("--markdown", "| `qwen2_vl` | exact with its profile |  |"),
        ("pix2struct", "encoder"),
    ):
        monkeypatch.setattr("sys.argv", ["families", "qwen2_vl", option])
        families.main()
        printed = capsys.readouterr().out
        assert expected in printed
        assert json.loads(printed.splitlines()[-1])["rows"][0]["status"] == "profile"


def test_settings_are_made_small() -> None:
    """Widths, layers, heads and vocabulary shrink at every level; what is no size stays."""
    settings: dict[str, Any] = {
        "hidden_size": 4096,
        "image_token_id": 151655,
        "pad_token_id": None,
        "text_config": {"num_hidden_layers": 36, "num_attention_heads": 32, "hidden_act": "silu"},
    }
    small = shrunk(settings)
    assert small == {
        "hidden_size": 32,
        "image_token_id": IMAGE_TOKEN,
        "pad_token_id": None,
        "text_config": {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_act": "silu"},
    }
    assert markdown([Row("x", "refused", "a|b")]).endswith("| `x` | refused | a\\|b |")
