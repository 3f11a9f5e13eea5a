"""Display formulas for the replayed acceptance benchmark: what a real model wrote, and drafts of their boxes.

An annotation's LaTeX has every sign apart, as no model writes it; so what a page's recorded output has for an
annotated formula stands for the verifier's choices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Indel

from docspec.bench.acceptance_cases import DISPLAY, Case
from docspec.bench.annotations import box_of, first_draft, ordered, read_image, recorded_outputs, region_in
from docspec.types import Category, Drafter, Page, Style

LIKE = 0.5  # similarity of an annotated formula and what a model wrote for it, at the least
_DISPLAYED = re.compile(r"\\\[\s*(.*?)\s*\\\]|\$\$\s*(.*?)\s*\$\$", re.DOTALL)
_TAG = re.compile(r"\s*\\tag\{[^}]*\}")
_SPELLING = re.compile(r"\\(?:left|right|big|Big|mathbf|var|bf|,)|[\s{}$]")


def display_cases(data: Path, outputs: Path, drafter: Drafter) -> Iterator[Case]:
    """The annotated display formulas of an OmniDocBench folder that its recorded outputs have.

    Raises UsageError where there are no recorded outputs.
    """
    for entry, output in recorded_outputs(data, outputs):
        found = [one for one in ordered(entry) if one["category_type"] == "equation_isolated"]
        if found:
            yield from _of_page(data, entry, found, displays(output), drafter)


def _of_page(
    data: Path, entry: dict[str, Any], found: Sequence[Any], written: Sequence[str], drafter: Drafter
) -> Iterator[Case]:
    pixels = read_image(data, entry)
    sheet = Page(0, pixels.shape[1], pixels.shape[0], 72.0, pixels)
    lines = drafter.read(sheet)
    left = list(written)
    for number, one in enumerate(found):
        truth = max(left, key=lambda text: likeness(text, one["latex"]), default="")
        if not truth or likeness(truth, one["latex"]) < LIKE:
            continue
        left.remove(truth)
        region = region_in(box_of(one), number, Category.FORMULA, lines)
        draft = first_draft(drafter, sheet, region, Style(formula=("$ ", " $")))
        text, others = (draft.text, draft.alternatives) if draft else ("", ())
        page = entry["page_info"]["image_path"]
        yield Case(page, "", truth, text, tuple(map(astuple, others)), kind=DISPLAY)


def displays(markdown: str) -> list[str]:
    """The display formulas of ``markdown``, without their numbers.

    >>> displays("so\\n\\\\[\\na = b,\\n\\\\]\\n\\\\[\\n\\\\tag{3}\\n\\\\]")
    ['a = b,']
    """
    found = (match[1] or match[2] or "" for match in _DISPLAYED.finditer(markdown))
    return [text for one in found if (text := _TAG.sub("", one).strip())]


def likeness(a: str, b: str) -> float:
    """How alike two formulas are (0..1), whatever their spelling."""
    return Indel.normalized_similarity(_SPELLING.sub("", a), _SPELLING.sub("", b))
