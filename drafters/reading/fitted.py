"""Hidden text of a scan that is narrower than the print that it stands for: stretched to it.

Some programs lay a line's words over the scan at the width that their font has. Where the print goes on
beside such a line, a recogniser tells whether the line says all of it, or whether the rest is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from rapidfuzz.distance import Indel

from docspec.drafters.characters import bare
from docspec.drafters.reading.ocr_engine import OcrEngine
from docspec.drafters.reading.page_ink import Mask
from docspec.types import Box, Line, Page

WORD_GAP = 1.0  # of the line's height: the print goes on over less
LONGER = 1.08  # times the line's width: less is the recogniser's margin
SAME = 0.85  # similarity from which the line says what the longer strip shows
MARGIN = 1.5  # points around a line


def fitted(engine: OcrEngine, mask: Mask, page: Page, lines: Sequence[Line]) -> tuple[Line, ...]:
    """``lines`` of a scan's text layer, those that the print shows to be longer stretched to its width."""
    reach = [_printed(mask, page, line, lines) for line in lines]
    longer = [
        i
        for i, (line, box) in enumerate(zip(lines, reach, strict=True))
        if box[2] - box[0] > LONGER * (line.box[2] - line.box[0]) and len(bare(line.text)) > 2
    ]
    done = list(lines)
    readings = engine.read([page.crop(reach[i], MARGIN) for i in longer])
    for i, reading in zip(longer, readings, strict=True):
        if Indel.normalized_similarity(bare(lines[i].text), bare(reading.text)) >= SAME:
            done[i] = _stretched(lines[i], reach[i])
    return tuple(done)


def _printed(mask: Mask, page: Page, line: Line, lines: Sequence[Line]) -> Box:
    """``line``'s box with the print beside it that goes on without a gap, up to the next line of its row."""
    x0, y0, x1, y1 = line.box
    third = (y1 - y0) / 4
    row = [
        other.box
        for other in lines
        if other is not line and other.box[1] < y1 - third and other.box[3] > y0 + third
    ]
    left = max((box[2] for box in row if box[2] <= x0 + third), default=0.0)
    right = min((box[0] for box in row if box[0] >= x1 - third), default=page.width)
    sx, sy = mask.shape[1] / page.width, mask.shape[0] / page.height
    top = int((y0 + third) * sy)
    band = np.atleast_1d(mask[top : max(top + 1, int((y1 - third) * sy))].any(axis=0))  # [w]
    gap = max(1, round(WORD_GAP * (y1 - y0) * sx))
    start, end = int(x0 * sx), int(x1 * sx)
    while (ink := np.flatnonzero(band[end : min(end + gap, int(right * sx))])).size:
        end += int(ink[-1]) + 1
    while (ink := np.flatnonzero(band[max(0, start - gap, int(left * sx)) : start])).size:
        start = max(0, start - gap, int(left * sx)) + int(ink[0])
    return min(x0, start / sx), y0, max(x1, end / sx), y1


def _stretched(line: Line, box: Box) -> Line:
    scale = (box[2] - box[0]) / (line.box[2] - line.box[0])

    def moved(x: float) -> float:
        return box[0] + (x - line.box[0]) * scale

    spans = tuple(
        replace(span, box=(moved(span.box[0]), span.box[1], moved(span.box[2]), span.box[3]))
        for span in line.spans
    )
    return replace(line, spans=spans, box=box)
