"""Options of sampling and of runaway output, from the command line to what a verifier is given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from small_parts import OPTIONS, SmallVerifier
from typer.testing import CliRunner

from docspec.cli import app
from docspec.config import Config

Configured = Callable[..., tuple[Config | None, str]]


@pytest.fixture
def configured(small_parts_installed: None, monkeypatch: pytest.MonkeyPatch, paper: Path) -> Configured:
    """The configuration that a parse with some options gives its verifier, if any, and what it wrote."""

    def parse(*options: str) -> tuple[Config | None, str]:
        made: list[Config] = []
        monkeypatch.setattr(SmallVerifier, "__init__", lambda _, config: made.append(config))
        result = CliRunner().invoke(app, ["parse", str(paper), *OPTIONS, *options])
        assert result.exit_code == (0 if made else 2)
        return made[-1] if made else None, " ".join(result.stderr.split())

    return parse


def test_sampling_is_configured(configured: Configured) -> None:
    """Temperature and seed arrive; without them the defaults hold."""
    options = ["--accept", "sampled", "--temperature", "0.3", "--seed", "-7"]
    config, _ = configured(*options)
    assert config is not None
    assert (config.accept, config.temperature, config.seed) == ("sampled", 0.3, -7)
    plain, _ = configured("--accept", "sampled")
    assert plain is not None
    assert (plain.temperature, plain.seed, plain.on_loop) == (1.0, 0, "keep")


@pytest.mark.parametrize("option", [["--temperature", "0.3"], ["--seed", "1"]])
def test_sampling_options_without_sampling_are_refused(configured: Configured, option: list[str]) -> None:
    """An option that would be ignored is an error that names the missing one."""
    config, message = configured(*option)
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
def test_bad_values_say_what_was_expected(configured: Configured, options: list[str], expected: str) -> None:
    """Exit code 2 and one line."""
    config, message = configured(*options)
    assert config is None
    assert expected in message


@pytest.mark.parametrize("value", ["off", "keep", "draft"])
def test_on_loop_is_configured(configured: Configured, value: str) -> None:
    """Each policy for runaway output arrives."""
    config, _ = configured("--on-loop", value)
    assert config is not None
    assert config.on_loop == value
