"""Table regions written as HTML or markdown."""

from collections.abc import Sequence
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.formats.table_text import Cell, Grid, read_table, write_html, write_pipe
from docspec.drafters.reading.cell_grid import aligned_cells
from docspec.drafters.reading.pieces import Piece
from docspec.drafters.reading.ruled_grid import ruled_cells
from docspec.drafters.reading.table_drafts import pieces_of, write_table
from docspec.drafters.reading.text_layer import TextLayerDrafter
from docspec.source import open_document
from docspec.types import Box, Category, Line, Page, Region, Span, Style, union

BLANK = Page(0, 500, 500, 72, np.full((500, 500, 3), 255, np.uint8))


def piece(text: str, x: float, y: float, width: float | None = None, height: float = 10.0) -> Piece:
    return Piece(text, (x, y, x + (width or 5.0 * len(text)), y + height))


def line(text: str, x: float, y: float) -> Line:
    box = (x, y, x + 5.0 * len(text), y + 10)
    return Line((Span(text, box),), box, "rapidocr")


def grid(texts: Sequence[Sequence[str]], xs: Sequence[float] = (0, 100, 200), step: float = 20) -> list[Line]:
    return [line(text, xs[c], r * step) for r, row in enumerate(texts) for c, text in enumerate(row) if text]


def table(lines: Sequence[Line], **style: Any) -> str | None:
    return write_table(
        BLANK, Region(0, 0, (0, 0, 400, 400), Category.TABLE, lines=tuple(lines)), Style(**style)
    )


class Shape(HTMLParser):
    """Counts the columns of each row, spans included, and collects the text."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[int] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append(0)
        if tag == "td":
            self.rows[-1] += int(dict(attrs).get("colspan") or 1)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_aligned_text_becomes_a_table() -> None:
    """Rows and columns come from alignment alone; an empty cell stays empty."""
    lines = grid([("Name", "Size", "Price"), ("apple pie", "", "2.50"), ("cake", "large", "3.00")])
    assert table(lines) == (
        "<table><tr><td>Name</td><td>Size</td><td>Price</td></tr>"
        "<tr><td>apple pie</td><td></td><td>2.50</td></tr>"
        "<tr><td>cake</td><td>large</td><td>3.00</td></tr></table>"
    )


def test_markdown_tables() -> None:
    """The first row is the header; bars in cells are escaped."""
    lines = grid([("a|b", "c"), ("d", "e")])
    assert table(lines, table="markdown") == "| a\\|b | c |\n| --- | --- |\n| d | e |"


def test_html_is_escaped() -> None:
    """Signs of HTML in a cell stay text."""
    assert "<td>a&lt;b&amp;c</td>" in (table(grid([("a<b&c", "1"), ("x", "2")])) or "")


def test_a_heading_over_two_columns_spans_them() -> None:
    """Text that crosses a column edge is one cell over both."""
    rows = [("", "", ""), *((str(i), "1.5", "2.5") for i in range(8))]
    lines = [line("Both of the columns here", 100, 0), *grid(rows)]
    assert '<td colspan="2">Both of the columns here</td>' in (table(lines) or "")


def test_a_wrapped_cell_goes_on() -> None:
    """A near row with an empty first cell continues the cells above."""
    lines = [
        *grid([("one", "first text"), ("two", "second"), ("three", "third")], step=40),
        line("goes on", 100, 11),
    ]
    assert "<td>first text goes on</td>" in (table(lines) or "")


def test_the_rest_of_a_label_goes_on_it() -> None:
    """A near row that is only the lower-case rest of a label is no row; a sub-head of its own is one."""
    rows = [("Rope", "3", "12.50"), ("Chain, galvanised,", "12", "8.00"), ("Oil", "2", "5.25")]
    whole = table([*grid(rows, step=30), line("per metre", 0, 41)]) or ""
    assert "<td>Chain, galvanised, per metre</td>" in whole
    rows[1] = ("Chain", "12", "8.00")
    apart = table([*grid(rows, step=30), line("Lamps", 0, 41)]) or ""
    assert "<td>Lamps</td>" in apart


def test_heads_at_the_left_over_numbers_at_the_right() -> None:
    """A row of a text for each column has one in each, though a head stands over no number."""
    lines = [
        line(text, x, 0) for text, x in (("Item", 0), ("Qty", 100), ("Unit price", 160), ("Amount", 240))
    ]
    for row, (label, count, price, amount) in enumerate(
        [("Rope", "3", "12.50", "37.50"), ("Chain", "12", "8.00", "96.00"), ("Oil", "2", "5.25", "10.50")], 1
    ):
        places = ((label, 0), (count, 110), (price, 210), (amount, 315))
        lines += [line(text, x, 20 * row) for text, x in places]
    made = table(lines) or ""
    assert "colspan" not in made
    assert "<td>Unit price</td><td>Amount</td>" in made


def test_a_typed_table_has_columns_and_no_leaders() -> None:
    """Spaces part its columns, dots lead to its numbers, and its rules are dashes."""
    typed = [
        "Share            1.0   1.1   1.2",
        "--------------------------------",
        "0.99 .........   800   880   960",
        "0.95 .........   160   176   192",
        "0.5 - 0.9 ....    80    88    96",
        "All . . . . . .   53 1,059 1,064",
    ]
    made = read_table(table([line(text, 0, 12 * n) for n, text in enumerate(typed)]) or "")
    assert made is not None
    rows = [[cell.text for cell in made.cells if cell.row == row] for row in range(made.height)]
    assert rows[0] == ["Share", "1.0", "1.1", "1.2"]
    assert [row[0] for row in rows[1:]] == ["0.99", "0.95", "0.5 - 0.9", "All"]
    assert [row[1:] for row in rows[1:]] == [text.split()[-3:] for text in typed[2:]]


def test_a_check_box_stays_with_its_label() -> None:
    """Though its row has as many pieces as the table has columns."""
    lines = [*grid([("Name", "Willow"), ("Licence", "TL-48"), ("Metres", "4.5"), ("Day", "Monday")]),
             line("☑", 0, 80), line("Needs it", 16, 80)]  # fmt: skip
    made = read_table(table(lines) or "")
    assert made is not None
    assert [cell.text for cell in made.cells if cell.row == 4 and cell.text] == ["☑ Needs it"]


def test_prose_is_no_table() -> None:
    """Lines without common gaps give no grid, and a style without tables none at all."""
    assert table([line("just a line of words", 0, y) for y in (0, 12, 24)]) is None
    assert table(grid([("a", "b"), ("c", "d")]), table=None) is None
    assert table([]) is None


def test_without_a_grid_the_lines_stand() -> None:
    """A table region without a grid is drafted as its lines."""
    lines = tuple(line("just a line of words", 0, y) for y in (0, 12))
    region = Region(0, 0, (0, 0, 400, 400), Category.TABLE, lines=lines)
    (draft,) = TextLayerDrafter().draft(BLANK, region, Style())
    assert draft.text == "just a line of words\njust a line of words"


def test_ruled_cells_give_spans() -> None:
    """A cell that other cells' edges cross spans them, sideways and down."""
    boxes = [(0, 0, 50, 40), (50, 0, 150, 20), (50, 20, 100, 40), (100, 20, 150, 40)]
    pieces = [piece("left", 5, 15), piece("top", 60, 5), piece("a", 60, 25), piece("b", 110, 25)]
    assert write_html(Grid(tuple(ruled_cells(pieces, boxes)))) == (
        '<table><tr><td rowspan="2">left</td><td colspan="2">top</td></tr>'
        "<tr><td>a</td><td>b</td></tr></table>"
    )


def test_the_rules_of_a_pdf_are_found() -> None:
    """Cells drawn on the page hold their text, wrapped lines together."""
    document = pymupdf.open()
    sheet = document.new_page(width=300, height=200)
    texts = [["Head A", "Head B"], ["two lines\nof text", "5"], ["x", "y"]]
    for r, row in enumerate(texts):
        for c, text in enumerate(row):
            sheet.draw_rect((30 + 120 * c, 30 + 40 * r, 150 + 120 * c, 70 + 40 * r))
            sheet.insert_text((36 + 120 * c, 45 + 40 * r), text.split("\n"), fontsize=10)
    page = next(iter(open_document(document.tobytes()).pages(72)))
    assert isinstance(page, Page)
    region = Region(0, 0, (28, 28, 272, 152), Category.TABLE, lines=page.lines)
    (draft,) = TextLayerDrafter().draft(page, region, Style())
    assert draft.source == "table"
    assert draft.text == (
        "<table><tr><td>Head A</td><td>Head B</td></tr><tr><td>two lines of text</td><td>5</td></tr>"
        "<tr><td>x</td><td>y</td></tr></table>"
    )


place = st.tuples(st.text("ab1", min_size=1, max_size=6), st.integers(0, 40), st.integers(0, 20))


@given(st.lists(place, max_size=30))
def test_no_text_is_lost_in_a_grid(places: list[tuple[str, int, int]]) -> None:
    """Every piece is in exactly one cell, and every row of HTML has the same width."""
    pieces = [piece(text, 10 * x, 8 * y) for text, x, y in places]
    cells = aligned_cells(pieces)
    if cells is not None:
        shape = Shape()
        shape.feed(write_html(Grid(tuple(cells))))
        assert sorted("".join(shape.text).replace(" ", "")) == sorted("".join(text for text, _, _ in places))
        assert len(set(shape.rows)) == 1
        assert write_pipe(Grid(tuple(cells))).count("\n") == len(shape.rows)


@given(st.text("ab \u00ad\ufb01", max_size=30))
def test_pieces_are_the_words(text: str) -> None:
    """A line's pieces are its words, inside its box, left to right."""
    pieces = list(pieces_of([line(text, 0, 0)]))
    assert [p.text for p in pieces] == text.replace("\ufb01", "fi").replace("\u00ad", "-").split()
    assert all(p.box[0] >= 0 and p.box[2] <= 5.0 * len(text) + 1e-6 for p in pieces)


def ruled(
    tmp_path: Path,
    xs: Sequence[float],
    ys: Sequence[float],
    words: Sequence[tuple[float, float, str]],
    *gaps: Box,
) -> str:
    """The table of a PDF's page with words and a grid of rules, the pieces of rules in ``gaps`` left out.

    The region is no larger than the words.
    """
    document = pymupdf.open()
    sheet = document.new_page(width=500, height=400)
    pieces = [(a, y, b, y) for y in ys for a, b in pairwise(xs)] + [
        (x, a, x, b) for x in xs for a, b in pairwise(ys)
    ]
    for x0, y0, x1, y1 in set(pieces) - set(gaps):
        sheet.draw_line((x0, y0), (x1, y1))
    for x, y, word in words:
        sheet.insert_text((x, y), word, fontsize=9)
    document.save(tmp_path / "a.pdf")
    with open_document(tmp_path / "a.pdf") as source:
        [page] = source.pages(72)
        assert isinstance(page, Page)
        box = union([line.box for line in page.lines])
        html = write_table(page, Region(0, 0, box, Category.TABLE, lines=page.lines), Style())
    assert html is not None
    return html


def test_rules_outside_of_the_text_part_cells(tmp_path: Path) -> None:
    """The table's edge stands far from its text; heads span what they stand over."""
    words = [(52, 70, "Yard"), (152, 70, "Year"), (152, 90, "Spring"), (252, 90, "Autumn"),
             (52, 110, "North"), (152, 110, "11"), (252, 110, "12"),
             (52, 130, "All"), (252, 130, "23")]  # fmt: skip
    gaps = [(250.0, 55.0, 250.0, 75.0), (50.0, 75.0, 150.0, 75.0), (150.0, 115.0, 150.0, 135.0)]
    html = ruled(tmp_path, [50.0, 150.0, 250.0, 400.0], [55.0, 75.0, 95.0, 115.0, 135.0], words, *gaps)
    assert html == (
        '<table><tr><td rowspan="2">Yard</td><td colspan="2">Year</td></tr>'
        "<tr><td>Spring</td><td>Autumn</td></tr><tr><td>North</td><td>11</td><td>12</td></tr>"
        '<tr><td colspan="2">All</td><td>23</td></tr></table>'
    )


def test_bands_between_rules_are_rows(tmp_path: Path) -> None:
    """Rules part groups of rows of numbers; a head of two lines stays one cell."""
    words = [(x, y, f"{x + y}") for x in (152, 252, 352) for y in (110, 122, 134, 160, 172, 184)]
    words += [(52, y, f"Yard{y}") for y in (110, 122, 134, 160, 172, 184)]
    words += [(x, y, f"word{x}{y}") for x in (52, 152, 252, 352) for y in (70, 82)]
    html = ruled(tmp_path, [50.0, 150.0, 250.0, 350.0, 450.0], [55.0, 95.0, 145.0, 195.0], words)
    assert html.count("<tr>") == 7
    assert "<td>word5270 word5282</td>" in html
    assert "<tr><td>Yard122</td><td>274</td><td>374</td><td>474</td></tr>" in html


def test_shaded_rows_have_the_columns_of_the_others(tmp_path: Path) -> None:
    """Their background is one cell, their text stands in columns; a sub-head over all of them stays one."""
    words = [(x, y, f"{x + y}") for x in (52, 152, 252) for y in (70, 90, 110)]
    words.append((52, 130, "Yards on the other side of the river"))
    gaps = [(x, y, x, y + 20) for x in (150.0, 250.0) for y in (75.0, 115.0)]
    html = ruled(tmp_path, [50.0, 150.0, 250.0, 350.0], [55.0, 75.0, 95.0, 115.0, 135.0], words, *gaps)
    assert "<tr><td>142</td><td>242</td><td>342</td></tr>" in html
    assert '<td colspan="3">Yards on the other side of the river</td>' in html


def test_two_tables_side_by_side_keep_their_own_rules(tmp_path: Path) -> None:
    """The cells are those of the table that the region is of."""
    words = [(62, y, f"a{y}") for y in (70, 90, 110)] + [(112, y, f"b{y}") for y in (70, 90, 110)]
    html = ruled(tmp_path, [50.0, 100.0, 160.0, 300.0, 350.0, 400.0], [55.0, 75.0, 95.0, 115.0], words,
                 *[(160.0, y, 300.0, y) for y in (55.0, 75.0, 95.0, 115.0)])  # fmt: skip
    assert html.count("<tr>") == 3
    assert html.count("<td>") == 6


def test_currency_signs_belong_to_their_amounts() -> None:
    """They stand far left of the numbers, in some rows only, and shift none of them."""
    lines = [
        line("2024", 210, 0), line("2023", 290, 0),
        line("Net income", 0, 20), line("$", 180, 20), line("4,210", 205, 20),
        line("$", 260, 20), line("3,985", 285, 20),
        line("Wear", 0, 40), line("1,118", 205, 40), line("1,064", 285, 40),
        line("Land", 0, 60), line("(512", 210, 60), line(")", 231, 60), line("-", 300, 60),
        line("Cash", 0, 80), line("$", 180, 80), line("9,077", 205, 80),
        line("$", 260, 80), line("5,465", 285, 80),
    ]  # fmt: skip
    assert table(lines, table="markdown").split("\n")[2:] == [  # type: ignore[union-attr]
        "| Net income | $ 4,210 | $ 3,985 |",
        "| Wear | 1,118 | 1,064 |",
        "| Land | (512) | - |",
        "| Cash | $ 9,077 | $ 5,465 |",
    ]


def test_a_dollar_sign_within_words_stays_there() -> None:
    """What stands before no number is a word."""
    lines = grid([["Unit", "Size", "Cost"], ["US $ each", "a", "1"], ["$ word", "b", "2"]])
    assert "<td>US $ each</td>" in str(table(lines))
    assert "<td>$ word</td>" in str(table(lines))


def test_cells_of_several_lines_are_one_where_rows_stand_further_apart() -> None:
    """Most of the rows are lines of cells, so that their distance is the usual one."""
    texts = [["Role", "Duty", "When"], ["Keeper", "Opens the", "Daily at"], ["", "gate and", "six"],
             ["", "locks it", ""], ["Carter", "Brings the", "On"], ["", "horses", "demand"]]  # fmt: skip
    tops = [0, 18, 29, 40, 58, 69]
    lines = [line(text, x, y) for row, y in zip(texts, tops, strict=True)
             for x, text in zip((0, 100, 200), row, strict=True) if text]  # fmt: skip
    assert str(table(lines)).count("<tr>") == 3
    assert "<td>Opens the gate and locks it</td><td>Daily at six</td>" in str(table(lines))


FIGURES = [[f"Yard {n}", str(10 + n), str(20 + n), f"{n}.5"] for n in range(4)]


def read_headed(
    head: Sequence[tuple[str, float, float]], *rules: tuple[float, float, float]
) -> list[list[Cell]]:
    """The rows of a table of four columns without cells' rules: texts of its head with the middles of their
    lines, and rules from one x to another at a height."""
    image = np.full((400, 400, 3), 255, np.uint8)
    for x0, x1, y in rules:
        image[int(y) : int(y) + 1, int(x0) : int(x1)] = 0
    lines = [line(text, x - 2.5 * len(text), y) for text, x, y in head]
    xs = (0, 95, 175, 255)
    lines += [line(text, xs[c], 60 + 14 * r) for r, row in enumerate(FIGURES) for c, text in enumerate(row)]
    page = Page(0, 400, 400, 72, image)
    html = write_table(page, Region(0, 0, (0, 0, 400, 400), Category.TABLE, lines=tuple(lines)), Style())
    grid = read_table(html or "")
    assert grid is not None
    return [[cell for cell in grid.cells if cell.row == row] for row in range(grid.height)]


def headed(head: Sequence[tuple[str, float, float]], *rules: tuple[float, float, float]) -> list[list[Cell]]:
    """The rows of the head alone, the figures as they should be."""
    rows = read_headed(head, *rules)
    assert [[cell.text for cell in row] for row in rows[-len(FIGURES) :]] == FIGURES
    return rows[: -len(FIGURES)]


def test_lines_of_a_head_are_one_cell() -> None:
    """Heads stand on as many lines as they need, closer to each other than the figures below them."""
    head = [("Mean of", 100, 20), ("Least of", 180, 32), ("all trees", 100, 32), ("Yard", 10, 44),
            ("in spring", 100, 44), ("those seen", 180, 44), ("Share", 260, 44)]  # fmt: skip
    assert [[cell.text for cell in row] for row in headed(head)] == [
        ["Yard", "Mean of all trees in spring", "Least of those seen", "Share"]
    ]


def test_a_form_has_no_head() -> None:
    """One amount among its values shows no rows of figures."""
    texts = [("Name of the stall:", "Willow Baskets"), ("Trade licence:", "TL-48213"), ("Metres:", "4.5"),
             ("Day of the week:", "Thursday"), ("Kind:", "baskets"), ("Place:", "any")]  # fmt: skip
    html = table(grid(texts, xs=(0, 150))) or ""
    assert all(f"<td>{label}</td><td>{value}</td>" in html for label, value in texts)


@pytest.mark.parametrize("lines", [1, 2])
def test_a_rule_under_a_head_shows_what_it_is_of(lines: int) -> None:
    """It may be of one line or several, and stand over columns that it does not reach."""
    head = [("Yard", 10, 44), ("Trees", 100, 44), ("Sown", 180, 44), ("Cut", 260, 44), ("The year", 180, 18)]
    head += [("of count", 180, 8)] if lines == 2 else []
    top, below = headed(head, (85.0, 280.0, 36.0))
    assert [(cell.text, cell.rows, cell.columns) for cell in top] == [
        ("Yard", 2, 1),
        ("of count The year" if lines == 2 else "The year", 1, 3),
    ]
    assert [cell.text for cell in below] == ["Trees", "Sown", "Cut"]


def test_a_rule_under_all_heads_spans_nothing() -> None:
    """It is the head's own."""
    head = [
        ("Mean of", 100, 30),
        ("Yard", 10, 42),
        ("all trees", 100, 42),
        ("Least", 180, 42),
        ("Share", 260, 42),
    ]
    [row] = headed(head, (0.0, 300.0, 57.0))
    assert [cell.text for cell in row] == ["Yard", "Mean of all trees", "Least", "Share"]


def test_a_head_over_columns_without_a_rule_spans_them() -> None:
    """Its words have no wider gaps at the columns."""
    head = [
        ("Figures of the North and all the hills", 180, 30),
        ("Yard", 10, 44),
        ("Trees", 100, 44),
        ("Sown", 180, 44),
        ("Cut", 260, 44),
    ]
    top, below = headed(head)
    assert ("Figures of the North and all the hills", 3) in [(cell.text, cell.columns) for cell in top]
    assert [cell.text for cell in below] == ["Trees", "Sown", "Cut"]


@pytest.mark.parametrize("pair", [["2019", "2020"], ["No.", "Share"]])
def test_heads_that_come_again_show_what_stands_over_them(pair: Sequence[str]) -> None:
    """Without a rule, whatever gaps there are between words."""
    head = [
        ("Old oak trees", 123, 20),
        ("Elms", 288, 20),
        *zip([*pair, *pair], (95, 150, 260, 315), [32] * 4, strict=True),
    ]
    lines = [line(text, x - 2.5 * len(text), y) for text, x, y in head]
    lines += [line(f"Yard {n}", 0, 46 + 14 * n) for n in range(5)]
    lines += [line(f"{x + n}", x - 8, 46 + 14 * n) for n in range(5) for x in (95, 150, 260, 315)]
    grid = read_table(table(lines) or "")
    assert grid is not None
    top = [(cell.text, cell.column, cell.columns) for cell in grid.cells if cell.row == 0 and cell.text]
    assert top == [("Old oak trees", 1, 2), ("Elms", 3, 2)]
    assert [cell.text for cell in grid.cells if cell.row == 1 and cell.text] == [*pair, *pair]


words_of_heads = st.sampled_from(["of", "trees", "in spring", "A longer head than that"])
head_words = st.lists(
    st.tuples(words_of_heads, st.integers(0, 300), st.integers(0, 4)), min_size=1, max_size=10
)
head_rules = st.lists(st.tuples(st.integers(0, 150), st.integers(150, 390), st.integers(0, 60)), max_size=3)


@given(head_words, head_rules)
def test_no_text_of_a_head_is_lost(
    places: list[tuple[str, int, int]], rules: list[tuple[int, int, int]]
) -> None:
    """Whatever rules cross it: each word once."""
    rows = read_headed([(text, x, 12.0 * y) for text, x, y in places], *rules)
    words = " ".join(cell.text for row in rows for cell in row).split()
    figures = " ".join(text for row in FIGURES for text in row)
    assert sorted(words) == sorted(" ".join([figures, *(text for text, _, _ in places)]).split())


def test_lines_that_fill_their_cell_go_on_in_the_next_row() -> None:
    """Rows as close as the lines of a cell: those without a label go on where a word had no more room."""
    lines = [
        *grid([["Ships", "The keeper counts all the ships that"]], step=12),
        line("pass before breakfast.", 100, 12),
        line("Nets", 0, 24),
        line("Her brother mends the nets of every", 100, 24),
        line("boat.", 100, 36),
        line("Mail", 0, 48),
        line("A ferry.", 100, 48),
    ]
    html = table(lines)
    assert html is not None
    assert "<td>The keeper counts all the ships that pass before breakfast.</td>" in html
    assert html.count("<tr>") == 3


def test_rows_of_a_group_are_no_lines_of_a_cell() -> None:
    """Where the first cell is empty since the group has its name once, short texts below are rows."""
    html = table(
        grid([["North", "May", "14"], ["", "September", ""], ["", "June", "18"], ["South", "May", "9"]])
    )
    assert html is not None
    assert html.count("<tr>") == 4


def test_a_sign_after_its_amount_stays_with_it() -> None:
    """Euro signs that stand apart after their amounts do not go to the next column."""
    rows = [
        ["Heat", "1,204.50", "\u20ac", "987.00", "\u20ac"],
        ["Water", "250.00", "\u20ac", "30.00", "\u20ac"],
    ]
    html = table(grid(rows, xs=(0, 100, 150, 200, 250)))
    assert html is not None
    assert "<td>1,204.50 \u20ac</td><td>987.00 \u20ac</td>" in html


def test_a_column_at_the_right_close_to_one_at_the_left() -> None:
    """A gap that all rows share is one between columns, though a few points more than a space."""
    rows = [("Ash", "1,120", "yes"), ("Elm", "880", "no"), ("Oak", "560", "yes"), ("Fir", "9,540", "no")]
    lines = [
        part
        for number, (a, b, c) in enumerate(rows)
        for part in (
            line(a, 0, 20 * number),
            line(b, 100 - 5 * len(b), 20 * number),
            line(c, 106, 20 * number),
        )
    ]
    html = table(lines)
    assert html is not None
    assert "<td>1,120</td><td>yes</td>" in html


def test_a_raised_mark_is_part_of_the_word_before_it() -> None:
    """In superscript characters, where the style has them; an exponent by itself is a word."""
    word, mark = Span("Total", (0, 0, 25, 10)), Span("2", (25, 0, 28, 6), superscript=True)
    lines = [Line((word, mark), (0, 0, 28, 10), "text-layer")]
    assert [one.text for one in pieces_of(lines)] == ["Total", "2"]
    assert [one.text for one in pieces_of(lines, superscripts=True)] == ["Total²"]
    far = [Line((word, Span("2", (60, 0, 63, 6), superscript=True)), (0, 0, 63, 10), "text-layer")]
    assert [one.text for one in pieces_of(far, superscripts=True)] == ["Total", "²"]


def test_rows_of_words_over_two_rows_of_figures_are_no_head() -> None:
    """Each is a row, where every column has its word."""
    texts = [["Name", "Ada", "Bo"], ["Town", "Oslo", "Rome"], ["Age", "31", "40"], ["Cups", "2", "3"]]
    written = table(grid(texts, step=14))
    assert written is not None
    assert "<tr><td>Name</td><td>Ada</td><td>Bo</td></tr><tr><td>Town</td>" in written


def test_a_head_of_several_lines_stands_over_two_rows() -> None:
    """The lines of a head are cells, however few rows of amounts there are."""
    texts = [
        ["", "Length", "Draught"],
        ["Ship", "over all", "when loaded"],
        ["Alma", "12.5", "4.20"],
        ["Bella", "9.0", "3.10"],
    ]
    written = table(grid(texts, step=14))
    assert written is not None
    assert "<td>Length over all</td><td>Draught when loaded</td>" in written
    assert "<td>Bella</td><td>9.0</td><td>3.10</td>" in written
