"""The public surface: what `import docspec` gives, and that everything said of it is true."""

from __future__ import annotations

import ast
import doctest
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from inspect import getdoc, isclass
from pathlib import Path
from typing import Any, get_type_hints

import pymupdf
import pytest
from typed_usage import many_documents, one_document

import docspec
from docspec import errors
from docspec.config import Config, Options
from docspec.pipeline import Parts, load_parts
from docspec.types import Category, Document, Finish, PageResult, Region, RegionResult, Verdict

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"


MODELS = (
    "mini",
    "rednote-hilab/dots.ocr",
)  # drafts stand for their words: the examples show docspec, not them


@cache
def drafting() -> Parts:
    """Parts for all examples, loaded once."""
    return load_parts(Config(verifier="draft-only"))


def loaded(config: Config) -> Parts:
    """The parts of ``config``, as far as they have to be its own."""
    return drafting() if config.verifier in (*MODELS, "draft-only") else load_parts(config)


@pytest.fixture
def folder(paper: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the documents that the examples name."""
    monkeypatch.setattr("docspec.pipeline.load_parts", loaded)
    monkeypatch.chdir(paper.parent)
    with pymupdf.open(paper) as document:
        secret = {"owner_pw": "owner", "user_pw": "user", "encryption": pymupdf.PDF_ENCRYPT_AES_256}
        document.save("secret.pdf", **secret)
        document[0].get_pixmap(dpi=150).save("b.png")
    Path("a.pdf").write_bytes(paper.read_bytes())
    return paper.parent


def fresh(code: str) -> str:
    """What ``code`` prints in an interpreter of its own."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def type_checkers_names() -> dict[str, str]:
    """The names that the package imports for type checkers, with the modules that they come from."""
    tree = ast.parse(Path(docspec.__file__).read_text("utf-8"))
    [block] = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {name.name: str(node.module) for node in imports for name in node.names}


def test_the_lists_of_names_are_the_same() -> None:
    """What type checkers see, what is there at run time and what is listed cannot drift apart."""
    lazy = {name: module for module, names in docspec._HOMES.items() for name in names}
    assert type_checkers_names() == lazy | {"errors": "docspec"}
    assert docspec.__all__ == sorted([*lazy, "errors"])
    for name, module in lazy.items():
        assert getattr(docspec, name).__module__ == module
    assert set(docspec.__all__) <= set(dir(docspec))
    with pytest.raises(AttributeError, match="nothing_like_this"):
        docspec.nothing_like_this  # noqa: B018 an attribute is asked for, and is not there


def test_every_error_is_public() -> None:
    """All of the tree, under both names."""
    tree = {name for name, thing in vars(errors).items() if isclass(thing)}
    assert tree == {name for name in docspec.__all__ if isclass(thing := getattr(docspec, name)) and
                    issubclass(thing, Exception)}  # fmt: skip
    assert docspec.errors is errors


def test_the_import_is_light() -> None:
    """Nothing heavy is imported before it is used, nor for names that need nothing heavy."""
    heavy = "sorted({'torch', 'transformers', 'numpy', 'pymupdf', 'PIL'} & set(sys.modules))"
    assert fresh(f"import sys, docspec; print({heavy})") == "[]"
    code = f"import sys, docspec; docspec.Config, docspec.UsageError, docspec.__version__; print({heavy})"
    assert fresh(code) == "[]"
    assert fresh("import sys, docspec; docspec.Parser; print('torch' in sys.modules)") == "False"


def test_the_version_is_the_distributions(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has one source; in a checkout that is not installed, that source's own source."""
    assert docspec.__version__ == version("docspec-vlm")

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", missing)
    assert f'version = "{docspec.__version__}"' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_options_are_the_fields_of_config() -> None:
    """The keywords of Parser and parse have Config's names and types, and none must be given."""
    hints = get_type_hints(Config)
    assert get_type_hints(Options) == {field.name: hints[field.name] for field in fields(Config)}
    assert list(Options.__annotations__) == [field.name for field in fields(Config)]
    assert not Options.__required_keys__


@pytest.mark.parametrize("name", ["mode", "verify", "accept", "on_loop", "dtype"])
def test_choices_stand_once(name: str) -> None:
    """What the type allows is what is allowed, and the message names it all."""
    allowed = get_type_hints(Config)[name].__args__
    for value in allowed:
        chosen: dict[str, Any] = {name: value}
        assert getattr(Config(**chosen), name) == value
    unknown: dict[str, Any] = {name: "fast"}
    with pytest.raises(docspec.UsageError, match=f"unknown {name} 'fast'; .*: {', '.join(allowed)}"):
        Config(**unknown)


def public_things() -> Iterator[tuple[str, Any]]:
    """Every public name with what it stands for, modules aside."""
    for name in docspec.__all__:
        if name != "errors":
            yield name, getattr(docspec, name)


def test_every_public_name_has_an_example(folder: Path) -> None:
    """Each docstring says what the thing is and shows it, and what is shown is what happens."""
    finder, flags = doctest.DocTestFinder(recurse=False), doctest.ELLIPSIS
    for name, thing in public_things():
        assert ">>>" in str(getdoc(thing)), name
        [example] = finder.find(thing, name, module=False, globs={"docspec": docspec})
        report: list[str] = []
        assert doctest.DocTestRunner(optionflags=flags).run(example, out=report.append).failed == 0, report


def test_the_typed_program_runs(folder: Path) -> None:
    """What mypy checks is also what works."""
    document = one_document(EXAMPLES / "paper.pdf", folder)
    assert json.loads((folder / "written.json").read_text("utf-8")) == json.loads(document.to_json())
    assert (folder / "written.html").read_text("utf-8") == document.to_html().replace(
        "paper_images", "written_images"
    )
    known = {"a.pdf": "# 1 Heading", "missing.pdf": "not there", "typed.txt": "cannot be read"}
    Path("typed.txt").write_text("plain text")
    for path, text in many_documents([folder / name for name in known], pages="1"):
        assert text.startswith(known.pop(path.name))
    assert not known


def test_the_readme_runs(folder: Path) -> None:
    """The Python of its first section is a program that works; the second needs packages of others."""
    code, *_ = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)
    exec(compile(code, "README.md", "exec"), {})
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "a.pdf.json",
        "b.png.json",
        "paper.md",
    ]


def picture(name: str = "paper.pdf") -> Document:
    """A document of one picture under a page header, headers kept."""
    header = Region(0, 0, (0.0, 0.0, 9.0, 1.0), Category.PAGE_HEADER)
    shown = Region(0, 1, (0.0, 2.0, 9.0, 9.0), Category.PICTURE, confidence=0.5)
    regions = tuple(
        RegionResult(region, None, Verdict(text, Finish.UNVERIFIED))
        for region, text in ((header, "Journal"), (shown, ""))
    )
    page = PageResult(0, 100.0, 100.0, regions, images={1: b"PNG"})
    return Document(name, (page,), "", "draft-only", "region", keep_headers=True)


def test_pictures_are_saved_beside_the_markdown(tmp_path: Path) -> None:
    """They are linked under the name that the file is given, and page headers stay if they were kept."""
    picture().save(tmp_path / "deep" / "other.md")
    text = (tmp_path / "deep" / "other.md").read_text("utf-8")
    assert text == "Journal\n\n![picture on page 1](other_images/page-001-001.png)\n"
    assert (tmp_path / "deep/other_images/page-001-001.png").read_bytes() == b"PNG"


def test_an_unknown_suffix_is_a_usage_error(tmp_path: Path) -> None:
    """It says which ones there are, and writes nothing."""
    for name in ("a.docx", "a"):
        with pytest.raises(docspec.UsageError, match=r"expected one of: \.md, \.json, \.html"):
            picture().save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_region_knows_its_place() -> None:
    """What users ask most often is one attribute away."""
    result = picture().pages[0].regions[1]
    assert (result.order, result.category, result.box) == (1, Category.PICTURE, (0.0, 2.0, 9.0, 9.0))
    assert (result.confidence, result.text) == (0.5, "")
