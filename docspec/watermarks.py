"""Lines that lie across the text of a page, as watermarks do. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from docspec.types import Line

LARGE = 2.0  # times the height of the page's usual line, at the least
CROSSED = 2  # lines that it lies over, at the least
SHARE = 0.5  # of such a line's height that it covers, at the least
WIDE = 2.0  # heights of such a line by which the two share their width, at the least


def across(lines: Sequence[Line]) -> set[int]:
    """The numbers of those of ``lines`` that are slanted, or large and printed over several others."""
    if not lines:
        return set()
    usual = median(line.box[3] - line.box[1] for line in lines)
    large = [n for n, line in enumerate(lines) if line.box[3] - line.box[1] >= LARGE * usual]
    slanted = {n for n, line in enumerate(lines) if line.turn % 90}
    small = [line for n, line in enumerate(lines) if n not in large and n not in slanted and not line.turn]
    return slanted | {n for n in large if sum(_covers(lines[n], line) for line in small) >= CROSSED}


def _covers(mark: Line, line: Line) -> bool:
    height = line.box[3] - line.box[1]
    shared = min(mark.box[3], line.box[3]) - max(mark.box[1], line.box[1])
    wide = min(mark.box[2], line.box[2]) - max(mark.box[0], line.box[0])
    return shared >= SHARE * height and wide >= WIDE * height
