"""The characters of running text with their glyphs, by rows, and what their places say. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from docspec.drafters.reading.formulas.parts import AXIS
from docspec.drafters.reading.formulas.signs import LARGE, part_of
from docspec.drafters.reading.formulas.symbols import ACCENTS
from docspec.types import Box, Glyph, Line, union

LATEX = "LaTeX"  # the font of a span that is markdown already
MATHS = re.compile(
    r"^(?:CMB?SY|CMMIB?|CMEX|MS[AB]M|EU[FSR][MB]|RSFS|LMMath|EUEX|(?:R?TX|PX)B?(?:SY|MI|EX)|MTSY|MTMI|MTEX|"
    r"STIX\w*Math|XITS\w*Math|.*[A-Za-z]Math(?:-|$)|Cambria ?Math|BBM|DSROM|Latin ?Modern ?Math)",
    re.IGNORECASE,
)
ROOT = "√"
LONGEST_BAR = 60.0  # points: of a fraction or a root within text
CLOSE = 0.12  # of the size: what is nearer is no word of its own
SMALL = 0.85  # of the size: what is smaller is a script
SCRIPT_REACH = 0.75  # of the size: how far off a row its scripts are
SAME_ROW = 0.25  # of the size: how far baselines of one row differ


@dataclass(slots=True)
class Char:
    """A glyph, where its character stands (line, span, place), and the row that it is on."""

    glyph: Glyph
    place: tuple[int, int, int]
    row: int = -1
    script: bool = False
    fraction: bool = False  # above or below a bar, or in a root
    alone: bool = False  # a letter that is no part of a word
    run: int = -1

    @property
    def x0(self) -> float:
        return self.glyph.box[0]

    @property
    def x1(self) -> float:
        return self.glyph.box[2]


def characters(lines: Sequence[Line], glyphs: Sequence[Glyph]) -> list[Char]:
    """The characters of ``lines`` with their glyphs, of spans in which these are as many."""
    frame = union(box for line in lines for box in (line.box, *(span.box for span in line.spans)))
    near = [glyph for glyph in glyphs if _within(glyph.box, frame)]
    found: list[Char] = []
    for i, line in enumerate(lines):
        if line.turn:
            continue
        whole = union([line.box, *(span.box for span in line.spans)])  # roots' signs stand above a line
        beside = [glyph for glyph in near if _within(glyph.box, whole)]
        for j, span in enumerate(line.spans):
            own = [glyph for glyph in beside if glyph.font == span.font and _within(glyph.box, span.box)]
            own = [glyph for glyph in own if abs(glyph.size - span.size) < 0.01]
            places = [k for k, char in enumerate(span.text) if not char.isspace()]
            if len(own) == len(places):
                found += [Char(glyph, (i, j, k)) for glyph, k in zip(own, places, strict=True)]
    return found


def _within(box: Box, frame: Box) -> bool:
    """Whether ``box`` is in ``frame``."""
    return (
        frame[0] - 0.01 <= box[0]
        and box[2] <= frame[2] + 0.01
        and frame[1] - 0.01 <= box[1]
        and box[3] <= frame[3] + 0.01
    )


def rows_of(chars: Sequence[Char]) -> list[list[Char]]:
    """``chars`` by rows of text, each from the left, scripts with the row that they belong to."""
    if not chars:
        return []
    size = median(char.glyph.size for char in chars)
    rows: list[list[Char]] = []
    for char in sorted(
        (char for char in chars if _is_main(char, size)), key=lambda char: _standing(char.glyph)
    ):
        if rows and _standing(char.glyph) - _standing(rows[-1][0].glyph) <= SAME_ROW * size:
            rows[-1].append(char)
        else:
            rows.append([char])
    baselines = [median(_standing(char.glyph) for char in row) for row in rows]
    for char in chars:
        if _is_main(char, size) or not rows:
            continue
        nearest = min(range(len(rows)), key=lambda number: abs(baselines[number] - _standing(char.glyph)))
        if abs(baselines[nearest] - _standing(char.glyph)) <= SCRIPT_REACH * size:
            char.script = (
                char.glyph.size < SMALL * size
                and abs(baselines[nearest] - _standing(char.glyph)) > 0.05 * size
            )
            rows[nearest].append(char)
    ordered = [sorted(row, key=lambda char: char.x0) for row in rows]
    for row in ordered:
        _mark_alone([char for char in row if not char.script])
    return ordered


def _is_main(char: Char, size: float) -> bool:
    """Whether a character makes rows: scripts and accents stand off them."""
    return char.glyph.size >= SMALL * size and not is_accent(char.glyph)


def is_accent(glyph: Glyph) -> bool:
    return glyph.text in ACCENTS and glyph.text not in "`^~"


def _mark_alone(row: Sequence[Char]) -> None:
    """Marks letters that have no words in their font beside them."""
    tokens: list[list[Char]] = []
    for char in row:
        last = tokens[-1][-1] if tokens else None
        if last and last.glyph.font == char.glyph.font and char.x0 - last.x1 < CLOSE * char.glyph.size:
            tokens[-1].append(char)
        else:
            tokens.append([char])
    for number, token in enumerate(tokens):
        near = [other for other in tokens[max(0, number - 1) : number + 2] if other is not token]
        alone = sum(char.glyph.text.isalpha() for char in token) == 1 and not any(
            other[0].glyph.font == token[0].glyph.font
            and sum(char.glyph.text.isalpha() for char in other) > 1
            for other in near
        )
        for char in token:
            char.alone = alone and char.glyph.text.isalpha()


def mark_fractions(chars: Sequence[Char], rules: Sequence[Box]) -> None:
    """Marks what stands above and below a short rule that is no root's."""
    roots = {rule for _, _, rule in _roots(chars, rules)}
    for x0, y0, x1, y1 in rules:
        if x1 - x0 > LONGEST_BAR or (x0, y0, x1, y1) in roots:
            continue
        inside = [char for char in chars if x0 - 1 <= (char.x0 + char.x1) / 2 <= x1 + 1]
        above = [char for char in inside if 0 < y0 - char.glyph.origin[1] < 0.8 * char.glyph.size]
        below = [
            char
            for char in inside
            if 0.4 * char.glyph.size < char.glyph.origin[1] - y1 < 1.4 * char.glyph.size
        ]
        if above and below:
            for char in (*above, *below):
                char.fraction = True


def mark_roots(chars: Sequence[Char], rules: Sequence[Box]) -> None:
    """Marks roots' signs that a rule goes on, and what stands under it."""
    for sign, size, (x0, _, x1, y1) in _roots(chars, rules):
        under = [
            char
            for char in chars
            if x0 - 1 <= (char.x0 + char.x1) / 2 <= x1 + 1
            and 0.4 * char.glyph.size < char.glyph.origin[1] - y1 < 1.4 * size
        ]
        for char in (sign, *under) if under else ():
            char.fraction = True


def _roots(chars: Sequence[Char], rules: Sequence[Box]) -> list[tuple[Char, float, Box]]:
    """Roots' signs, their sizes, and the rules that go on at the top of them."""
    found: list[tuple[Char, float, Box]] = []
    for sign in chars:
        if sign.glyph.text != ROOT or (part := part_of(sign.glyph)) is None:
            continue
        for rule in rules:
            level = abs(part.box[1] - (rule[1] + rule[3]) / 2) <= 0.25 * part.size
            if level and abs(part.box[2] - rule[0]) <= 0.2 * part.size and rule[2] - rule[0] <= LONGEST_BAR:
                found.append((sign, part.size, rule))
    return found


def _standing(glyph: Glyph) -> float:
    """The baseline of the row that a glyph is on: large signs and roots are set from above."""
    if glyph.text == ROOT and (part := part_of(glyph)) is not None:
        return part.baseline
    if LARGE.match(glyph.font.rsplit("+", 1)[-1]) and (part := part_of(glyph)) is not None and part.centred:
        return part.middle + AXIS * part.size
    return glyph.origin[1]
