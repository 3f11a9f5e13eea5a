"""Characters on their ink as parts of a formula: how large each is, and on which line it stands. Pure.

Sizes and baselines are put right to what there is: the row's own size, its scripts' and theirs.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace

from docspec.drafters.reading.formulas.parts import AXIS, Kind, Part
from docspec.drafters.reading.formulas.seen import Seen, extent, tells_size
from docspec.drafters.reading.formulas.signs import CLOSING, FENCES, OPENING, TALL, part_of
from docspec.drafters.reading.formulas.symbols import FUNCTIONS, INTEGRALS, OPERATORS
from docspec.drafters.reading.formulas.words import WORDS
from docspec.types import Box, Glyph

SCALES = (1.0, 0.7, 0.5)
BETWEEN = (0.84, 0.59)  # what parts these
ALIKE = 0.12  # how far sizes of one font are apart in ink
FEWEST = 2  # characters of that size, where there are several
SHARE = 0.08  # of the characters: as many have a formula's own size, at the least
ON_LINE = 0.15  # of the size: how far off the baseline what stands on it may seem
OTHER_LINE = 0.75  # of the size: how far off the line another line may be
FENCE = 0.75  # of the size: how high delimiters are, at the least
CENTRED = 1.6  # of the size: delimiters that are so tall enclose something tall
CASE = 0.11  # how far off its height a letter may seem
EITHER_CASE = frozenset("cosvwxzuCOSVWXZUπΠ")  # letters that are small or capital by their height alone
LARGER = {
    "τ": "T",
    "ι": "l",
}  # off the line letters are scripts, so a letter as large as the row's is another
LARGE = 0.95  # of the size: from this height on a letter is an operator
LARGE_LETTERS = {"Σ": "∑", "∑": "Σ", "Π": "∏", "∏": "Π"}
SIGN_WIDTHS = {"=": 0.7, "+": 0.66}  # of the size
FAR, FEWEST_SLOPES = 3.0, 3  # of the size: how far apart characters are that show a slope, and how many pairs
DOTS = frozenset(".,·⋅")
ITALIC, UPRIGHT = "CMMI10", "CMR10"
WORD = 4  # letters beside each other that are a word, whichever
FEW = 2  # letters after a function's name that are its variables
GAP = 0.2  # of the size: within a word


def placed_parts(rows: Sequence[Sequence[Seen]], size: float) -> list[Part]:
    """The parts that ``rows`` of characters are, in a formula of this ``size``."""
    return [part for row in rows for part in _row(row, size)]


def _told(seen: Seen) -> float:
    """The size that a character's height tells, or a sign's width; 0 for those that tell none."""
    if seen.char in SIGN_WIDTHS:
        return (seen.box[2] - seen.box[0]) / SIGN_WIDTHS[seen.char]
    if not tells_size(seen.char) or seen.char in LARGE_LETTERS or seen.char == "∞":
        return 0.0
    up, down = extent(seen.char)
    return (seen.box[3] - seen.box[1]) / (up + down)


def size_by(chars: Sequence[Seen], about: float) -> float:
    """The largest size that a fair share of the characters has; what it is ``about`` where none tells."""
    sure = [told for seen in chars if (told := _told(seen)) and seen.char not in EITHER_CASE]
    sizes = sorted(sure or [told for seen in chars if (told := _told(seen))], reverse=True)
    for one in sizes:
        alike = [other for other in sizes if abs(other - one) <= ALIKE * one]
        if len(alike) >= max(min(FEWEST, len(sizes) / 2), SHARE * len(sizes)):
            return statistics.median(alike)
    return about


def _scale(ratio: float) -> float:
    return next((scale for scale, least in zip(SCALES, BETWEEN, strict=False) if ratio >= least), SCALES[-1])


def _row(row: Sequence[Seen], size: float) -> list[Part]:
    """One row's parts: first what its own line is, then what stands on it and what does not."""
    row = [_cased(seen, size) for seen in row]
    scales = [
        _scale(told / size) if seen.char not in SIGN_WIDTHS and (told := _told(seen)) else 0.0 for seen in row
    ]
    own = max(scales, default=0.0) or 1.0
    standing = [seen for seen, scale in zip(row, scales, strict=True) if scale == own]
    sure = [seen for seen in standing if extent(seen.char) == (TALL, 0.0)]  # scripts are never as high
    lines = [_foot(seen, own * size) for seen in sure or standing]
    line = statistics.median(lines) if lines else _middle(row) + AXIS * own * size
    words = _upright(row, line, own * size)
    found: list[Part] = []
    for number, seen in enumerate(row):
        part = _placed(seen, line, own, size, found, upright=number in words)
        found.append(part)
    return found


def slope_of(rows: Sequence[Sequence[Seen]], size: float) -> float:
    """By how many pixels a pixel the lines fall: a page that was not laid straight."""
    slopes: list[float] = []
    for row in rows:
        standing = [
            seen
            for seen in row
            if extent(seen.char) == (TALL, 0.0) and abs(_told(seen) - size) <= ALIKE * size
        ]
        slopes += [
            (b.box[3] - a.box[3]) / (b.box[0] - a.box[0])
            for number, a in enumerate(standing)
            for b in standing[number + 1 :]
            if b.box[0] - a.box[0] >= FAR * size
        ]
    return statistics.median(slopes) if len(slopes) >= FEWEST_SLOPES else 0.0


def _middle(row: Sequence[Seen]) -> float:
    return statistics.median((seen.box[1] + seen.box[3]) / 2 for seen in row)


def _foot(seen: Seen, size: float) -> float:
    """The baseline of a character of ``size``."""
    return seen.box[3] - extent(seen.char)[1] * size


def _placed(
    seen: Seen, line: float, own: float, size: float, before: Sequence[Part], *, upright: bool
) -> Part:
    char, box = seen.char, seen.box
    row = own * size
    high, middle = box[3] - box[1], (box[1] + box[3]) / 2
    if char in LARGE_LETTERS and (char in OPERATORS) != (high >= LARGE * size):
        char = LARGE_LETTERS[char]
    if char in OPERATORS or char in INTEGRALS:
        part = _part(char, box, line, row if high >= 0.85 * row else SCALES[1] * row)
        return replace(part, centred=True)
    if char in OPENING or char in CLOSING or char in FENCES or char == "/":
        if high > CENTRED * row:
            return replace(_part(char, box, line, row), centred=True)
        fits = abs(middle - (line - AXIS * row)) <= 0.3 * row and high >= FENCE * row
        scale = row if fits else SCALES[1] * row
        return _part(char, box, line if fits else _near(box[3] - 0.25 * scale, scale, before), scale)
    if char in "'’":
        return _part("'", box, line, row)
    if char in DOTS:
        return _dot(char, box, line, row, before)
    if not tells_size(char):
        if abs(middle - (line - AXIS * row)) <= ON_LINE * row:
            return _part(char, box, line, row)
        scale = SCALES[1] * row
        return _part(char, box, _near(middle + AXIS * scale, scale, before), scale)
    if char in LARGER and high >= BETWEEN[1] * size and abs(_foot(seen, row) - line) > ON_LINE * row:
        char = LARGER[char]
    up, down = extent(char)
    scale = min(own, _scale(high / (up + down) / size)) * size
    foot = box[3] - down * scale
    if scale == row and ON_LINE * row < abs(foot - line) < OTHER_LINE * row:
        scale = SCALES[1] * row  # a script of a font whose letters are high
        foot = box[3] - down * scale
    on_line = abs(foot - line) <= ON_LINE * row and scale == row
    foot = line if on_line else _near(foot, scale, before)
    return _part(char, box, foot, scale, upright=upright)


def _cased(seen: Seen, size: float) -> Seen:
    """A letter that looks alike small and capital, by its height: as it was read, unless it is as high as a
    small one of the formula's size, or higher than any."""
    if seen.char == "√":
        return replace(seen, char="V")  # a root would have its rule: a V with a dot is taken for one
    if seen.char not in EITHER_CASE:
        return seen
    ratio = (seen.box[3] - seen.box[1]) / size / extent("x")[0]
    if abs(ratio - 1) <= CASE:
        return replace(seen, char=seen.char.lower())
    return replace(seen, char=seen.char.upper()) if ratio > 1 + 2 * CASE else seen


def _dot(char: str, box: Box, line: float, size: float, before: Sequence[Part]) -> Part:
    """A dot on a line or half a letter above it, where it multiplies."""
    middle = (box[1] + box[3]) / 2
    if char in ".·⋅":
        if abs(middle - (line - AXIS * size)) <= 0.1 * size:
            return _part("·", box, line, size)
        char = "."
    if abs(box[1] + 0.1 * size - line) <= ON_LINE * size:
        return _part(char, box, line, size)
    scale = SCALES[1] * size
    return _part(char, box, _near(box[1] + 0.1 * scale, scale, before), scale)


def _near(foot: float, size: float, before: Sequence[Part]) -> float:
    """``foot``, or the baseline of what stands before it and as large, where that is the same but for ink."""
    alike = [part.baseline for part in before[-4:] if abs(part.size - size) < 0.01 * size]
    return next((line for line in reversed(alike) if abs(line - foot) <= ON_LINE * size), foot)


def _part(char: str, box: Box, line: float, size: float, *, upright: bool = False) -> Part:
    glyph = Glyph(char, UPRIGHT if upright else ITALIC, size, (box[0], line), box)
    part = part_of(glyph)
    assert part is not None  # a glyph that has a character is known
    latex = "'" if char == "'" else part.latex
    kind = part.kind if part.kind is not Kind.ACCENT and part.kind is not Kind.RADICAL else Kind.ORDINARY
    return replace(part, latex=latex, box=box, baseline=line, kind=kind)


def _upright(row: Sequence[Seen], line: float, size: float) -> set[int]:
    """The numbers of the letters that are words: functions, and what is long enough."""
    found: set[int] = set()
    start = 0
    for end in range(1, len(row) + 1):
        if end < len(row) and _goes_on(row[end - 1], row[end], line, size):
            continue
        letters = "".join(seen.char for seen in row[start:end])
        if letters.isascii() and letters.isalpha():
            named = max((len(name) for name in FUNCTIONS if letters.startswith(name)), default=0)
            word = letters in WORDS or len(letters) >= max(WORD, named + FEW + 1)
            long = len(letters) if word else named
            found |= set(range(start, start + long)) if long > 1 else set()
        start = end
    return found


def _goes_on(a: Seen, b: Seen, line: float, size: float) -> bool:
    if not (a.char.isalpha() and b.char.isalpha()):
        return False
    on_line = all(abs(_foot(seen, size) - line) <= ON_LINE * size for seen in (a, b))
    return on_line and b.box[0] - a.box[2] <= GAP * size


def root(sign: Box, size: float) -> Part:
    """The sign of a root, without its rule."""
    return Part("\\surd", sign, sign[3] - 0.2 * size, size, Kind.RADICAL)
