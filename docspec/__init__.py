"""docspec: documents to markdown by a vision-language model that verifies drafts.

``docspec.parse("paper.pdf").markdown`` is the short way; ``docspec.Parser`` keeps a loaded verifier. All
that is raised on purpose is a ``docspec.DocspecError``; ``docspec.errors`` has the whole tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docspec import errors
    from docspec.batches.report import BatchReport
    from docspec.batches.run import batch
    from docspec.config import Config
    from docspec.errors import (
        CorruptInput,
        DocspecError,
        ImageRefused,
        InputError,
        InputNotFound,
        ModelError,
        OutputError,
        PageError,
        PassFailed,
        PasswordRequired,
        UnsupportedInput,
        UsageError,
        WrongPassword,
    )
    from docspec.pipeline import BatchResult, Parser, parse
    from docspec.types import Category, Document, Draft, Finish, Mode, PageResult, RegionResult, Verdict

__version__: str  # see _version

__all__ = [
    "BatchReport",
    "BatchResult",
    "Category",
    "Config",
    "CorruptInput",
    "DocspecError",
    "Document",
    "Draft",
    "Finish",
    "ImageRefused",
    "InputError",
    "InputNotFound",
    "Mode",
    "ModelError",
    "OutputError",
    "PageError",
    "PageResult",
    "Parser",
    "PassFailed",
    "PasswordRequired",
    "RegionResult",
    "UnsupportedInput",
    "UsageError",
    "Verdict",
    "WrongPassword",
    "batch",
    "errors",
    "parse",
]

# The same names as above, by the module that has them: a test holds the three lists equal.
_HOMES = {
    "docspec.batches.report": ("BatchReport",),
    "docspec.batches.run": ("batch",),
    "docspec.config": ("Config",),
    "docspec.errors": (
        "CorruptInput",
        "DocspecError",
        "ImageRefused",
        "InputError",
        "InputNotFound",
        "ModelError",
        "OutputError",
        "PageError",
        "PassFailed",
        "PasswordRequired",
        "UnsupportedInput",
        "UsageError",
        "WrongPassword",
    ),
    "docspec.pipeline": ("BatchResult", "Parser", "parse"),
    "docspec.types": (
        "Category",
        "Document",
        "Draft",
        "Finish",
        "Mode",
        "PageResult",
        "RegionResult",
        "Verdict",
    ),
}


def __getattr__(name: str) -> Any:
    # imported on first use: the command line's --help must not wait for PyMuPDF
    if name == "__version__":
        return _version()
    from importlib import import_module

    if name == "errors":
        return import_module("docspec.errors")
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'docspec' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("docspec-vlm")
    except PackageNotFoundError:  # a checkout that is not installed
        import tomllib
        from pathlib import Path

        project = Path(__file__).resolve().parents[1] / "pyproject.toml"
        return str(tomllib.loads(project.read_text("utf-8"))["project"]["version"])
