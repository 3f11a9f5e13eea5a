"""Our dots.ocr against the published checkpoint's keys and a second vision tower, written from the facts."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from dots_model import config_dict, image_processor, random_dots, save_checkpoint
from safetensors.torch import load_file, save_file
from torch.nn import functional

from docspec.errors import ModelError
from docspec.verifiers.dots_ocr.configuration import DotsOCRConfig, DotsVisionConfig
from docspec.verifiers.dots_ocr.loading import load_dots_ocr
from docspec.verifiers.dots_ocr.model import DotsOCRForCausalLM
from docspec.verifiers.dots_ocr.vision import DotsVisionTower


def published_shapes() -> dict[str, tuple[int, ...]]:
    """Every key of the published checkpoint and its shape, from the public release."""
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (151936, 1536),
        "model.norm.weight": (1536,),
        "lm_head.weight": (151936, 1536),
        "vision_tower.patch_embed.patchifier.proj.weight": (1536, 3, 14, 14),
        "vision_tower.patch_embed.patchifier.proj.bias": (1536,),
        "vision_tower.patch_embed.patchifier.norm.weight": (1536,),
        "vision_tower.post_trunk_norm.weight": (1536,),
        "vision_tower.merger.ln_q.weight": (1536,),
        "vision_tower.merger.ln_q.bias": (1536,),
        "vision_tower.merger.mlp.0.weight": (6144, 6144),
        "vision_tower.merger.mlp.0.bias": (6144,),
        "vision_tower.merger.mlp.2.weight": (1536, 6144),
        "vision_tower.merger.mlp.2.bias": (1536,),
    }
    for i in range(28):
        layer = f"model.layers.{i}."
        shapes |= {
            layer + "self_attn.q_proj.weight": (1536, 1536),
            layer + "self_attn.q_proj.bias": (1536,),
            layer + "self_attn.k_proj.weight": (256, 1536),
            layer + "self_attn.k_proj.bias": (256,),
            layer + "self_attn.v_proj.weight": (256, 1536),
            layer + "self_attn.v_proj.bias": (256,),
            layer + "self_attn.o_proj.weight": (1536, 1536),
            layer + "mlp.gate_proj.weight": (8960, 1536),
            layer + "mlp.up_proj.weight": (8960, 1536),
            layer + "mlp.down_proj.weight": (1536, 8960),
            layer + "input_layernorm.weight": (1536,),
            layer + "post_attention_layernorm.weight": (1536,),
        }
    for i in range(42):
        block = f"vision_tower.blocks.{i}."
        shapes |= {
            block + "norm1.weight": (1536,),
            block + "norm2.weight": (1536,),
            block + "attn.qkv.weight": (4608, 1536),
            block + "attn.proj.weight": (1536, 1536),
            block + "mlp.fc1.weight": (4224, 1536),
            block + "mlp.fc2.weight": (1536, 4224),
            block + "mlp.fc3.weight": (4224, 1536),
        }
    return shapes


def test_keys_and_shapes_are_the_published_ones() -> None:
    """A full-size model has exactly the published checkpoint's keys and shapes."""
    with torch.device("meta"):
        model = DotsOCRForCausalLM(DotsOCRConfig())
    assert {key: tuple(value.shape) for key, value in model.state_dict().items()} == published_shapes()
    assert (model.config.rope_parameters or {})["rope_theta"] == 1_000_000


def rms(x: torch.Tensor, weight: torch.Tensor, eps: float = 1e-5) -> torch.Tensor:
    """Root mean square norm."""
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps) * weight


def second_tower(w: dict[str, torch.Tensor], image: np.ndarray, heads: int) -> torch.Tensor:
    """dots.ocr's vision tower over one image [3, H, W], patch by patch and head by head, as the facts say.

    Returns the merged features, merge cell by merge cell.
    """
    down, across = image.shape[1] // 14, image.shape[2] // 14
    order = [
        (2 * cell_row + i, 2 * cell_column + j)
        for cell_row in range(down // 2)
        for cell_column in range(across // 2)
        for i in range(2)
        for j in range(2)
    ]
    embedded = functional.conv2d(
        torch.from_numpy(image)[None],
        w["patch_embed.patchifier.proj.weight"],
        w["patch_embed.patchifier.proj.bias"],
        stride=14,
    )[0]  # [D, down, across]
    x = torch.stack([embedded[:, row, column] for row, column in order])
    x = rms(x, w["patch_embed.patchifier.norm.weight"])
    width = x.shape[1]
    dim = width // heads
    frequencies = [1 / 10000 ** (2 * k / (dim // 2)) for k in range(dim // 4)]
    angles = torch.tensor([[p * f for p in place for f in frequencies] * 2 for place in order])  # [N, dim]
    half = dim // 2
    block = 0
    while f"blocks.{block}.norm1.weight" in w:
        part = {k.split(".", 2)[2]: v for k, v in w.items() if k.startswith(f"blocks.{block}.")}
        qkv = rms(x, part["norm1.weight"]) @ part["attn.qkv.weight"].T  # query, key, value
        mixed = []
        for head in range(heads):
            q, k, v = (qkv[:, i * width + head * dim : i * width + (head + 1) * dim] for i in range(3))
            q, k = (
                s * angles.cos() + torch.cat([-s[:, half:], s[:, :half]], 1) * angles.sin() for s in (q, k)
            )
            mixed.append(torch.softmax(q @ k.T / math.sqrt(dim), -1) @ v)
        x = x + torch.cat(mixed, 1) @ part["attn.proj.weight"].T
        h = rms(x, part["norm2.weight"])
        gated = functional.silu(h @ part["mlp.fc1.weight"].T) * (h @ part["mlp.fc3.weight"].T)
        x = x + gated @ part["mlp.fc2.weight"].T
        block += 1
    x = rms(x, w["post_trunk_norm.weight"])
    x = functional.layer_norm(x, (width,), w["merger.ln_q.weight"], w["merger.ln_q.bias"], eps=1e-6)
    cells = torch.stack([torch.cat(list(x[i : i + 4])) for i in range(0, len(x), 4)])
    hidden = cells @ w["merger.mlp.0.weight"].T + w["merger.mlp.0.bias"]
    hidden = hidden * 0.5 * (1 + torch.erf(hidden / math.sqrt(2)))
    return hidden @ w["merger.mlp.2.weight"].T + w["merger.mlp.2.bias"]


def patches(image: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """What the image processor makes of a normalised image [3, H, W] whose sides are multiples of 28."""
    processor = image_processor()
    flat, down, across = processor.patchify(image, patch_size=14, merge_size=2, temporal_patch_size=1)
    return torch.from_numpy(np.ascontiguousarray(flat)), torch.tensor([[1, down, across]])


def noise(seed: int, height: int, width: int) -> np.ndarray:
    """A random normalised image."""
    return np.random.default_rng(seed).normal(size=(3, height, width)).astype(np.float32)


@pytest.mark.parametrize(("height", "width"), [(28, 28), (56, 140), (140, 56), (84, 112)])
@torch.no_grad()
def test_tower_equals_a_second_implementation(height: int, width: int) -> None:
    """The vision tower agrees with one written straight from the facts, to 1e-5 in float32."""
    tower: DotsVisionTower = random_dots(0).vision_tower
    image = noise(1, height, width)
    expected = second_tower(dict(tower.state_dict()), image, heads=2)
    torch.testing.assert_close(tower(*patches(image)), expected, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_images_in_one_batch_equal_each_alone() -> None:
    """Images neither see nor shift one another, those of equal size attended as a batch included."""
    tower: DotsVisionTower = random_dots(0).vision_tower
    sizes = [(56, 84), (56, 84), (84, 56), (28, 28), (112, 140)]
    images = [patches(noise(seed, *size)) for seed, size in enumerate(sizes)]
    together = tower(torch.cat([pixels for pixels, _ in images]), torch.cat([grid for _, grid in images]))
    alone = torch.cat([tower(*image) for image in images])
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_attention_gets_no_mask_and_one_image_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """No score matrix over several images exists: attention's arguments are per image, and no mask."""
    lengths = []

    def attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        lengths.append((query.shape[0], query.shape[2], key.shape[2]))
        return functional.scaled_dot_product_attention(query, key, value)

    monkeypatch.setattr("docspec.verifiers.dots_ocr.vision.scaled_dot_product_attention", attend)
    images = [patches(noise(0, *size)) for size in [(56, 56), (56, 56), (28, 84)]]
    random_dots(0).vision_tower(torch.cat([p for p, _ in images]), torch.cat([g for _, g in images]))
    assert lengths == [(2, 16, 16), (1, 12, 12)] * 2


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random model as the published folder is."""
    folder = tmp_path_factory.mktemp("dots")
    save_checkpoint(folder, random_dots(3))
    return folder


def assert_same(model: Any, other: Any) -> None:
    """Both models have the same weights."""
    assert {k: v.tolist() for k, v in model.state_dict().items()} == {
        k: v.tolist() for k, v in other.state_dict().items()
    }


def test_checkpoint_loads_as_published(checkpoint: Path) -> None:
    """Keys, remote-code hints, rope and processor settings of the published files load as they are."""
    model, words, processor = load_dots_ocr(str(checkpoint), dtype=torch.float32, local_files_only=True)
    assert_same(model, random_dots(3))
    assert (model.config.rope_parameters or {})["rope_theta"] == 1_000_000
    assert not model.config.is_encoder_decoder
    assert (processor.size["shortest_edge"], processor.size["longest_edge"]) == (784, 784 * 24)
    assert processor.temporal_patch_size == 1
    assert words.convert_tokens_to_ids("<|imgpad|>") == model.config.image_token_id


def test_configuration_is_made_of_a_plain_dict() -> None:
    """The vision tower's part of a config.json is of its own class, and is what it was once saved again."""
    values = config_dict()
    config = DotsOCRConfig(**values)
    assert isinstance(config.vision_config, DotsVisionConfig)
    assert config.vision_config.embed_dim == values["vision_config"]["embed_dim"]
    again = DotsOCRConfig(**config.to_dict())
    assert isinstance(again.vision_config, DotsVisionConfig)
    assert again.to_dict() == config.to_dict()


def test_missing_preprocessor_config_is_the_published_one(checkpoint: Path, tmp_path: Path) -> None:
    """Without preprocessor_config.json images are sized as published."""
    for file in checkpoint.iterdir():
        if file.name != "preprocessor_config.json":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    processor = load_dots_ocr(str(tmp_path), dtype=torch.float32, local_files_only=True)[2]
    assert (processor.size["shortest_edge"], processor.size["longest_edge"]) == (3136, 11289600)
    assert processor.temporal_patch_size == 1


def test_both_key_variants_load_and_save(checkpoint: Path, tmp_path: Path) -> None:
    """A conversion that names the attention's projections otherwise loads, and loads again after saving."""
    keys = load_file(checkpoint / "model.safetensors")
    renamed = {
        key.replace(".attn.qkv.", ".attn.qkv_proj.").replace(".attn.proj.", ".attn.out_proj."): value
        for key, value in keys.items()
    }
    assert renamed.keys() != keys.keys()
    (tmp_path / "config.json").write_text(json.dumps(config_dict()))
    save_file(renamed, tmp_path / "model.safetensors", metadata={"format": "pt"})
    model = DotsOCRForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    assert_same(model, random_dots(3))
    model.save_pretrained(tmp_path / "again")
    assert_same(DotsOCRForCausalLM.from_pretrained(tmp_path / "again", dtype=torch.float32), model)


def test_save_pretrained_keeps_the_published_keys(checkpoint: Path, tmp_path: Path) -> None:
    """Saving what was loaded gives the same keys and the same configuration."""
    model = DotsOCRForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    model.save_pretrained(tmp_path)
    assert load_file(tmp_path / "model.safetensors").keys() == model.state_dict().keys()
    saved = json.loads((tmp_path / "config.json").read_text())
    assert saved["model_type"] == "dots_ocr"
    assert saved["vision_config"]["model_type"] == "dots_vit"
    assert_same(DotsOCRForCausalLM.from_pretrained(tmp_path, dtype=torch.float32), model)


def test_checkpoint_without_a_weight_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    """Weights that are not there are an error, not random numbers."""
    for file in checkpoint.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    keys = load_file(checkpoint / "model.safetensors")
    del keys["vision_tower.blocks.1.mlp.fc3.weight"]
    save_file(keys, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"lacks 1 weights, vision_tower\.blocks\.1\.mlp\.fc3\.weight"):
        load_dots_ocr(str(tmp_path), dtype=torch.float32, local_files_only=True)


@torch.inference_mode()
def test_generate_goes_on_as_the_whole_pass_says() -> None:
    """Each token of ``generate`` is the argmax of a pass over everything before it, images included."""
    model: Any = random_dots(1)  # transformers' annotations know no generate of it
    pixels, grid = patches(noise(5, 56, 84))
    pad = model.config.image_token_id
    ids = torch.tensor([[6, 2, *[pad] * 6, 3, 40, 41, 42]])
    made = model.generate(ids, pixel_values=pixels, image_grid_thw=grid, max_new_tokens=8, do_sample=False)
    for length in range(ids.shape[1], made.shape[1]):
        logits = model(made[:, :length], pixel_values=pixels, image_grid_thw=grid).logits
        assert int(logits[0, -1].argmax()) == int(made[0, length])


@torch.inference_mode()
def test_image_tokens_must_match_the_image() -> None:
    """Another number of image tokens than of features is an error."""
    pixels, grid = patches(noise(5, 56, 84))
    with pytest.raises(ModelError, match="2 image tokens for 6 image features"):
        random_dots(1).embed(torch.tensor([[1, 1, 9]]), pixels, grid)
