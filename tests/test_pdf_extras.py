"""What a PDF holds besides its pages: shown or said, never silently absent."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymupdf
import pytest

import docspec
from docspec.check_boxes import EMPTY, TICKED, CheckBox, with_check_boxes
from docspec.types import Box, Line, Span

TEXT = "The words of the page, which say enough for a paragraph."


def parsed(draw: Callable[[Any, Any], object], path: Path) -> docspec.Document:
    """The result of a page to whose document ``draw`` has added something."""
    document = pymupdf.open()
    page = document.new_page(width=420, height=420)
    page.insert_text((40, 60), TEXT)
    draw(document, page)
    document.save(path)
    return docspec.parse(path, verifier="draft-only")


def attach(document: Any, page: Any) -> None:
    """A file to the document, and one to a place of the page."""
    document.embfile_add("prices.csv", b"oak,3")
    page.add_file_annot((300, 300), b"elm,4", "more.csv")


def hide_layer(document: Any, page: Any) -> None:
    """A layer that is switched off, with text."""
    layer = document.add_ocg("Draft remarks", on=False)
    page.insert_text((40, 120), "Remark that nobody is to see.", oc=layer)


def comment(document: Any, page: Any) -> None:
    """A note that opens on a click."""
    page.add_text_annot((300, 60), "Ask the keeper about this.")


def xfa(document: Any, page: Any) -> None:
    """A form that only its own viewer shows."""
    document.xref_set_key(document.pdf_catalog(), "AcroForm", "<</Fields[]/XFA[]>>")


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (attach, ["prices.csv", "more.csv"]),
        (hide_layer, ["Draft remarks"]),
        (comment, ["Ask the keeper about this."]),
        (xfa, ["XFA"]),
    ],
)
def test_what_is_not_read_is_said(
    draw: Callable[[Any, Any], object], said: list[str], tmp_path: Path
) -> None:
    """Attached files, layers switched off, comments and XFA forms are named in notes; the page is read."""
    document = parsed(draw, tmp_path / "x.pdf")
    notes = " ".join(document.notes)
    assert all(text in notes for text in said)
    assert document.markdown.strip() == TEXT


def test_a_page_with_nothing_else_says_nothing(tmp_path: Path) -> None:
    """No notes where there is nothing to say."""
    assert parsed(lambda document, page: None, tmp_path / "x.pdf").notes == ()


@pytest.mark.parametrize("kind", [pymupdf.PDF_WIDGET_TYPE_CHECKBOX, pymupdf.PDF_WIDGET_TYPE_TEXT])
def test_the_fields_of_a_form_are_read(kind: int, tmp_path: Path) -> None:
    """A ticked box is a ticked box, an empty one an empty one; a text field says its value once."""

    def draw(document: Any, page: Any) -> None:
        for number, value in enumerate((True, False)):
            widget = pymupdf.Widget()
            widget.field_type = kind
            widget.field_name = f"field {number}"
            widget.rect = pymupdf.Rect(40, 90 + 30 * number, 53 if kind == 2 else 150, 103 + 30 * number)
            widget.field_value = value if kind == 2 else f"value {value}"
            page.add_widget(widget)
            page.insert_text((170 if kind == 7 else 62, 101 + 30 * number), f"label {number}")

    markdown = parsed(draw, tmp_path / "form.pdf").markdown
    if kind == pymupdf.PDF_WIDGET_TYPE_CHECKBOX:
        assert f"{TICKED} label 0" in markdown
        assert f"{EMPTY} label 1" in markdown
    else:
        assert markdown.count("value True") == markdown.count("value False") == 1


def test_the_characters_of_a_comb_are_a_word(tmp_path: Path) -> None:
    """A field with a place for each character says them together."""

    def draw(document: Any, page: Any) -> None:
        page.insert_text((40, 103), "number")
        widget = pymupdf.Widget()
        widget.field_type = pymupdf.PDF_WIDGET_TYPE_TEXT
        widget.field_name = "comb"
        widget.rect = pymupdf.Rect(120, 90, 320, 110)
        widget.text_maxlen = 5
        widget.field_flags = pymupdf.PDF_TX_FIELD_IS_COMB
        widget.field_value = "48213"
        page.add_widget(widget)

    assert "48213" in parsed(draw, tmp_path / "comb.pdf").markdown


def made(text: str, box: Box) -> Line:
    """A line of one span."""
    return Line((Span(text, box),), box, "text-layer")


def test_a_box_takes_the_label_in_its_row() -> None:
    """The one after it, else the one before it; far from any it is a line by itself."""
    lines = [made("Yes", (60, 100, 80, 112)), made("No", (120, 130, 140, 142))]
    boxes = [
        CheckBox((45, 101, 55, 111), True),
        CheckBox((145, 131, 155, 141), False),
        CheckBox((300, 300, 310, 310), False),
    ]
    done = with_check_boxes(lines, boxes, "text-layer")
    assert [line.text for line in done] == [f"{TICKED} Yes", f"No {EMPTY}", EMPTY]
    assert done[0].box == (45, 100, 80, 112)
