"""The public surface as a typed program uses it: mypy checks this file, and a test runs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Unpack, assert_type

import docspec
from docspec.config import Options


def one_document(path: Path, folder: Path) -> docspec.Document:
    """Parse a file, look at everything in it, and write it in every format."""
    document = docspec.parse(path, verifier="draft-only", mode="region", images=True, pages="1-")
    assert_type(document.markdown, str)
    assert_type(document.to_json(), str)
    assert_type(document.to_html(), str)
    assert_type(document.errors, tuple[str, ...])
    for suffix in ("md", "json", "html"):
        document.save(folder / f"written.{suffix}")
    for page in document.pages:
        assert_type(page, docspec.PageResult)
        assert_type(page.mode, docspec.Mode)
        for region in page.regions:
            look_at(region)
    return document


def look_at(region: docspec.RegionResult) -> None:
    """A region's parts have their own types."""
    assert_type(region.category, docspec.Category)
    assert_type(region.box, tuple[float, float, float, float])
    assert_type(region.order, int)
    assert_type(region.text, str)
    assert_type(region.confidence, float)
    assert_type(region.draft, docspec.Draft | None)
    assert_type(region.verdict, docspec.Verdict)
    assert_type(region.verdict.finish, docspec.Finish)
    assert_type(region.verdict.agreement, float | None)


def many_documents(paths: list[Path], **options: Unpack[Options]) -> Iterator[tuple[Path, str]]:
    """A function over Parser passes its options on, and tells failures apart."""
    parser = docspec.Parser(docspec.Config(verifier="draft-only"), **options)
    for result in parser.parse_batch(paths):
        assert_type(result, docspec.BatchResult)
        assert_type(result.error, docspec.DocspecError | None)
        if result.document is not None:
            yield result.path, result.document.markdown
        elif isinstance(result.error, docspec.InputNotFound):
            yield result.path, "not there"
        elif isinstance(result.error, docspec.errors.InputError):
            yield result.path, "cannot be read"


def mistakes() -> None:
    """What a type checker finds before anything runs, and docspec when it does."""
    docspec.Config(mode="fast")  # type: ignore[arg-type]
    docspec.Parser(max_batch="many")  # type: ignore[arg-type]
    docspec.parse("paper.pdf", verifer="mini")  # type: ignore[call-arg]


assert_type(docspec.__version__, str)
