"""Checks a doubtful text layer against a few of its own lines, read again by the recogniser.

No detection is needed (the layer says where its lines are), so a check costs a tenth of reading the page.
"""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import Indel

from docspec.drafters.characters import bare
from docspec.drafters.reading.ocr_engine import OcrEngine
from docspec.types import Line, Page

SAMPLE = 10  # lines
MARGIN = 1.5  # points around a line


def agreement(engine: OcrEngine, page: Page, lines: Sequence[Line]) -> float:
    """Share of the sampled lines' characters that the recogniser reads too (spaces aside): 0 to 1.

    Lines are sampled evenly over the page, those with the most text of each part first.
    """
    chosen = _sample(lines)
    if not chosen:
        return 0.0
    readings = engine.read([page.crop(line.box, MARGIN) for line in chosen])
    total = same = 0.0
    for line, reading in zip(chosen, readings, strict=True):
        text, seen = bare(line.text), bare(reading.text)
        weight = max(len(text), len(seen))
        total += weight
        same += weight * Indel.normalized_similarity(text, seen)
    return same / total if total else 0.0


def _sample(lines: Sequence[Line]) -> list[Line]:
    listed = sorted((line for line in lines if len(bare(line.text)) > 2), key=lambda line: line.box[1])
    parts = min(SAMPLE, len(listed))
    return [
        max(
            listed[i * len(listed) // parts : (i + 1) * len(listed) // parts], key=lambda line: len(line.text)
        )
        for i in range(parts)
    ]
