"""A page's blocks, predicted and annotated, as OmniDocBench's toolkit (release 1.5) cuts them. Pure.

A prediction is cut at empty lines; tables and display formulas are cut out first. Every inline formula is
also a block of its own, which an annotated formula may be paired with. Where this differs from the toolkit,
and what that is worth on the nine of its demo pages with which this is tested:

- A block without a letter is left out with its place and kind. There its text goes and they stay, so that
  the blocks behind it get those of others. One page: text 0.014 instead of 0.234, formulas 0.306 in both.
- A line right above a pipe table stays. There it is lost. One page: text 0.882 in both, order 0.679 instead
  of 0.536.
- Of three pieces that are annotated as one paragraph the middle one counts once, not twice; pipe tables have
  a bar at both ends of their lines; tables in LaTeX count as nothing, even where a page has more of them than
  of HTML (there, all its tables are then 0; release 1.6 converts them). No page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from itertools import groupby
from typing import Any

from docspec.bench.metrics import bare_formula, bare_text
from docspec.drafters.formats.table_text import read_table, write_html

TEXT = ("text_block", "title", "code_txt", "code_txt_caption", "reference")
ASIDE = (  # may be predicted or not: it is no mistake, and not scored
    "equation_caption", "figure_caption", "figure_footnote", "table_caption", "table_footnote",
    "code_algorithm", "code_algorithm_caption", "header", "footer", "page_footnote", "page_number",
)  # fmt: skip
KINDS = {
    **dict.fromkeys(TEXT, "text"),
    **dict.fromkeys(ASIDE, "aside"),
    "equation_isolated": "formula",
    "table": "table",
}
_CATEGORIES = list(KINDS)

_PICTURE = re.compile(r"!\[.*?\]\(.*?\)")
_FENCE = re.compile(r"^```(?:markdown|html|latex)\n?|```\n?$", re.MULTILINE)
_WRAPPER = re.compile(r"</?(?:html|body)>")
_LATEX_TABLE = re.compile(r"\\begin\{(table|tabular)\}.*?\\end\{\1\}", re.DOTALL)
_TABLE_TAG = re.compile(r"<table[^>]*>|</table>")
_FORMULA = re.compile(r"\$\$(.*?)\$\$|\\\[(.*?)\\\]|\$(.*?)\$|\\\((.*?)\\\)", re.DOTALL)
_INNER = re.compile(r"\$\$(.*?)\$\$|\$(.*?)\$|\\\((.*?)\\\)", re.DOTALL)
_PIPES = re.compile(r"[ \t]*\|.*\|[ \t]*$")
_COMMAND = re.compile(r"\\(?:title\s*|text\s*|section\*?)\{\s*(.*?)\s*\}", re.DOTALL)
_ARRAY = re.compile(r"\\begin\{array\}\{([^}]*)\}(.*?)\\end\{array\}", re.DOTALL)
_RULES = re.compile(r"\s|\||[@!]\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a page.

    ``kind`` is text, aside (annotated, not scored), formula, inline (a formula inside text) or table;
    ``place`` the offset in the prediction, or the annotated order, 0 where it has none.
    """

    kind: str
    text: str
    place: float

    @property
    def bare(self) -> str:
        """What is compared: letters, LaTeX, or a table's markup as it is."""
        if self.kind == "table":
            return self.text
        return bare_formula(self.text) if self.kind in ("formula", "inline") else bare_text(self.text)


def predicted_blocks(markdown: str) -> list[Block]:
    """The blocks of a page's markdown by place, inline formulas last."""
    text = _FENCE.sub("", _PICTURE.sub("", markdown))
    text = re.sub(r" {4,}", "    ", re.sub(r"_{4,}", "____", text))
    text = _LATEX_TABLE.sub(_blank, _WRAPPER.sub("", text))
    tables = [Block("table", text[start:end], start) for start, end in _tables(text)]
    for table in tables:
        text = _without(text, table)
    formulas = [_formula(match) for match in _FORMULA.finditer(text)]
    for (start, end), formula in zip((m.span() for m in _FORMULA.finditer(text)), formulas, strict=True):
        if formula.kind == "formula":
            text = text[:start] + " " * (end - start) + text[end:]
    text, pipes = _pipe_tables(text)
    paragraphs = _paragraphs(_COMMAND.sub(r"\1", text))
    made = [line for formula in formulas for line in _lines(formula)]
    blocks = sorted([*tables, *pipes, *made, *paragraphs], key=lambda one: (one.kind == "inline", one.place))
    return [block for block in blocks if block.bare]


def annotated_blocks(entry: Mapping[str, Any]) -> list[Block]:
    """A page's annotated blocks by order: those without one first, pieces of one paragraph as one."""
    regions = sorted(
        (region for region in entry["layout_dets"] if region["category_type"] in KINDS),
        key=lambda region: (region.get("order") or 0, _CATEGORIES.index(region["category_type"])),
    )
    pieces = _continued(entry.get("extra", {}).get("relation", []))
    whole: dict[Any, Block] = {}
    for number, region in enumerate(regions):
        block = Block(KINDS[region["category_type"]], _content(region), region.get("order") or 0)
        name = region.get("anno_id")
        first = ("paragraph", pieces[name]) if name in pieces else number
        whole[first] = replace(whole[first], text=whole[first].text + block.text) if first in whole else block
    return [line for block in whole.values() for line in _lines(block) if line.bare]


def cells_as_text(table: Block) -> list[Block]:
    """The cells of a predicted table that stands for no annotated one."""
    reader = _Cells()
    reader.feed(table.text)
    reader.close()
    blocks = (Block("text", "".join(cell).strip(), table.place) for cell in reader.cells if len(cell) == 1)
    return [block for block in blocks if block.bare]


class _Cells(HTMLParser):
    """The data cells' texts; one with markup inside is in several pieces."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.cells: list[list[str]] = []
        self.open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "td":
            self.cells.append([])
        elif self.open:
            self.cells[-1] += ["", ""]
        self.open = tag == "td" or self.open

    def handle_endtag(self, tag: str) -> None:
        self.open = self.open and tag not in ("td", "tr", "table")

    def handle_data(self, data: str) -> None:
        if self.open:
            self.cells[-1].append(data)


def _content(region: Mapping[str, Any]) -> str:
    key = {"table": "html", "equation_isolated": "latex"}.get(region["category_type"], "text")
    return str(region.get(key) or "")


def _continued(relations: Sequence[Mapping[str, Any]]) -> dict[Any, Any]:
    """For each piece of a paragraph that was cut (by a column's end, for one), the paragraph's name."""
    names: dict[Any, Any] = {}
    for one in relations:
        if one["relation_type"] == "truncated":
            ends = (one["source_anno_id"], one["target_anno_id"])
            name = next((names[end] for end in ends if end in names), ends[0])
            names |= dict.fromkeys(ends, name)
    return names


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _without(text: str, block: Block) -> str:
    start = int(block.place)
    return text[:start] + " " * len(block.text) + text[start + len(block.text) :]


def _tables(text: str) -> Iterator[tuple[int, int]]:
    """Where the outermost HTML tables stand; one that is not closed is none."""
    opened: list[int] = []
    closed: list[tuple[int, int]] = []
    for tag in _TABLE_TAG.finditer(text):
        if tag[0] != "</table>":
            opened.append(tag.start())
        elif opened:
            start = opened.pop()
            closed = [*(span for span in closed if span[0] < start), (start, tag.end())]
    yield from closed


def _formula(match: re.Match[str]) -> Block:
    line = " ".join(match[0].strip().split("\n"))
    inner = _INNER.search(line)
    if inner is None:
        return Block("formula", line, match.start())
    kind = "formula" if inner[1] else "inline"
    content = _INNER.sub(lambda one: f"\\[{one[1] or one[2] or one[3] or ''}\\]", line)
    return Block(kind, content, match.start())


def _lines(block: Block) -> Iterator[Block]:
    """The lines of a formula in one column, each a block; any other block as it is."""
    array = _ARRAY.search(block.text) if block.kind in ("formula", "inline") else None
    if array is None or _RULES.sub("", array[1]) not in ("l", "c", "r"):
        yield block
        return
    lines = [line.strip() for line in array[2].split("\\\\") if line.strip()]
    for number, line in enumerate(lines, 1):
        yield replace(block, text=f"\\[{line}\\]", place=round(block.place + number / 10, 1))


def _pipe_tables(text: str) -> tuple[str, list[Block]]:
    """Tables of lines with bars, as HTML, and the text without them."""
    kept: list[str] = []
    tables: list[Block] = []
    rows = sum(_PIPES.match(line) is not None for line in text.split("\n"))
    for piped, group in groupby(text.split("\n"), key=lambda line: rows > 1 and bool(_PIPES.match(line))):
        lines = list(group)
        grid = read_table("\n".join(lines)) if piped else None
        if grid is not None:
            tables.append(Block("table", write_html(grid), sum(map(len, kept)) + len(kept)))
            lines = [" " * len(line) for line in lines]
        kept += lines
    return "\n".join(kept), tables


def _paragraphs(text: str) -> Iterator[Block]:
    """Text between empty lines, or by lines where none is empty; its place counts its own letters only."""
    pieces = text.split("\n\n")
    pieces = pieces if len(pieces) > 1 else text.split("\n")
    place = 0
    for piece in pieces:
        stripped = "\n".join(line.strip() for line in piece.split("\n") if line.strip())
        formula = stripped.startswith("$") and stripped.endswith("$")
        if stripped:
            yield Block("formula" if formula else "text", stripped, place)
        place += len(piece)
