"""Tables of which few rows are full: where their columns are, and where their heads end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pymupdf
from hypothesis import given
from hypothesis import strategies as st

from docspec import parse
from docspec.drafters.reading.cell_grid import aligned_cells
from docspec.drafters.reading.pieces import Piece
from docspec.drafters.reading.table_drafts import pieces_of
from docspec.types import Line, Span


def pieces(rows: Sequence[Sequence[str]], rights: Sequence[float], lefts: Sequence[float]) -> list[Piece]:
    """Words 5 points a character wide: columns of ``lefts`` first, then those that end at ``rights``."""
    made = []
    for number, row in enumerate(rows):
        for text, left in zip(row, lefts, strict=False):
            if text:
                made.append(Piece(text, (left, 20.0 * number, left + 5 * len(text), 20 * number + 10)))
        for text, right in zip(row[len(lefts) :], rights, strict=True):
            if text:
                made.append(Piece(text, (right - 5 * len(text), 20.0 * number, right, 20 * number + 10)))
    return made


def cells(rows: Sequence[Sequence[str]], rights: Sequence[float], lefts: Sequence[float]) -> list[list[str]]:
    """The texts of the table's cells, row by row."""
    found = aligned_cells(pieces(rows, rights, lefts))
    assert found is not None
    height = max(cell.row for cell in found) + 1
    return [[cell.text for cell in found if cell.row == number] for number in range(height)]


STATEMENT = [
    ["Date", "What", "Out", "In", "Balance"],
    ["01-May", "opening", "", "", "1,500.00"],
    ["02-May", "harbour", "120.00", "", "1,380.00"],
    ["05-May", "fish", "9.50", "", "1,370.50"],
    ["06-May", "salary", "", "1,000.00", "2,370.50"],
    ["09-May", "machine", "50.00", "", "2,320.50"],
    ["10-May", "rope", "20.50", "", "2,300.00"],
    ["11-May", "oil", "10.00", "", "2,290.00"],
    ["12-May", "nets", "40.00", "", "2,250.00"],
    ["13-May", "goats", "50.00", "", "2,200.00"],
    ["14-May", "paint", "60.00", "", "2,140.00"],
]


def test_a_column_with_one_amount_is_a_column() -> None:
    """What a single row has between two columns stands in its own, and the first rows are no head."""
    assert cells(STATEMENT, (300, 380, 460), (0, 60)) == STATEMENT


def test_blocks_that_are_missing_are_no_head() -> None:
    """Rows whose texts are mostly words, over amounts in the same columns, are the body's as all are."""
    rows = [
        ["ID", "Sex", "Stage", "Side", "Age", "Value"],
        ["P1", "F", "second", "right", "39", "9.3"],
        ["P2", "M", "third", "left", "51", "10.4"],
        ["C1", "F", "", "", "44", "12.1"],
        ["C2", "M", "", "", "47", "11.7"],
        ["C3", "F", "", "", "58", "12.9"],
    ]
    assert cells(rows, (260, 330), (0, 40, 80, 140)) == rows


def test_columns_may_be_close() -> None:
    """A column set at the right that ends four points before one set at the left is not the same column."""
    rows = [
        ["Kelp", "north", "200"],
        ["Dulse", "south", "4100"],
        ["Laver", "east", "36"],
        ["Wrack", "west", "5"],
    ]
    made = pieces([[a, b] for a, b, _ in rows], (), (0, 104))
    made += pieces([[c] for *_, c in rows], (100,), ())
    found = aligned_cells(made)
    assert found is not None
    assert [[cell.text for cell in found if cell.row == n] for n in range(4)] == [
        [a, c, b] for a, b, c in rows
    ]


@given(
    st.lists(st.lists(st.sampled_from(["", "7", "12.5", "north", "x"]), min_size=4, max_size=4), min_size=2)
)
def test_no_text_is_lost(rows: list[list[str]]) -> None:
    """Whatever stands where, each text is in one cell."""
    made = pieces(rows, (200, 230), (0, 60))
    found = aligned_cells(made)
    if found is not None:
        assert sorted(" ".join(cell.text for cell in found).split()) == sorted(piece.text for piece in made)


def test_check_boxes_that_are_drawn_in_cells(tmp_path: Path) -> None:
    """An empty cell with a drawn square says whether this is ticked, however far its question is."""
    document = pymupdf.open()
    page = document.new_page(width=500, height=300)
    for y in (60, 84, 108, 132):
        page.draw_line((60, y), (440, y))
    for x in (60, 320, 380, 440):
        page.draw_line((x, 60), (x, 132))
    for x, text in ((66, "Question"), (326, "Yes"), (386, "No")):
        page.insert_text((x, 76), text, fontsize=10)
    for row, (text, ticked) in enumerate((("Is the gate shut?", 0), ("Are the goats fed?", 1))):
        page.insert_text((66, 100 + 24 * row), text, fontsize=10)
        for column in (0, 1):
            x, y = 345 + 60 * column, 91 + 24 * row
            page.draw_rect(pymupdf.Rect(x, y, x + 10, y + 10))
            if column == ticked:
                page.draw_line((x + 1, y + 1), (x + 9, y + 9))
                page.draw_line((x + 9, y + 1), (x + 1, y + 9))
    document.save(tmp_path / "a.pdf")
    text = parse(tmp_path / "a.pdf", verifier="draft-only").markdown
    assert "<td>Is the gate shut?</td><td>☑</td><td>☐</td>" in text
    assert "<td>Are the goats fed?</td><td>☐</td><td>☑</td>" in text


def test_a_number_in_several_fonts_is_one_word() -> None:
    """The point of a number within a formula is another font's; a word after a space or a gap is another."""

    def texts(*spans: tuple[str, float]) -> list[str]:
        made = [Span(text, (x, 0, x + 5 * len(text), 10)) for text, x in spans]
        return [one.text for one in pieces_of([Line(tuple(made), (0, 0, 100, 10), "text-layer")])]

    assert texts(("0", 0), (".", 5), ("67 ", 10), ("±", 25), (" 0", 30), (".2", 40)) == ["0.67", "±", "0.2"]
    assert texts(("Oak", 0), ("12", 40)) == ["Oak", "12"]
