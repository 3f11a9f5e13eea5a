"""Documents for other frameworks, each in a module of its own that needs that framework installed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from docspec.assemble import to_markdown
from docspec.pipeline import Parser
from docspec.types import Document


def texts(document: Document, *, by_page: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """The markdown of ``document``, whole or page by page, and what is known of it as plain data.

    Pages that failed have no text of their own; ``errors`` of the whole names them.
    """
    about = {"source": document.source, "name": document.name, "verifier": document.verifier}
    if not by_page:
        yield document.markdown, {**about, "pages": len(document.pages), "errors": list(document.errors)}
        return
    for page in document.pages:
        if page.error is None:
            text = to_markdown([page], keep_headers=document.keep_headers)
            yield text, {**about, "page": page.index + 1}


def read(
    parser: Parser, paths: Iterable[str | Path], *, by_page: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    """``texts`` of many documents, in order of completion. Raises the error of one that cannot be read."""
    for result in parser.parse_batch(paths):
        if result.document is None:
            assert result.error is not None
            raise result.error
        yield from texts(result.document, by_page=by_page)
