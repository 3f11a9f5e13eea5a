"""The command that serves a model with vLLM and docspec's drafts in it: what ``docspec serve`` runs."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from docspec.errors import ModelError, UsageError
from docspec.verifiers.vllm_plugin.arguments import check_vllm, server_options

OURS = ("--scheduler-cls", "--speculative-config", "--per-request-spec-decode-metrics")
MODULE = "vllm.entrypoints.openai.api_server"  # `vllm serve` wants a distribution of that very name

# Chat templates in the published formats, for messages whose content is a text or a list of parts.
_PARTS = (
    "{% if m.content is string %}{{ m.content }}{% else %}{% for c in m.content %}"
    "{% if c.type == 'text' %}{{ c.text }}{% else %}IMAGE{% endif %}{% endfor %}{% endif %}"
)
_DOTS = (
    "{% for m in messages %}{% if m.role == 'user' %}<|user|>PARTS<|endofuser|>"
    "{% else %}<|assistant|>PARTS<|endofassistant|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
).replace("PARTS", _PARTS.replace("IMAGE", "<|img|><|imgpad|><|endofimg|>"))
_QWEN = (
    "{% if messages[0].role != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\nPARTS<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
).replace("PARTS", _PARTS.replace("IMAGE", "<|vision_start|><|image_pad|><|vision_end|>"))


@dataclass(frozen=True, slots=True)
class Family:
    """What vLLM has to be told of a family: its template, used ``always`` or where the checkpoint has none,
    and whether its processor takes videos, for which room would be kept."""

    template: str
    always: bool = False
    videos: bool = True


FAMILIES = {
    "dots_ocr": Family(_DOTS, always=True, videos=False),
    "qwen2_vl": Family(_QWEN),
    "qwen2_5_vl": Family(_QWEN),
}


def serve_command(model: str, options: Sequence[str], window: int) -> list[str]:
    """vLLM's server for ``model``, a checkpoint's folder or hub name; ``options`` are the user's, in vLLM's
    own words, and go before ours. A window has at most ``window`` draft tokens.

    Raises UsageError for what cannot be an option or model, ModelError for a model without files.
    """
    try:
        ours = server_options(window)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if model.startswith("-"):
        raise UsageError(f"docspec serve MODEL [options of vLLM]: the model comes first, not {model}")
    for option in options:
        if option.split("=")[0].replace("_", "-") in OURS:
            raise UsageError(f"{option}: docspec serve sets it; without docspec's drafts, use vllm serve")
    return [sys.executable, "-m", MODULE, "--model", model, *ours, *_settings(model), *options]


def shown(command: Sequence[str]) -> str:
    """The command as a shell takes it, on any machine."""
    return shlex.join(["python", *command[1:]])


def run(command: list[str]) -> NoReturn:
    """Becomes the server: signals reach it, and the exit code is its own.

    Raises UsageError where vLLM is not installed, or of a release that the drafts are not for.
    """
    try:
        check_vllm()
    except RuntimeError as error:
        raise UsageError(str(error)) from None
    os.execv(command[0], command)


def _settings(model: str) -> list[str]:
    """What the model's family is known to need."""
    config = json.loads(_required(model, "config.json"))
    family = FAMILIES.get(config.get("model_type", ""))
    if family is None:
        return ["--limit-mm-per-prompt", json.dumps({"image": 1})]
    limits = {"image": 1} | ({"video": 0} if family.videos else {})
    settings = ["--limit-mm-per-prompt", json.dumps(limits)]
    if family.always or not _has_template(model):
        settings += ["--chat-template", family.template]
    return settings


def _has_template(model: str) -> bool:
    if any(_text(model, name) is not None for name in ("chat_template.jinja", "chat_template.json")):
        return True
    return "chat_template" in json.loads(_text(model, "tokenizer_config.json") or "{}")


def _required(model: str, name: str) -> str:
    found = _text(model, name)
    if found is None:
        raise ModelError(f"{model}: no {name}; expected a checkpoint's folder or the name of one on the hub")
    return found


def _text(model: str, name: str) -> str | None:
    """A file of the checkpoint, None where it is not there (or the hub cannot be reached)."""
    if Path(model).is_dir():
        path = Path(model, name)
        return path.read_text("utf-8") if path.is_file() else None
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HFValidationError, RepositoryNotFoundError

    try:
        return Path(hf_hub_download(model, name)).read_text("utf-8")
    except (EntryNotFoundError, HFValidationError, RepositoryNotFoundError, OSError):
        return None
