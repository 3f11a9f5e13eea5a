"""docspec: documents to markdown by a vision-language model that verifies drafts.

``docspec.parse("paper.pdf").markdown`` is the short way; ``docspec.Parser`` keeps a loaded verifier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docspec.config import Config
    from docspec.pipeline import BatchResult, Parser, parse
    from docspec.types import Document

__all__ = ["BatchResult", "Config", "Document", "Parser", "parse"]

_HOMES = {
    "BatchResult": "docspec.pipeline",
    "Config": "docspec.config",
    "Document": "docspec.types",
    "Parser": "docspec.pipeline",
    "parse": "docspec.pipeline",
}


def __getattr__(name: str) -> Any:
    # imported on first use: the command line's --help must not wait for PyMuPDF
    if name not in _HOMES:
        raise AttributeError(f"module 'docspec' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
