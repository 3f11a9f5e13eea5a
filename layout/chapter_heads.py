"""Headings of chapters in two parts: the number, which may have "Chapter" before it, above the name. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from docspec.layout.assign import fit
from docspec.layout.geometry import height
from docspec.layout.headings import size
from docspec.types import Category, Region

NEAR = 2.5  # heights of the name from the number to it, at most
ALIGNED = 0.5  # of the name's height: how far their edges or middles may be apart
LARGER = 1.0  # times the size of the name: a number alone that is a chapter's
HEADS = (Category.TITLE, Category.SECTION_HEADER)
NAMED = re.compile(
    r"(?:chapter|kapitel|chapitre|cap[ií]tulo|capitolo|глава|appendix|anhang|annexe?|part|teil|partie|parte)"
    r"\s+(?:\d{1,3}|[IVXLC]{1,6}|[A-Z])[.:]?",
    re.IGNORECASE,
)
NUMBER = re.compile(r"\d{1,2}|[IVX]{1,5}")


def join_chapters(regions: Sequence[Region]) -> list[Region]:
    """``regions`` with the number of each chapter and its name as one heading."""
    done = list(regions)
    for number in regions:
        if not number.lines or number.category not in (*HEADS, Category.TEXT):
            continue
        text = " ".join(line.text for line in number.lines).strip()
        named = NAMED.fullmatch(text) is not None
        if not named and not NUMBER.fullmatch(text):
            continue
        below = [other for other in done if other is not number and _is_name(number, other, named)]
        name = min(below, key=lambda other: other.box[1], default=None)
        if name is not None and not any(_is_between(number, other, name) for other in done):
            joined = fit(replace(name, lines=(*number.lines, *name.lines)))
            done = [joined if other is name else other for other in done if other is not number]
    return done


def _is_name(number: Region, other: Region, named: bool) -> bool:
    if other.category not in HEADS or not other.lines or not any(c.isalpha() for c in other.lines[0].text):
        return False
    if NAMED.match(other.lines[0].text) or (not named and size(number) < LARGER * size(other)):
        return False
    em = height(other.lines[0].box)
    left, middle = (
        abs(number.box[0] - other.box[0]),
        abs(number.box[0] + number.box[2] - other.box[0] - other.box[2]) / 2,
    )
    close = -em / 2 <= other.box[1] - number.box[3] <= NEAR * em
    return close and min(left, middle) <= ALIGNED * em


def _is_between(number: Region, other: Region, name: Region) -> bool:
    return (
        other is not number
        and other is not name
        and other.box[1] < name.box[1]
        and other.box[3] > number.box[3]
        and other.box[0] < name.box[2]
        and other.box[2] > name.box[0]
    )
