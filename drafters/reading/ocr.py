"""RapidOCR as a drafter: the text lines of a page image, words apart and in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from docspec.drafters.characters import is_cjk
from docspec.drafters.reading.ctc import Transcript
from docspec.drafters.reading.detector import Quad
from docspec.drafters.reading.lines import UPRIGHT, after_space, group_boxes
from docspec.drafters.reading.ocr_engine import OcrEngine, cut
from docspec.drafters.reading.ocr_models import V4
from docspec.drafters.reading.overlooked import overlooked
from docspec.drafters.reading.raised import with_raised
from docspec.drafters.reading.spaces import as_read, ink_gaps, restore_spaces
from docspec.drafters.reading.text_layer import draft_text
from docspec.types import Box, Draft, Image, Line, Page, Region, Span, Style, union

SOURCE = "rapidocr"
MIN_CONFIDENCE = 0.5  # of a piece of text; RapidOCR's own default
DOUBTFUL = (
    0.88  # a reading below this is tried upside down: few upright ones are, most that stand on their heads
)
SURELY_A_SIGN = 0.6  # confidence of a single letter or number that the detector overlooked
SIGN_MARGIN = 0.25  # around its ink, of its height
CLEARLY = 0.1  # how much surer the other way round must be


class OcrDrafter:
    """Reads pages with RapidOCR. ``threads`` 0: as Session has it."""

    def __init__(self, threads: int = 0, engine: OcrEngine | None = None) -> None:
        self.engine = engine or OcrEngine(threads)

    def read(self, page: Page) -> Sequence[Line]:
        """The page's text lines from its image, top to bottom, boxes in page points."""
        return self.read_box(page, (0.0, 0.0, page.width, page.height))

    def read_box(self, page: Page, box: Box) -> Sequence[Line]:
        """The text lines inside ``box`` (page points) only."""
        x0, y0, _, _ = page.pixels(box)
        scale_x, scale_y = page.width / page.image.shape[1], page.height / page.image.shape[0]
        return tuple(
            _to_points(line, x0, y0, scale_x, scale_y) for line in read_image(self.engine, page.crop(box))
        )

    def draft(self, page: Page, region: Region, style: Style) -> Sequence[Draft]:
        """The region's lines, written in ``style``."""
        lines = region.lines
        confidence = sum(line.confidence for line in lines) / len(lines) if lines else 0.0
        return draft_text(page, region, style, SOURCE, confidence, self.engine.read)


class OcrV4Drafter(OcrDrafter):
    """Reads pages with the models of ``rapidocr-onnxruntime``, PP-OCRv4's."""

    def __init__(self, threads: int = 0) -> None:
        super().__init__(engine=OcrEngine(threads, V4))


def read_image(engine: OcrEngine, image: Image) -> list[Line]:
    """The text lines of ``image``, boxes in its pixels."""
    quads = engine.detect(image)
    alone = [_around(box, image) for box in overlooked(image, [_box(quad) for quad in quads])]
    kept = [_is_text] * len(quads) + [_is_sign] * len(alone)
    quads = [*quads, *alone]
    strips, readings, turns = read_turned(engine, [cut(image, quad) for quad in quads])
    wanted = [i for i, reading in enumerate(readings) if kept[i](reading)]
    pieces = [(*_piece(quads[i], strips[i], readings[i], engine.models.loses), strips[i]) for i in wanted]
    groups = group_boxes([span.box for span, *_ in pieces])
    return [_line([pieces[i] for i in group], turns[wanted[group[0]]]) for group in groups]


def read_turned(
    engine: OcrEngine, strips: Sequence[Image]
) -> tuple[list[Image], list[Transcript], list[int]]:
    """The strips as they were turned to be read, their readings, and by how many degrees clockwise each was.

    A tall strip is read with its text running down and running up, a flat one that makes no sense also
    upside down, and the surer reading kept: a classifier of directions would cost time on every strip.
    """
    best = [np.rot90(strip) if _is_tall(strip) else strip for strip in strips]
    turns = [270 if _is_tall(strip) else 0 for strip in strips]
    readings = engine.read(best)
    doubtful = [
        i
        for i, reading in enumerate(readings)
        if _is_tall(strips[i]) or (reading.confidence < DOUBTFUL and _is_long(strips[i]))
    ]
    turned = [np.rot90(best[i], 2) for i in doubtful]
    for i, strip, reading in zip(doubtful, turned, engine.read(turned), strict=True):
        if reading.confidence > readings[i].confidence + CLEARLY:
            best[i], readings[i], turns[i] = strip, reading, (turns[i] + 180) % 360
    return best, readings, turns


def _is_tall(strip: Image) -> bool:
    height, width = strip.shape[:2]
    return bool(height >= UPRIGHT * width > 0)


def _is_long(strip: Image) -> bool:
    """Several characters wide: on single ones, upside down or not is anyone's guess."""
    height, width = strip.shape[:2]
    return bool(width >= 2 * height > 0)


def _is_text(reading: Transcript) -> bool:
    return bool(reading.text) and reading.confidence >= MIN_CONFIDENCE


def _is_sign(reading: Transcript) -> bool:
    """Whether ink that may be anything is a letter or a number, with what punctuation follows it."""
    text = reading.text.rstrip(".,;:?!)")
    return text.isascii() and text.isalnum() and reading.confidence >= SURELY_A_SIGN


def _box(quad: Quad) -> Box:
    x0, y0 = quad.min(axis=0).tolist()
    x1, y1 = quad.max(axis=0).tolist()
    return x0, y0, x1, y1


def _around(box: Box, image: Image) -> Quad:
    """The corners of ink's ``box`` with a margin as the detector leaves it."""
    height, width = image.shape[:2]
    margin = SIGN_MARGIN * (box[3] - box[1])
    x0, y0 = max(0.0, box[0] - margin), max(0.0, box[1] - margin)
    x1, y1 = min(float(width), box[2] + margin), min(float(height), box[3] + margin)
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def _piece(quad: Quad, strip: Image, reading: Transcript, loses: bool) -> tuple[Span, Transcript]:
    shown = with_raised(reading, strip)
    text, alternatives = restore_spaces(shown, ink_gaps(strip, reading.places)) if loses else as_read(shown)
    return Span(text, _box(quad), alternatives=alternatives), reading


def _line(pieces: Sequence[tuple[Span, Transcript, Image]], turn: int) -> Line:
    """One line; pieces are apart by a space unless both sides are CJK. It is turned as the first of them."""
    spans: list[Span] = []
    for span, *_ in pieces:
        joined = not spans or (is_cjk(span.text[0]) and is_cjk(spans[-1].text[-1]))
        spans.append(span if joined else after_space(span))
    weight = sum(len(span.text) for span, *_ in pieces)
    confidence = sum(reading.confidence * len(span.text) for span, reading, _ in pieces) / weight
    strips = tuple(strip if reading.cells is None else reading.cells for _, reading, strip in pieces)
    return Line(tuple(spans), union([span.box for span in spans]), SOURCE, confidence, turn, strips)


def _to_points(line: Line, x0: float, y0: float, scale_x: float, scale_y: float) -> Line:
    def move(box: Box) -> Box:
        return (
            (box[0] + x0) * scale_x,
            (box[1] + y0) * scale_y,
            (box[2] + x0) * scale_x,
            (box[3] + y0) * scale_y,
        )

    spans = tuple(replace(span, box=move(span.box)) for span in line.spans)
    return replace(line, spans=spans, box=move(line.box))
