"""Headings by their print: short lines that look as a document's headings do, and hardly any other text does.

Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from docspec.markdown import HEADINGS, SECTION_LEVEL, escaped
from docspec.numbering import numbers
from docspec.types import Category, Finish, PageResult, Region, RegionResult

LIKE = 1.06  # font sizes within this factor are one size
SHORT = 120  # characters of a heading that nothing but its print shows
HEADING_LETTERS = 3  # of one, at least
# Sections of Chinese reports, and those inside of them, which are often printed as the text is.
CHINESE = re.compile(r"[#\s]*[一二三四五六七八九十]{1,3}、")
CHINESE_INNER = re.compile(r"[（(][一二三四五六七八九十]{1,3}[)）]\s*\w[^。；，：.;:]{1,28}")

_Print = tuple[float, str, bool]  # size, font, bold


def read_whole(page: PageResult) -> bool:
    """Whether a model read the page as a whole: it saw which headings there are, and how they differ."""
    return page.verdict is not None and page.verdict.finish is not Finish.UNVERIFIED


def with_alike(pages: Sequence[PageResult]) -> list[PageResult]:
    """``pages`` with short lines of text as headings that are printed as headings are, and hardly any other
    text is; and without headings that say nothing, such as a page's number."""
    heads: Counter[_Print] = Counter()
    text: Counter[_Print] = Counter()
    for result in (result for page in pages if not read_whole(page) for result in page.regions):
        kind = _print(result.region)
        if kind is None:
            continue
        if result.region.category in HEADINGS:
            heads[kind] += len(result.text)
        elif not _is_short(result):
            text[kind] += len(result.text)
    usual = text.most_common(1)[0][0] if text else None
    counted = [_counted(r) for page in pages for r in page.regions if r.region.category in HEADINGS]
    chinese = any(
        CHINESE.match(r.text) for page in pages for r in page.regions if r.region.category in HEADINGS
    )
    known = {kind for kind in heads if usual and text[kind] <= heads[kind] and _stands_out(kind, usual)}
    return [
        page
        if read_whole(page)
        else replace(page, regions=tuple(_recast(result, known, counted, chinese) for result in page.regions))
        for page in pages
    ]


def _recast(
    result: RegionResult, known: Collection[_Print], counted: Collection[int | None], chinese: bool
) -> RegionResult:
    category = result.region.category
    if category is Category.SECTION_HEADER and not any(char.isalpha() for char in result.text):
        return replace(result, region=replace(result.region, category=Category.TEXT, level=None))
    number = _counted(result) if category is Category.LIST_ITEM else None
    may_be = category is Category.TEXT or (number is not None and {number - 1, number + 1} & set(counted))
    inner = chinese and category is Category.TEXT and CHINESE_INNER.fullmatch(result.text.strip()) is not None
    if not may_be or not _is_short(result) or not (inner or _print(result.region) in known):
        return result
    verdict = result.verdict
    if verdict.markdown:  # without the emphasis, which a heading does not need
        verdict = replace(verdict, markdown=escaped(verdict.text))
    region = replace(result.region, category=Category.SECTION_HEADER, level=SECTION_LEVEL)
    return replace(result, region=region, verdict=verdict)


def _counted(result: RegionResult) -> int | None:
    """The number, of one part, that a region begins with."""
    found = numbers([result.text.lstrip("# ")])[0]
    return found.value if found is not None and found.kind == "decimal" and found.parts == 1 else None


def _is_short(result: RegionResult) -> bool:
    """Whether a region can be a heading by its text: no sentence that ends, no label, a row or two."""
    text = result.text.strip()
    words = sum(char.isalpha() for char in text) >= HEADING_LETTERS
    ends = text.endswith((".", ",", ";", ":", "。", "，", "；", "："))
    return words and not ends and len(text) <= SHORT and len(result.region.lines) <= 2 and "\n" not in text


def _print(region: Region) -> _Print | None:
    """What all of a region is printed in; None where it is several, or not known."""
    spans = [span for line in region.lines for span in line.spans if span.text.strip()]
    kinds = {(round(span.size, 1), span.font, span.bold) for span in spans}
    return kinds.pop() if len(kinds) == 1 and spans[0].size > 0 and spans[0].font else None


def _stands_out(kind: _Print, usual: _Print) -> bool:
    larger = kind[0] >= LIKE * usual[0]
    return larger or (kind[0] * LIKE >= usual[0] and kind[2] and not usual[2])
