"""Tables of contents: entries with their pages, whatever leads the eye from one to the other. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from docspec.drafters.reading.joining import join_lines
from docspec.drafters.reading.rows import Row, rows_of
from docspec.markdown import escaped_places
from docspec.types import Line, Style

# An entry, dots or the like, its page.
ENTRY = re.compile(
    r"(.*?\S)\s*(?:(?:[.\u00b7\u2219\u22c5_]\s*){4,}|(?:\u2026\s*){2,})\s*((?:[A-Z]-)?[ivxlcdm\d]{1,5}(?:[.-]\d{1,4})?)?\s*",
    re.IGNORECASE,
)
FEWEST = 2  # entries that make contents
LEVEL_STEP = 0.8  # of a row's height: less is the same level


def contents(lines: Sequence[Line], style: Style) -> str:
    """``lines`` as a list in markdown, an item for each entry; empty where they are no contents.

    Entries are nested by their indents. A row without a page goes on in the next one, and the rows after
    the last entry are items of their own.
    """
    rows = rows_of(lines, style)
    found = [ENTRY.fullmatch(row.text.strip()) for row in rows]
    if sum(match is not None and match[2] is not None for match in found) < max(FEWEST, len(rows) / 2):
        return ""
    entries: list[tuple[Row, str]] = []
    held: list[Row] = []
    for row, match in zip(rows, found, strict=True):
        held.append(row)
        if match is not None:
            texts = [*(one.text for one in held[:-1]), match[1]]
            entries.append((held[0], f"{join_lines(texts)} {match[2] or ''}".rstrip()))
            held = []
    entries += [(row, row.text.strip()) for row in held]
    step = LEVEL_STEP * median(row.height for row in rows)
    starts: list[float] = []
    for left in sorted(row.box[0] for row, _ in entries):
        if not starts or left - starts[-1] > step:
            starts.append(left)
    levels = [sum(start <= row.box[0] for start in starts) - 1 for row, _ in entries]
    return "\n".join(
        f"{'  ' * level}- {_escaped(text)}" for level, (_, text) in zip(levels, entries, strict=True)
    )


def _escaped(text: str) -> str:
    places = escaped_places(text)
    found = re.match(r"\d{1,9}[.)](?=\s)", text)
    if found:  # "1. Name" would begin a list within the item
        places.add(found.end() - 1)
    return "".join(f"\\{char}" if place in places else char for place, char in enumerate(text))
