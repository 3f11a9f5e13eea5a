"""The pages in docs/ name files, folders and things in the code that are there."""

from __future__ import annotations

import ast
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
ROOMS = ("bench", "docspec", "drafters", "layout", "tests", "verifiers")
FILES = [path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.*")]


def quoted(page: str) -> set[str]:
    """What stands in backquotes in the page's text, outside of its blocks of code."""
    text = re.sub(r"^```.*?^```", "", (DOCS / page).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"`([^`\n]+)`", text))


def things() -> set[str]:
    """Every function, class, ``Class.method`` and ``Class.field`` of the package."""
    found: set[str] = set()
    for path in FILES:
        if path.suffix == ".py" and path.parts[0] != "tests":
            for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
                if isinstance(node, ast.FunctionDef):
                    found.add(node.name)
                elif isinstance(node, ast.ClassDef):
                    found |= {node.name, *(f"{node.name}.{member}" for member in members(node))}
    return found


def members(node: ast.ClassDef) -> set[str]:
    """The names of a class's methods and annotated fields."""
    methods = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
    fields = {item.target.id for item in node.body if isinstance(item, ast.AnnAssign) and
              isinstance(item.target, ast.Name)}  # fmt: skip
    return methods | fields


def is_there(name: str) -> bool:
    """Whether a file or folder of that name, which may be a pattern or leave out folders, exists."""
    if name.endswith("/"):
        return (ROOT / name).is_dir()
    return any(fnmatch(path.as_posix(), name) or fnmatch(path.as_posix(), f"*/{name}") for path in FILES)


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_files_that_the_docs_name_exist(page: str) -> None:
    """Files by their names or the ends of their paths, folders by their whole paths."""
    named = {name for name in quoted(page) if re.fullmatch(r"[\w/*]+(\.py|/)", name)}
    assert not {name for name in named if not is_there(name)}
    links = re.findall(r"\]\(([\w./-]+)\)", (DOCS / page).read_text("utf-8"))
    assert all((DOCS / link).is_file() for link in links)


def test_things_that_the_architecture_names_exist() -> None:
    """Whatever is in backquotes is a file, a folder, something in the code, or an option or command."""
    known = things()
    for name in quoted("architecture.md"):
        if not name.startswith(("--", "docspec --", "docspec doctor")):
            assert name in known or is_there(name), name


def test_the_container_is_given_what_the_wheel_is_made_of() -> None:
    """Every folder of the package, and the files that a build reads, pass .dockerignore."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    folders = {place.split("/")[0] for place in project["tool"]["setuptools"]["package-dir"].values()}
    files = {project["project"]["readme"], *project["project"]["license-files"]}
    copied = set(re.findall(r"^COPY ([\w.]+\.txt) ", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE))
    passed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] == "!"
    }
    assert copied
    assert folders | files | copied | {"pyproject.toml"} <= passed
    assert all((ROOT / name).exists() for name in passed)
