"""docspec serve: the command that it makes of a checkpoint and of vLLM's options."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from jinja2 import Template
from typer.testing import CliRunner

from docspec.cli import app
from docspec.doctor import Status, examine
from docspec.errors import ModelError, UsageError
from docspec.serve import FAMILIES, run, serve_command
from docspec.verifiers.vllm_plugin import arguments


def checkpoint(folder: Path, model_type: str, **tokenizer: str) -> str:
    """A checkpoint's folder, as far as it is looked at."""
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}))
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    return str(folder)


def rendered(family: str, text_first: bool = False) -> str:
    """A question about an image in the family's chat format."""
    content = [{"type": "image"}, {"type": "text", "text": "Read."}]
    messages = [{"role": "user", "content": content[::-1] if text_first else content}]
    return str(Template(FAMILIES[family].template).render(messages=messages, add_generation_prompt=True))


def test_the_command_is_vllms_with_the_drafts_and_the_users_options(tmp_path: Path) -> None:
    """The user's come last, so that they go before ours."""
    command = serve_command(checkpoint(tmp_path, "qwen2_vl", chat_template="x"), ["--port", "1"], 32)
    assert command[1:5] == ["-m", "vllm.entrypoints.openai.api_server", "--model", str(tmp_path)]
    assert command[-2:] == ["--port", "1"]
    assert set(arguments.server_options(32)) < set(command)
    assert "--chat-template" not in command
    assert json.loads(command[command.index("--limit-mm-per-prompt") + 1]) == {"image": 1, "video": 0}


def test_a_chat_template_is_given_where_the_checkpoint_has_none(tmp_path: Path) -> None:
    """In each of the files that can hold one; dots.ocr is always asked in its published format."""
    assert "--chat-template" in serve_command(checkpoint(tmp_path, "qwen2_vl"), [], 32)
    (tmp_path / "chat_template.jinja").write_text("x")
    assert "--chat-template" not in serve_command(str(tmp_path), [], 32)
    assert "--chat-template" in serve_command(checkpoint(tmp_path, "dots_ocr"), [], 32)
    assert "--chat-template" not in serve_command(checkpoint(tmp_path, "glm_ocr"), [], 32)


def test_the_templates_are_the_published_formats() -> None:
    """As docspec's own profiles write a question, image and text in either order."""
    assert rendered("dots_ocr") == "<|user|><|img|><|imgpad|><|endofimg|>Read.<|endofuser|><|assistant|>"
    assert rendered("qwen2_vl", text_first=True) == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\nRead.<|vision_start|><|image_pad|><|vision_end|><|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_what_cannot_be_served_is_said(tmp_path: Path) -> None:
    """An option that is ours, a window too long, options before the model, a folder without a checkpoint."""
    with pytest.raises(UsageError, match="docspec serve sets it"):
        serve_command(checkpoint(tmp_path, "qwen2_vl"), ["--speculative_config={}"], 32)
    with pytest.raises(UsageError, match="1 to 128"):
        serve_command(str(tmp_path), [], 129)
    with pytest.raises(UsageError, match="the model comes first"):
        serve_command("--port", ["1", "model"], 32)
    with pytest.raises(ModelError, match=r"no config\.json"):
        serve_command(str(tmp_path / "nothing"), [], 32)


@pytest.mark.parametrize(
    ("found", "said"), [(None, "not installed"), ("0.31.2", "this is vLLM 0.31.2"), ("0.34.0", "0.34.0")]
)
def test_another_vllm_is_refused(monkeypatch: pytest.MonkeyPatch, found: str | None, said: str) -> None:
    """Missing, too old and too new, each with what to install."""
    monkeypatch.setattr(arguments, "installed", lambda: found is not None)
    monkeypatch.setattr(arguments, "_release", lambda: found)
    with pytest.raises(UsageError, match=said) as raised:
        run(["nothing"])
    assert "vllm>=0.32,<0.34" in str(raised.value)
    [check] = [check for check in examine({}) if check.name == "vLLM"]
    assert said in check.detail
    assert check.status is (Status.OK if found is None else Status.NOTE)


@pytest.mark.parametrize("found", ["0.32.0", "0.33.1", None])
def test_the_releases_that_were_read_pass(monkeypatch: pytest.MonkeyPatch, found: str | None) -> None:
    """And a vLLM that does not say what it is."""
    monkeypatch.setattr(arguments, "installed", lambda: True)
    monkeypatch.setattr(arguments, "_release", lambda: found)
    arguments.check_vllm()


def test_dry_run_prints_the_command_for_a_deployment_of_ones_own(tmp_path: Path) -> None:
    """On standard output, as a shell takes it, also where vLLM is not installed."""
    model = checkpoint(tmp_path, "dots_ocr")
    result = CliRunner().invoke(app, ["serve", model, "--dry-run", "--draft-tokens", "16", "--port", "1"])
    assert result.exit_code == 0
    command = shlex.split(result.stdout)
    assert command == ["python", *serve_command(model, ["--port", "1"], 16)[1:]]
    assert CliRunner().invoke(app, ["serve", str(tmp_path / "nothing")]).exit_code == 2
