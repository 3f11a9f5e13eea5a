"""A source's second readings, found again in the draft that was written from its lines.

Writing joins lines, drops hyphens and bullets, and adds marks; most characters stay. An edit script between
the lines and the draft (Levenshtein's, by rapidfuzz) says where they went.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rapidfuzz.distance import Levenshtein

from docspec.types import Alternative, Line, PageRegion


def placed_alternatives(lines: Sequence[Line], text: str) -> tuple[Alternative, ...]:
    """The alternatives of ``lines``, in reading order, as alternatives of the draft ``text``."""
    return moved_alternatives(list(_of_lines(lines)), "\n".join(line.text for line in lines), text)


def moved_alternatives(known: Sequence[Alternative], written: str, text: str) -> tuple[Alternative, ...]:
    """The alternatives ``known`` of ``written`` as alternatives of ``text``, which is much like it.

    Kept where the characters that they replace, and one on each side, stand in ``text`` together.
    """
    if not known:
        return ()
    blocks = [block for block in Levenshtein.opcodes(written, text) if block.tag == "equal"]
    starts = [block.src_start for block in blocks]
    placed = []
    for one in known:
        found = bisect_right(starts, max(0, one.start - 1)) - 1
        if found >= 0 and min(one.end + 1, len(written)) <= blocks[found].src_end:
            shift = blocks[found].dest_start - blocks[found].src_start
            placed.append(Alternative(one.start + shift, one.end + shift, one.text, one.probability))
    return tuple(placed)


def page_alternatives(regions: Sequence[PageRegion], page: str) -> tuple[Alternative, ...]:
    """The alternatives of ``regions`` as alternatives of the draft ``page``, which was written from them."""
    known, at = [], 0
    for region in regions:
        known += [replace(one, start=one.start + at, end=one.end + at) for one in region.alternatives]
        at += len(region.text) + 1
    return moved_alternatives(known, "\n".join(region.text for region in regions), page)


def _of_lines(lines: Sequence[Line]) -> Iterator[Alternative]:
    """The alternatives of all spans, counted from the first line's start, lines a character apart."""
    offset = 0
    for line in lines:
        for span in line.spans:
            for one in span.alternatives:
                yield Alternative(offset + one.start, offset + one.end, one.text, one.probability)
            offset += len(span.text)
        offset += 1
