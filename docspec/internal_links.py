"""Links from one place of a document to another: to the heading that stands there, or none. Pure.

Markdown has no other places that a link could lead to than headings, by the names that GitHub gives them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from docspec.markdown import HEADINGS
from docspec.pdf_links import PLACE
from docspec.types import Box, PageResult

ABOVE, BELOW = 1.0, 4.0  # of a heading's height: how far it may begin above the place, and below it
ASIDE = 0.3  # of a page's width: how far it may begin to the right of the place, as centred ones do
_LINK = re.compile(re.escape("](" + PLACE).replace(r"\{\}", r"(-?\d+)") + r"\)")
_LEFT_OUT = re.compile(r"[^\w\- ]")
_MARKS = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|\\(?=[^\w\s])|[*`~]")


@dataclass(frozen=True, slots=True)
class _Target:
    box: Box
    name: str
    aside: float  # points that it may begin to the right of the place


def with_links(pages: Sequence[PageResult]) -> list[PageResult]:
    """``pages``, all of a document with its headings' levels, with each link that leads to a place in it
    leading to the heading there; its words alone where there is none."""
    if not any(_LINK.search(result.verdict.markdown) for page in pages for result in page.regions):
        return list(pages)
    targets = _targets(pages)
    done = []
    for page in pages:
        regions = [
            replace(
                result,
                verdict=replace(result.verdict, markdown=_resolved(result.verdict.markdown, targets)),
            )
            for result in page.regions
        ]
        done.append(replace(page, regions=tuple(regions)))
    return done


def slug(text: str) -> str:
    """The name by which GitHub's renderer links to a heading of this markdown."""
    plain = _MARKS.sub(lambda found: found[1] or "", text.lstrip("# ").strip())
    return _LEFT_OUT.sub("", plain.lower()).replace(" ", "-")


def _targets(pages: Sequence[PageResult]) -> dict[int, list[_Target]]:
    """The headings by page, counted from 1, and their names; the second of a name has -1 behind it."""
    seen: Counter[str] = Counter()
    found: dict[int, list[_Target]] = {}
    for page in pages:
        for result in sorted(page.regions, key=lambda one: one.region.order):
            if result.region.category in HEADINGS and result.text.strip():
                name = slug(" ".join((result.verdict.markdown or result.text).split()))
                shown = f"{name}-{seen[name]}" if seen[name] else name
                seen[name] += 1
                found.setdefault(page.index + 1, []).append(
                    _Target(result.region.box, shown, ASIDE * page.width)
                )
    return found


def _resolved(markdown: str, targets: dict[int, list[_Target]]) -> str:
    """A region's text with its links to places resolved."""
    while found := _LINK.search(markdown):
        page, x, y = map(int, found.groups())
        start = _opening(markdown, found.start())
        words = markdown[start + 1 : found.start()]
        name = _nearest(targets.get(page, []), x, y)
        shown = f"[{words}](#{name})" if name and start >= 0 else words
        markdown = markdown[: max(start, 0)] + shown + markdown[found.end() :]
    return markdown


def _nearest(headings: Sequence[_Target], x: float, y: float) -> str:
    """The heading that begins at a place, or just below it, in its column; "" without any."""

    def near() -> Iterator[tuple[float, str]]:
        for one in headings:
            left, top, right, bottom = one.box
            height = bottom - top
            if left - one.aside < x < right and -ABOVE * height <= top - y <= BELOW * height:
                yield abs(top - y), one.name

    return min(near(), default=(0.0, ""))[1]


def _opening(markdown: str, closing: int) -> int:
    """The bracket that the one at ``closing`` closes; -1 where there is none."""
    depth = 0
    for at in range(closing, -1, -1):
        if at and markdown[at - 1] == "\\":
            continue
        depth += (markdown[at] == "]") - (markdown[at] == "[")
        if not depth:
            return at
    return -1
