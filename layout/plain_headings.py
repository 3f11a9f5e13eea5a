"""Section headers that detectors see in what is printed as the text is, and that says itself what it is:
an item of a list, a salutation, a sentence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from docspec.layout.assign import fit
from docspec.marks import NUMBER, SURE_BULLET
from docspec.numbering import numbers
from docspec.types import Category, Region

ALIKE = 0.3  # points between sizes that are one
SENTENCE = 80  # characters from which what ends with a full stop is a sentence
OPEN_END = (",", ";")  # with which no heading ends

_Print = tuple[str, int, bool]  # font, size in ALIKE, whether it is bold


def without_plain(regions: Sequence[Region]) -> list[Region]:
    """``regions`` with section headers in the print of most of the text as items or text, where their words
    show that they are none. Only where fonts are known."""
    if all(region.category is not Category.SECTION_HEADER for region in regions):
        return list(regions)
    text = Counter[_Print]()
    for region in regions:
        if region.category in (Category.TEXT, Category.LIST_ITEM):
            text += _prints(region)
    if not text:
        return list(regions)
    usual = text.most_common(1)[0][0]
    return [_one(region, regions, usual) for region in regions]


def _one(region: Region, regions: Sequence[Region], usual: _Print) -> Region:
    if region.category is not Category.SECTION_HEADER or set(_prints(region)) != {usual}:
        return region
    words = _text(region)
    if SURE_BULLET.match(words) or _is_counted(words, regions):
        return fit(replace(region, category=Category.LIST_ITEM))
    sentence = len(words) >= SENTENCE and words.endswith(".")
    if (words[:1].islower() or words.endswith(OPEN_END) or sentence) and not NUMBER.match(words):
        return fit(replace(region, category=Category.TEXT))
    return region


def _is_counted(words: str, regions: Sequence[Region]) -> bool:
    """Whether the number before ``words`` is one less or one more than that of an item of a list."""
    items = [_text(other) for other in regions if other.category is Category.LIST_ITEM]
    own, *others = numbers([words, *items])
    if own is None or own.value is None or own.parts > 1 or not NUMBER.match(words):
        return False
    return any(
        other is not None
        and (other.kind, other.parts) == (own.kind, 1)
        and other.value is not None
        and abs(other.value - own.value) == 1
        for other in others
    )


def _prints(region: Region) -> Counter[_Print]:
    """How many letters of ``region`` are in each print; those of unknown fonts do not count."""
    found = Counter[_Print]()
    for span in (span for line in region.lines for span in line.spans if span.font):
        letters = sum(char.isalpha() for char in span.text)
        if letters:
            found[span.font, round(span.size / ALIKE), span.bold] += letters
    return found


def _text(region: Region) -> str:
    return " ".join(line.text.strip() for line in region.lines).strip()
