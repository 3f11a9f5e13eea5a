"""The guides are programs: their code, installed as a package of a reader's own, does what they say."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import random_models
from typer.testing import CliRunner

from docspec.cli import app
from docspec.doctor import profiles
from docspec.errors import ModelError
from docspec.verifiers.profiles.base import Profile
from docspec.verifiers.sequence import Prompt

DOCS = Path(__file__).parent.parent / "docs"
GUIDES = sorted(path.name for path in DOCS.glob("adding-a-*.md"))
BLOCK = re.compile(r"^```(\w+)\n# (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)  # a file: its name, its text


def files(guide: str) -> dict[str, str]:
    """The files of a guide by name; every block of code is one."""
    text = (DOCS / guide).read_text("utf-8")
    found = {name: content for _, name, content in BLOCK.findall(text)}
    assert len(found) == len(re.findall(r"^```\w", text, re.MULTILINE)), guide
    return found


def install(guide: str, site: Path) -> None:
    """What an installer makes of a guide's files."""
    for name, content in files(guide).items():
        (site / name).write_text(content, "utf-8")
    project = tomllib.loads((site / "pyproject.toml").read_text("utf-8"))["project"]
    described = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", "utf-8"
    )
    groups = project["entry-points"].items()
    lines = [f"[{group}]\n" + "".join(f"{n} = {t}\n" for n, t in named.items()) for group, named in groups]
    (described / "entry_points.txt").write_text("".join(lines), "utf-8")


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that packages are installed in; what is imported from it is forgotten afterwards."""
    folder = tmp_path_factory.mktemp("site")
    monkeypatch.syspath_prepend(folder)
    yield folder
    for path in folder.glob("*.py"):
        sys.modules.pop(path.stem, None)


def run_tests(module: ModuleType, tmp_path: Path) -> int:
    """Calls the module's tests, each with a folder of its own; how many there are."""
    tests = {name: thing for name, thing in vars(module).items() if name.startswith("test_")}
    for name, test in tests.items():
        folder = tmp_path / name
        folder.mkdir()
        test(**({"tmp_path": folder} if "tmp_path" in signature(test).parameters else {}))
    return len(tests)


@pytest.mark.parametrize("guide", [name for name in GUIDES if name != "adding-a-family.md"])
def test_a_guides_package_passes_its_tests(guide: str, site: Path, tmp_path: Path) -> None:
    """Registered by its entry points, found by name, tested as the guide says."""
    install(guide, site)
    [module] = [path.stem for path in site.glob("test_*.py")]
    assert run_tests(import_module(module), tmp_path) >= 2


def test_the_guides_family_is_exact(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its profile and its check work on a checkpoint of the real class; the check sees what is wrong."""
    install("adding-a-family.md", site)
    monkeypatch.setitem(random_models.BUILDS, "llava", random_models.Build(random_models.llava))
    random_models.save_checkpoint(tmp_path, "llava", 0)
    check = import_module("check_exact").check
    assert check(str(tmp_path)) == 16
    assert "llava" in {card.name for card in profiles()}
    embed = Profile.embed

    def stretched(self: Profile, model: Any, batch: list[dict[str, Any]]) -> list[Prompt]:
        return [replace(prompt, positions=prompt.positions * 2) for prompt in embed(self, model, batch)]

    monkeypatch.setattr(Profile, "embed", stretched)
    with pytest.raises(ModelError, match="does not give the logits"):
        check(str(tmp_path))


def test_the_page_on_batches_does_what_it_says(
    paper: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its commands read an archive, and once: what follows finds it done, in Python as well."""
    text = (DOCS / "batch.md").read_text("utf-8")
    [commands], [code] = (
        re.findall(rf"^```{kind}\n(.*?)^```", text, re.M | re.S) for kind in ("sh", "python")
    )
    (paper.parent / "archive/2023").mkdir(parents=True)
    paper.rename(paper.parent / "archive/2023/a.pdf")
    monkeypatch.chdir(paper.parent)
    for count, command in enumerate(commands.splitlines()):
        done = CliRunner().invoke(app, command.split()[1:])
        assert done.exit_code == 0, done.output
        assert ("1 done before; 0 pages" if count else "1 done; 2 pages") in done.stderr
    assert Path("read/2023/a.md").read_text("utf-8").startswith("## 1 Heading of page 1")
    exec(compile(code, "batch.md", "exec"), {})
    assert capfd.readouterr().out == "1 0\n"
