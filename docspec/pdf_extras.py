"""What a PDF holds besides its pages' content: said in a note, so that nothing of it is silently absent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from docspec.check_boxes import CheckBox
from docspec.types import Box

CHECK_BOX, RADIO_BUTTON = 2, 5  # PDF_WIDGET_TYPE_CHECKBOX and ..._RADIOBUTTON
TEXT, COMB = 7, 1 << 24  # PDF_WIDGET_TYPE_TEXT, PDF_TX_FIELD_IS_COMB
FILE = 17  # PDF_ANNOT_FILE_ATTACHMENT
DRAWN = (2, 25)  # free text and widgets: the page shows what they say
LONGEST = 300  # characters of a comment


def document_notes(document: Any) -> Iterator[str]:
    """Notes on attached files, a form that only its own viewer shows, and layers that are switched off."""
    if names := [str(name) for name in document.embfile_names()]:
        yield f"{_count(len(names), 'file')} attached, not read: {', '.join(names)}"
    if document.is_form_pdf is not False and _has_xfa(document):
        yield "the file has an XFA form, which is not read; its pages may show a part of it, or a placeholder"
    layers = (
        document.get_ocgs()
        if document.xref_get_key(document.pdf_catalog(), "OCProperties")[0] != "null"
        else {}
    )
    if hidden := [str(layer["name"]) for layer in layers.values() if not layer["on"]]:
        yield f"{_count(len(hidden), 'layer')} switched off, not read: {', '.join(hidden)}"


def _has_xfa(document: Any) -> bool:
    return str(document.xref_get_key(document.pdf_catalog(), "AcroForm/XFA")[0]) != "null"


def page_notes(page: Any) -> Iterator[str]:
    """Notes on a page's comments, whose text it does not show, and on files attached to places of it."""
    for annotation in page.annots() or ():
        kind, said = annotation.type[0], " ".join(str(annotation.info.get("content", "")).split())
        if kind == FILE:
            name = annotation.file_info.get("filename", "")
            yield f"a file is attached to page {page.number + 1}, not read: {name}"
        elif said and kind not in DRAWN:
            yield f"page {page.number + 1} has a comment: {said[:LONGEST]}"


def check_boxes(page: Any) -> list[CheckBox]:
    """The check boxes and radio buttons of a page's form."""
    return list(_check_boxes(page.widgets() or ()))


def combs(page: Any) -> list[Box]:
    """The boxes of the form's fields that have a place for each character."""
    boxes = []
    for widget in page.widgets() or ():
        if widget.field_type == TEXT and (widget.field_flags or 0) & COMB:
            x0, y0, x1, y1 = map(float, widget.rect)
            boxes.append((x0, y0, x1, y1))
    return boxes


def _check_boxes(widgets: Iterable[Any]) -> Iterator[CheckBox]:
    for widget in widgets:
        if widget.field_type in (CHECK_BOX, RADIO_BUTTON):
            x0, y0, x1, y1 = map(float, widget.rect)
            state = widget.field_value
            yield CheckBox((x0, y0, x1, y1), state not in (None, False, "", "Off"))


def _count(number: int, what: str) -> str:
    return f"a {what} is" if number == 1 else f"{number} {what}s are"
