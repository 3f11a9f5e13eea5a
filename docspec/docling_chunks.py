"""A document in chunks for search and retrieval, which docling's own chunker makes of the format docling."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from docspec.docling_format import to_docling
from docspec.errors import UsageError
from docspec.types import Document

NEEDED = ("docling_core", "tree_sitter")  # the chunker cuts code as well


class Chunks:
    """The format: a line of JSON for each chunk. Needs the extra ``chunks``."""

    suffix = ".chunks.jsonl"

    def require(self) -> None:
        """Raises UsageError where docling's chunker is not installed."""
        if not all(map(find_spec, NEEDED)):
            raise UsageError("the format chunks needs pip install 'docspec-vlm[chunks]'")

    def write(self, document: Document) -> str:
        self.require()
        return "".join(json.dumps(chunk, ensure_ascii=False) + "\n" for chunk in _chunks(document))


def _chunks(document: Document) -> Iterator[dict[str, Any]]:
    """``text``, the ``headings`` that it stands under, the same in one as ``context``, for embedding, and
    ``places``: the page, from 1, and the box of each part, in page points from the top left."""
    from docling_core.transforms.chunker.hierarchical_chunker import HierarchicalChunker

    chunker = HierarchicalChunker()
    for chunk in chunker.chunk(to_docling(document)):
        places = [place for item in chunk.meta.doc_items for place in item.prov]
        yield {
            "text": chunk.text,
            "headings": chunk.meta.headings or [],
            "context": chunker.contextualize(chunk),
            "places": [{"page": place.page_no, "bbox": list(place.bbox.as_tuple())} for place in places],
        }
