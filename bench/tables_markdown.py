"""The pictures and tables of benchmark results as one page of markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.markup import render
from rich.table import Table

from docspec.bench.figures import Picture
from docspec.bench.result_tables import describe

NOTE = "No model ran: passes are counted and not made, so times of the verifier mean nothing."
_MARKS = re.compile(r"[\\`*\[\]<>&|]|(?<![^\W_])_|_(?![^\W_])")  # an underscore inside a word is none


@dataclass(frozen=True, slots=True)
class Result:
    """One folder's pictures and tables, with the setup that made them."""

    name: str
    title: str
    setup: Mapping[str, Any]
    pictures: tuple[Picture, ...]
    tables: tuple[Table, ...]

    def file(self, picture: Picture) -> str:
        """The name of a picture's file."""
        return f"{self.name}-{picture.name}.png"


def markdown_page(results: Sequence[Result]) -> str:
    """A section for each of ``results``: what was measured, on what, its pictures and its tables."""
    return "\n".join(map(_section, results))


def _section(result: Result) -> str:
    replayed = f", replayed ({result.setup['replayed']})" if result.setup["replayed"] else ""
    lines = ["## " + _safe(f"{result.title}, {result.setup['verifier']}{replayed}"), "", _machine(result)]
    if not result.setup["computed"]:
        lines += ["", NOTE]
    for picture in result.pictures:
        lines += ["", f"![{_safe(picture.alt)}]({result.file(picture)})"]
    for table in result.tables:
        lines += ["", f"**{_title(table, result)}**", "", *_rows(table)]
        if table.caption:
            lines += ["", _plain(table.caption)]
    return "\n".join([*lines, ""])


def _machine(result: Result) -> str:
    """On what it was measured, and with which versions."""
    setup = result.setup
    processor = setup["gpu"] or f"{setup['cpu']}, {setup['cores']} cores, {setup['threads']} threads"
    batch = f"at most {setup['max_batch']} regions at once"
    versions = ", ".join(f"{name} {number}" for name, number in setup["versions"].items())
    return _safe(f"{result.name}: {processor}, {setup['dtype']}, {batch}; {versions}.")


def _title(table: Table, result: Result) -> str:
    """A table's title, without the machine: it is named once."""
    mark = f"REPLAYED ({result.setup['replayed']})" if result.setup["replayed"] else ""
    return _safe(render(str(table.title)).plain.replace(describe(result.setup), mark).rstrip(" ,:"))


def _rows(table: Table) -> list[str]:
    """The pipe table's lines."""
    columns = [[_plain(column.header), *map(_plain, column.cells)] for column in table.columns]
    rules = ["--:" if column.justify == "right" else "---" for column in table.columns]
    head, *body = ("| " + " | ".join(cells) + " |" for cells in zip(*columns, strict=True))
    return [head, f"| {' | '.join(rules)} |", *body]


def _plain(cell: object) -> str:
    return _safe(render(str(cell)).plain)


def _safe(text: str) -> str:
    """``text`` on one line, none of it markup."""
    return _MARKS.sub(r"\\\g<0>", " ".join(text.split()))
