"""Lines of code on a page: what shows that they are some, and their text with breaks and indents. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median, median_low

from docspec.types import Line, Span

MOST = 0.9  # share of a block's characters in a fixed-width font
TYPEWRITTEN = 0.6  # share of a page's from which that font says nothing
CODE_LIKE = 0.4  # share of a block's lines that must then look like code
BLANK = 1.6  # times the usual distance of lines from which a line between them is empty
SAME_LINE = 0.5  # of the lower one's height

_SIGNS = re.compile(
    r"[{};]\s*$|^\s*[}\])]|\w\(.*\)\s*[:;{]?\s*$|[=!<>+]=|->|=>|::|&&|\|\||^\s*(?:\$|>>>|#include|#!|//|/\*|<\w+>)"
    r"|^\s*(?:def|class|import|from|return|if|for|while|else|elif|try|var|let|const|int|void|public|fn)\b.*[:;({)]?$"
    r"|\w+\[\w*\]|^\s*\w[\w.]*\s*=\s*\S"
)
_NUMBER = re.compile(r"\s*(\d{1,4})(?:\s+|$)")
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u2060\ufeff\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SPACE = re.compile("[\t\u00a0\u2000-\u200a\u202f\u3000]")
_PLAIN = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\ufb01": "fi", "\ufb02": "fl"}
)


def is_mono(lines: Iterable[Line]) -> bool:
    """Whether ``lines`` are set in a fixed-width font, numbers before them aside."""
    return _mono_share(lines) >= MOST


def is_number(lines: Sequence[Line]) -> bool:
    """Whether ``lines`` are numbers and nothing else, as those beside code are."""
    return bool(lines) and all(line.text.strip().isdigit() for line in lines)


def is_code(lines: Sequence[Line], page: Sequence[Line]) -> bool:
    """Whether ``lines`` are code: in a fixed-width font that the text of the ``page`` with these lines is not
    set in, or, where it is, with the signs of code in a good deal of them."""
    if not is_mono(lines):
        return False
    if _mono_share(page) < TYPEWRITTEN:
        return True
    texts = [text for line in lines if (text := line.text.strip()) and not text.isdigit()]
    return sum(bool(_SIGNS.search(text)) for text in texts) >= max(2.0, CODE_LIKE * len(texts))


def _mono_share(lines: Iterable[Line]) -> float:
    total = mono = 0
    for number, span in ((number, span) for line in lines for number, span in enumerate(line.spans)):
        if not number and not span.mono and span.text.strip().isdigit():
            continue
        shown = sum(not char.isspace() for char in span.text)
        total += shown
        mono += shown * span.mono
    return mono / total if total else 0.0


def code_text(lines: Sequence[Line]) -> str:
    """``lines``, from the top, as they are printed: each character in its column, empty lines kept.

    Numbers that count the lines are left out.
    """
    rows = rows_of_spans(lines)
    spans = [span for row in rows for span in row]
    wide = [(span.box[2] - span.box[0]) / len(span.text) for span in spans if span.mono and span.text.strip()]
    if not wide or median(wide) <= 0:
        return "\n".join("".join(span.text for span in row).rstrip() for row in rows)
    width = median(wide)
    tops = [min(span.box[1] for span in row) for row in rows]
    numbers = _numbers(rows)
    if numbers:
        rows = [_without_number(row) for row in rows]
    left = min((span.box[0] for row in rows for span in row if span.text.strip()), default=0.0)
    steps = [b - a for a, b in pairwise(tops) if b > a]
    step = median_low(steps) if steps else 0.0
    text: list[str] = []
    for number, row in enumerate(rows):
        gap = tops[number] - tops[number - 1] if number and step and not numbers else 0.0
        if gap > BLANK * step:
            text += [""] * (round(gap / step) - 1)
        text.append(_set(row, left, width))
    return "\n".join(text).strip("\n")


def rows_of_spans(lines: Sequence[Line]) -> list[list[Span]]:
    """The spans of ``lines`` by the rows that they stand in, each row from the left."""
    rows: list[tuple[float, float, list[Span]]] = []
    for line in sorted(lines, key=lambda line: (line.box[1] + line.box[3], line.box[0])):
        top, bottom = line.box[1], line.box[3]
        if rows:
            shared = min(bottom, rows[-1][1]) - max(top, rows[-1][0])
            if shared > SAME_LINE * min(bottom - top, rows[-1][1] - rows[-1][0]):
                rows[-1][2].extend(line.spans)
                continue
        rows.append((top, bottom, list(line.spans)))
    return [sorted(spans, key=lambda span: span.box[0]) for _, _, spans in rows]


def _number(row: Sequence[Span]) -> tuple[int, int, bool] | None:
    """The number that a row begins with, its length, and whether it is a span by itself."""
    first = row[0].text
    if first.strip().isdigit():
        return int(first), len(first), True
    found = _NUMBER.match("".join(span.text for span in row))
    return (int(found[1]), found.end(), False) if found else None


def _numbers(rows: Sequence[Sequence[Span]]) -> bool:
    """Whether numbers before the code count its rows; one that a line goes on in has none."""
    found = [_number(row) for row in rows]
    known = [(number, row[0]) for number, row in zip(found, rows, strict=True) if number]
    if found[0] is None or any(b[0] != a[0] + 1 for (a, _), (b, _) in pairwise(known)):
        return False
    if not all(number[2] for number, _ in known):
        return len(known) == len(rows) > 1
    edge = max(span.box[2] for _, span in known)
    going_on = all(row[0].box[0] >= edge for row, number in zip(rows, found, strict=True) if not number)
    return going_on and (len(known) > 1 or not known[0][1].mono)


def _without_number(row: Sequence[Span]) -> list[Span]:
    number = _number(row)
    left = number[1] if number else 0
    kept: list[Span] = []
    for span in row:
        taken = min(left, len(span.text))
        left -= taken
        if taken < len(span.text):
            x0, y0, x1, y1 = span.box
            start = x0 + taken * (x1 - x0) / len(span.text)
            kept.append(replace(span, text=span.text[taken:], box=(start, y0, x1, y1)))
    return kept


def _set(row: Sequence[Span], left: float, width: float) -> str:
    text = ""
    for span in row:
        shown = _SPACE.sub(" ", _INVISIBLE.sub("", span.text)).translate(_PLAIN)
        if not shown.strip():
            continue
        column = round((span.box[0] - left) / width)
        text = text.ljust(column) + shown
    return text.rstrip()
