"""Tables as text: HTML, pipes and OTSL, to cells and back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docspec.drafters.formats.table_text import (
    Cell,
    Grid,
    indent_html,
    read_otsl,
    read_table,
    write_html,
    write_otsl,
    write_pipe,
)

WORDS = st.text("abc &|é中1.", max_size=6).map(lambda text: " ".join(text.split()))
HTML = "<table><tr><th>a</th><th>b</th></tr><tr><td>1 &lt; 2</td><td></td></tr></table>"


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Grids without gaps: some neighbouring places are one cell."""
    height, width = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    taken: set[tuple[int, int]] = set()
    cells = []
    for row in range(height):
        for column in range(width):
            if (row, column) in taken:
                continue
            columns = draw(st.integers(1, 2))
            while columns > 1 and (column + columns > width or (row, column + 1) in taken):
                columns -= 1
            rows = draw(st.integers(1, min(2, height - row)))
            text = draw(WORDS)
            if not text:  # OTSL has one token for an empty place, and no span of it
                rows = columns = 1
            places = {(row + i, column + j) for i in range(rows) for j in range(columns)}
            taken |= places
            cells.append(Cell(text, row, column, rows, columns))
    return Grid(tuple(cells))


@given(grids())
def test_html_comes_back(grid: Grid) -> None:
    """Cells, places and spans are the same after writing and reading."""
    assert read_table(write_html(grid)) == grid


@given(grids())
def test_indented_html_says_the_same(grid: Grid) -> None:
    """A line for each cell changes nothing that is read."""
    assert read_table(indent_html(write_html(grid))) == grid


@given(grids())
def test_otsl_comes_back(grid: Grid) -> None:
    """Spans are what looks left and up."""
    assert read_otsl(write_otsl(grid)) == grid


@given(grids())
def test_pipes_keep_every_text(grid: Grid) -> None:
    """A pipe table has no spans, but every cell's text at its place."""
    again = read_table(write_pipe(grid))
    assert again is not None
    texts = {(cell.row, cell.column): cell.text for cell in again.cells}
    assert all(texts[cell.row, cell.column] == cell.text for cell in grid.cells)


@settings(max_examples=200)
@given(grids(), st.data())
def test_broken_tables_are_read_as_far_as_they_go(grid: Grid, data: st.DataObject) -> None:
    """No cut makes a reader raise."""
    for text in (write_html(grid), write_otsl(grid), write_pipe(grid)):
        cut = data.draw(st.integers(0, len(text)))
        read_table(text[:cut])
        read_otsl(text[:cut])
        indent_html(text[:cut])


@given(st.text("<>/tablerdhocefn|-: 1\n=\"'", max_size=60))
def test_any_text_is_read_without_error(text: str) -> None:
    """Whatever a model writes."""
    for prefix in ("", "<table>", "|", "<fcel>"):
        read_table(prefix + text)
        read_otsl(prefix + text)
        indent_html(prefix + text)


def test_heads_are_known() -> None:
    """Header cells, header tokens and the rule of a pipe table say the same."""
    grid = read_table(HTML)
    assert grid is not None
    assert grid.headers == 1
    assert write_html(grid, header_cells=True) == HTML
    assert write_otsl(grid) == "<ched>a<ched>b<nl><fcel>1 < 2<ecel><nl>"
    assert read_otsl(write_otsl(grid)) == grid
    assert read_table(write_pipe(grid)) == grid


def test_indented_lines() -> None:
    """A row and a cell a line each."""
    rows = indent_html("<table><tr><td>1</td><td>a <b>c</b></td></tr></table>").split("\n")
    assert rows == ["<table>", "  <tr>", "    <td>1</td>", "    <td>a <b>c</b></td>", "  </tr>", "</table>"]


@pytest.mark.parametrize("span", ["99999999999", "-1", "x", "²", ""])
def test_absurd_spans_are_bounded(span: str) -> None:
    """A cell claims at most a few hundred columns."""
    grid = read_table(f'<table><tr><td colspan="{span}">a</td><td>b</td></tr></table>')
    assert grid is not None
    assert grid.width <= 201


def test_a_table_that_claims_everything_is_none() -> None:
    """Memory stays bounded."""
    row = "<tr>" + '<td colspan="200">a</td>' * 200 + "</tr>"
    assert read_table(f"<table>{row}</table>") is None


def test_text_that_is_no_table() -> None:
    """Is left alone."""
    assert read_table("a | b") is None
    assert read_table("") is None
