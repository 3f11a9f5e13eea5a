"""Names of speakers above what they say, which look as headings do. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from docspec.heading_prints import read_whole
from docspec.markdown import HEADINGS, escaped
from docspec.numbering import numbers
from docspec.types import Category, PageResult, RegionResult

TURNS = 4  # headings one after the other, each of which comes again
WORDS = 3  # of a name, at most

_Place = tuple[int, int]


def without_speakers(pages: Sequence[PageResult]) -> list[PageResult]:
    """``pages`` with headings that are names of speakers as bold text: several that take turns, with no other
    heading between them. Headings that sections have in common stand below those of the sections."""
    heads = [
        ((number, i), " ".join(result.text.split()))
        for number, page in enumerate(pages)
        if not read_whole(page)
        for i, result in enumerate(page.regions)
        if result.region.category in HEADINGS
    ]
    counts = Counter(text for _, text in heads)
    found: set[_Place] = set()
    for again, group in groupby(heads, key=lambda head: _may_be_name(head[1], counts)):
        run = list(group)
        if again and len(run) >= TURNS and len({text for _, text in run}) > 1:
            found |= {place for place, _ in run}
    if not found:
        return list(pages)
    return [
        replace(
            page,
            regions=tuple(
                _as_text(result) if (number, i) in found else result for i, result in enumerate(page.regions)
            ),
        )
        for number, page in enumerate(pages)
    ]


def _may_be_name(text: str, counts: Counter[str]) -> bool:
    return counts[text] > 1 and len(text.split()) <= WORDS and not any(numbers([text]))


def _as_text(result: RegionResult) -> RegionResult:
    region = replace(result.region, category=Category.TEXT, level=None)
    shown = f"**{escaped(result.text.lstrip('# '))}**"
    return replace(result, region=region, verdict=replace(result.verdict, markdown=shown))
