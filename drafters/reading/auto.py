"""The usual drafter: the text layer where it can be trusted, OCR for what it does not cover."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import Indel

from docspec.check_boxes import with_check_boxes
from docspec.drafters.characters import bare
from docspec.drafters.reading import page_ink as ink
from docspec.drafters.reading.drawn_boxes import drawn_boxes
from docspec.drafters.reading.drop_caps import with_drop_caps
from docspec.drafters.reading.evidence import Evidence
from docspec.drafters.reading.fitted import fitted
from docspec.drafters.reading.formulas.inline_rows import MATHS
from docspec.drafters.reading.ligatures import mend_lines
from docspec.drafters.reading.line_numbers import without_line_numbers
from docspec.drafters.reading.ocr import OcrDrafter
from docspec.drafters.reading.ocr_engine import OcrEngine
from docspec.drafters.reading.pictured_print import has_middle, pictures_of_print
from docspec.drafters.reading.plausible import plausibility
from docspec.drafters.reading.spot_check import agreement
from docspec.drafters.reading.text_layer import SOURCE, draft_lines
from docspec.types import Box, Draft, Line, Page, Region, Style, union

TRUSTED = 0.75  # a text layer is used as it is
DISTRUSTED = 0.3  # and below this it is not even checked
HOPELESS = 0.1  # below this it is not used even where the recogniser does not know the script
BROKEN = 0.5  # plausibility of a line that is read again by itself
KNOWN = 0.7  # share of the letters that the recogniser must know to be asked
AGREES = 0.85  # share of a doubtful layer's characters that the recogniser must read as well
MARGIN = 6.0  # points around print that is to be read
SHADOW = 0.5  # of an OCR line's area that text-layer lines cover: it is known already
SAME, LONG = 0.85, 12  # similarity of lines that say the same, and the characters that they must have
OFF = 1.5  # of a line's height: how far a hidden layer may be from the print
MOST_OF_PAGE = 0.6  # from this share of the page on, one reading of it all is cheaper


class AutoDrafter:
    """Reads a page from its text layer or by OCR, whichever fits, and drafts its regions.

    ``threads`` is what OCR may use; 0: as Session has it.
    """

    def __init__(self, threads: int = 0, engine: OcrEngine | None = None) -> None:
        self.engine = engine or OcrEngine(threads)
        self.ocr = OcrDrafter(engine=self.engine)
        self._evidence: Evidence | None = None

    def read(self, page: Page) -> Sequence[Line]:
        """The page's lines: the text layer's, OCR's for print that it leaves out, or OCR's alone."""
        lines = without_line_numbers(with_drop_caps(self._read(page)), page.width)
        return with_check_boxes(lines, drawn_boxes(page, lines), lines[0].source) if lines else lines

    def _read(self, page: Page) -> Sequence[Line]:
        if not page.lines:
            return self.ocr.read(page)
        self._evidence = evidence = Evidence.of(page, self._evidence)
        shown = [part for line in mend_lines(page.lines) if (part := evidence.shown(line)) is not None]
        if not self._holds(evidence, shown):
            return self.ocr.read(page)
        if evidence.is_scan:
            shown = [*fitted(self.engine, evidence.mask, page, shown)]
        broken = [
            line for line in shown if plausibility(_judged(line)) < BROKEN and self._can_read(line.text)
        ]
        kept = [line for line in shown if line not in broken] if broken else shown
        rest = ink.outside(evidence.mask, page, [span.box for line in shown for span in line.spans])
        gaps = ink.unread_print(rest, page)
        if page.handle is not None and not evidence.is_scan:
            pictures = pictures_of_print(rest, page, page.handle.image_boxes(), shown)
            gaps = [*pictures, *(box for box in gaps if not has_middle(pictures, box))]
        found = self._read_boxes(page, kept, [*gaps, *(line.box for line in broken)])
        if evidence.is_scan:
            found = [line for line in found if not _repeats(line, kept)]
        spared = [line for line in broken if not _shadowed(line.box, found)]
        return (*kept, *spared, *found)

    def draft(self, page: Page, region: Region, style: Style) -> Sequence[Draft]:
        """The region's own lines, written in ``style``; confidence is the reading's, times its trust."""
        lines = region.lines
        if not lines:
            return ()
        sure = sum(line.confidence for line in lines) / len(lines)
        layer = tuple(line for line in lines if line.source == SOURCE)
        if layer and len(layer) == len(lines):
            self._evidence = Evidence.of(page, self._evidence)
            sure *= self._evidence.trust(layer, region.box)
        return draft_lines(page, region, style, sure, self.engine.read)

    def _holds(self, evidence: Evidence, lines: Sequence[Line]) -> bool:
        """Whether the text layer says what the page shows; a doubtful one is compared with some OCR."""
        score = evidence.trust(lines)
        if score >= TRUSTED or not lines:
            return bool(lines)
        if not self._can_read("".join(line.text for line in lines)):
            return score >= HOPELESS
        return score >= DISTRUSTED and agreement(self.engine, evidence.page, lines) >= AGREES

    def _can_read(self, text: str) -> bool:
        """Whether the recogniser knows the script: in a foreign one it is sure of nonsense."""
        return text.isascii() or self.engine.known_share(text) >= KNOWN

    def _read_boxes(self, page: Page, known: Sequence[Line], boxes: Sequence[Box]) -> list[Line]:
        if not boxes:
            return []
        area = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in boxes)
        if area > MOST_OF_PAGE * page.width * page.height:
            boxes = [union(boxes)]
        found = [line for box in boxes for line in self.ocr.read_box(page, _grown(box, page))]
        return [line for line in found if not _shadowed(line.box, known)]


class NoDrafter(AutoDrafter):
    """Reads lines as ``auto`` does, since layout needs them, but proposes nothing."""

    def draft(self, page: Page, region: Region, style: Style) -> Sequence[Draft]:
        """Nothing."""
        return ()


def _judged(line: Line) -> str:
    """A line's text without what has no character in fonts of mathematics, whose glyphs are known."""
    if "\ufffd" not in line.text:
        return line.text
    spans = ((span.text, MATHS.match(span.font)) for span in line.spans)
    return "".join(text.replace("\ufffd", "") if maths else text for text, maths in spans)


def _grown(box: Box, page: Page) -> Box:
    return (
        max(0.0, box[0] - MARGIN),
        max(0.0, box[1] - MARGIN),
        min(page.width, box[2] + MARGIN),
        min(page.height, box[3] + MARGIN),
    )


def _shadowed(box: Box, known: Sequence[Line]) -> bool:
    """Whether lines that are known already cover most of ``box``."""
    area = (box[2] - box[0]) * (box[3] - box[1])
    covered = 0.0
    for other in (line.box for line in known):
        width = min(box[2], other[2]) - max(box[0], other[0])
        height = min(box[3], other[3]) - max(box[1], other[1])
        covered += max(0.0, width) * max(0.0, height)
    return covered >= SHADOW * area


def _repeats(line: Line, known: Sequence[Line]) -> bool:
    """Whether a line of a scan is there already, in a hidden layer that stands a little off its print."""
    text = bare(line.text)
    x0, y0, x1, y1 = line.box
    return len(text) >= LONG and any(
        abs(other.box[1] + other.box[3] - y0 - y1) / 2 < OFF * (y1 - y0)
        and min(x1, other.box[2]) - max(x0, other.box[0]) > (x1 - x0) / 2
        and Indel.normalized_similarity(text, bare(other.text)) >= SAME
        for other in known
    )
