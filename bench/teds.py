"""Tree edit distance similarity of tables (TEDS; Zhong et al. 2020, arXiv 1911.10683). Pure.

As OmniDocBench's toolkit (release 1.5) has it: a table is a tree of table, rows and cells, with ``thead``,
``tbody`` and markup that stands for no more than a place or a raised letter left out, and ``th`` read as
``td``. Deleting or inserting a node costs 1, as does renaming one into another tag or span; cells of equal
shape cost the normalised edit distance of their content, whose tokens are characters and the tags inside.
The similarity is 1 - distance / elements of the larger table (those inside cells, too). Differences from the
toolkit: a span that is no number is 1 (there, the table scores 0), and of ``&lt;`` in a cell comes ``<``
(there, an HTML parser reads it once more). Release 1.6 also rewrites symbols in cells.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from apted import APTED
from apted import Config as Costs

from docspec.bench.metrics import distance

LOOKS = ("sup", "sub", "span", "div", "p")
VOID = ("br", "img", "hr", "wbr", "col")


@dataclass(slots=True, eq=False)
class Node:
    """A table, row or cell; spans and ``content`` (characters and tags) are a cell's."""

    tag: str
    columns: int = 1
    rows: int = 1
    content: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)

    def __len__(self) -> int:
        """Elements below this one, those inside cells among them."""
        inside = sum(len(token) > 1 and token[1] != "/" for token in self.content)
        return inside + sum(1 + len(child) for child in self.children)

    def __bool__(self) -> bool:
        return True


class _Reader(HTMLParser):
    """Rows and cells of the first table."""

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
        elif self.cell is not None and tag not in LOOKS:
            self.cell.content += [f"<{tag}>", f"</{tag}>"] if tag in VOID else [f"<{tag}>"]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self.cell = None
        elif self.cell is not None and f"<{tag}>" in self.cell.content and tag not in VOID:
            self.cell.content.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.content += _spaced(data)


def read_tree(html: str) -> Node | None:
    """The table in ``html`` as a tree; None where there is none."""
    reader = _Reader()
    reader.feed(unicodedata.normalize("NFKC", html.replace("\n", "")))
    reader.close()
    return reader.table if reader.table.children else None


def teds(predicted: str, truth: str, *, structure: bool = False) -> float:
    """Similarity of two tables in HTML, 0 to 1; ``structure`` leaves the cells' content out (TEDS-S).

    No table at all is like nothing: 0.
    """
    one, other = read_tree(predicted), read_tree(truth)
    if one is None or other is None:
        return 0.0
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
        return distance(node1.content, node2.content)


def _spaced(text: str) -> Iterator[str]:
    """The characters, white space as single spaces."""
    previous = ""
    for char in text:
        char = " " if char.isspace() else char
        if char != " " or previous != " ":
            yield char
        previous = char


def _span(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() else 1
