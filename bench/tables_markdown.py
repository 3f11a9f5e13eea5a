"""The tables of benchmark results as markdown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import render
from rich.table import Table

from docspec.bench.pictures_html import Result, heading, machine, table_title

NOTE = "No model ran: passes are counted and not made, so times of the verifier mean nothing."


def markdown_page(results: Sequence[Result]) -> str:
    """A section for each of ``results``: what was measured, on what, and its tables."""
    return "\n".join(map(_section, results))


def _section(result: Result) -> str:
    lines = [f"## {heading(result)}", "", f"{machine(result)}."]
    if not result.setup["computed"]:
        lines += ["", NOTE]
    for table in result.tables:
        lines += ["", f"**{table_title(table, result)}**", "", *_rows(table)]
        if table.caption:
            lines += ["", plain(table.caption)]
    return "\n".join([*lines, ""])


def _rows(table: Table) -> list[str]:
    """The pipe table's lines."""
    columns = [[plain(column.header), *map(plain, column.cells)] for column in table.columns]
    rules = ["--:" if column.justify == "right" else "---" for column in table.columns]
    head, *body = ("| " + " | ".join(cells) + " |" for cells in zip(*columns, strict=True))
    return [head, f"| {' | '.join(rules)} |", *body]


def plain(cell: object) -> str:
    """A cell's text on one line, safe in a pipe table."""
    return " ".join(render(str(cell)).plain.split()).replace("|", "\\|")
