"""Tree edit distance similarity of tables (TEDS; Zhong et al. 2020, arXiv 1911.10683). Pure.

A table is a tree: table, rows, cells, with ``thead`` and ``tbody`` left out and ``th`` read as ``td``, as
OmniDocBench's toolkit does before it scores. Deleting or inserting a node costs 1, as does renaming one into
another tag or span; cells of equal shape cost the normalised edit distance of their text. The similarity is
1 - distance / nodes of the larger tree (the table node not counted). Differences from the toolkit: inline
markup inside cells is dropped (there, some tags are tokens of the text), LaTeX in cells stays as it is, and
entities are resolved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from apted import APTED
from apted import Config as Costs

from docspec.bench.metrics import distance
from docspec.drafters.formats.table_text import read_table, write_html


@dataclass(slots=True, eq=False)
class Node:
    """A table, row or cell; ``text`` and spans are a cell's."""

    tag: str
    columns: int = 1
    rows: int = 1
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def __len__(self) -> int:
        """Nodes below this one."""
        return sum(1 + len(child) for child in self.children)

    def __bool__(self) -> bool:
        return True


class _Reader(HTMLParser):
    """Rows and cells of the first table; markup inside cells is dropped, its text kept."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.table = Node("table")
        self.cell: Node | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.table.children.append(Node("tr"))
            self.cell = None
        elif tag in ("td", "th"):
            if not self.table.children:
                self.table.children.append(Node("tr"))
            spans = dict(attrs)
            self.cell = Node("td", _span(spans.get("colspan")), _span(spans.get("rowspan")))
            self.table.children[-1].children.append(self.cell)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self.cell = None

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.text += data


def read_tree(text: str) -> Node | None:
    """The table in ``text``, HTML or pipes, as a tree; None where there is none."""
    if "<t" not in text.lower():
        grid = read_table(text)
        if grid is None:
            return None
        text = write_html(grid)
    reader = _Reader()
    reader.feed(text)
    reader.close()
    if not reader.table.children:
        return None
    for cell in _cells(reader.table):
        cell.text = "".join(cell.text.split())
    return reader.table


def teds(predicted: str, truth: str, *, structure: bool = False) -> float:
    """Similarity of two tables, 0 to 1; ``structure`` leaves the cells' text out (TEDS-S).

    No table at all against one is 0; against none, 1.
    """
    one, other = read_tree(predicted), read_tree(truth)
    if one is None or other is None:
        return float(one is other)
    edits = APTED(one, other, _Costs(structure)).compute_edit_distance()
    return max(0.0, 1.0 - float(edits) / max(len(one), len(other), 1))


class _Costs(Costs):  # type: ignore[misc]  # apted has no types
    """Renaming as TEDS has it; deleting and inserting cost 1 as they are."""

    valuecls = float

    def __init__(self, structure: bool) -> None:
        self.structure = structure

    def rename(self, node1: Node, node2: Node) -> float:
        if (node1.tag, node1.columns, node1.rows) != (node2.tag, node2.columns, node2.rows):
            return 1.0
        if node1.tag != "td" or self.structure:
            return 0.0
        return distance(node1.text, node2.text)


def _cells(node: Node) -> Iterator[Node]:
    for row in node.children:
        yield from row.children


def _span(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() else 1
