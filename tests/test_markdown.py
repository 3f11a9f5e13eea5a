"""Blocks of markdown, and how they are put together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec.markdown import Block, formula, joined, list_items, with_bullet
from docspec.result_html import markdown_to_html

WORDS = st.sampled_from(["one", "two,", "3.5", "(a)", "中文"])
LINES = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from(["", "- ", "1. ", "• ", "* "]), WORDS),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a", "- a"),
        ("• a\n◦ b", "- a\n- b"),
        ("- a\n  - b\n- c", "- a\n  - b\n- c"),
        ("1. a\n  - b\n    2. c\n2. d", "1. a\n   - b\n     2. c\n2. d"),
        ("1. a\ngoes on", "1. a\n   goes on"),
        ("1. a\n   - b\n\n   goes on", "1. a\n   - b\n\n   goes on"),
        ("- a\n  ```\n    code\n  ```", "- a\n  ```\n    code\n  ```"),
        ("(a) a", "- (a) a"),
        ("–5 °C", "- –5 °C"),
        ("- – an aside", "- – an aside"),
    ],
)
def test_items(text: str, written: str) -> None:
    """Each level stands where the text of the one above starts, and what goes on an item below its text."""
    assert list_items(text) == written


@given(LINES, st.sampled_from(["-", "*"]))
def test_items_are_as_many_as_marks_and_keep_their_words(
    lines: list[tuple[int, str, str]], bullet: str
) -> None:
    """Nothing is lost, and a reader of markdown sees an item for each mark."""
    text = "\n".join(" " * indent + mark + word for indent, mark, word in lines)
    written = list_items(text, bullet)
    assert [line.split()[-1] for line in written.split("\n")] == [word for _, _, word in lines]
    count = sum(bool(mark) for _, mark, _ in lines) + (not lines[0][1])
    assert markdown_to_html(written).count("<li>") == count


def test_bullets_of_a_family() -> None:
    """Dashes at the start of lines become the family's bullet, others stay."""
    assert with_bullet("- a - b\n  - c\n-5", "*") == "* a - b\n  * c\n-5"


@pytest.mark.parametrize(
    ("text", "written"),
    [("x", "\\[x\\]"), ("$$x$$", "\\[x\\]"), ("$x$", "\\[x\\]"), ("$$x$$ $$y$$", "$$x$$ $$y$$")],
)
def test_formulas(text: str, written: str) -> None:
    """The delimiters of the draft become the family's."""
    assert formula(text, ("\\[", "\\]")) == written


def test_lists_restart() -> None:
    """Edges are compared within a list, and within a column where the caller says that one ends."""
    items = [Block("- a", True, 50, 6), Block("- b", True, 70, 6), Block("- c", True, 300, 6, restarts=True)]
    assert joined(items) == "- a\n  - b\n- c"
    assert joined([items[0], Block("Text."), items[1]], "\n\n") == "- a\n\nText.\n\n- b"
    assert joined([]) == ""
