"""Which cells of a drafted table the mini reads, and the table put together again."""

from __future__ import annotations

import html
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.formats.table_text import Cell, Grid, write_html
from docspec.verifiers.mini.table_parts import split_table, table_text

TEXTS = st.text("ab1.&<> ", max_size=6)


def table(rows: Sequence[Sequence[str]]) -> str:
    """The HTML of a grid of texts."""
    return write_html(
        Grid(tuple(Cell(text, i, j) for i, row in enumerate(rows) for j, text in enumerate(row)))
    )


def test_cells_take_the_pieces_that_say_the_same() -> None:
    """Each cell is a part with its piece, in the order of the cells; tags stand between."""
    split = split_table(table([["a b", "1"], ["", "2"]]), ["1", "2", "ab"])
    assert [(part.lines, part.draft) for part in split.parts] == [((2,), "a b"), ((0,), "1"), ((1,), "2")]
    assert split.join(["A", "10", "20"]) == table([["A", "10"], ["", "20"]])


def test_equal_cells_take_equal_pieces_in_order() -> None:
    """Of pieces that read the same, the first goes to the first cell."""
    split = split_table(table([["0", "0"]]), ["0", "0"])
    assert [part.lines for part in split.parts] == [(0,), (1,)]


def test_a_wrapped_cell_takes_several_pieces() -> None:
    """A cell of two lines is read from both; one that no pieces make up stays as drafted."""
    split = split_table(table([["two lines", "left"]]), ["two", "le", "lines"])
    assert [part.lines for part in split.parts] == [(0, 2)]
    assert split.join(["TWO LINES"]) == table([["TWO LINES", "left"]])


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=3), min_size=1, max_size=3), st.lists(TEXTS, max_size=6))
def test_nothing_is_lost(rows: list[list[str]], pieces: list[str]) -> None:
    """What is not read anew stays; no piece is read twice; the tags are those of the draft."""
    draft = table(rows)
    split = split_table(draft, pieces)
    used = [line for part in split.parts for line in part.lines]
    assert len(used) == len(set(used))
    assert (
        "".join(part.before + html.escape(part.draft, quote=False) for part in split.parts) + split.tail
        == draft
    )
    read = split.join(["x"] * len(split.parts))
    assert read.count("<td>") == draft.count("<td>")


def test_the_text_of_a_table_has_no_tags() -> None:
    """Cells stand apart, characters as they are shown."""
    assert table_text(table([["a & b", "2"]])).split() == ["a", "&", "b", "2"]
