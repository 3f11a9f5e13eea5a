"""How well a page was read: its markdown against its annotations, in OmniDocBench's measures. Pure.

The prediction is split into text, display formulas and tables. Each annotated region gets the predicted block
that is nearest to it, one to one, the cheapest assignment over the page (the toolkit's ``simple_match``). Its
default, ``quick_match``, also merges and splits paragraphs before it compares: where a prediction breaks
paragraphs elsewhere than the annotation does, its figures are better than these. Annotations that the
benchmark sets aside (page headers, footers and numbers, captions and the like in the toolkit's ``ignore``)
are matched, so that their text is no mistake, and not scored. Text that no annotation has counts as wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.optimize import linear_sum_assignment

from docspec.bench.metrics import bare_formula, bare_text, distance, order_distance, pooled
from docspec.bench.teds import teds
from docspec.drafters.formats.markdown import read, unfenced
from docspec.types import Category

TEXT = ("text_block", "title", "code_txt", "code_txt_caption", "reference", "list_group")
ASIDE = (
    *("figure_caption", "figure_footnote", "table_caption", "table_footnote", "equation_caption"),
    *("header", "footer", "page_number", "page_footnote", "code_algorithm", "code_algorithm_caption"),
)
FAR = 0.999  # a distance from which a pair is no match


@dataclass(frozen=True, slots=True)
class Block:
    """A predicted or annotated piece of a page; ``order`` is its place, None where it has none."""

    text: str
    order: int | None
    scored: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """An annotated block and the predicted one that it was given; None on a side that has nothing."""

    truth: Block | None
    found: Block | None


def page_quality(markdown: str, entry: Mapping[str, Any]) -> dict[str, float | None]:
    """The figures of one page; None where the page has nothing of a kind.

    ``text``, ``formula`` and ``order`` are edit distances (0 is best), ``teds`` and ``teds_structure``
    similarities (1 is best), means over the page's annotated tables.
    """
    found, truths = predicted_blocks(markdown), annotated_blocks(entry["layout_dets"])
    texts = matched(found["text"], truths["text"], bare_text)
    formulas = matched(found["formula"], truths["formula"], bare_formula)
    tables = [one for one in matched(found["table"], truths["table"], str) if one.truth is not None]
    pairs = [(one.found.text if one.found else "", one.truth.text) for one in tables if one.truth]
    return {
        "text": _pooled(texts, bare_text),
        "formula": _pooled(formulas, bare_formula) if truths["formula"] else None,
        "teds": _mean([teds(*pair) for pair in pairs]),
        "teds_structure": _mean([teds(*pair, structure=True) for pair in pairs]),
        "order": order_distance(_places([*texts, *formulas, *tables])),
    }


def predicted_blocks(markdown: str) -> dict[str, list[Block]]:
    """The blocks of a page's markdown by kind, with their places."""
    blocks: dict[str, list[Block]] = {"text": [], "formula": [], "table": []}
    kinds = {Category.FORMULA: "formula", Category.TABLE: "table"}
    for place, region in enumerate(read(unfenced(markdown))):
        if region.text.strip():
            blocks[kinds.get(region.category, "text")].append(Block(region.text, place))
    return blocks


def annotated_blocks(regions: Sequence[Mapping[str, Any]]) -> dict[str, list[Block]]:
    """The annotated regions by kind; those that the benchmark sets aside are not scored."""
    blocks: dict[str, list[Block]] = {"text": [], "formula": [], "table": []}
    for region in regions:
        kind, order = region["category_type"], region.get("order")
        kept = not region.get("ignore")
        if kind == "table":
            blocks["table"].append(Block(region.get("html") or region.get("latex") or "", order, kept))
        elif kind == "equation_isolated":
            blocks["formula"].append(Block(region.get("latex") or "", order, kept))
        elif kind in TEXT or kind in ASIDE:
            blocks["text"].append(Block(region.get("text") or "", order, kept and kind in TEXT))
    return blocks


def matched(found: Sequence[Block], truths: Sequence[Block], bare: Callable[[str], str]) -> list[Match]:
    """Every block on either side once, in the pairs whose distances sum up to the least."""
    ours, theirs = [bare(block.text) for block in found], [bare(block.text) for block in truths]
    costs = [[distance(text, truth) for truth in theirs] for text in ours]
    pairs: list[tuple[int, int]] = []
    if found and truths:
        rows, columns = linear_sum_assignment(costs)
        pairs = [(r, c) for r, c in zip(rows, columns, strict=True) if costs[r][c] < FAR]
    taken, given = {row for row, _ in pairs}, {column for _, column in pairs}
    made = [Match(truths[column], found[row]) for row, column in pairs]
    made += [Match(truth, None) for number, truth in enumerate(truths) if number not in given]
    return made + [Match(None, block) for number, block in enumerate(found) if number not in taken]


def _pooled(matches: Sequence[Match], bare: Callable[[str], str]) -> float | None:
    scored = [one for one in matches if one.truth is None or one.truth.scored]
    if not any(one.truth for one in scored):
        return None
    return pooled(
        [
            (bare(one.found.text) if one.found else "", bare(one.truth.text) if one.truth else "")
            for one in scored
        ]
    )


def _places(matches: Sequence[Match]) -> list[int]:
    """The annotated orders of what was found, as the prediction has them."""
    placed = [
        (one.found.order, one.truth.order)
        for one in matches
        if one.found and one.truth and one.truth.scored and one.truth.order is not None
    ]
    return [truth for _, truth in sorted((found or 0, truth) for found, truth in placed)]


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
