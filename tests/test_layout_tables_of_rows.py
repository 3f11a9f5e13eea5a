"""Text that is a table, though no detector saw one: forms, and columns of figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec.layout.tables_of_figures import is_of_figures
from docspec.layout.tables_of_rows import tables_of_rows
from docspec.types import Category, Line, Page, Region, Span, union

PAGE = Page(0, 500, 500, 72, np.full((500, 500, 3), 255, np.uint8))
FORM = [
    ("Family name", "Lindqvist"),
    ("First name", "Marta"),
    ("Date of birth", "12 March 1971"),
    ("Nationality", "Swedish"),
    ("Street", "Brunnsgatan 4"),
    ("Town", "753 20 Uppsala"),
]
NAMES = [("Ada Field", "Bo Hill"), ("Cy Rock", "Di Quay"), ("Ed Lamp", "Flo Net"), ("Gus Mast", "Hal Gull")]


def line(text: str, x: float, y: float, bold: bool = False) -> Line:
    box = (x, y, x + 5.0 * len(text), y + 12.0)
    return Line((Span(text, box, 10.0, bold=bold),), box, "text-layer")


def text(lines: Sequence[Line]) -> Region:
    return Region(0, 0, union(one.box for one in lines), Category.TEXT, lines=tuple(lines))


def column(texts: Sequence[str], x: float, pitch: float = 20.0, bold: bool = False) -> list[Line]:
    return [line(one, x, 50 + pitch * number, bold) for number, one in enumerate(texts)]


def kinds(*regions: Region) -> list[Category]:
    return [region.category for region in tables_of_rows(PAGE, regions)]


@pytest.mark.parametrize("pitch", [12.5, 20.0])
@pytest.mark.parametrize("apart", [True, False])
def test_labels_with_their_values_are_a_table(pitch: float, apart: bool) -> None:
    """Neither colons nor bold print are needed, nor that both columns were found as one."""
    labels = column([label for label, _ in FORM], 50, pitch)
    values = column([value for _, value in FORM], 200, pitch)
    found = [text(labels), text(values)] if apart else [text([*labels, *values])]
    assert kinds(*found) == [Category.TABLE]


def test_a_value_goes_on_in_the_rows_below() -> None:
    """Bold labels, one of whose values has two lines."""
    labels = [line(one, 50, y, bold=True) for one, y in (("Ship", 50), ("Purpose", 70), ("Berth", 103))]
    values = [
        line(one, 200, y)
        for one, y in (("Alma", 50), ("Repairs of nets", 70), ("and masts", 83), ("14", 103))
    ]
    assert kinds(text([*labels, *values])) == [Category.TABLE]


@pytest.mark.parametrize("figures", ["", "7"])
def test_two_lists_are_none(figures: str) -> None:
    """Names beside names, and numbered ones: each column is read by itself."""
    pairs = [(a + figures, b + figures) for a, b in NAMES]
    lines = [*column([a for a, _ in pairs], 50), *column([b for _, b in pairs], 200)]
    assert kinds(text(lines)) == [Category.TEXT]


def test_columns_of_running_text_are_none() -> None:
    """Their lines are full."""
    rows = [
        "The keeper counts the ships",
        "that pass before breakfast",
        "and writes their 12 names",
        "on a slate every morning",
    ]
    assert kinds(text([*column(rows, 50), *column(rows, 250)])) == [Category.TEXT]


@pytest.mark.parametrize("whole", [True, False])
def test_rows_of_figures_are_a_table(whole: bool) -> None:
    """Under heads, with lines for the rows or for the cells."""
    cells = [("Town", "Ships", "Tons"), ("Oslo", "12", "700"), ("Bergen", "30", "290"), ("Narvik", "7", "52")]
    lines = [line(one, 50 + 60 * j, 50 + 15 * i) for i, row in enumerate(cells) for j, one in enumerate(row)]
    if whole:
        groups = [lines[n : n + 3] for n in range(0, len(lines), 3)]
        lines = [
            Line(tuple(one.spans[0] for one in row), union(one.box for one in row), "text-layer")
            for row in groups
        ]
    assert is_of_figures(lines)
    assert not is_of_figures(lines[: 3 if whole else 9])
    assert kinds(text(lines)) == [Category.TABLE]


def test_wide_characters_take_twice_the_room() -> None:
    """Names and figures of one line are where they are printed, also before Chinese."""
    rows = ["北京  2189  16410", "上海  2487  16340", "广州  1868  17434", "天津  1387  11966"]
    lines = [line(row, 50, 50 + 15 * number) for number, row in enumerate(rows)]
    assert is_of_figures(lines)


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=12), max_size=12))
def test_any_lines_are_tables_or_not(texts: list[str]) -> None:
    """Nothing that is printed breaks it, and no line is lost."""
    lines = [line(one, 50 + 100 * (number % 2), 50 + 15 * (number // 2)) for number, one in enumerate(texts)]
    regions = tables_of_rows(PAGE, [text(lines)] if lines else [])
    assert [one for region in regions for one in region.lines] == lines
