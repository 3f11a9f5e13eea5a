"""Displayed formulas among what was taken for text on a scanned page: lines without words. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from docspec.types import Category, Region

MOST_LINES = 3
SIGNS = 2  # that only formulas have, at the least
_SIGN = re.compile("[α-ωΑ-Ω∂∇√∑∏∫∮×·⋅≡≤≥≠≈≃∼∈→∞⊗⊕∪∩²³¹⁴ⁿ]")
_RELATION = re.compile("[=≡≤≥<>≠≈≃∼∈→]")
_WORD = re.compile(r"[^\W\d_]{4,}")
_SHORT = re.compile(r"\b[A-Za-z][a-z]{2}\b")  # of which one may be a product
_FUNCTION = re.compile("sinh?|cosh?|tanh?|arc(?:sin|cos|tan)|log|lim|limsup|liminf|exp|max|min|sup|inf|det")


def with_displays(regions: Sequence[Region]) -> list[Region]:
    """``regions`` with recognised text as formulas where it says so itself."""
    return [
        replace(region, category=Category.FORMULA) if _is_display(region) else region for region in regions
    ]


def _is_display(region: Region) -> bool:
    lines = region.lines
    if region.category is not Category.TEXT or not 0 < len(lines) <= MOST_LINES:
        return False
    if not all(line.strips for line in lines):
        return False
    text = " ".join(line.text for line in lines)
    words, short = (
        [word for word in pattern.findall(text) if not _FUNCTION.match(word)] for pattern in (_WORD, _SHORT)
    )
    return (
        not words
        and len(short) < 2
        and len(_SIGN.findall(text)) >= SIGNS
        and _RELATION.search(text) is not None
    )
