"""Families on checkpoints of their real classes: inputs, encoding, loading, refusals and the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest
import torch
import transformers
from random_models import BUILDS, checkpoint
from typer.testing import CliRunner

from docspec.cli import app
from docspec.config import Config
from docspec.drafters.following.tree import Tree
from docspec.errors import ModelError
from docspec.types import Category
from docspec.verifiers.profiles.base import Profile
from docspec.verifiers.profiles.patch_grid import GridProfile
from docspec.verifiers.runner import Runner
from docspec.verifiers.sequence import Prompt
from docspec.verifiers.transformers_vlm import TransformersModel, load

GRIDS = [
    *("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5", "paddleocr_vl", "glm_ocr"),
    *("mineru2.5", "surya-ocr-2"),
]


def loaded(folder: str) -> TransformersModel:
    return load(folder, Config(verifier=folder, device="cpu"))


def pixels(seed: int, height: int = 60, width: int = 90) -> Any:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def asked(made: TransformersModel, category: Category | None) -> str:
    """What the model is asked, special tokens written out."""
    ids = made.profile.inputs(pixels(0), category)["input_ids"][0]
    return str(made.profile.tokenizer.decode(ids, skip_special_tokens=False))


@pytest.mark.parametrize("family", GRIDS)
def test_encoding_in_one_pass_equals_the_models_own_forward(family: str) -> None:
    """Several images in one pass of the vision tower give what the model itself makes of each."""
    made = loaded(checkpoint(family))
    profile, model = made.profile, made.model
    assert isinstance(profile, GridProfile)
    sizes = [(60, 90, Category.TEXT), (120, 40, None), (30, 200, Category.TABLE)]
    batch = [profile.inputs(pixels(height, height, width), what) for height, width, what in sizes]
    for fast, reference in zip(
        profile.embed(model, batch), Profile.embed(profile, model, batch), strict=True
    ):
        torch.testing.assert_close(fast.embeds, reference.embeds)
        assert torch.equal(fast.positions, reference.positions)
        assert fast.ids == reference.ids
        assert (fast.visual is None) == (reference.visual is None) == (family != "qwen3_vl")
        if fast.visual is not None and reference.visual is not None:
            assert torch.equal(fast.visual.places, reference.visual.places)
            torch.testing.assert_close(fast.visual.features, reference.visual.features)


def test_grid_inputs_equal_those_of_the_full_processor() -> None:
    """PaddleOCR-VL's own processor, which needs no torchvision, makes the same inputs of image and prompt."""
    folder = checkpoint("paddleocr_vl")
    profile = loaded(folder).profile
    made = profile.inputs(pixels(1), Category.TEXT)
    content = [{"type": "image", "image": profile.picture(pixels(1), Category.TEXT)}]
    own = transformers.AutoProcessor.from_pretrained(folder).apply_chat_template(
        [{"role": "user", "content": [*content, {"type": "text", "text": "OCR:"}]}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    for name, value in made.items():
        assert torch.equal(value, own[name]), name
    assert made["input_ids"][0, 0] == profile.tokenizer.bos_token_id


@pytest.mark.parametrize("family", sorted(BUILDS))
def test_each_kind_of_region_is_asked_for_in_the_familys_words(family: str) -> None:
    """The prompt of each kind of region, and of the page, stands in what the model gets."""
    made = loaded(checkpoint(family))
    for category in (Category.TEXT, Category.TABLE, Category.FORMULA, None):
        text = asked(made, category)
        assert made.profile.prompt_for(category) in text
    if family == "got_ocr2":
        assert "OCR: " in asked(made, Category.TEXT)
        assert "OCR with format: " in asked(made, None)
    if family == "deepseek_ocr2":
        assert text.startswith("<s><image>")
        assert text.endswith("\n<|grounding|>Convert the document to markdown.")
    if family.startswith("qwen"):
        assert text.index("Attached is one page") < text.index("<|image_pad|>")
    if family == "qwen3_5":
        assert text.endswith("[no]")  # it is told not to think first
    if family == "surya-ocr-2":
        assert text.endswith("[yes]")  # its own client has no setting for that
    if family == "mineru2.5":
        assert text.startswith("<|im_start|>system\nYou are a helpful assistant.<|im_end|>")
        assert "<|vision_end|>\nTable Recognition:<|im_end|>" in asked(made, Category.TABLE)


def test_prompts_that_look_ahead_keep_their_masks() -> None:
    """Where image tokens see each other, the prompt says so; of a causal mask there is nothing to say."""
    made = loaded(checkpoint("idefics3"))
    profile, model = made.profile, made.model
    inputs = profile.inputs(pixels(0), Category.TEXT)
    size = inputs["input_ids"].shape[1]
    everything = torch.ones(1, 1, size, size, dtype=torch.bool)
    for mask in (everything.tril(), torch.zeros(1, 1, size, size).masked_fill(~everything.tril(), -1e9)):
        [given] = profile.embed(model, [inputs | {"attention_mask": mask}])
        assert given.ids == tuple(inputs["input_ids"][0].tolist())
        assert given.masks is None
    [given] = profile.embed(model, [inputs | {"attention_mask": everything}])
    assert torch.equal(given.masks, everything[0, 0])


def test_what_the_engine_would_leave_out_is_refused() -> None:
    """A model that gives its decoder something else than the engine knows is refused, by its name."""
    made = loaded(checkpoint("idefics3"))
    inputs = made.profile.inputs(pixels(0), Category.TEXT)

    def more(module: Any, args: Any, given: dict[str, Any]) -> Any:
        return args, given | {"token_types": torch.zeros(1)}

    handle = made.model.get_decoder().register_forward_pre_hook(more, with_kwargs=True, prepend=True)
    try:
        with pytest.raises(ModelError, match="token_types"):
            made.profile.embed(made.model, [inputs])
    finally:
        handle.remove()
    assert made.profile.embed(made.model, [inputs])


@pytest.mark.parametrize("kind", ["dynamic", "longrope"])
def test_angles_that_depend_on_other_rows_are_refused_past_their_limit(kind: str) -> None:
    """A pass that reaches positions whose angles change with its longest row raises; a shorter one is run."""
    rope: dict[str, Any] = {
        "rope_type": kind,
        "factor": 2.0,
        "rope_theta": 10000.0,
        "original_max_position_embeddings": 16,
    }
    if kind == "longrope":
        rope |= {"short_factor": [1.0] * 4, "long_factor": [2.0] * 4}
    settings: dict[str, Any] = {
        "hidden_size": 32,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 32,
    }
    config = transformers.LlamaConfig(num_hidden_layers=1, vocab_size=50, rope_parameters=rope, **settings)
    runner = Runner(transformers.LlamaForCausalLM(config).eval(), 1)
    runner.cache.reserve(1, 32, 32)
    prompt = Prompt(torch.randn(15, 32), torch.arange(15)[None], tuple(range(15)))
    runner.prefill([0], [prompt], [[]], [Tree.chain([])])
    runner.step([0], [prompt], [[1]], [Tree.chain([])])
    with pytest.raises(ModelError, match="past 16 tokens"):
        runner.step([0], [prompt], [[1, 2]], [Tree.chain([])])


def test_angles_of_a_kind_of_layer_count_as_well() -> None:
    """Where each kind of layer has angles of its own, the first limit among them is the decoder's."""
    made = loaded(checkpoint("qwen2_vl"))
    rope = {"rope_type": "dynamic", "factor": 2.0, "original_max_position_embeddings": 16}
    made.model.config.get_text_config().rope_parameters = {
        "full_attention": rope | {"original_max_position_embeddings": 64},
        "sliding_attention": rope,
        "other": {"rope_type": "default"},
    }
    runner = Runner(made.model, 1)
    runner.cache.reserve(1, 32, 32)
    prompt = Prompt(torch.randn(17, 32), torch.arange(17).expand(3, 17), tuple(range(17)))
    with pytest.raises(ModelError, match="past 16 tokens"):
        runner.prefill([0], [prompt], [[]], [Tree.chain([])])


@pytest.mark.parametrize(
    ("size", "grid"), [((50, 70), [1, 1]), ((90, 200), [2, 1]), ((300, 120), [1, 3]), ((200, 210), [1, 2])]
)
def test_tiles_have_as_many_tokens_as_features(size: tuple[int, int], grid: list[int]) -> None:
    """Unlimited-OCR's processor writes an image token for each feature that its model makes of an image of
    this height and width, cut into such columns and rows."""
    made = loaded(checkpoint("unlimited_ocr"))
    inputs = made.profile.inputs(np.zeros((*size, 3), np.uint8), None)
    assert inputs["patches_grid"] == [grid]
    image = {name: value for name, value in inputs.items() if name.startswith(("pixel", "num", "patches"))}
    with torch.inference_mode():
        [features] = made.model.get_image_features(**image).pooler_output
    assert inputs["input_ids"][0].tolist().count(made.model.config.image_token_id) == len(features)


def test_a_temperature_that_depends_on_columns_is_refused_where_it_changes() -> None:
    """Llama 4's layers without angles scale by a token's column in its pass: from the first place on at which
    that is more than one, generate would do it and the engine not."""
    settings: dict[str, Any] = {
        "hidden_size": 32,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "intermediate_size": 32,
        "intermediate_size_mlp": 32,
        "num_local_experts": 2,
    }
    layers: dict[str, Any] = {"num_hidden_layers": 2, "no_rope_layers": [1, 0], "attention_chunk_size": 5}
    scaled: dict[str, Any] = {"floor_scale": 12, "attn_scale": 9.0}
    config = transformers.Llama4TextConfig(vocab_size=50, **settings, **layers, **scaled)
    torch.manual_seed(0)
    model = transformers.Llama4ForCausalLM(config).eval()
    ids = torch.randint(50, (1, 12))
    with torch.inference_mode():
        wanted = model(ids).logits[0]
        embeds = model.get_input_embeddings()(ids)[0]
    runner = Runner(model, 1)
    runner.cache.reserve(1, 32, 32)
    prompt = Prompt(embeds[:9], torch.arange(9)[None], tuple(ids[0, :9].tolist()))
    first = runner.prefill([0], [prompt], [[]], [Tree.chain([])])
    torch.testing.assert_close(first[0, -1], wanted[8])
    output = ids[0, 9:].tolist()
    step = runner.step([0], [prompt], [output[:1]], [Tree.chain(output[1:2])])
    torch.testing.assert_close(step[0], wanted[9:11])
    with pytest.raises(ModelError, match="past 11 tokens"):
        runner.step([0], [prompt], [output[:1]], [Tree.chain(output[1:])])
    branched = Tree.merge([output[:1], [output[0] + 1 - 2 * (output[0] > 48)], [49]])
    with pytest.raises(ModelError, match="past 11 tokens"):
        runner.prefill([0], [prompt], [[]], [branched])


def test_unknown_model_types_name_the_known_ones(tmp_path: Path) -> None:
    """A checkpoint of another family says which are known."""
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(ModelError, match=r"'llama'.*qwen2_vl"):
        loaded(str(tmp_path))


def test_missing_files_are_named(tmp_path: Path) -> None:
    """A folder without configuration, weights or chat template says what it lacks."""
    with pytest.raises(ModelError, match=r"config\.json"):
        loaded(str(tmp_path))
    folder = tmp_path / "copy"
    shutil.copytree(checkpoint("paddleocr_vl"), folder)
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ModelError, match="chat template"):
        loaded(str(folder)).profile.inputs(pixels(0), None)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        loaded(str(folder))


def test_offline_says_so() -> None:
    """A hub name that is not in the cache is refused without looking for a network."""
    name = "no-such-owner/no-such-model"
    with pytest.raises(ModelError, match="--offline"):
        load(name, Config(verifier=name, offline=True))


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """A page with a heading and a paragraph."""
    pdf = pymupdf.open()
    page = pdf.new_page(width=300, height=200)
    page.insert_text((30, 50), "A heading", fontsize=18, fontname="hebo")
    page.insert_textbox((30, 80, 270, 180), "A small model drafts, a large one verifies. " * 3, fontsize=11)
    path = tmp_path / "note.pdf"
    pdf.save(path)
    return path


@pytest.mark.parametrize(
    ("family", "mode"),
    [
        ("qwen3_vl", "region"),
        ("idefics3", "page"),
        ("glm_ocr", "hierarchical"),
        ("qwen3_5", "region"),
        ("qwen3_5", "page"),
        ("qwen3_5", "hierarchical"),
        ("mineru2.5", "region"),
        ("surya-ocr-2", "page"),
        ("qianfan_ocr", "page"),
    ],
)
def test_command_line_takes_a_checkpoint(
    family: str, mode: str, note: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``docspec parse --verifier FOLDER`` reads a document in every mode."""
    monkeypatch.setattr(TransformersModel, "limit", lambda *_: 12)  # a random model does not end by itself
    out = tmp_path / "out"
    options = ["--verifier", checkpoint(family), "--mode", mode, "--accept", "exact", "--format", "json"]
    result = CliRunner().invoke(app, ["parse", str(note), "-o", str(out), "-q", *options])
    assert result.exit_code == 0, result.output
    written = out if out.is_file() else next(out.rglob("*.json"))
    assert json.loads(written.read_text())["verifier"] == checkpoint(family)


def test_doctor_lists_the_profiles() -> None:
    """``docspec doctor --profiles`` names each family, its model types and what was tested."""
    result = CliRunner().invoke(app, ["doctor", "--profiles"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    for word in ("PaddleOCR-VL", "hunyuan_vl", "DocTags", "exact, small", "linear attention"):
        assert word in result.output
