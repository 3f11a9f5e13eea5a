"""What the mini reads, and how: known without its model, which takes seconds to load. Pure."""

from __future__ import annotations

from typing import Literal

from docspec.types import TEXT_LAYER, Category, Request, Style
from docspec.verifiers.mini.parts import foreign_share
from docspec.verifiers.mini.table_parts import split_table, table_text

NAME = "mini"
STYLE = Style(table="html", superscripts=True)
DPI = 150.0
NATIVE: Literal["region", "page"] = "region"
UNREAD = {
    Category.PICTURE: "pictures are not read",
    Category.FORMULA: "the mini does not read formulas",
}
FOREIGN = 0.1  # share of letters outside the Latin script beyond which the mini has nothing to say
SURE = 0.98  # OCR's confidence in running text from which the mini has little to add (see MODEL_CARD.md)
LEGIBLE = 0.85  # OCR's confidence below which its draft is the better reading of what neither can read


def why_declined(request: Request) -> str | None:
    """Why the mini does not read what is asked for, or None; it reads running text in Latin script."""
    if request.category is None:
        return "whole pages are not read"
    if request.category in UNREAD:
        return UNREAD[request.category]
    if not request.line_boxes:
        return "no text lines were found"
    draft = request.drafts[0].text if request.drafts else ""
    if request.category is Category.TABLE:
        if reason := _table_declined(request, draft):
            return reason
        draft = table_text(draft)
    if request.drafts and request.drafts[0].source != TEXT_LAYER and request.drafts[0].confidence < LEGIBLE:
        return "it is hardly legible"
    if foreign_share(draft) > FOREIGN:
        return "the mini reads Latin script only"
    return None


def is_sure(request: Request) -> bool:
    """Whether the draft is OCR of running text that is as sure of itself as it is when it is right."""
    draft = request.drafts[0] if request.drafts else None
    read = draft is not None and draft.source != TEXT_LAYER and draft.confidence >= SURE
    return read and request.category is not Category.TABLE


def _table_declined(request: Request, draft: str) -> str | None:
    """Why no cell of a table can be read, or None."""
    if not draft.startswith("<table"):
        return "the mini reads the cells of a drafted table only"
    if not any(request.line_strips):
        return "the text layer's tables stand"
    if not split_table(draft, request.line_texts).parts:
        return "no cell of the table is a piece of text of its own"
    return None
