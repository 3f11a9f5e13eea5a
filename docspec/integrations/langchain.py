"""A document loader for LangChain: ``pip install 'docspec-vlm[langchain]'``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Unpack

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document

from docspec.config import Options
from docspec.integrations import read
from docspec.pipeline import Parser


class DocspecLoader(BaseLoader):  # type: ignore[misc]  # checked without LangChain's types
    """Reads PDFs and images as markdown: a Document each, or one for each page, with its number.

    ``options`` are Config's fields. The model is loaded when the first document is.

    >>> loader = DocspecLoader(["paper.pdf"], by_page=True, verifier="draft-only")
    >>> [document.metadata["page"] for document in loader.lazy_load()]
    [1, 2]
    """

    def __init__(
        self, paths: str | Path | Iterable[str | Path], *, by_page: bool = False, **options: Unpack[Options]
    ) -> None:
        self.paths = [paths] if isinstance(paths, (str, Path)) else list(paths)
        self.by_page, self.options = by_page, options

    def lazy_load(self) -> Iterator[Document]:
        """Documents as they are done. Raises the InputError of one that cannot be read."""
        with Parser(**self.options) as parser:
            for text, about in read(parser, self.paths, by_page=self.by_page):
                yield Document(page_content=text, metadata=about)
