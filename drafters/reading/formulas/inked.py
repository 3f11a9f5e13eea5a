"""A display formula's LaTeX from its pixels: what a recogniser reads of its strips, put where its ink is.

The recogniser says which characters there are, and the ink says where each stands and how large it is: what
is raised, what is over a bar, what stands under a root. The rest is as with the glyphs of a PDF.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from docspec.drafters.characters import is_cjk
from docspec.drafters.reading.ctc import Transcript
from docspec.drafters.reading.formulas.accents import accent, dotted
from docspec.drafters.reading.formulas.display import Formula, lines_of, together
from docspec.drafters.reading.formulas.ink import Ink, ink_of, sheared
from docspec.drafters.reading.formulas.parts import Part
from docspec.drafters.reading.formulas.placing import placed_parts, root, size_by, slope_of
from docspec.drafters.reading.formulas.seen import Seen, aligned, meant
from docspec.drafters.reading.formulas.strips import LETTER, TALL, Layout, grouped, is_flat, layout_of
from docspec.drafters.reading.formulas.words import with_words
from docspec.types import Box, Image, Page, Region, union

Read = Callable[[Sequence[Image]], Sequence[Transcript]]
LEAST_SURE = 0.35  # of a piece that is read alone
UNEXPLAINED = 0.25  # of the pieces that stand for something: with more the formula is not understood
TALL_SIGNS = frozenset("()[]{}|∥‖⟨⟩⌊⌋⌈⌉/∫∬∮∑∏√")
LIKE_INFINITY = dict.fromkeys("8oOC", 1.25) | dict.fromkeys("α∝", 1.6)  # times as wide as high, from which on
LEANS = 0.08  # of the size: how much higher one end of a formula stands that is put straight, at the least
AROUND = 3.0  # points around a formula, in which its ink may end
OFF = 1.15  # how far off the size may be that was taken for granted
MOST_PIECES = 400


def formula_in(page: Page, region: Region, read: Read) -> list[Formula]:
    """The lines of a display formula that ``region`` of a scanned ``page`` is; none where it is not
    understood."""
    box = union([region.box, *(span.box for line in region.lines for span in line.spans)])
    x0, y0, x1, y1 = page.pixels(box)
    image = page.crop((box[0] - AROUND, box[1] - AROUND, box[2] + AROUND, box[3] + AROUND))
    left, top, _, _ = page.pixels((box[0] - AROUND, box[1] - AROUND, box[2], box[3]))
    return formula_of(image, read, (x0 - left, y0 - top, x1 - left, y1 - top))


def formula_of(image: Image, read: Read, inside: Box | None = None) -> list[Formula]:
    """The lines of the display formula in ``image`` [h, w, 3], of what stands ``inside`` a box of its pixels;
    none where it is not understood."""
    ink = ink_of(image, inside)
    if not 0 < len(ink.boxes) <= MOST_PIECES:
        return []
    layout = layout_of(ink)
    rows, missed = _rows(ink, layout, read)
    size = size_by([seen for row in rows for seen in row], ink.size)
    slope = slope_of(rows, size)
    leans = abs(slope) * image.shape[1] > LEANS * size
    if leans or not 1 / OFF < size / ink.size < OFF:
        ink = ink_of(sheared(image, slope) if leans else image, inside, size)
        layout = layout_of(ink)
        rows, missed = _rows(ink, layout, read)
        size = size_by([seen for row in rows for seen in row], size)
    parts = placed_parts(rows, size)
    marks, rules, rest = _marks(ink, missed, parts)
    again = _again(ink, rest, read)
    parts, marks = dotted(parts, marks)
    parts += marks + placed_parts(again, size) + [root(sign, size) for sign in layout.roots.values()]
    known = {number for row in again for seen in row for number in seen.pieces}
    lost = [number for number in rest if number not in known and _is_letter(ink, number)]
    if not parts or len(lost) > UNEXPLAINED * len(parts):
        return []
    return lines_of(together(with_words(parts), [*layout.rules, *rules]))


def _rows(ink: Ink, layout: Layout, read: Read) -> tuple[list[list[Seen]], list[int]]:
    """What each strip's reading is of the ink, and the pieces that are none of it."""
    strips = [*layout.groups, *([number] for number in layout.tall)]
    read_rows = [
        _row(ink, strip, reading)
        for strip, reading in zip(strips, read([ink.strip(strip) for strip in strips]), strict=True)
    ]
    return [seen for seen, _ in read_rows if seen], [number for _, left in read_rows for number in left]


def _marks(ink: Ink, missed: Sequence[int], parts: Sequence[Part]) -> tuple[list[Part], list[Box], list[int]]:
    """The accents and the rules among pieces that no character is, and the others."""
    marks: list[Part] = []
    rules: list[Box] = []
    rest: list[int] = []
    for number in missed:
        if is_flat(ink.boxes[number], ink.size):
            rules.append(ink.boxes[number])
        elif (mark := accent(ink, number, parts)) is not None:
            marks.append(mark)
        else:
            rest.append(number)
    return marks, rules, rest


def _is_letter(ink: Ink, number: int) -> bool:
    x0, y0, x1, y1 = ink.boxes[number]
    return max(x1 - x0, y1 - y0) > LETTER * ink.size


def _row(ink: Ink, strip: Sequence[int], reading: Transcript) -> tuple[list[Seen], list[int]]:
    x, _ = ink.origin(strip)
    width = ink.strip(strip).shape[1]
    text = [
        (char, x + place * width)
        for char, place in zip(_signs(reading), reading.places, strict=True)
        if not char.isspace()
    ]
    seen, left = aligned(text, {number: ink.boxes[number] for number in strip}, ink.size)
    shared = Counter(number for one in seen for number in one.pieces)
    touching = {number for number, count in shared.items() if count > 1}
    seen = [replace(one, box=ink.trimmed(one.box)) if touching & {*one.pieces} else one for one in seen]
    return [_by_shape(ink, one) for one in seen if not is_cjk(one.char)], left


def _signs(reading: Transcript) -> list[str]:
    """The signs that are meant, the second reading of a character that no formula has."""
    seconds = {number: char for number, char, _ in reading.seconds}
    signs = [meant(char) for char in reading.text]
    return [
        meant(seconds[number]) if is_cjk(sign) and seconds.get(number) else sign
        for number, sign in enumerate(signs)
    ]


def _by_shape(ink: Ink, seen: Seen) -> Seen:
    """A sign that readings confuse with another, by its ink."""
    if seen.char == "V" and ink.fills(seen.box, "top"):
        return replace(seen, char="∇")
    x0, y0, x1, y1 = seen.box
    if x1 - x0 > LIKE_INFINITY.get(seen.char, math.inf) * (y1 - y0):
        return replace(seen, char="∞")
    if y1 - y0 > TALL * ink.size and seen.char not in TALL_SIGNS:
        return replace(seen, char=ink.delimiter(seen.box))
    return seen


def _again(ink: Ink, missed: Sequence[int], read: Read) -> list[list[Seen]]:
    """What stands in pieces that the row's reading left out, read by itself."""
    asked = [group for group in grouped(ink, missed) if any(_is_letter(ink, number) for number in group)]
    if not asked:
        return []
    found: list[list[Seen]] = []
    for group, reading in zip(asked, read([ink.strip(group) for group in asked]), strict=True):
        if reading.confidence >= LEAST_SURE:
            found.append(_row(ink, group, reading)[0])
    return found
