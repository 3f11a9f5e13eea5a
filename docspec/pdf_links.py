"""Where the links of a PDF page lead: addresses, files beside it, and places in the document."""

from __future__ import annotations

import re
from typing import Any

from docspec.mupdf import pymupdf
from docspec.types import Box

# what LaTeX's hyperref names places that no heading stands at
NO_HEADING = re.compile(
    r"(?i)(cite|figure|subfigure|table|equation|h?footnote|item|theorem|lemma|algorithm)\b"
)
PLACE = "#page={}&x={}&y={}"  # as PDF viewers take it; resolved by docspec.internal_links


def link_targets(page: Any) -> list[tuple[Box, str]]:
    """The frame of each link on ``page`` and where it leads.

    A place in the document is ``PLACE``: the page, counted from 1, and points from the left and the top of it
    as displayed.
    """
    found: list[tuple[Box, str]] = []
    pages: dict[int, Any] = {}
    for link in page.get_links():
        target = str(link.get("uri") or link.get("file") or "")
        number = int(link.get("page", -1))
        beside = NO_HEADING.match(str(link.get("nameddest") or "")) is not None
        if (
            not target
            and not beside
            and 0 <= number < len(page.parent)
            and (to := link.get("to")) is not None
        ):
            if link["kind"] == pymupdf.LINK_NAMED:  # whose places are in the file's own coordinates
                there = pages[number] if number in pages else pages.setdefault(number, page.parent[number])
                to = pymupdf.Point(to) * there.transformation_matrix * there.rotation_matrix
            target = PLACE.format(number + 1, round(to[0]), round(to[1]))
        if target:
            found.append((tuple(link["from"]), target))
    return found
