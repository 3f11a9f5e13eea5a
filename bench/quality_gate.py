"""A quality gate: pages that are typeset here are read, compared with what was set, and held to thresholds.

    python -m docspec.bench.quality_gate [--category NAME]... [--verifier NAME]

One line a category; exit code 1 where a figure is under its threshold. ``make quality`` is the same.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from rich.console import Console
from rich.progress import track

from docspec import Parser
from docspec.bench.blocks import predicted_blocks
from docspec.bench.metrics import bare_text, distance
from docspec.bench.quality import page_quality
from docspec.bench.quality_pages import Part, Sheet, sheets
from docspec.drafters.formats.table_text import Grid, read_table

MEASURES = {
    "text": "letters of each block, edit similarity",
    "order": "blocks in their order, edit similarity",
    "formulas": "LaTeX, edit similarity; those that are read as text count there",
    "cells": "F1 of neighbouring cells in tables",
    "headings": "F1 of headings",
    "levels": "share of the headings found that have their level",
    "items": "F1 of list items",
    "code": "share of the lines of code that are in fences as set, indents included",
}
# What each category gave when it was written, less a margin of 0.02 (0.04 for scans, whose OCR differs a
# little from machine to machine): a rule that breaks costs more than that on pages as plain as these.
_TEXT = {"text": 0.98, "order": 0.98}
_HEADS = _TEXT | {"headings": 0.98, "levels": 0.98}
_SCAN = {"text": 0.96, "order": 0.96, "headings": 0.96, "items": 0.96}
THRESHOLDS: Mapping[str, Mapping[str, float]] = {
    "prose": _HEADS,
    "columns": _HEADS,
    "headings": _HEADS,
    "lists": _TEXT | {"items": 0.98},
    "code": _TEXT | {"code": 0.98},
    "formulas": {"text": 0.97, "order": 0.98, "formulas": 0.64},
    "footnotes": _TEXT,
    "right to left": _TEXT,
    "Chinese": _TEXT,
    "ruled tables": _TEXT | {"cells": 0.98},
    "borderless tables": _TEXT | {"cells": 0.96},
    "scans": _SCAN | {"cells": 0.95, "levels": 0.96},
    "poor scans": _SCAN | {"cells": 0.9, "levels": 0.96},
}

CLOSE = 0.2  # edit distance of a heading or item that is found
KINDS = {
    "title": ("title", "text"),
    "heading": ("title", "text"),
    "code": ("code_txt", "text"),
    "table": ("table", "html"),
    "formula": ("equation_isolated", "latex"),
}
_HEADING = re.compile(r"^(#{1,6})\s+(.+)$", re.MULTILINE)
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(.+)$", re.MULTILINE)
_LANGUAGE = re.compile(r"^```\w+$", re.MULTILINE)
_FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def figures(markdown: str, page: Sheet) -> dict[str, float]:
    """The measures that a page has something of, 1 is best."""
    quality = page_quality(_LANGUAGE.sub("```", markdown), entry(page))
    kinds = {kind: [part for part in page.parts if part.kind == kind] for kind in ("heading", "item", "code")}
    found: dict[str, float] = {}
    if quality["text"] is not None:
        found["text"] = 1 - quality["text"]
    if quality["formula"] is not None:
        found["formulas"] = 1 - quality["formula"]
    if quality["order"] is not None:
        found["order"] = 1 - quality["order"]
    if tables := [part.grid for part in page.parts if part.grid]:
        found["cells"] = cell_f1(markdown, tables)
    if heads := [part for part in page.parts if part.kind in ("title", "heading")]:
        read = [(len(match[1]), match[2]) for match in _HEADING.finditer(_FENCED.sub("", markdown))]
        found["headings"] = _f1([text for _, text in read], heads)
        found["levels"] = _levels(read, heads)
    if kinds["item"]:
        found["items"] = _f1([match[1] for match in _ITEM.finditer(markdown)], kinds["item"])
    if kinds["code"]:
        fenced = Counter(line for match in _FENCED.finditer(markdown) for line in match[1].splitlines())
        lines = Counter(line for part in kinds["code"] for line in part.text.splitlines())
        found["code"] = (lines & fenced).total() / lines.total()
    return found


def entry(page: Sheet) -> dict[str, Any]:
    """What was set as an annotation of OmniDocBench."""
    regions = []
    for number, part in enumerate(page.parts, 1):
        category, key = KINDS.get(part.kind, ("text_block", "text"))
        text = f"$${part.latex}$$" if part.latex else part.text
        regions.append({"category_type": category, "order": number, key: text})
    return {"layout_dets": regions}


def cell_f1(markdown: str, truths: Sequence[Grid]) -> float:
    """F1 of the neighbours in all tables of a page together, as the ICDAR 2013 competition counts them."""
    grids = [read_table(block.text) for block in predicted_blocks(markdown) if block.kind == "table"]
    read = sum((neighbours(grid) for grid in grids if grid), Counter[tuple[str, str, bool]]())
    true = sum((neighbours(grid) for grid in truths), Counter[tuple[str, str, bool]]())
    hit = (read & true).total()
    return 2 * hit / (read.total() + true.total()) if hit else 0.0


def neighbours(grid: Grid) -> Counter[tuple[str, str, bool]]:
    """Cells with text and the next such cell to the right (False) and below (True)."""
    places = {
        (r, c): cell
        for cell in grid.cells
        if bare_text(cell.text)
        for r in range(cell.row, cell.row + cell.rows)
        for c in range(cell.column, cell.column + cell.columns)
    }
    pairs: set[tuple[tuple[int, int], tuple[int, int], bool]] = set()
    for (r, c), cell in places.items():
        right = next((places[r, n] for n in range(c + 1, grid.width) if (r, n) in places), None)
        below = next((places[n, c] for n in range(r + 1, grid.height) if (n, c) in places), None)
        for other, down in ((right, False), (below, True)):
            if other is not None and other is not cell:
                pairs.add(((cell.row, cell.column), (other.row, other.column), down))
    text = {place: bare_text(cell.text) for place, cell in places.items()}
    return Counter((text[a], text[b], down) for a, b, down in pairs)


def _f1(read: Sequence[str], parts: Sequence[Part]) -> float:
    hit = sum(_match(part.text, read) is not None for part in parts)
    return 2 * min(hit, len(read)) / (len(read) + len(parts))


def _levels(read: Sequence[tuple[int, str]], heads: Sequence[Part]) -> float:
    """Share of the headings found whose level is right; without a title the uppermost is a page's first."""
    places = [_match(part.text, [text for _, text in read]) for part in heads]
    pairs = [(read[at][0], part.level) for at, part in zip(places, heads, strict=True) if at is not None]
    least = min((level for _, level in pairs), default=1), min(part.level for part in heads)
    return mean(a - least[0] == b - least[1] for a, b in pairs) if pairs else 0.0


def _match(text: str, read: Sequence[str]) -> int | None:
    wanted = bare_text(text)
    costs = [distance(bare_text(one), wanted) for one in read]
    best = min(range(len(costs)), key=costs.__getitem__, default=None)
    return best if best is not None and costs[best] <= CLOSE else None


def by_category(pages: Sequence[Sheet], parser: Parser) -> dict[str, dict[str, float]]:
    """Each category's figures, means over its pages."""
    found: dict[str, list[dict[str, float]]] = {}
    for page in track(pages, description="reading", console=Console(stderr=True)):
        markdown = parser.parse(page.pdf, name=f"{page.name}.pdf").markdown
        found.setdefault(page.category, []).append(figures(markdown, page))
    return {
        category: {name: mean(one[name] for one in each if name in one) for name in MEASURES
                   if any(name in one for one in each)}
        for category, each in found.items()
    }  # fmt: skip


def table(found: Mapping[str, Mapping[str, float]]) -> str:
    """Figures as a table in markdown."""
    rows = [["category", *MEASURES], ["---", *("--:" for _ in MEASURES)]]
    rows += [
        [category, *(f"{one[name]:.2f}" if name in one else "" for name in MEASURES)]
        for category, one in found.items()
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def shortfalls(found: Mapping[str, Mapping[str, float]]) -> list[str]:
    """What is under its threshold."""
    return [
        f"{category}: {name} {found[category].get(name, 0.0):.3f}, at least {least}"
        for category, all_least in THRESHOLDS.items()
        if category in found
        for name, least in all_least.items()
        if found[category].get(name, 0.0) < least
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table, and what falls short of its threshold."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    options.add_argument("--category", action="append", help="only pages of this category; several times")
    options.add_argument("--verifier", default="mini")
    chosen = options.parse_args(arguments)
    pages = [page for page in sheets() if not chosen.category or page.category in chosen.category]
    if not pages:
        options.error("no page is of that category")
    with Parser(verifier=chosen.verifier, offline=True) as parser:
        found = by_category(pages, parser)
    print(table(found))
    missed = shortfalls(found)
    print("\n" + ("\n".join(missed) if missed else "Nothing is under its threshold."))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
