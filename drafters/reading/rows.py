"""A region's lines as rows: what stands side by side is one row, with what its place says about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from statistics import median

from docspec import marks
from docspec.drafters.characters import clean, is_cjk, lowered, raised
from docspec.drafters.reading.joining import HYPHENS
from docspec.root_signs import standing
from docspec.turning import is_right_to_left
from docspec.types import TEXT_LAYER, Box, Line, Style, union

# A label at the start of a line, of a few words.
LABEL = re.compile(r"[A-Z][\w./()&'-]*(?: [\w./()&'-]+){0,3}:(?=\s+\S)")
# What the line before a clause ends with.
CLAUSE_END = (".", ";", ":", ",", "—", "–", " and", " or")
ROOM = 2.0  # line heights to spare
VERSE, FREE = 4, 0.5  # lines of a poem, at the least, and the line heights that they have to spare
LONG_VERSE, SHORT_VERSE = 70, 35  # characters of lines that all start with a capital, and of others
VERSE_END = tuple(".,;:!?—–…")
ADDRESS = 3  # lines of an address, at the least
POSTAL = re.compile(
    r"(?<!\d)(?:[A-Z]{1,2}-)?\d{3}[ -]?\d{2}(?!\d)|\b\d{4}(?!\d) [A-Z]|\b[A-Z]{2} \d{5}\b|\b[A-Z]{1,2}\d"
)
SHORT = 40  # characters of such a line, at the most
RAGGED = 0.9  # of the longest line's length: what shows that lines are not filled
FRACTION_SLASH = "\u2044"
SENTENCE_END = tuple(".!?:;。！？：；…\"'”’)）」』")


@dataclass(frozen=True, slots=True)
class Row:
    """One visual line of a region: its text (clean), its box in points, and how it is printed."""

    text: str
    box: Box
    mono: bool = False
    bold: bool = False

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]


def rows_of(lines: Sequence[Line], style: Style) -> list[Row]:
    """``lines``, in their order, with neighbours on the same baseline put together; empty ones left out."""
    rows: list[Row] = []
    for line in lines:
        text = clean(_characters(line, style.superscripts), style.ascii_quotes)
        if not text.strip():
            continue
        mono = all(span.mono for span in line.spans if span.text.strip())
        bold = all(span.bold for span in line.spans if span.text.strip())
        box = standing(line)
        if rows and _side_by_side(rows[-1].box, box):
            last = rows.pop()
            rows.append(
                Row(
                    _beside(last.text, text),
                    union([last.box, box]),
                    last.mono and mono,
                    last.bold and bold,
                )
            )
        else:
            rows.append(Row(text, box, mono, bold))
    return rows


def _characters(line: Line, superscripts: bool) -> str:
    if not superscripts:
        return line.text if line.source == TEXT_LAYER else lowered(line.text)
    following = [*(span.text for span in line.spans[1:]), ""]
    return "".join(
        raised(span.text) if span.superscript and not after.startswith(FRACTION_SLASH) else span.text
        for span, after in zip(line.spans, following, strict=True)
    )


def paragraphs(rows: Sequence[Row]) -> list[list[Row]]:
    """``rows`` cut where a blank gap, an indented first line or a short last one shows a new paragraph."""
    if not is_right_to_left(row.text for row in rows):
        return _paragraphs(rows)
    lengths = map(len, _paragraphs([replace(row, box=_mirrored(row.box)) for row in rows]))
    ends = [0, *accumulate(lengths)]
    return [list(rows[a:b]) for a, b in pairwise(ends)]


def _mirrored(box: Box) -> Box:
    return (-box[2], box[1], -box[0], box[3])


def _paragraphs(rows: Sequence[Row]) -> list[list[Row]]:
    """The same of rows that are read from the left."""
    if not rows:
        return []
    height = median(row.height for row in rows)
    steps = [b.box[1] - a.box[1] for a, b in pairwise(rows) if b.box[1] > a.box[1]]
    step = median(steps) if steps else 0.0
    left = median(row.box[0] for row in rows)
    right = max(row.box[2] for row in rows)
    labelled = _labelled(rows)
    stops = [_stops(above, row, right) for above, row in pairwise(rows)]
    lines = sum(stops) >= max(2, 2 / 3 * len(stops))  # of verse
    listed = _is_address(rows) or _is_verse(rows, right)
    numbered = _numbered(rows)
    cut: list[list[Row]] = [[rows[0]]]
    for i, (above, row) in enumerate(pairwise(rows), start=1):
        gap = row.box[1] - above.box[1] > step + 0.6 * height and len(rows) > 2
        below = rows[i + 1] if i + 1 < len(rows) else None
        short = stops[i - 1] and (
            lines or above.bold != row.bold or above.text.rstrip().endswith(SENTENCE_END)
        )
        if (
            gap
            or short
            or listed
            or i in labelled | numbered
            or _is_indented(above, row, below, left, right, height)
        ):
            cut.append([])
        cut[-1].append(row)
    return cut


def _numbered(rows: Sequence[Row]) -> set[int]:
    """The numbers of rows that are clauses, "(a) ...", after what ended, where there are several."""
    found = {i for i, row in enumerate(rows) if marks.CLAUSE.match(row.text.lstrip())}
    ended = {i for i in found if i and rows[i - 1].text.rstrip().endswith(CLAUSE_END)}
    return ended if len(found) > 1 else set()


def _is_address(rows: Sequence[Row]) -> bool:
    """Whether ``rows`` are short lines that each start anew, as those of an address or of names do."""
    texts = [row.text.strip() for row in rows]
    widths = [row.box[2] - row.box[0] for row in rows]
    ragged = sum(width < RAGGED * max(widths) for width in widths)
    postal = POSTAL.search(texts[-1]) is not None
    return (
        len(rows) >= ADDRESS
        and (ragged >= len(rows) / 2 or postal)
        and all(len(text) <= SHORT and (text[0].isupper() or text[0].isdigit()) for text in texts)
        and not any(text.endswith((*HYPHENS, ",", ";", ":")) for text in texts[1:-1])
    )


def _is_verse(rows: Sequence[Row], right: float) -> bool:
    """Whether most of ``rows`` end though the next one's first word had room, or with a mark where all start
    with a capital or are shorter than columns of text: lines of a poem, which a paragraph's are not."""
    texts = [row.text.strip() for row in rows]
    if len(rows) < VERSE or any(is_cjk(text[0]) or text.endswith(tuple(HYPHENS)) for text in texts):
        return False
    free = sum(_has_room(above, row, right, FREE) for above, row in pairwise(rows))
    if free >= 3 / 4 * (len(rows) - 1):
        return True
    capital = all(text.lstrip("\"'“‘«(")[:1].isupper() for text in texts)
    ends = sum(text.endswith(VERSE_END) for text in texts) / len(rows)
    longest = max(map(len, texts))
    return (capital and ends >= 2 / 3 and longest <= LONG_VERSE) or (ends >= 3 / 4 and longest <= SHORT_VERSE)


def _labelled(rows: Sequence[Row]) -> set[int]:
    """The numbers of rows that begin with a label ("Name: ..."), where two follow each other."""
    found = {number for number, row in enumerate(rows) if LABEL.match(row.text.lstrip())}
    return found if any(number + 1 in found for number in found) else set()


def _stops(above: Row, row: Row, right: float) -> bool:
    """Whether ``above`` ends where the next row's first word would have had room, and more."""
    text = row.text.strip()
    going_on = above.text.rstrip().endswith(tuple(HYPHENS)) or text[:1].islower()
    if not text or going_on or is_cjk(text[0]) or above.box[2] <= row.box[0]:
        return False
    return _has_room(above, row, right, ROOM)


def _has_room(above: Row, row: Row, right: float, spare: float) -> bool:
    """Whether the first word of ``row`` fits behind ``above``, with so many heights of a line to spare."""
    text = row.text.strip()
    needed = (row.box[2] - row.box[0]) * len(text.split(" ", 1)[0]) / len(text)
    return right - above.box[2] > 1.2 * needed + spare * above.height


def _is_indented(above: Row, row: Row, below: Row | None, left: float, right: float, height: float) -> bool:
    """Whether ``row`` starts a paragraph by its indent: alone in it, and after something that ended."""
    indent = row.box[0] - left
    if not 0.6 * height < indent < 5 * height or row.box[1] <= above.box[1]:
        return False
    if abs(above.box[0] - left) > 0.6 * height and above.box[0] - left >= indent - 0.3 * height:
        return False  # the row above is indented as much: a block, not a first line
    if below is not None and below.box[1] > row.box[1] and below.box[0] - left > 0.6 * height:
        return False
    return above.text.rstrip().endswith(SENTENCE_END) or above.box[2] < right - 3 * height


def _side_by_side(a: Box, b: Box) -> bool:
    """Whether two boxes are parts of one visual line: beside each other, not above."""
    overlap = min(a[3], b[3]) - max(a[1], b[1])
    low = min(a[3] - a[1], b[3] - b[1])
    across = min(a[2], b[2]) - max(a[0], b[0])
    return overlap > 0.5 * low and across <= 0.3 * min(a[2] - a[0], b[2] - b[0])


def _beside(left: str, right: str) -> str:
    if left.endswith(" ") or right.startswith(" ") or (is_cjk(left[-1]) and is_cjk(right[0])):
        return left + right
    return f"{left} {right}"
