"""Parts that stand beside each other as one row of LaTeX: scripts, delimiters, matrices. Pure.

Who is a script of whom follows from baselines and sizes, from the left to the right, as in the baseline trees
of R. Zanibbi, D. Blostein and J. R. Cordy, Recognizing mathematical expressions using tree transformation
(IEEE Transactions on Pattern Analysis and Machine Intelligence 24(11), 2002).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from docspec.drafters.reading.formulas.matrices import baseline_of, with_matrices
from docspec.drafters.reading.formulas.parts import (
    AXIS,
    SAME_SIZE,
    Kind,
    Part,
    size_of,
)

SHIFTED, SHIFTED_SMALL = 0.2, 0.06  # of the row's size: how far off the baseline a script is, at the least
OFF_AXIS = 0.3  # of the row's size: how far off the axis a fraction of a script is
QUAD = 0.95  # of the row's size: a gap that was set
BIGS = (
    (1.5, "\\big"),
    (2.1, "\\Big"),
    (2.7, "\\bigg"),
    (float("inf"), "\\Bigg"),
)  # by their heights in sizes
BREAK = " \\\\ "  # between the rows of what has several
COMMAND_END = re.compile(r"\\[A-Za-z]+$")


@dataclass(slots=True)
class _Base:
    """A part on the row's baseline with its scripts."""

    part: Part | None
    below: list[Part] = field(default_factory=list)
    above: list[Part] = field(default_factory=list)


def latex_of(parts: Sequence[Part]) -> str:
    """The LaTeX of ``parts``, which are one row."""
    if not parts:
        return ""
    parts = with_matrices(parts, latex_of)
    size = size_of(parts)
    baseline = baseline_of(parts, size)
    bases: list[_Base] = []
    ordered = sorted(parts, key=lambda part: part.box[0])
    ways = [_way(part, baseline, size) for part in ordered]
    if all(ways):
        ways = [0] * len(ways)
    for part, way in zip(ordered, ways, strict=True):
        if not way and not (bases and _is_of_script(bases[-1], part)):
            bases.append(_Base(part))
            continue
        if not bases:
            bases.append(_Base(None))
        _attach(bases[-1], part, way)
    return _written(bases, size)


def _way(part: Part, baseline: float, size: float) -> int:
    """1 for a superscript, -1 for a subscript, 0 for what stands on the row."""
    if part.centred:
        off = part.middle - (baseline - AXIS * size)
        inside = part.box[1] <= baseline - AXIS * size <= part.box[3]
        small = part.size < SAME_SIZE * size or part.height < 0.8 * size
        return 0 if abs(off) <= OFF_AXIS * size or (inside and not small) else (-1 if off > 0 else 1)
    off = part.baseline - baseline
    if part.kind in (Kind.OPENING, Kind.CLOSING, Kind.FENCE) and part.size >= SAME_SIZE * size:
        return 0 if abs(off) <= 2 * SHIFTED * size else (-1 if off > 0 else 1)
    least = SHIFTED if part.size >= SAME_SIZE * size else SHIFTED_SMALL
    return 0 if abs(off) <= least * size else (-1 if off > 0 else 1)


def _attach(base: _Base, part: Part, way: int) -> None:
    """Gives ``part`` to the script that it belongs to: a script's own may be on either side of the row."""
    groups = [group for group in (base.above, base.below) if group]
    smaller = [group for group in groups if part.size < SAME_SIZE * size_of(group)]
    near = [
        group
        for group in smaller
        if group[-1].box[1] - part.height <= part.middle <= group[-1].box[3] + part.height
    ]
    if near:
        min(
            near,
            key=lambda group: (
                part.box[0] - max(one.box[2] for one in group),
                abs(group[-1].middle - part.middle),
            ),
        ).append(part)
    else:
        (base.above if way > 0 else base.below).append(part)


def _is_of_script(base: _Base, part: Part) -> bool:
    """Whether ``part``, though on the row's baseline, is so small that it is a script's own script."""
    groups = [group for group in (base.above, base.below) if group and base.part is not None]
    return any(
        part.size < SAME_SIZE * size_of(group)
        and abs(part.box[0] - max(one.box[2] for one in group)) < 0.3 * size_of(group)
        for group in groups
    )


def _written(bases: Sequence[_Base], size: float) -> str:
    pieces: list[str] = []
    marks = _sides([base.part for base in bases], size)
    right = None
    for number, base in enumerate(bases):
        part = base.part
        if part is not None and right is not None:
            gap = part.box[0] - right
            if gap > QUAD * size:
                pieces.append("\\qquad" if gap > 1.9 * size else "\\quad")
        latex = "{}" if part is None else marks.get(number, part.latex)
        if latex == "|" and 0 < number < len(bases) - 1 and _is_relation(bases, number, size):
            latex = "\\mid"
        if part is not None and part.kind is Kind.LETTER:
            latex = _in_alphabet(latex, part.alphabet)
        elif part is not None and part.kind is Kind.TEXT:
            latex = _text(part, number, bases, size)
        for mark, group in (("_", base.below), ("^", base.above)):
            if group:
                latex = f"{latex}{mark}{{{latex_of(group)}}}"
        pieces.append(latex)
        boxes = [one.box[2] for one in (*((part,) if part else ()), *base.below, *base.above)]
        right = max(boxes)
    return joined(pieces)


def _is_relation(bases: Sequence[_Base], number: int, size: float) -> bool:
    """Whether a bar has space on both sides, as a relation has it."""
    part, before, after = bases[number].part, bases[number - 1], bases[number + 1].part
    if part is None or after is None or before.part is None:
        return False
    left = max(one.box[2] for one in (before.part, *before.below, *before.above))
    return part.box[0] - left > 0.2 * size and after.box[0] - part.box[2] > 0.2 * size


def _text(part: Part, number: int, bases: Sequence[_Base], size: float) -> str:
    """Words, with a space where one is set beside them."""
    before = bases[number - 1].part if number else None
    after = bases[number + 1].part if number + 1 < len(bases) else None
    left = before is not None and part.box[0] - before.box[2] > 0.2 * size
    right = (
        after is not None
        and after.box[0] - part.box[2] > 0.2 * size
        and not (bases[number].below or bases[number].above)
    )
    return f"\\text{{{' ' * left}{part.latex}{' ' * right}}}"


def _in_alphabet(latex: str, alphabet: str) -> str:
    return f"{alphabet}{{{latex}}}" if alphabet else latex


def joined(pieces: Sequence[str]) -> str:
    """``pieces`` as one string, a space where a command would go on into a letter."""
    out = ""
    for piece in filter(None, pieces):
        out += f" {piece}" if piece[0].isalpha() and COMMAND_END.search(out) else piece
    return out


def _sides(parts: Sequence[Part | None], size: float) -> dict[int, str]:
    """Large delimiters by their numbers: ``\\left`` and ``\\right`` where both are there, else how large."""
    large = [
        (number, part)
        for number, part in enumerate(parts)
        if part is not None and part.centred and part.kind in (Kind.OPENING, Kind.CLOSING, Kind.FENCE)
    ]
    found: dict[int, str] = {}
    opened: list[tuple[int, Part]] = []
    for number, part in large:
        fits = bool(opened) and abs(opened[-1][1].height - part.height) < 0.3 * size
        closes = part.kind is Kind.CLOSING or (
            part.kind is Kind.FENCE and fits and opened[-1][1].latex == part.latex
        )
        if closes and fits:
            start, first = opened.pop()
            found[start], found[number] = f"\\left{first.latex}", f"\\right{part.latex}"
        elif part.kind is not Kind.CLOSING:
            opened.append((number, part))
    for number, part in large:
        if number not in found:
            big = next(name for most, name in BIGS if part.height < most * size)
            found[number] = f"{big}{part.latex}"
    return found
