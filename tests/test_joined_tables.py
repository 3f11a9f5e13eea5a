"""Tables that go on over a page break."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec import parse
from docspec.drafters.formats.table_text import Cell, Grid, read_table, write_html, write_pipe
from docspec.result_json import to_json
from docspec.table_parts import as_one, is_one_table

BOX = (50.0, 50.0, 450.0, 500.0)
HEAD = ["Yard", "Oak", "Elm"]


def ruled(path: Path, parts: list[list[list[str]]], between: str = "") -> Path:
    """A PDF with a ruled table on each page, and ``between`` them a line of text, if there is one."""
    document = pymupdf.open()
    for number, rows in enumerate(parts):
        page = document.new_page(width=500, height=420)
        top = 60 if number else 400 - 24 * len(rows)
        if number and between:
            page.insert_text((50, 50), between, fontsize=10)
        if not number:
            page.insert_text((50, 50), "The yards of the valley sold this much in the year.", fontsize=10)
        for r in range(len(rows) + 1):
            page.draw_line((50, top + 24 * r), (440, top + 24 * r))
        for x in (50, 180, 310, 440):
            page.draw_line((x, top), (x, top + 24 * len(rows)))
        for r, row in enumerate(rows):
            for c, text in enumerate(row):
                page.insert_text((56 + 130 * c, top + 16 + 24 * r), text, fontsize=10)
    document.save(path)
    return path


def rows(name: str, count: int) -> list[list[str]]:
    """Rows of a table."""
    return [[f"{name} yard {i}", str(100 + i), str(200 + i)] for i in range(count)]


@pytest.mark.parametrize("head", [[HEAD], []])
def test_a_table_over_a_page_break_is_one(tmp_path: Path, head: list[list[str]]) -> None:
    """Its head is there once, whether it is repeated or not; the JSON says which part goes on."""
    parts = [[HEAD, *rows("North", 6)], [*head, *rows("South", 12)], [*head, *rows("West", 4)]]
    document = parse(ruled(tmp_path / "a.pdf", parts), verifier="draft-only")
    assert document.markdown.count("<table>") == 1
    assert document.markdown.count("<td>Elm</td>") == 1
    assert document.markdown.count("<tr>") == 23
    tables = [
        region
        for page in to_json(document)["pages"]
        for region in page["regions"]
        if region["category"] == "table"
    ]
    assert [region["continues"] for region in tables] == [False, True, True]


def test_a_table_after_text_is_another(tmp_path: Path) -> None:
    """What stands between them parts them, though their heads are the same."""
    parts = [[HEAD, *rows("North", 6)], [HEAD, *rows("South", 5)]]
    document = parse(
        ruled(tmp_path / "a.pdf", parts, "In the year after it was much less."), verifier="draft-only"
    )
    assert document.markdown.count("<table>") == 2


@pytest.mark.parametrize("note", ["Table 1 (continued)", "Table 1. Yards of the valley (cont'd)"])
def test_a_caption_that_says_so_parts_no_table(tmp_path: Path, note: str) -> None:
    """It is left out, and listed with the reason."""
    parts = [[HEAD, *rows("North", 6)], [HEAD, *rows("South", 5)]]
    document = parse(ruled(tmp_path / "a.pdf", parts, note), verifier="draft-only")
    assert document.markdown.count("<table>") == 1
    assert "1 (cont" not in document.markdown
    assert [(one.text, one.reason) for one in document.pages[1].dropped] == [
        (note, "says that a table goes on")
    ]


def test_a_caption_that_says_so_stays_where_no_table_goes_on(tmp_path: Path) -> None:
    """Tables of other columns are two."""
    wide = [row[:2] for row in [HEAD, *rows("South", 5)]]
    path = ruled(tmp_path / "a.pdf", [[HEAD, *rows("North", 6)], wide], "Table 1 (continued)")
    document = parse(path, verifier="draft-only")
    assert document.markdown.count("<table>") == 2
    assert "(continued)" in document.markdown


def test_another_number_of_columns_is_another_table() -> None:
    """Even in the same place."""
    a, b = "| a | b |\n| --- | --- |\n| 1 | 2 |", "| a | b | c |\n| --- | --- | --- |\n| 1 | 2 | 3 |"
    assert not is_one_table(a, b, BOX, BOX, 600)
    assert is_one_table(a, a.replace("1", "7"), BOX, BOX, 600)
    other = a.replace("a", "x")
    assert is_one_table(a, other, BOX, BOX, 600)
    assert not is_one_table(a, other, BOX, BOX, 1000)


grids = st.lists(
    st.lists(st.sampled_from(["A", "B", "", "12"]), min_size=3, max_size=3), min_size=2, max_size=5
)


@given(grids, grids, st.booleans())
def test_joining_loses_no_cell(first: list[list[str]], second: list[list[str]], pipes: bool) -> None:
    """All rows are there in their order, but for those of the second part that the first starts with."""
    write = write_pipe if pipes else write_html
    texts = [
        write(Grid(tuple(Cell(text, r, c) for r, row in enumerate(part) for c, text in enumerate(row)), 1))
        for part in (first, second)
    ]
    grid = read_table(as_one(*texts))
    assert grid is not None
    found = [[cell.text for cell in grid.cells if cell.row == r] for r in range(grid.height)]
    assert any(found == [*first, *second[count:]] and first[:count] == second[:count] for count in range(5))


def test_a_row_that_a_page_cuts_is_one() -> None:
    """Its rest starts small, and is not in all columns; nothing else is put together."""

    def table(*rows: str) -> str:
        parts = (row.split("|") for row in rows)
        return f"<table>{''.join(f'<tr>{_cells(part)}</tr>' for part in parts)}</table>"

    def _cells(texts: list[str]) -> str:
        return "".join(f"<td>{text}</td>" for text in texts)

    first = table("Goods|Kilos", "Oil of the <b>best</b>|12")
    assert as_one(first, table("kind|", "Nets|5")) == table(
        "Goods|Kilos", "Oil of the <b>best</b> kind|12", "Nets|5"
    )
    for rest in ("Kind|", "kind|5", "|kind", "|"):
        assert as_one(first, table(rest)).count("<tr>") == 3 - (rest == "|kind")
    assert as_one(table("Goods|Kilos", "Oil.|12"), table("kind|")).count("<tr>") == 3
