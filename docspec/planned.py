"""From the files of a plan to documents, or to the errors that kept them from being read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence

from docspec.config import Config
from docspec.errors import DocspecError
from docspec.plan import Item
from docspec.source import open_document
from docspec.types import Document, PageResult


def probe(item: Item, config: Config) -> int | DocspecError | None:
    """How many pages are selected, None for standard input, or why the document cannot be opened.

    Takes milliseconds: a mistyped password should not have to wait for a model to load.
    """
    if item.path is None:
        return None
    try:
        with open_document(item.path, password=config.password, pages=config.pages) as source:
            return source.page_count
    except DocspecError as error:
        return error


def outcomes(
    items: Sequence[Item], config: Config, progress: Callable[[PageResult], None]
) -> Iterator[tuple[Item, Document | DocspecError]]:
    """Every item with its document or error, as they are finished; files share the verifier's batches.

    Raises DocspecError for what concerns all alike, such as a missing model.
    """
    from docspec.pipeline import Parser

    parser = Parser(config)
    files = {item.path: item for item in items if item.path is not None}
    for item in items:
        if item.path is None or len(files) == 1:
            source = sys.stdin.buffer.read() if item.path is None else item.path
            name = item.label if item.path is None else None
            try:
                yield item, parser.parse(source, name=name, progress=progress)
            except DocspecError as error:
                yield item, error
    if len(files) > 1:
        for result in parser.parse_batch(list(files), progress=progress):
            outcome = result.document or result.error
            assert outcome is not None
            yield files[result.path], outcome
