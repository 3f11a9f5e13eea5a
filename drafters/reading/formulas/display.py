"""A displayed formula's glyphs as LaTeX: its lines, what they are aligned at, their numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from docspec.drafters.reading.formulas.bars import with_bars, with_braces
from docspec.drafters.reading.formulas.large import assembled
from docspec.drafters.reading.formulas.matrices import whole_rows
from docspec.drafters.reading.formulas.parts import Kind, Part, count_of, size_of
from docspec.drafters.reading.formulas.rows import BREAK, latex_of
from docspec.drafters.reading.formulas.signs import part_of, placed
from docspec.drafters.reading.formulas.stacks import with_accents, with_limits
from docspec.drafters.reading.formulas.words import with_words
from docspec.marks import KNOWN_FORMULA_NUMBER
from docspec.types import Box, Glyph

LINE_GAP = 0.12  # of the size: between lines
NUMBER_GAP = 1.3  # of the size: before a formula's number
RELATION = re.compile(
    r"\\(?:leq?|geq?|neq|approx|equiv|sim|simeq|in|to|subseteq|subset|propto|Rightarrow|iff|triangleq|leqslant|"
    r"geqslant|lesssim|gtrsim|ll|gg|cong|Longrightarrow|longrightarrow)(?![A-Za-z])|[=<>]"
)
GOES_ON = re.compile(
    rf"(?:\\q?quad)?\s*(?:{RELATION.pattern}|[+\-]|\\(?:times|cdot|pm|cup|cap|otimes|oplus)(?![A-Za-z]))"
)


@dataclass(frozen=True, slots=True)
class Formula:
    """One line of a display: its LaTeX, and its number where it has one ("3")."""

    latex: str
    number: str = ""

    @property
    def tagged(self) -> str:
        return f"{self.latex} \\tag{{{self.number}}}" if self.number else self.latex


def display(glyphs: Sequence[Glyph], rules: Sequence[Box]) -> list[Formula]:
    """The lines of a display from the top; none where its glyphs are not all understood."""
    return lines_of(parts_of(glyphs, rules))


def lines_of(parts: Sequence[Part]) -> list[Formula]:
    """The lines of a display from the top, of parts that have been put together."""
    if not parts:
        return []
    lines = [_line(row) for row in whole_rows(parts, LINE_GAP * size_of(parts))]
    return _numbered(lines)


def parts_of(glyphs: Sequence[Glyph], rules: Sequence[Box]) -> list[Part]:
    """``glyphs`` with all that stands above and below each other put together; none where one is unknown."""
    signs = [part_of(glyph) for glyph in placed(glyphs)]
    known = [part for part in signs if part is not None]
    if len(known) < len(signs) or not known:
        return []
    parts = with_words(assembled(known))
    if any(part.kind is Kind.PIECE and part.code < 0 for part in parts):
        return []
    parts = with_braces(together(parts, rules), rules)
    return parts if count_of(parts) == len(glyphs) else []


def together(parts: Sequence[Part], rules: Sequence[Box]) -> list[Part]:
    """``parts`` with accents on their letters, limits at their signs, and fractions and roots as one each."""
    return with_bars(with_limits(with_accents(parts), rules), rules)


def _line(row: Sequence[Part]) -> Formula:
    """A line with its number apart."""
    ordered = sorted(row, key=lambda part: part.box[0])
    size = size_of(row)
    for number in range(len(ordered) - 1, 0, -1):
        tail = ordered[number:]
        if ordered[number].box[0] - max(part.box[2] for part in ordered[:number]) < NUMBER_GAP * size:
            continue
        text = "".join(part.latex for part in tail)
        found = KNOWN_FORMULA_NUMBER.fullmatch(text)
        return Formula(latex_of(ordered[:number]), found[1]) if found else Formula(latex_of(ordered))
    return Formula(latex_of(ordered))


def _numbered(lines: Sequence[Formula]) -> list[Formula]:
    """``lines`` with numbers that stand in a line of their own on the one before."""
    done: list[Formula] = []
    for line in lines:
        found = KNOWN_FORMULA_NUMBER.fullmatch(line.latex)
        if found and done and not done[-1].number:
            done[-1] = Formula(done[-1].latex, found[1])
        else:
            done.append(line)
    return done


def as_one(lines: Sequence[Formula]) -> str:
    """``lines`` as one formula, aligned where each goes on the one before."""
    if len(lines) == 1:
        return lines[0].tagged
    numbers = [line.number for line in lines if line.number]
    rows = [_aligned(line.latex) for line in lines]
    tag = f" \\tag{{{numbers[0]}}}" if len(numbers) == 1 else ""
    if len(numbers) > 1:
        rows = [
            f"{row} \\tag{{{line.number}}}" if line.number else row
            for row, line in zip(rows, lines, strict=True)
        ]
        return f"\\begin{{align}} {BREAK.join(rows)} \\end{{align}}"
    return f"\\begin{{aligned}} {BREAK.join(rows)} \\end{{aligned}}{tag}"


def apart(lines: Sequence[Formula]) -> list[str]:
    """``lines`` as formulas: those that go on the one before are one with it, others stand by themselves."""
    groups: list[list[Formula]] = []
    for line in lines:
        if groups and not groups[-1][-1].number and GOES_ON.match(line.latex):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [as_one(group) for group in groups]


def _aligned(latex: str) -> str:
    """``latex`` with a mark before its first relation that stands in no braces."""
    depth = 0
    for place, char in enumerate(latex):
        depth += {"{": 1, "}": -1}.get(char, 0)
        if depth == 0 and RELATION.match(latex, place) and (char != "<" or place):
            return (
                f"{latex[:place]}&{latex[place:]}"
                if not place
                else f"{latex[:place].rstrip()} &{latex[place:]}"
            )
    return f"&{latex}"
