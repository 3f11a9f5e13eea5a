"""Tables whose rules and backgrounds say less, or more, than where their cells are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docspec import parse
from docspec.drafters.formats.table_text import Grid, read_table, write_html
from docspec.drafters.reading.pieces import Piece
from docspec.drafters.reading.ruled_grid import ruled_cells
from docspec.drafters.reading.table_drafts import write_table
from docspec.source import open_document
from docspec.types import Box, Category, Page, Region, Style, union

GREEN, BLACK = (0.8, 1, 0.8), (0, 0, 0)
HEADS = ("Tournam", "Tour", "Average")
LINE = 12.0  # points from one line of a cell to the next


def paint_as_images(sheet: pymupdf.Page, rules: Sequence[tuple[float, float, float, float]]) -> None:
    """Draws ``rules`` as PostScript's come out of Ghostscript: images of one pixel, stretched."""
    sheet.insert_text((0, 0), " ")  # a content stream that these can follow
    [*_, last] = sheet.get_contents()
    parts = [sheet.parent.xref_stream(last)]
    for x0, y0, x1, y1 in rules:
        wide, high = max(0.5, x1 - x0), max(0.5, y1 - y0)
        place = f"q {wide} 0 0 {high} {x0} {sheet.rect.height - y0 - high} cm\n"
        parts.append(place.encode() + b"BI /IM true /W 1 /H 1 /BPC 1 ID \x00\nEI Q\n")
    sheet.parent.update_stream(last, b"\n".join(parts))


def drawn(
    tmp_path: Path,
    rules: Sequence[tuple[float, float, float, float]],
    shades: Sequence[Box],
    words: Sequence[tuple[float, float, str]],
    colour: tuple[float, float, float] = GREEN,
    images: bool = False,
) -> list[list[str]]:
    """The rows of the table that is read of a page with these rules, backgrounds and words, each text at its
    left end of the baseline."""
    document = pymupdf.open()
    sheet = document.new_page(width=500, height=400)
    for shade in shades:
        sheet.draw_rect(shade, color=None, fill=colour)
    if images:
        paint_as_images(sheet, rules)
    for x0, y0, x1, y1 in () if images else rules:
        sheet.draw_line((x0, y0), (x1, y1), width=0.5)
    for x, y, word in words:
        sheet.insert_text((x, y), word, fontsize=9, color=(1, 1, 1) if colour == BLACK else (0, 0, 0))
    document.save(tmp_path / "a.pdf")
    with open_document(tmp_path / "a.pdf") as source:
        [page] = source.pages(100)
        assert isinstance(page, Page)
        box = union([line.box for line in page.lines])
        html = write_table(page, Region(0, 0, box, Category.TABLE, lines=page.lines), Style())
    assert html is not None
    return texts(html)


def texts(html: str) -> list[list[str]]:
    """The cells' texts of a table, by row."""
    grid = read_table(html)
    assert grid is not None
    return [[cell.text for cell in grid.cells if cell.row == row] for row in range(grid.height)]


def frame(xs: Sequence[float], ys: Sequence[float]) -> list[tuple[float, float, float, float]]:
    """Rules of a full grid."""
    return [(xs[0], y, xs[-1], y) for y in ys] + [(x, ys[0], x, ys[-1]) for x in xs]


def test_rules_that_are_images_are_rules(tmp_path: Path) -> None:
    """PDFs made from PostScript draw them so; the words of a narrow table stand too close to part columns."""
    xs, ys = [50.0, 92.0, 118.0, 160.0], [60.0, 80.0, 100.0, 120.0]
    words = [(x + 2, y - 6, word) for y in ys[1:] for x, word in zip(xs, HEADS, strict=False)]
    rows = drawn(tmp_path, frame(xs, ys), [], words, images=True)
    assert rows == [list(HEADS)] * 3


@pytest.mark.parametrize("colour", [GREEN, BLACK])
@pytest.mark.parametrize("padding", [3.5, 5.4])
def test_backgrounds_with_padding_are_no_columns(
    tmp_path: Path, padding: float, colour: tuple[float, float, float]
) -> None:
    """Word processors leave white beside a cell's background: a column to who looks at edges alone."""
    xs, ys = [50.0, 170.0, 290.0, 410.0], [60.0, 80.0, 100.0, 120.0]
    shades = [(a + padding, 60.0, b - padding, 80.0) for a, b in pairwise(xs)]
    words = [(x + 8, y - 6, f"w{x:.0f}{y:.0f}") for x in xs[:3] for y in ys[1:]]
    rows = drawn(tmp_path, frame(xs, ys), shades, words, colour)
    assert rows == [[f"w{x:.0f}{y:.0f}" for x in xs[:3]] for y in ys[1:]]


@pytest.mark.parametrize("lines", [2, 3])
def test_backgrounds_of_lines_are_no_rows(tmp_path: Path, lines: int) -> None:
    """Each line of a wrapped label has a background; the amounts beside it have one cell each."""
    xs, ys = [50.0, 170.0, 290.0, 410.0], [60.0, 80.0, 80.0 + LINE * lines + 4, 100.0 + LINE * lines + 4]
    shades = [(55.0, ys[1] + LINE * n, 165.0, ys[1] + LINE * (n + 1)) for n in range(lines)]
    words = [(x + 8, y - 6, f"w{x:.0f}{y:.0f}") for x in xs[:3] for y in (ys[1], ys[3])]
    words += [(58.0, ys[1] + 9 + LINE * n, f"label {n}") for n in range(lines)]
    words += [(178.0, ys[1] + 9, "17"), (298.0, ys[1] + 9, "18")]
    rows = drawn(tmp_path, frame(xs, ys), shades, words)
    assert len(rows) == 3
    assert rows[1] == [" ".join(f"label {n}" for n in range(lines)), "17", "18"]


def test_rules_between_lines_are_rows(tmp_path: Path) -> None:
    """Where the page shows an edge there is one, though another cell goes over it."""
    xs, ys = [50.0, 170.0, 290.0, 410.0], [60.0, 80.0, 92.0, 104.0, 124.0]
    rules = [(50.0, 60.0, 410.0, 60.0), (50.0, 80.0, 410.0, 80.0), (50.0, 104.0, 410.0, 104.0),
             (50.0, 124.0, 410.0, 124.0), (170.0, 92.0, 410.0, 92.0),
             *((x, 60.0, x, 124.0) for x in xs)]  # fmt: skip
    words = [(x + 8, y - 3, f"w{x:.0f}{y:.0f}") for x in xs[1:3] for y in ys[1:]]
    words += [(58.0, 77.0, "head"), (58.0, 95.0, "both"), (58.0, 121.0, "last")]
    rows = drawn(tmp_path, rules, [], words)
    assert rows[1:3] == [["both", "w17092", "w29092"], ["w170104", "w290104"]]


@pytest.mark.parametrize("indent", [0.0, 14.0])
def test_sub_heads_in_a_band_are_rows(tmp_path: Path, indent: float) -> None:
    """Labels stand below each other without rules, amounts beside most; a label may have two lines."""
    xs, ys = [50.0, 200.0, 290.0, 410.0], [60.0, 80.0, 164.0]
    labels = ["All yards", "North", "South", "Those on the other side", "of the river", "West"]
    words = [(58.0 + (indent if n else 0), 92.0 + LINE * n, label) for n, label in enumerate(labels)]
    words += [(x + 30, 92.0 + LINE * n, f"{x + n:.0f}") for x in xs[1:3] for n in (1, 2, 4, 5)]
    words += [(x + 8, 74.0, f"h{x:.0f}") for x in xs[:3]]
    rows = drawn(tmp_path, frame(xs, ys), [], words)
    assert [row[0] for row in rows] == ["h50", *labels[:3], " ".join(labels[3:5]), labels[5]]
    assert rows[1:] == [["All yards", "", ""], ["North", "201", "291"], ["South", "202", "292"],
                        [" ".join(labels[3:5]), "204", "294"], ["West", "205", "295"]]  # fmt: skip


@pytest.mark.parametrize("gap", [11.0, 16.0])
def test_rows_in_a_band_are_set_off_by_white(tmp_path: Path, gap: float) -> None:
    """Cells of several lines without rules between, where all are blank together."""
    xs = [50.0, 150.0, 290.0, 410.0]
    starts = [92.0, 92.0 + 3 * LINE + gap]
    words = [(58.0, y, f"Kind {n}") for n, y in enumerate(starts)]
    words += [(158.0, y + LINE * n, f"of words {n}") for y in starts for n in range(3)]
    words += [(298.0, y + LINE * n, f"such as {n}") for y in starts for n in range(2)]
    words += [(x + 8, 74.0, f"h{x:.0f}") for x in xs[:3]]
    rows = drawn(tmp_path, frame(xs, [60.0, 80.0, starts[1] + 3 * LINE]), [], words)
    meaning = ["of words 0 of words 1 of words 2", "such as 0 such as 1"]
    assert rows[1:] == [["Kind 0", *meaning], ["Kind 1", *meaning]]


def test_paragraphs_of_one_cell_are_one_cell(tmp_path: Path) -> None:
    """White between them where another cell has none, or no label follows, parts no rows."""
    xs = [50.0, 150.0, 290.0, 410.0]
    words = [(58.0, 92.0, "Kind"), *((158.0, 92.0 + y, f"line {y}") for y in (0, 12, 36, 48))]
    words += [(298.0, 92.0 + 12 * n, f"such as {n}") for n in range(5)]
    words += [(x + 8, 74.0, f"h{x:.0f}") for x in xs[:3]]
    rows = drawn(tmp_path, frame(xs, [60.0, 80.0, 160.0]), [], words)
    assert len(rows) == 2


@pytest.mark.parametrize("years", [2, 3])
def test_heads_over_several_columns_need_no_rules_between(tmp_path: Path, years: int) -> None:
    """Each stands over two columns, in one cell that goes over all of them."""
    xs = [50.0, *(150.0 + 55 * n for n in range(2 * years + 1))]
    ys = [60.0, 80.0, 100.0, 120.0]
    rules = [(xs[0], y, xs[-1], y) for y in ys]
    rules += [(x, 80.0 if 1 < n < 2 * years + 1 else 60.0, x, 120.0) for n, x in enumerate(xs)]
    words = [(x + 8, y - 6, f"w{n}{y:.0f}") for n, x in enumerate(xs[:-1]) for y in ys[2:]]
    words += [(55.0 * 2 * n + 188.0, 74.0, f"31/12/202{n}") for n in range(years)] + [(58.0, 74.0, "Loan")]
    rows = drawn(tmp_path, rules, [], words)
    assert rows[0] == ["Loan", *(f"31/12/202{n}" for n in range(years))]
    assert len(rows[1]) == 2 * years + 1


@pytest.mark.parametrize("kinds", [["Count"], ["Count", "Share", "Rank"]])
def test_labels_beside_several_rows_are_one_cell(tmp_path: Path, kinds: list[str]) -> None:
    """Each of their lines has a background, as high as the rows beside it, which have rules."""
    labels = [["Old trees of", "the valley"], ["Yards"], ["Mills"]]
    pitch, top = 14.0, 60.0
    rows = [(n, kind) for n in range(len(labels)) for kind in ["Sum", *kinds]]
    ys = [top + pitch * n for n in range(len(rows) + 1)]
    group = len(kinds) + 1
    rules = [(x, top, x, ys[-1]) for x in (50.0, 150.0, 250.0, 350.0)]
    rules += [(50.0 if n % group == 0 else 150.0, y, 350.0, y) for n, y in enumerate(ys)]
    shades = [(50.5, a, 149.5, b) for a, b in pairwise(ys)]
    words = [(158.0, y + 10, kind) for y, (_, kind) in zip(ys, rows, strict=False)]
    words += [(258.0, y + 10, str(n + 11)) for n, y in enumerate(ys[:-1])]
    words += [
        (58.0, ys[group * n] + 10 + pitch * line, text)
        for n, label in enumerate(labels)
        for line, text in enumerate(label)
    ]
    found = drawn(tmp_path, rules, shades, words)
    assert [row[0] for row in found[::group]] == [" ".join(label) for label in labels]
    assert all(len(row) == 2 for n, row in enumerate(found) if n % group)


corner = st.integers(0, 12)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(corner, corner, st.sampled_from(["word", "12", "3.5"])), min_size=1, max_size=20),
    st.lists(st.tuples(corner, corner, corner, corner), min_size=1, max_size=12),
    st.booleans(),
)
def test_no_text_is_lost_in_any_cells(
    places: list[tuple[int, int, str]], corners: list[tuple[int, int, int, int]], seen: bool
) -> None:
    """Whatever boxes overlap or hold each other: every word is there once, and all rows are as wide."""
    pieces = [Piece(text, (20.0 * x, 10.0 * y, 20.0 * x + 15, 10.0 * y + 9)) for x, y, text in places]
    boxes = [
        (7.0 * min(a, c), 5.0 * min(b, d), 7.0 * max(a, c) + 9, 5.0 * max(b, d) + 9) for a, b, c, d in corners
    ]
    cells = ruled_cells(pieces, boxes, lambda *_: seen)
    words = " ".join(cell.text for cell in cells).split()
    assert sorted(words) == sorted(text for _, _, text in places)
    grid = Grid(tuple(cells))
    taken = [(r, c) for cell in cells for r in range(cell.row, cell.row + cell.rows)
             for c in range(cell.column, cell.column + cell.columns)]  # fmt: skip
    assert len(taken) == len(set(taken)) == grid.height * grid.width
    read = read_table(write_html(grid))
    assert read is not None
    assert (read.height, read.width) == (grid.height, grid.width)


@pytest.mark.parametrize("turn", [90, 270])
@pytest.mark.parametrize("columns", [3, 4])
def test_a_sideways_table_on_an_upright_page_is_one(tmp_path: Path, turn: int, columns: int) -> None:
    """It is read in its own direction; nothing of it is taken for a picture's labels."""
    document = pymupdf.open()
    sheet = document.new_page(width=500, height=700)
    prose = "The old miller crossed the narrow bridge before breakfast and came back in the evening. " * 3
    for top in (60, 600):
        sheet.insert_htmlbox((60, top, 440, top + 60), f"<p style='font-size:10px'>{prose}</p>")
    for r in range(5):
        for c in range(columns):
            text = ["Yard", "Trees", "Sown", "Cut"][c] if r == 0 else f"v{r}{c}"
            along, across = 100 * c, 30 * r
            place = (150 + across, 540 - along) if turn == 90 else (280 - across, 140 + along)
            sheet.insert_text(place, text, fontsize=10, rotate=turn)
    start, end = (550 - 100 * columns, 550) if turn == 90 else (130, 130 + 100 * columns)
    for r in range(6):
        sheet.draw_line((135 + 30 * r, start), (135 + 30 * r, end))
    for c in range(columns + 1):
        sheet.draw_line((135, start + 100 * c), (285, start + 100 * c))
    document.save(tmp_path / "a.pdf")
    markdown = parse(tmp_path / "a.pdf", verifier="draft-only").markdown
    heads = ["Yard", "Trees", "Sown", "Cut"][:columns]
    [html] = [part for part in markdown.split("\n\n") if part.startswith("<table")]
    assert texts(html) == [heads, *([f"v{r}{c}" for c in range(columns)] for r in range(1, 5))]
