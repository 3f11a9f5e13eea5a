"""How well a page was read: its markdown against its annotations, in OmniDocBench's measures. Pure.

Figures are those of the toolkit's release 1.5 with its default matching, ``quick_match``: what a block is,
is in ``blocks``, which of them belong together in ``pairing``, how they are compared in ``metrics`` and
``teds``. Page headers, footers, captions and the like are set aside: predicted or not, they are not scored.
The toolkit does not count text that stands nowhere in the annotation; ``invented`` says how much that is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.optimize import linear_sum_assignment

from docspec.bench.blocks import Block, annotated_blocks, cells_as_text, predicted_blocks
from docspec.bench.metrics import bare_words, order_distance, pooled, unicode_formula
from docspec.bench.pairing import distances, have_close, pair_blocks
from docspec.bench.teds import teds


@dataclass(frozen=True, slots=True)
class Match:
    """Annotated blocks that are one to the reader, and the predicted ones that stand for them."""

    truths: tuple[Block, ...]
    found: tuple[Block, ...]

    @property
    def pair(self) -> tuple[str, str]:
        """What is compared: predicted and annotated."""
        return "".join(one.bare for one in self.found), "".join(one.bare for one in self.truths)

    @property
    def kind(self) -> str:
        """Of most of the annotated blocks, text or formula."""
        kinds = [one.kind for one in self.truths]
        return max(dict.fromkeys(kinds), key=kinds.count)

    @property
    def written_as_text(self) -> bool:
        """Whether a formula stands in the prediction as text: then it is scored as text."""
        return self.kind == "formula" and bool(self.found) and self.found[0].kind == "text"

    def text_pair(self) -> tuple[str, str]:
        """A formula's pair, in Unicode as far as it goes."""
        latex = [one.text for one in self.truths]
        if len(latex) > 1:
            rows = " \\\\ ".join("{" + one.strip("$").strip("\n") + "}" for one in latex)
            latex = ["\\begin{array}{l} " + rows + " \\end{array}"]
        written = unicode_formula(latex[0])
        text = latex[0] if written is None else written
        return self.pair[0], bare_words(text) or text


def page_quality(markdown: str, entry: Mapping[str, Any]) -> dict[str, float | None]:
    """The figures of one page; None where the page has nothing of a kind.

    ``text``, ``formula`` and ``order`` are edit distances (0 is best), ``teds`` and ``teds_structure``
    similarities (1 is best), means over the page's annotated tables; ``invented`` is the share of the
    predicted letters whose blocks stand for nothing annotated.
    """
    found, truths = predicted_blocks(markdown), annotated_blocks(entry)
    tables, spare = _tables(found, [one for one in truths if one.kind == "table"])
    prose = [one for one in found if one.kind != "table"]
    prose = sorted([*prose, *spare], key=lambda one: (one.kind == "inline", one.place))
    prose = _without_aside(prose, [one for one in truths if one.kind == "aside"])
    wanted = [one for one in truths if one.kind in ("text", "formula")]
    matches = [
        Match(tuple(wanted[n] for n in of), tuple(prose[n] for n in group))
        for of, group in pair_blocks([one.bare for one in wanted], [one.bare for one in prose])
    ]
    texts = [one for one in matches if one.kind == "text"]
    strays = [one for one in matches if texts and one.written_as_text]
    formulas = [one for one in matches if one.kind == "formula" and not one.written_as_text]
    return {
        "text": pooled([*(one.pair for one in texts), *(one.text_pair() for one in strays)]),
        "formula": pooled([one.pair for one in formulas]),
        "teds": _mean([teds(*pair) for pair in tables]),
        "teds_structure": _mean([teds(*pair, structure=True) for pair in tables]),
        "order": _order(texts),
        "invented": _invented(prose, matches),
    }


def _tables(found: Sequence[Block], truths: Sequence[Block]) -> tuple[list[tuple[str, str]], list[Block]]:
    """Each annotated table with the predicted one nearest to it, one to one; the cells of the rest as text.

    Where no table is annotated the predicted ones count as nothing.
    """
    tables = [one for one in found if one.kind == "table"]
    costs = distances([one.bare for one in truths], [one.bare for one in tables])
    given = dict(zip(*linear_sum_assignment(costs), strict=True))
    pairs = [(tables[given[n]].text if n in given else "", one.text) for n, one in enumerate(truths)]
    rest = [one for n, one in enumerate(tables) if truths and n not in given.values()]
    return pairs, [cell for table in rest for cell in cells_as_text(table)]


def _without_aside(found: Sequence[Block], aside: Sequence[Block]) -> list[Block]:
    """The predicted blocks that are none of those that are set aside."""
    _, near = have_close([one.bare for one in aside], [one.bare for one in found])
    return [one for one, is_aside in zip(found, near, strict=True) if not is_aside]


def _order(texts: Sequence[Match]) -> float | None:
    """Reading order of text: where blocks are one to the reader, each has its place."""
    standing = sorted((one for one in texts if one.found), key=lambda one: one.found[0].place)
    return order_distance(list(_orders(standing)), list(_orders(texts)))


def _orders(matches: Sequence[Match]) -> Iterator[float]:
    return (truth.place for one in matches for truth in one.truths if truth.place)


def _invented(prose: Sequence[Block], matches: Sequence[Match]) -> float | None:
    """Share of the letters; inline formulas are part of a text that counts."""
    used = {id(block) for one in matches for block in one.found}
    letters = {True: 0, False: 0}
    for block in prose:
        if block.kind != "inline":
            letters[id(block) in used] += len(block.bare)
    whole = sum(letters.values())
    return letters[False] / whole if whole else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
