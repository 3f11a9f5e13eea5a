"""A region as the mini reads it: a few lines at a time, the text's structure kept by the draft. Pure.

The mini writes running text without marks or line breaks. So a draft is cut where it breaks (paragraphs, list
items) and, within those, every few lines; each part is read by itself and put back between what separated it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from docspec.drafters.characters import SUPERSCRIPTS
from docspec.marks import DASHES, GLYPHS, HEADING, ITEM_BULLET, without

MAX_LINES = 2  # the best of 1, 2, 4 and 8 on real regions, drafts weighed in
# Markdown's signs for headings and bullets, which the mini does not read; numbers are printed, so it does.
_MARK = re.compile(rf"(?:{HEADING.pattern}|{ITEM_BULLET.pattern})[ \t]*")
# A bullet as it is read where one is known to stand: without its space, or taken for a superscript.
_BULLET = re.compile(rf"(?:[{DASHES}{GLYPHS}*]\s*|[{''.join(SUPERSCRIPTS)}]\s+)")

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Part:
    """Some source ``lines``, by number, and their draft; ``before`` is what the output has before it.

    ``before`` holds white space, marks and tags that are no characters of the image's running text.
    """

    lines: Sequence[int]
    before: str
    draft: str

    def of(self, values: Sequence[_Value]) -> tuple[_Value, ...]:
        """Of ``values``, one for each line of the region (or none at all), those of this part."""
        return tuple(values[line] for line in self.lines) if values else ()


def split(draft: str, lines: Sequence[str], max_lines: int = MAX_LINES) -> list[Part]:
    """Parts of a region whose source lines are ``lines``; joined, ``before + draft`` of all is ``draft``.

    Lines without a character of the draft belong to the part before them. An empty draft is cut by lines
    alone.
    """
    if not draft.strip():
        step = range(0, len(lines), max_lines)
        return [Part(range(i, min(i + max_lines, len(lines))), " " if i else "", "") for i in step]
    starts = _line_starts(draft, lines)
    cuts = [0]
    for line in range(1, len(lines)):
        broken = "\n" in draft[_last_letter(draft, starts[line]) : starts[line]]
        full = line - cuts[-1] >= max_lines and not lines[line - 1].rstrip().endswith(("-", "\u00ad"))
        if starts[line] > starts[cuts[-1]] and (broken or full or line - cuts[-1] >= 2 * max_lines):
            cuts.append(line)
    parts = []
    for number, first in enumerate(cuts):
        last = cuts[number + 1] if number + 1 < len(cuts) else len(lines)
        start = starts[first] if number else 0
        end = starts[last] if number + 1 < len(cuts) else len(draft)
        parts.append(_part(range(first, last), draft[start:end]))
    return _with_leading_space(parts)


def join(parts: Sequence[Part], texts: Sequence[str]) -> str:
    """The region's text from what was read of each part."""
    written = []
    for part, text in zip(parts, texts, strict=True):
        text = text.strip()
        if ITEM_BULLET.search(part.before) and not _BULLET.match(part.draft):
            text = without(_BULLET, text)  # the mark stands for the glyph that the image shows
        written.append((part.before + text) if text else "")
    return "".join(written).strip()


def _part(lines: Sequence[int], piece: str) -> Part:
    """A piece of the draft with its mark and its trailing space taken off (the space is put back later)."""
    lead = len(piece) - len(piece.lstrip())
    mark = _MARK.match(piece, lead)
    if mark:
        lead = mark.end()
    return Part(lines, piece[:lead], piece[lead:])


def _with_leading_space(parts: list[Part]) -> list[Part]:
    """White space at a part's end becomes the next one's ``before``."""
    moved, space = [], ""
    for part in parts:
        text = part.draft.rstrip()
        moved.append(Part(part.lines, space + part.before, text))
        space = part.draft[len(text) :]
    return moved


def _letters(text: str) -> str:
    """What survives typesetting: letters and digits, ligatures expanded."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isalnum())


def _line_starts(draft: str, lines: Sequence[str]) -> list[int]:
    """Where each line's text starts in the draft, by counting letters and digits.

    The draft is written from the lines, so that both have the same letters in the same order; what small
    difference there is (a mark written out) is spread evenly. A line start includes the mark before it.
    """
    offsets = [at for at, char in enumerate(draft) for _ in _letters(char)]
    counts = [len(_letters(line)) for line in lines]
    total = sum(counts) or 1
    starts, seen = [0], 0
    for count in counts[:-1]:
        seen += count
        letter = min(round(seen * len(offsets) / total), len(offsets) - 1)
        at = offsets[letter] if letter >= 0 else 0
        starts.append(max(starts[-1], _word_start(draft, at)))
    return starts


def _word_start(draft: str, at: int) -> int:
    """The start of the word (and of the mark on its line) around ``at``."""
    while at > 0 and not draft[at - 1].isspace():
        at -= 1
    line = draft.rfind("\n", 0, at) + 1
    return line if _MARK.fullmatch(draft[line:at].lstrip()) else at


def _last_letter(draft: str, at: int) -> int:
    """The place after the last character before ``at`` that is no white space."""
    return len(draft[:at].rstrip())


def foreign_share(text: str) -> float:
    """Share of letters that are not Latin."""
    letters = [c for c in text if c.isalpha()]
    foreign = [c for c in letters if not unicodedata.name(c, "").startswith("LATIN")]
    return len(foreign) / len(letters) if letters else 0.0
