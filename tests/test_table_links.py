"""Links in tables."""

from __future__ import annotations

import pytest

from docspec.drafters.reading.table_links import with_links
from docspec.types import Line, Span

TABLE = "<table><tr><td>Site &amp; port</td><td>Hits</td></tr><tr><td>Oslo</td><td>Oslo</td></tr></table>"


def line(text: str, link: str = "") -> Line:
    return Line((Span(text, (0, 0, 10, 10), link=link),), (0, 0, 10, 10), "text-layer")


def test_each_link_is_put_where_its_text_stands() -> None:
    """The first cell of two that say the same first, and characters as they are written."""
    lines = [line("Site & port", "https://a.org/?x=1&y=2"), line("Hits"), line("Oslo", "https://b.org")]
    assert with_links(TABLE, lines) == (
        '<table><tr><td><a href="https://a.org/?x=1&amp;y=2">Site &amp; port</a></td><td>Hits</td></tr>'
        '<tr><td><a href="https://b.org">Oslo</a></td><td>Oslo</td></tr></table>'
    )
    both = with_links(TABLE, [*lines, line("Oslo", "https://c.org")])
    assert both.endswith('<td><a href="https://c.org">Oslo</a></td></tr></table>')


def test_pipe_tables_have_links_of_markdown() -> None:
    """With the bar of a cell's text escaped, as the cell has it."""
    assert (
        with_links("| a\\|b | c |", [line("a|b", "https://a.org/(x)")])
        == "| [a\\|b](https://a.org/%28x%29) | c |"
    )


@pytest.mark.parametrize("link", ["", "https://Oslo", "#page=3&x=10&y=20"])
def test_other_links_are_left_out(link: str) -> None:
    """None, an address that is printed, and a place that no heading is known of."""
    assert with_links(TABLE, [line("Oslo", link)]) == TABLE


def test_what_a_table_does_not_say_changes_nothing() -> None:
    """Nor does what stands in a tag."""
    assert with_links(TABLE, [line("table", "https://a.org"), line("td", "https://a.org")]) == TABLE
