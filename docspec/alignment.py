"""Which region of a page's output is which region of its layout: by place, by text, by neighbours. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from docspec.drafters.following.normalise import fold
from docspec.layout.geometry import area, intersection
from docspec.types import Box, Category, Region, RegionResult

SAME_PLACE = 0.5  # of two boxes' union that they share
INSIDE = 0.8  # of a layout box that an output box covers, where the text agrees a little as well
ALIKE = 75.0  # per cent of a text's characters found together in the other
A_LITTLE = 50.0
SHORT = 6  # folded characters: a text so short must be found as it is, as a whole region
EVERY_PAIR = 20_000  # pairs of regions that are all compared; beyond that only those near each other
NEAR = 40  # regions before and after the expected one

_TAG = re.compile(r"\\tag\s*\{([^{}]*)\}")  # LaTeX's number of a formula
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|[|#*$\\_{}]|<!--.*?-->")


@dataclass(frozen=True, slots=True)
class OutputRegion:
    """A region of a page's output; ``placed`` says whether its box is the output's own."""

    region: Region
    text: str
    placed: bool


def contains(page: str, text: str) -> bool:
    """Whether most of ``text`` stands together somewhere in the output ``page``, markup aside."""
    return _contained(_plain(text), _plain(page))


def match(laid_out: Sequence[RegionResult], found: Sequence[OutputRegion]) -> list[int | None]:
    """For each region of the layout the number of the output's region that it is, or is part of."""
    ours = [_plain(one.text) or _plain(one.draft.text if one.draft else "") for one in laid_out]
    theirs = [_plain(output.text) for output in found]
    owners: list[int | None] = []
    for number, one in enumerate(laid_out):
        best, owner = 0.0, None
        for other in _candidates(number, len(laid_out), len(found)):
            score = _score(one.region.box, ours[number], found[other], theirs[other])
            if score > best:
                best, owner = score, other
        owners.append(owner)
    _by_neighbours(laid_out, found, owners)
    return owners


def _candidates(number: int, ours: int, theirs: int) -> Iterator[int]:
    if ours * theirs <= EVERY_PAIR:
        yield from range(theirs)
        return
    expected = number * theirs // ours
    yield from range(max(0, expected - NEAR), min(theirs, expected + NEAR + 1))


def _score(box: Box, ours: str, output: OutputRegion, theirs: str) -> float:
    """How surely the two are the same region, 0 where they are not."""
    shared = covered = 0.0
    if output.placed:
        common = intersection(box, output.region.box)
        both = area(box) + area(output.region.box) - common
        shared, covered = common / both if both else 0.0, common / area(box) if area(box) else 0.0
        if not covered:  # somewhere else on the page, whatever it says
            return 0.0
    alike = _alike(ours, theirs)
    if shared >= SAME_PLACE or alike >= ALIKE or (covered >= INSIDE and alike >= A_LITTLE):
        return shared + alike / 100
    return 0.0


def _alike(ours: str, theirs: str) -> float:
    """Per cent of ``ours`` that stands together in ``theirs``, or the other way round."""
    if not ours or not theirs:
        return 0.0
    shorter, longer = sorted((ours, theirs), key=len)
    if len(shorter) < SHORT:
        return 100.0 if shorter == longer else 0.0
    return float(fuzz.partial_ratio(shorter, longer, score_cutoff=A_LITTLE))


def _contained(text: str, page: str) -> bool:
    if len(text) < SHORT:
        return text in page
    return len(text) <= len(page) and fuzz.partial_ratio(text, page, score_cutoff=ALIKE) > 0


def _by_neighbours(
    laid_out: Sequence[RegionResult], found: Sequence[OutputRegion], owners: list[int | None]
) -> None:
    """Pair what is left of a category between two matched neighbours: formulas and pictures have no text to
    compare."""
    free = set(range(len(found))) - set(owners)
    before = -1
    for number, one in enumerate(laid_out):
        owner = owners[number]
        if owner is not None:
            before = max(before, owner)
            continue
        after = next((owner for owner in owners[number + 1 :] if owner is not None), len(found))
        for other in range(before + 1, after):
            alike = found[other].region.category is one.region.category
            if other in free and alike and not found[other].placed and _may_pair(one):
                owners[number] = before = other
                free.discard(other)
                break


def _may_pair(one: RegionResult) -> bool:
    return one.region.category in (Category.FORMULA, Category.PICTURE, Category.TABLE) or not one.text.strip()


def _plain(text: str) -> str:
    return fold(_MARKUP.sub(" ", _TAG.sub(r"(\1)", text))).text
