"""Tables of contents: entries with their pages, whatever leads the eye from one to the other. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from docspec.drafters.reading.joining import join_lines
from docspec.drafters.reading.rows import Row, rows_of
from docspec.markdown import escaped_places
from docspec.types import Box, Line, Style

# An entry, dots or the like, its page.
ENTRY = re.compile(
    r"(.*?\S)\s*(?:(?:[.\u00b7\u2219\u22c5_]\s*){4,}|(?:\u2026\s*){2,})\s*((?:[A-Z]-)?[ivxlcdm\d]{1,5}(?:[.-]\d{1,4})?)?\s*",
    re.IGNORECASE,
)
PAGE = re.compile(r"(?:[A-Z]-)?[ivxlcdm\d]{1,5}(?:[.-]\d{1,4})?", re.IGNORECASE)  # a page alone
PAGE_AT_END = re.compile(rf"(.*\S)\s+({PAGE.pattern})\s*", re.IGNORECASE)
LEADER = re.compile(r"(?:[.\u00b7\u2219\u22c5_\u2026]\s*){2,}$")
FEWEST = 2  # entries that make contents
EDGE = 0.6  # of a line's height: how far pages of one column end from each other, at the most
LEVEL_STEP = 0.8  # of a row's height: less is the same level


def contents(lines: Sequence[Line], style: Style) -> str:
    """``lines`` as a list in markdown, an item for each entry; empty where they are no contents.

    Entries are nested by their indents. A row without a page goes on in the next one, and the rows after
    the last entry are items of their own. Columns of entries come one after the other.
    """
    parts = [_column(column, style) for column in _columns(lines)]
    return "\n".join(parts) if all(parts) else ""


def _column(lines: Sequence[Line], style: Style) -> str:
    """``contents`` of one column."""
    rows = rows_of(lines, style)
    found = [ENTRY.fullmatch(row.text.strip()) for row in rows]
    if sum(match is not None and match[2] is not None for match in found) < max(FEWEST, len(rows) / 2):
        return ""
    edge = max(row.box[2] for row, match in zip(rows, found, strict=True) if match and match[2])
    pages = [line.box for line in lines if PAGE.fullmatch(line.text.strip())]
    found = [
        match or (PAGE_AT_END.fullmatch(row.text.strip()) if _has_page(row, pages, edge) else None)
        for row, match in zip(rows, found, strict=True)
    ]
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


def _has_page(row: Row, pages: Sequence[Box], edge: float) -> bool:
    """Whether a row without leaders ends with a page set apart, as parts' and chapters' rows do."""
    own = [box for box in pages if row.box[1] < (box[1] + box[3]) / 2 < row.box[3] and box[0] > row.box[0]]
    return any(abs(box[2] - edge) < EDGE * row.height for box in own)


def _columns(lines: Sequence[Line]) -> list[list[Line]]:
    """``lines`` by column, where pages end at several places, each of several rows."""
    ends: list[list[float]] = []
    led = [line.box for line in lines if LEADER.search(line.text)]
    for line in sorted(lines, key=lambda line: line.box[2]):
        match = ENTRY.fullmatch(line.text.strip())
        page = PAGE.fullmatch(line.text.strip()) and any(_leads(box, line.box) for box in led)
        if not page and not (match and match[2]):
            continue
        if ends and line.box[2] - ends[-1][-1] < EDGE * (line.box[3] - line.box[1]):
            ends[-1].append(line.box[2])
        else:
            ends.append([line.box[2]])
    edges = [max(group) for group in ends if len(group) >= FEWEST]
    columns: list[list[Line]] = [[] for _ in edges] or [[]]
    for line in lines:
        columns[min(sum(line.box[2] > edge + 1 for edge in edges), len(columns) - 1)].append(line)
    return columns


def _leads(leader: Box, page: Box) -> bool:
    """Whether a text with leaders ends just before a page in its row."""
    height = page[3] - page[1]
    return leader[1] < (page[1] + page[3]) / 2 < leader[3] and -height < page[0] - leader[2] < 3 * height


def _escaped(text: str) -> str:
    places = escaped_places(text)
    found = re.match(r"\d{1,9}[.)](?=\s)", text)
    if found:  # "1. Name" would begin a list within the item
        places.add(found.end() - 1)
    return "".join(f"\\{char}" if place in places else char for place, char in enumerate(text))
