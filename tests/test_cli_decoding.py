"""The command line's options of sampling and of runaway output, up to the configuration they make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from docspec import plan
from docspec.cli import app
from docspec.config import Config
from docspec.errors import UsageError


def configured(monkeypatch: pytest.MonkeyPatch, *options: str) -> tuple[Config | None, str]:
    """The configuration that a parse with ``options`` would use, and what it wrote on its way there."""
    made: list[Config] = []
    config = Config

    def remember(**values: Any) -> Config:
        made.append(config(**values))
        return made[-1]

    def stop(*arguments: Any) -> Any:
        raise UsageError("stopped")

    monkeypatch.setattr("docspec.config.Config", remember)
    monkeypatch.setattr(plan, "make_plan", stop)
    result = CliRunner().invoke(app, ["parse", str(Path("paper.pdf")), *options])
    assert result.exit_code == 2
    return made[-1] if made else None, " ".join(result.stderr.split())


def test_sampling_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Temperature and seed arrive; without them the defaults hold."""
    options = ["--accept", "sampled", "--temperature", "0.3", "--seed", "-7"]
    config, _ = configured(monkeypatch, *options)
    assert config is not None
    assert (config.accept, config.temperature, config.seed) == ("sampled", 0.3, -7)
    plain, _ = configured(monkeypatch, "--accept", "sampled")
    assert plain is not None
    assert (plain.temperature, plain.seed, plain.on_loop) == (1.0, 0, "keep")


@pytest.mark.parametrize("option", [["--temperature", "0.3"], ["--seed", "1"]])
def test_sampling_options_without_sampling_are_refused(
    monkeypatch: pytest.MonkeyPatch, option: list[str]
) -> None:
    """An option that would be ignored is an error that names the missing one."""
    config, message = configured(monkeypatch, *option)
    assert config is None
    assert f"{option[0]} is of sampled acceptance: add --accept sampled" in message


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--accept", "sampled", "--temperature", "0"], "temperature must be more than 0"),
        (["--accept", "sampled", "--temperature", "nan"], "temperature must be more than 0"),
        (["--on-loop", "stop"], "expected one of: off, keep, draft"),
        (["--accept", "greedy"], "expected one of: auto, exact, fused, sampled"),
    ],
)
def test_bad_values_say_what_was_expected(
    monkeypatch: pytest.MonkeyPatch, options: list[str], expected: str
) -> None:
    """Exit code 2 and one line."""
    config, message = configured(monkeypatch, *options)
    assert config is None
    assert expected in message


@pytest.mark.parametrize("value", ["off", "keep", "draft"])
def test_on_loop_is_configured(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Each policy for runaway output arrives."""
    config, _ = configured(monkeypatch, "--on-loop", value)
    assert config is not None
    assert config.on_loop == value
