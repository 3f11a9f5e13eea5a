"""The LaTeX of a region that is a formula, from the page that it is on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from docspec.code_lines import is_code
from docspec.drafters.reading.formulas.display import Formula, display
from docspec.drafters.reading.formulas.inline import may_show, with_inline
from docspec.drafters.reading.formulas.signs import part_of
from docspec.marks import reads_as_prose
from docspec.types import Box, Category, Glyph, Page, Region, union

RUNNING = (Category.TEXT, Category.LIST_ITEM, Category.CAPTION, Category.FOOTNOTE)
LAYER = "text-layer"
MOST_IN_LAYER = 0.5  # of a region's lines: at least so many must be the file's own
REACH = 2.0  # points around a region's lines


def formula_lines(page: Page, region: Region) -> list[Formula]:
    """The lines of ``region`` as LaTeX; none where some of its glyphs are not understood."""
    lines = region.lines
    own = [line for line in lines if line.source == LAYER]
    if page.handle is None or len(own) <= MOST_IN_LAYER * len(lines) or any(line.turn for line in own):
        return []
    glyphs = glyphs_in(page.handle.glyphs(), region)
    rules = [rule for rule in page.handle.rules() if _touches(rule, region.box)]
    if reads_as_prose(" ".join(line.text for line in own)):
        return []
    found = display(glyphs, rules)
    letters = sum(not char.isspace() for line in own for char in line.text)
    return found if letters <= len(glyphs) + 2 else []


def inline_formulas(page: Page, region: Region, around: tuple[str, str]) -> Region:
    """``region`` with the formulas within its text as spans of LaTeX; itself where there are none."""
    if page.handle is None or region.category not in RUNNING or is_code(region.lines, page.lines):
        return region
    if not any(may_show(span) for line in region.lines for span in line.spans):
        return region
    lines = with_inline(region.lines, page.handle.glyphs(), page.handle.rules(), around)
    return region if lines == region.lines else replace(region, lines=lines)


def glyphs_in(glyphs: Sequence[Glyph], region: Region) -> list[Glyph]:
    """Those of ``glyphs`` that stand on ``region``'s lines, or whose ink is in its box."""
    boxes = [span.box for line in region.lines for span in line.spans]
    return [glyph for glyph in glyphs if _on_lines(glyph, boxes) or _inside(glyph, region.box, union(boxes))]


def _on_lines(glyph: Glyph, boxes: Sequence[Box]) -> bool:
    x, y = (glyph.box[0] + glyph.box[2]) / 2, (glyph.box[1] + glyph.box[3]) / 2
    return any(x0 - 0.1 <= x <= x1 + 0.1 and y0 - 0.1 <= y <= y1 + 0.1 for x0, y0, x1, y1 in boxes)


def _inside(glyph: Glyph, whole: Box, lines: Box) -> bool:
    """Whether a glyph's ink is among the ``lines``, or in the ``whole`` region where no line may have it."""
    x0, y0, x1, y1 = whole if glyph.code is not None else lines
    x = (glyph.box[0] + glyph.box[2]) / 2
    if not (x0 - REACH <= x <= x1 + REACH and y0 - REACH <= glyph.box[1] and glyph.box[3] <= y1 + REACH):
        return False
    part = part_of(glyph)
    return part is not None and y0 - REACH <= part.middle <= y1 + REACH


def _touches(rule: Box, box: Box) -> bool:
    return rule[0] < box[2] and rule[2] > box[0] and box[1] - REACH <= rule[1] and rule[3] <= box[3] + REACH
