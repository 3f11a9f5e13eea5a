"""Profiles: what is particular to one VLM family."""

from __future__ import annotations

from typing import Any, Literal, Protocol

from docspec.types import Category, Image, PageRegion, Style
from docspec.verifiers.sequence import Prompt


class Profile(Protocol):
    """One VLM family: prompts, image sizing, embedding, output format.

    A profile is made as ``Profile(model, tokenizer, processor)`` for one loaded model. A ``category`` of None
    means the whole page.
    """

    style: Style
    dpi: float
    native: Literal["region", "page"]

    def declines(self, category: Category | None) -> str | None:
        """Why a region of this category is not sent to the model, or None."""
        ...

    def inputs(self, image: Image, category: Category | None) -> dict[str, Any]:
        """The model's own inputs for one image, as ``generate`` takes them."""
        ...

    def embed(self, batch: list[dict[str, Any]]) -> list[Prompt]:
        """What the decoder sees of each of ``inputs``: images encoded, positions explicit."""
        ...

    def write(self, category: Category, draft: str) -> str:
        """A region's draft as the model would write it."""
        ...

    def read(self, category: Category, output: str) -> str:
        """A region's text in the model's output."""
        ...

    def write_page(self, regions: tuple[PageRegion, ...], image: Image) -> str:
        """A page's draft in the family's own page format."""
        ...

    def read_page(self, output: str, image: Image) -> tuple[PageRegion, ...]:
        """The regions of a page's output, boxes in pixels of ``image``; whatever can be read of broken
        output."""
        ...
