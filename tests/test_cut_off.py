"""Output that breaks off is closed."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec.verifiers.cut_off import closed

WHOLE = [
    "",
    "a < b and c > d",
    "<table><tr><td>1</td><td></td></tr></table>",
    "Text\n```\ncode\n```\nmore",
    '<table><thead><tr><th colspan="2">A</th></tr></thead><tr><td>1</td></tr></table> and <table></table>',
]


@pytest.mark.parametrize("text", WHOLE)
def test_whole_text_stays_as_it_is(text: str) -> None:
    """Nothing is added to what is closed already."""
    assert closed(text) == text


class Balance(HTMLParser):
    """Which tags are open at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@given(st.integers(0, len(WHOLE[-1])))
def test_a_table_cut_anywhere_is_closed(cut: int) -> None:
    """Every tag that was opened is closed in its order, and no half tag is left."""
    parser = Balance()
    parser.feed(closed(WHOLE[-1][:cut] if cut > 6 else ""))
    parser.close()
    assert not parser.open


def test_a_fence_and_a_character_are_closed() -> None:
    """An open code block ends, and half a character is left out."""
    assert closed("```python\nx = 1\ufffd") == "```python\nx = 1\n```"


def test_open_cells_are_closed_by_their_rows() -> None:
    """Tags that HTML lets stay open do not come back at the end."""
    assert (
        closed("<table><tr><td>1<td>2</tr><tr><td>3")
        == "<table><tr><td>1<td>2</tr><tr><td>3</td></tr></table>"
    )
