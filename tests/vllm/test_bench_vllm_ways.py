"""The benchmark of ways in vLLM, and the model that writes its texts, of which there are two."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import engines  # noqa: F401  sets vLLM's environment before it is imported
import pytest
import torch
from transformers import Qwen2VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from docspec.bench import small_model, vllm_ways
from docspec.bench.acceptance_cases import Case
from docspec.bench.recorded_model import PROMPT, make, picture
from docspec.bench.small_model import PAD, Size, tokenizer
from docspec.config import Config
from docspec.serve import serve_command
from docspec.verifiers.family import load_family

TEXTS = [
    "Where both agree nothing is lost, but time is won.",
    "The draft is text; the verdict is text as well.",
]


def test_docspecs_drafts_save_steps_and_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The model writes the texts, with drafts as without, in fewer steps, which can be taken for a GPU's."""
    drafts = tmp_path / "page.json"
    cases = [Case(str(number), "english", text, text) for number, text in enumerate(TEXTS)]
    drafts.write_text(json.dumps([asdict(case) for case in cases]), encoding="utf-8")
    options = ["--drafts", str(drafts), "--concurrency", "2", "--ways", "vllm-ngram", "vllm-docspec"]
    size = ["--width", "64", "--layers", "1", "--rounds", "200", "--step-width", "256"]
    monkeypatch.setattr(sys, "argv", ["vllm_ways", *options, *size])
    vllm_ways.main()
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["step_width"] == 256
    found = result["page"]
    assert found["training"]["texts_right"] == 1.0
    assert list(found["runs"]) == ["vllm, 2", "vllm-ngram, 2", "vllm-docspec, 2"]
    for line in found["runs"].values():
        assert line["identical"]
        assert line["as_recorded"] == 1.0
    assert found["runs"]["vllm-docspec, 2"]["steps_fewer"] > 3
    assert found["runs"]["vllm-docspec, 2"]["proposing_ms_median"] > 0


def test_the_model_writes_its_texts(tmp_path: Path) -> None:
    """Read from its folder, transformers' greedy generate writes each text after its picture, and ends."""
    torch.set_num_threads(1)
    size = Size(64, 1, 200)
    made = make(tmp_path, TEXTS, size)
    assert made["texts_right"] == 1.0
    assert make(tmp_path, TEXTS, size) == made  # it is not made again
    words = tokenizer()
    model: Any = Qwen2VLForConditionalGeneration.from_pretrained(tmp_path)
    images = Qwen2VLImageProcessorPil.from_pretrained(tmp_path)
    for number, text in enumerate(TEXTS):
        seen: dict[str, Any] = dict(images([picture(number)], return_tensors="pt"))
        ids = torch.tensor([words(PROMPT.replace(PAD, PAD * 4), add_special_tokens=False)["input_ids"]])
        kinds = (ids == words.convert_tokens_to_ids(PAD)).int()
        written = model.generate(
            input_ids=ids, mm_token_type_ids=kinds, **seen, do_sample=False, max_new_tokens=60
        )
        new = written[0, ids.shape[1] :].tolist()
        assert new[-1] == words.eos_token_id
        assert words.decode(new[:-1]) == text


def test_a_model_of_other_texts_is_made_anew(tmp_path: Path) -> None:
    """In the same folder, and of another size too: nothing stale is measured."""
    size = Size(64, 1, 1)
    first = make(tmp_path, TEXTS, size)
    assert make(tmp_path, TEXTS[:1], size)["texts"] == 1
    again = make(tmp_path, TEXTS, size)
    assert again["tokens"] == first["tokens"]
    assert make(tmp_path, TEXTS, Size(128, 1, 1))["made_of"] != again["made_of"]


def test_a_small_model_to_try_a_server_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Made by the command that the guide names; it is a checkpoint of a known family, served with its
    chat template, and the client reads the same folder."""
    folder = tmp_path / "small-model"
    monkeypatch.setattr("sys.argv", ["small_model", str(folder)])
    small_model.main()
    assert "it writes nonsense" in capsys.readouterr().out
    assert "--chat-template" in serve_command(str(folder), [], 32)
    family = load_family(str(folder), Config())
    assert family.page is not None
    assert family.end_tokens == (family.profile.tokenizer.eos_token_id,)
