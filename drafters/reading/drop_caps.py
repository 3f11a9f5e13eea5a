"""Drop caps: a paragraph's first letter, two lines tall or more, put back before its word. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from docspec.types import Line, Span, union

TALL = 1.6  # times the height of the lines beside it, at the least
FAR = 1.0  # heights of such a line between the letter and its word, at the most


def with_drop_caps(lines: Sequence[Line]) -> tuple[Line, ...]:
    """``lines`` with each tall first letter before the line that begins beside its top."""
    done = list(lines)
    for cap in lines:
        letter = cap.text.strip()
        if (
            cap.turn
            or not letter
            or not letter[-1].isupper()
            or len(letter.strip("\"'\u201c\u2018\u00ab")) != 1
        ):
            continue
        mates = [number for number, line in enumerate(done) if line is not cap and _goes_on(cap, line)]
        if not mates:
            continue
        first = min(mates, key=lambda number: done[number].box[1])
        done[first] = _joined(letter, cap, done[first])
        done = [line for line in done if line is not cap]
    return tuple(done)


def _goes_on(cap: Line, line: Line) -> bool:
    """Whether ``line`` stands just right of the upper part of ``cap``, and is that much lower."""
    height, tall = line.box[3] - line.box[1], cap.box[3] - cap.box[1]
    text = line.text.lstrip()
    middle = (line.box[1] + line.box[3]) / 2
    return bool(
        text
        and text[0].isalpha()
        and not line.turn
        and tall >= TALL * height
        and cap.box[1] < middle < cap.box[1] + 0.65 * tall
        and -height / 2 < line.box[0] - cap.box[2] < FAR * height
    )


def _joined(letter: str, cap: Line, line: Line) -> Line:
    """``line`` with ``letter`` as its first characters, in their own print but of the line's height."""
    first = line.spans[0]
    apart = line.text[:1].isspace() or not (line.text[:1].islower() or line.text[:2].isupper())
    text = f"{letter} " if apart else letter
    box = (cap.box[0], line.box[1], cap.box[2], line.box[3])
    start = Span(text, box, first.size, first.font, first.bold, first.italic, first.mono)
    rest = replace(first, text=first.text.lstrip())
    spans = (start, rest, *line.spans[1:])
    return replace(line, spans=spans, box=union(span.box for span in spans), strips=())
