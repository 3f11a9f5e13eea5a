"""Rows of figures under each other without rules: text that is a table, though no detector saw one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from statistics import median

from docspec.layout.geometry import height, rows, split
from docspec.types import Box, Line, Span

ROWS, COLUMNS = 4, 3  # of such a table, at the least
FIGURES = 2  # columns of figures besides the first one, at the least
BLANK = 0.5  # of a word's height: what parts columns in every row
FIGURE = re.compile(r"[(+\-–−]?[$€£¥]?\s?\d[\d.,\s]*\)?%?|[-–—]")
WORD = re.compile(r"\S+")


def is_of_figures(lines: Sequence[Line]) -> bool:
    """Whether ``lines`` are rows of as many cells each, columns of figures under a row of heads."""
    words = [word for line in lines for span in line.spans for word in _words(span)]
    found = rows([box for _, box in words])
    if len(found) < ROWS:
        return False
    groups = split([(box[0], box[2]) for _, box in words], BLANK * median(height(box) for _, box in words))
    if len(groups) < COLUMNS:
        return False
    column_of = {word: number for number, group in enumerate(groups) for word in group}
    cells = [
        [" ".join(words[i][0] for i in row if column_of[i] == number) for number in range(len(groups))]
        for row in found
    ]
    if not all(all(row) for row in cells):
        return False
    figures = [all(FIGURE.fullmatch(row[number]) for row in cells[1:]) for number in range(len(groups))]
    return sum(figures[1:]) >= FIGURES and not figures[0]


def _words(span: Span) -> Iterator[tuple[str, Box]]:
    """The words of ``span``, each where its characters are if wide ones are twice as wide as others."""
    x0, y0, x1, y1 = span.box
    ends = [0.0]
    for char in span.text:
        ends.append(ends[-1] + 1 + (unicodedata.east_asian_width(char) in "WF"))
    unit = (x1 - x0) / ends[-1] if ends[-1] else 0.0
    for found in WORD.finditer(span.text):
        yield found[0], (x0 + unit * ends[found.start()], y0, x0 + unit * ends[found.end()], y1)
