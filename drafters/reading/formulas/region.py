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
    """The lines of ``region`` as LaTeX; none where the page has no glyphs for it or they are not understood."""
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
    """Those of ``glyphs`` that stand on one of ``region``'s lines, or whose font sets them elsewhere, in its box."""
    boxes = [span.box for line in region.lines for span in line.spans]
    whole = union(boxes)
    found = []
    for glyph in glyphs:
        x = (glyph.box[0] + glyph.box[2]) / 2
        middle = (glyph.box[1] + glyph.box[3]) / 2
        x0, y0, x1, y1 = region.box if glyph.code is not None else whole
        if any(box[0] - 0.1 <= x <= box[2] + 0.1 and box[1] - 0.1 <= middle <= box[3] + 0.1 for box in boxes):
            found.append(glyph)
        elif (
            x0 - REACH <= x <= x1 + REACH
            and y0 - REACH <= glyph.box[1]
            and glyph.box[3] <= y1 + REACH
            and (part := part_of(glyph)) is not None
            and y0 - REACH <= part.middle <= y1 + REACH
        ):
            found.append(glyph)
    return found


def _touches(rule: Box, box: Box) -> bool:
    return rule[0] < box[2] and rule[2] > box[0] and box[1] - REACH <= rule[1] and rule[3] <= box[3] + REACH
