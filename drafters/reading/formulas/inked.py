"""A display formula's LaTeX from its pixels: what a recogniser reads of its strips, put where its ink is.

The recogniser says which characters there are, and the ink says where each stands and how large it is: what
is raised, what is over a bar, what stands under a root. The rest is as with the glyphs of a PDF.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from docspec.drafters.reading.ctc import Transcript
from docspec.drafters.reading.formulas.display import Formula, lines_of, together
from docspec.drafters.reading.formulas.ink import Ink, ink_of, is_flat, layout_of
from docspec.drafters.reading.formulas.placing import accent, placed_parts, root
from docspec.drafters.reading.formulas.seen import Seen, aligned, meant
from docspec.drafters.reading.formulas.words import with_words
from docspec.types import Image

Read = Callable[[Sequence[Image]], Sequence[Transcript]]
LEAST_SURE = 0.35  # of a piece that is read alone
UNEXPLAINED = 0.25  # of the pieces that stand for something: with more the formula is not understood
MOST_PIECES = 400


def formula_of(image: Image, read: Read) -> list[Formula]:
    """The lines of the display formula in ``image`` [h, w, 3]; none where it is not understood."""
    ink = ink_of(image)
    if not 0 < len(ink.boxes) <= MOST_PIECES:
        return []
    layout = layout_of(ink)
    strips = [*layout.groups, *([number] for number in layout.tall)]
    readings = read([ink.strip(strip) for strip in strips])
    rows: list[list[Seen]] = []
    missed: list[int] = []
    for strip, reading in zip(strips, readings, strict=True):
        seen, left = _row(ink, strip, reading)
        rows.append(seen)
        missed += left
    rows += _again(ink, missed, read)
    parts = placed_parts([row for row in rows if row], ink.size)
    parts += [root(sign, ink.size) for sign in layout.roots.values()]
    rules = list(layout.rules)
    known = {number for row in rows for seen in row for number in seen.pieces}
    lost = 0
    for number in missed:
        if number in known:
            continue
        box = ink.boxes[number]
        if is_flat(box, ink.size):
            rules.append(box)
        elif (mark := accent(ink, number, parts)) is not None:
            parts.append(mark)
        else:
            lost += max(box[2] - box[0], box[3] - box[1]) > 0.25 * ink.size
    if not parts or lost > UNEXPLAINED * len(parts):
        return []
    return lines_of(together(with_words(parts), rules))


def _row(ink: Ink, strip: Sequence[int], reading: Transcript) -> tuple[list[Seen], list[int]]:
    x, _ = ink.origin(strip)
    width = ink.strip(strip).shape[1]
    text = [
        (meant(char), x + place * width)
        for char, place in zip(reading.text, reading.places, strict=True)
        if not char.isspace()
    ]
    return aligned(text, {number: ink.boxes[number] for number in strip}, ink.size)


def _again(ink: Ink, missed: Sequence[int], read: Read) -> list[list[Seen]]:
    """Pieces that the row's reading left out, read alone."""
    asked = [
        number
        for number in missed
        if ink.boxes[number][3] - ink.boxes[number][1] >= 0.25 * ink.size
    ]
    found: list[list[Seen]] = []
    if not asked:
        return found
    for number, reading in zip(asked, read([ink.strip([number]) for number in asked]), strict=True):
        text = "".join(meant(char) for char in reading.text)
        if len(text) == 1 and reading.confidence >= LEAST_SURE:
            found.append([Seen(text, ink.boxes[number], (number,))])
    return found
