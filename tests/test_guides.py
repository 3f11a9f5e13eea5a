"""The guides are programs: their code, installed as a package of a reader's own, does what they say."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from inspect import signature
from pathlib import Path
from types import ModuleType

import pytest

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
