"""A type that docspec has no profile for: what it is asked, what it writes, and what its user is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import random_models
import torch
from PIL import Image
from typer.testing import CliRunner

from docspec.cli import app
from docspec.config import Config
from docspec.types import Category, Draft, Request
from docspec.verifiers.model_verifier import ModelVerifier
from docspec.verifiers.profiles.generic import Generic
from docspec.verifiers.transformers_vlm import TransformersModel, load

TOKENS = 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small random LLaVA, as a checkpoint."""
    made = tmp_path_factory.mktemp("llava")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(random_models.BUILDS, "llava", random_models.Build(random_models.llava))
        random_models.save_checkpoint(made, "llava", 0)
    return str(made)


def written(made: TransformersModel, request: Request) -> str:
    """What transformers itself writes for the request."""
    inputs = made.profile.inputs(request.image, request.category)
    with torch.inference_mode():
        output = made.model.generate(**inputs, do_sample=False, max_new_tokens=TOKENS)
    tokens = output[0, inputs["input_ids"].shape[1] :].tolist()
    return made.codec.decode([token for token in tokens if token not in made.end_tokens])


def test_it_is_asked_by_its_own_template_and_writes_what_it_would(folder: str) -> None:
    """Regions of each kind have the text of the model's own generate, whatever the drafts."""
    made = load(folder, Config(verifier=folder, device="cpu", dtype="float32"))
    assert type(made.profile) is Generic
    assert made.profile.chat(None) == f"USER: <image>{Generic.page_prompt} ASSISTANT:"
    assert "as HTML" in made.profile.chat(Category.TABLE)
    pixels = np.random.default_rng(0).integers(0, 255, (60, 90, 3), dtype=np.uint8)
    requests: list[Request] = []
    wanted: list[str] = []
    for category in (Category.TEXT, Category.TABLE):
        text = written(made, Request(0, pixels, category))
        for draft in (text, text[:5] + "?" + text[6:], "", "nothing of it"):
            requests.append(Request(len(requests), pixels, category, (Draft(draft, "test"),)))
            wanted.append(made.profile.read(category, text))
    config = Config(max_batch=3, max_new_tokens=TOKENS, accept="exact", on_loop="off")
    verifier = ModelVerifier(made, config)
    verdicts = dict(verifier.verify(requests))
    assert [verdicts[request.key].text for request in requests] == wanted
    assert verifier.device == "cpu (float32, generic profile)"


def test_its_user_is_told(folder: str, tmp_path: Path) -> None:
    """The summary says that no profile is the model's own."""
    Image.new("RGB", (120, 80), "white").save(tmp_path / "page.png")
    options = ["--verifier", folder, "--mode", "page", "--max-new-tokens", "4", "--drafter", "text-layer"]
    result = CliRunner().invoke(
        app, ["parse", str(tmp_path / "page.png"), "-o", str(tmp_path / "out"), *options]
    )
    assert result.exit_code == 0, result.output
    assert "generic profile" in " ".join(result.stderr.split())
