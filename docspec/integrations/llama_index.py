"""A reader for LlamaIndex: ``pip install 'docspec-vlm[llama-index]'``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Unpack

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document

from docspec.config import Options
from docspec.integrations import read, texts
from docspec.pipeline import Parser


class DocspecReader(BaseReader):  # type: ignore[misc]  # checked without LlamaIndex's types
    """Reads a PDF or image as markdown: one Document, or one for each page, with its number.

    For itself, or as a ``file_extractor`` of SimpleDirectoryReader. ``options`` are Config's fields. The
    model is loaded at once.

    >>> reader = DocspecReader(by_page=True, verifier="draft-only")
    >>> [document.metadata["page"] for document in reader.lazy_load_data("paper.pdf")]
    [1, 2]
    """

    def __init__(self, *, by_page: bool = False, **options: Unpack[Options]) -> None:
        self.by_page = by_page
        self._parser = Parser(**options)

    def lazy_load_data(
        self, file: str | Path, extra_info: dict[str, Any] | None = None, fs: Any = None
    ) -> Iterable[Document]:
        """The documents of a file, ``extra_info`` with what is known of them.

        ``fs``, an fsspec file system, is where the file is if not on this machine. Raises InputError.
        """
        if fs is None or "file" in ([fs.protocol] if isinstance(fs.protocol, str) else fs.protocol):
            found = read(self._parser, [file], by_page=self.by_page)
        else:
            found = self._elsewhere(str(file), fs)
        for text, about in found:
            yield Document(text=text, metadata={**about, **(extra_info or {})})

    def _elsewhere(self, file: str, fs: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        document = self._parser.parse(fs.cat_file(file), name=file.rsplit("/", 1)[-1])
        for text, about in texts(document, by_page=self.by_page):
            yield text, {**about, "source": file}
