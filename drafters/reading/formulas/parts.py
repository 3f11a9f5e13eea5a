"""A part of a formula: a sign, or several that were put together, with its LaTeX and its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from docspec.types import Box, union

AXIS = 0.25  # of the size: how high fractions and large signs have their middle above the baseline


SAME_SIZE = 0.85  # of the size: what is smaller may be a script


class Kind(Enum):
    """What a part is, as far as what stands around it depends on that."""

    ORDINARY = auto()
    LETTER = auto()  # of an alphabet of its own, or upright: several are one word
    TEXT = auto()  # an upright word
    FUNCTION = auto()  # a word that LaTeX knows
    OPERATOR = auto()  # with limits above and below
    INTEGRAL = auto()
    ACCENT = auto()
    OPENING = auto()  # a delimiter
    CLOSING = auto()
    FENCE = auto()  # a delimiter that is the same on both sides
    RADICAL = auto()
    PIECE = auto()  # of a larger sign


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a formula. ``box`` is about what its ink covers, in points; ``baseline`` is where it stands.

    ``size`` is its font's. A ``centred`` part has no baseline of its own: its middle is on the axis.
    ``count`` is how many glyphs it is made of, ``alphabet`` the command for its letters,
    and ``code`` a piece's number in its font.
    """

    latex: str
    box: Box
    baseline: float
    size: float
    kind: Kind = Kind.ORDINARY
    centred: bool = False
    count: int = 1
    alphabet: str = ""
    code: int = -1

    @property
    def middle(self) -> float:
        return (self.box[1] + self.box[3]) / 2

    @property
    def centre(self) -> float:
        return (self.box[0] + self.box[2]) / 2

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]

    @property
    def width(self) -> float:
        return self.box[2] - self.box[0]


def box_of(parts: Iterable[Part]) -> Box:
    """The box around ``parts``."""
    return union(part.box for part in parts)


def overlap(a: Box, b: Box) -> float:
    """How much of their heights two boxes have in common; less than 0: how far they are apart."""
    return min(a[3], b[3]) - max(a[1], b[1])


def count_of(parts: Iterable[Part]) -> int:
    """How many glyphs ``parts`` are made of."""
    return sum(part.count for part in parts)


def size_of(parts: Sequence[Part]) -> float:
    """The size of the largest of ``parts``. Signs that are as large as what is beside them
    count only where there are no others.
    """
    standing = (part.size for part in parts if not part.centred or part.kind is Kind.ORDINARY)
    return max(standing, default=max(part.size for part in parts))


def without(parts: Sequence[Part], gone: Iterable[Part]) -> list[Part]:
    """``parts`` but those (the same objects) that are ``gone``."""
    ids = {id(part) for part in gone}
    return [part for part in parts if id(part) not in ids]


def by_rows(parts: Sequence[Part], gap: float) -> list[list[Part]]:
    """``parts`` from the top, apart where nothing stands for more than ``gap`` points."""
    rows: list[list[Part]] = []
    bottom = 0.0
    for part in sorted(parts, key=lambda part: part.box[1]):
        if rows and part.box[1] - bottom <= gap:
            rows[-1].append(part)
            bottom = max(bottom, part.box[3])
        else:
            rows.append([part])
            bottom = part.box[3]
    return rows


def over(part: Part, parts: Sequence[Part], latex: str) -> Part:
    """``part`` together with ``parts`` around it, as ``latex``, in its own place."""
    box = box_of([part, *parts])
    return replace(part, latex=latex, box=box, count=part.count + count_of(parts))


def row_of(parts: Sequence[Part]) -> Part:
    """``parts`` as one that stands where the largest of them stand."""
    size = size_of(parts)
    largest = [part for part in parts if part.size >= SAME_SIZE * size] or list(parts)
    first = min(largest, key=lambda part: (part.centred, part.box[0]))
    return replace(
        first, box=box_of(parts), size=size, kind=Kind.ORDINARY, count=count_of(parts), alphabet="", latex=""
    )
