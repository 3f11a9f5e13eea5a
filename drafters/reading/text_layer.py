"""The text layer of a PDF as a drafter, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from docspec.drafters.reading.alternatives import placed_alternatives
from docspec.drafters.reading.contents import contents
from docspec.drafters.reading.evidence import Evidence
from docspec.drafters.reading.formulas.display import apart, as_one
from docspec.drafters.reading.formulas.inked import Read, formula_in
from docspec.drafters.reading.formulas.inline import LATEX
from docspec.drafters.reading.formulas.recognised import display_of_text, with_recognised
from docspec.drafters.reading.formulas.region import formula_lines, inline_formulas
from docspec.drafters.reading.formulas.spelling import spelled
from docspec.drafters.reading.fractions import with_fractions
from docspec.drafters.reading.ligatures import mend_lines
from docspec.drafters.reading.marked import as_markdown
from docspec.drafters.reading.table_drafts import write_table
from docspec.drafters.reading.table_links import with_links
from docspec.drafters.reading.writer import write_region
from docspec.markdown import HEADINGS, formula
from docspec.types import TEXT_LAYER, Box, Category, Draft, Line, Page, Region, Span, Style

SOURCE = TEXT_LAYER
MAY_BE_CONTENTS = (Category.TABLE, Category.TEXT, Category.LIST_ITEM)


class TextLayerDrafter:
    """Takes the text that the PDF carries; images have none."""

    def __init__(self) -> None:
        self._evidence: Evidence | None = None

    def read(self, page: Page) -> Sequence[Line]:
        """The lines of the page's text layer, ligatures that its fonts break put right."""
        return mend_lines(page.lines)

    def draft(self, page: Page, region: Region, style: Style) -> Sequence[Draft]:
        """The region's text-layer lines, written in ``style``; their trust is the confidence."""
        self._evidence = Evidence.of(page, self._evidence)
        return draft_lines(page, region, style, self._evidence.trust(region.lines, region.box))


def draft_lines(
    page: Page, region: Region, style: Style, confidence: float, read: Read | None = None
) -> Sequence[Draft]:
    """Drafts from the region's own lines: a table first where it is one, else the text as written.

    ``read`` is the recogniser, where there is one for what has no text layer.
    """
    if not region.lines:
        return ()
    source = region.lines[0].source
    if region.category in MAY_BE_CONTENTS and (items := contents(region.lines, style)):
        return (Draft(write_region(region, style), source, confidence, markdown=items),)
    if region.category is Category.TABLE and style.table:
        table = write_table(page, region, style)
        if table is not None:
            linked = with_links(table, region.lines)
            return (Draft(table, "table", confidence, markdown="" if linked == table else linked),)
    return draft_text(page, region, style, source, confidence, read)


def draft_text(
    page: Page, region: Region, style: Style, source: str, confidence: float, read: Read | None = None
) -> Sequence[Draft]:
    """The region's lines as written, with fractions of numbers where ``style`` has LaTeX.

    A formula whose glyphs the page has is LaTeX: what models write, and what stands where none reads.
    """
    if region.category is Category.FORMULA and (lines := formula_lines(page, region)):
        shown = "\n\n".join(map(formula, apart(lines)))
        if style.formula:
            return (Draft(spelled(as_one(lines)), source, confidence, markdown=shown),)
        return (Draft(write_region(region, style), source, confidence, markdown=shown),)
    if region.category is Category.FORMULA and source != SOURCE:
        return _recognised_formula(page, region, style, source, confidence, read)
    if style.formula:
        region = with_fractions(page, region, style.formula)
    text = write_region(region, style)
    if not text:
        return ()
    around = style.formula or ("$", "$")
    maths = inline_formulas(page, region, around) if source == SOURCE else with_recognised(region, around)
    shown = write_region(maths, style) if maths is not region else text
    if style.formula and region.category not in HEADINGS:
        text = write_region(_spelled(maths, around), style)
    markdown = as_markdown(maths, shown, style, page.lines)
    alternatives = placed_alternatives(region.lines, text)
    return (Draft(text, source, confidence, alternatives, "" if markdown == text else markdown),)


def _spelled(region: Region, around: tuple[str, str]) -> Region:
    """``region`` with its formulas, ``around`` each of which stand marks, in the spelling of models."""
    start, end = map(len, around)

    def one(span: Span) -> Span:
        text = span.text
        return replace(span, text=f"{around[0]}{spelled(text[start : len(text) - end])}{around[1]}")

    lines = [
        replace(line, spans=tuple(one(span) if span.font == LATEX else span for span in line.spans))
        for line in region.lines
    ]
    return replace(region, lines=tuple(lines))


def _recognised_formula(
    page: Page, region: Region, style: Style, source: str, confidence: float, read: Read | None
) -> Sequence[Draft]:
    """A display formula of a scan: from its ink, or in what OCR read of it where that is not understood."""
    text = write_region(region, replace(style, formula=None, superscripts=True))
    if read is not None and (lines := formula_in(page, region, read)):
        written = spelled(as_one(lines))
        shown = "\n\n".join(formula(spelled(latex)) for latex in apart(lines))
        return (Draft(written if style.formula else text, source, confidence, markdown=shown),)
    if not text:
        return ()
    latex = display_of_text(text)
    return (Draft(latex if style.formula else text, source, confidence, markdown=formula(latex)),)


def trust(page: Page, lines: Sequence[Line], box: Box | None = None) -> float:
    """How far ``lines`` (of ``box``, or of the page) say what the page shows; see Evidence.trust."""
    return Evidence(page).trust(lines, box)
