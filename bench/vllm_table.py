"""The table of the ways inside vLLM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table


def vllm_table(title: str, found: Mapping[str, Any]) -> Table:
    """What docspec.bench.vllm_ways found for some texts: a line for each way and concurrency.

    The caption says how the model was made, and which ways did not run and why.
    """
    training = found["training"]
    notes = [
        f"a small model of {training['texts']} texts ({training['tokens']} tokens), trained for "
        f"{training['seconds']} s until it wrote {training['texts_right']:.1%} of them by heart"
    ]
    notes += [f"{way} did not run: {reason}" for way, reason in found["refused"].items()]
    columns = [column.replace("_", " ") for column in next(iter(found["runs"].values()))]
    table = Table("way, concurrency", *columns, title=title, caption=escape("\n".join(notes)))
    for run, row in found["runs"].items():
        table.add_row(run, *("-" if value is None else str(value) for value in row.values()))
    return table
