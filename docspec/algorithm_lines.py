"""Lines of an algorithm as papers print it: what shows that they are some, and their text. Pure.

Its lines are numbered, set in as far as their depth, and most begin with words of a program.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from docspec.code_lines import rows_of_spans
from docspec.drafters.characters import clean
from docspec.drafters.reading.formulas.inline import LATEX
from docspec.drafters.reading.formulas.symbols import NAMES
from docspec.types import Line, Span

LINES = 4  # of an algorithm, at the least
BOLD = 3  # lines that begin with such a word in bold, at the least, where none is numbered
NUMBERED = 0.6  # share of its lines that have numbers: others are the rest of a long one
KEYWORDS = 0.25  # share that begin with words of a program, and two at the least
STEP = 0.35  # of the font's size: edges that are closer than this are one depth
GAP = 0.15  # of the font's size: from which a space stands between two spans
INDENT = "    "
NUMBER = re.compile(r"\s*(\d{1,3})(?:[:.)]\s*|\s+|$)")
FORMULA = re.compile(r"(?:\$|\\\()(.*)(?:\$|\\\))")
COMMAND = re.compile(r"\\([A-Za-z]+) ?|\\([{}%&#_$])")
CHARACTERS = {name: char for char, name in reversed(NAMES.items())}
SIGNS = ("Sm", "So")  # relations and operations, which have space around them
KEYWORD = re.compile(
    r"(?:for|while|if|else|elseif|elif|then|do|end|endfor|endif|endwhile|return|repeat|until|foreach|forall|loop"
    r"|function|procedure|begin|input|output|require|ensure|break|continue|print|yield|call|initiali[sz]e)\b",
    re.IGNORECASE,
)

END = re.compile(r"(?:end|return|until|else|output)", re.IGNORECASE)
HEAD = re.compile(
    r"(?:algorithm\w*|procedure|listing)\s*\d|(?:require|ensure|input|output|data|result|parameters?)s?\s*:",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Step:
    """A line of an algorithm: its number as printed, or "", the left edge of its text, and the text."""

    number: str
    left: float
    text: str


def is_algorithm(lines: Sequence[Line]) -> bool:
    """Whether ``lines`` are an algorithm's."""
    return bool(steps(lines))


def line_number(line: Line) -> int | None:
    """The number that a line begins with; None where it begins with none, or with a list's or a decimal."""
    found = NUMBER.match(line.text)
    if found is None or found[0].rstrip().endswith((".", ")")):
        return None
    return int(found[1])


def steps(lines: Sequence[Line]) -> list[Step]:
    """The lines of an algorithm from the top; none where ``lines`` are no algorithm."""
    numbered = sum(line_number(line) is not None for line in lines) >= LINES
    if not numbered and sum(map(is_bold_word, lines)) < BOLD:
        return []
    rows = rows_of_spans(lines)
    found = [step for row in rows if (step := _step(row)) is not None]
    return found if (_are_counted(found) if numbered else _are_set_in(found, rows)) else []


def _are_counted(found: Sequence[Step]) -> bool:
    """Whether most lines have numbers, one after the other, and enough begin with a program's words."""
    numbers = [int(step.number.rstrip(":")) for step in found if step.number]
    words = sum(bool(KEYWORD.match(step.text)) for step in found)
    return (
        len(numbers) >= max(LINES, NUMBERED * len(found))
        and all(b == a + 1 for a, b in pairwise(numbers))
        and found[0].number != ""
        and words >= max(2, KEYWORDS * len(found))
    )


def _are_set_in(found: Sequence[Step], rows: Sequence[Sequence[Span]]) -> bool:
    """Whether lines without numbers have a program's words in bold, one that ends something, and depths."""
    bold = sum(row[0].bold and bool(KEYWORD.match(step.text)) for row, step in zip(rows, found, strict=False))
    ends = any(END.match(step.text) for step in found)
    size = max((span.size for row in rows for span in row), default=0.0)
    depth = max(step.left for step in found) - min(step.left for step in found)
    return len(found) >= LINES and bold >= max(BOLD, KEYWORDS * len(found)) and ends and depth > STEP * size


def is_bold_word(line: Line) -> bool:
    """Whether a line begins with a program's word in bold."""
    first = next((span for span in line.spans if span.text.strip()), None)
    return first is not None and first.bold and KEYWORD.match(line.text.lstrip()) is not None


def is_head(line: Line) -> bool:
    """Whether a line is an algorithm's name, or says what it takes and gives."""
    return HEAD.match(line.text.lstrip()) is not None


def algorithm_text(lines: Sequence[Line]) -> str:
    """The lines of an algorithm with their numbers, set in by their depth."""
    found = steps(lines)
    size = median(span.size or span.box[3] - span.box[1] for line in lines for span in line.spans)
    edges: list[float] = []
    numbered = any(step.number for step in found)
    for left in sorted(step.left for step in found if step.number or not numbered):
        if not edges or left - edges[-1] > STEP * size:
            edges.append(left)
    width = max(len(step.number) for step in found)
    text: list[str] = []
    for step in found:
        depth = sum(edge < step.left + STEP * size for edge in edges[1:])
        number = f"{step.number.rjust(width)} " if width else ""
        text.append(f"{number}{INDENT * depth}{step.text}".rstrip())
    return "\n".join(text)


def _step(row: Sequence[Span]) -> Step | None:
    """A row as a line; the number may be a span of its own, or begin one."""
    spans = [span for span in row if span.text.strip()]
    if not spans:
        return None
    text = _joined(spans)
    found = NUMBER.match(text)
    if found is None or found[0].rstrip().endswith((".", ")")):
        return Step("", spans[0].box[0], text)
    number, rest = found[0].strip(), text[found.end() :].strip()
    first = spans[0].text
    if NUMBER.fullmatch(first) and len(spans) > 1:
        return Step(number, spans[1].box[0], rest)
    x0, _, x1, _ = spans[0].box
    return Step(number, x0 + (x1 - x0) * min(1.0, found.end() / len(first)), rest)


def plain_formula(latex: str) -> str:
    """A formula within a line, ``$...$``, in characters; as it is where it needs more than scripts."""
    found = FORMULA.fullmatch(latex.strip())
    if found is None:
        return latex
    text = COMMAND.sub(lambda name: _character(name[1] or name[2]) or name[0], found[1])
    if "\\" in text:
        return latex
    text = re.sub(r"[_^]\{(\w)\}", lambda script: script[0][0] + script[1], text)
    return " ".join(re.sub(r"(?<=[^\s(\[{,_^])([=<>+])(?=\S)", r" \1 ", text).split())


def _character(name: str) -> str:
    char = CHARACTERS.get(name, "")
    return f" {char} " if unicodedata.category(char or "a") in SIGNS else char


def _joined(spans: Sequence[Span]) -> str:
    text = ""
    for before, span in zip([None, *spans], spans, strict=False):
        apart = before is not None and span.box[0] - before.box[2] > GAP * (span.size or 10.0)
        text += " " if apart and not text.endswith(" ") and not span.text.startswith(" ") else ""
        text += plain_formula(span.text) if span.font == LATEX else span.text
    return " ".join(clean(text).split())
