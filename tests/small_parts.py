"""A verifier and a detector that need no model, and a third party's package that offers them by name."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from docspec.config import Config
from docspec.drafters.reading.ocr_engine import OcrEngine
from docspec.errors import ModelError
from docspec.types import Category, DecodeStats, Finish, Line, Page, Region, Request, Verdict
from docspec.verifiers.draft_only import DraftOnly

OPTIONS = ("--verifier", "small", "--detector", "small", "--drafter", "text-layer")  # the command line's
ENTRY_POINTS = (
    "[docspec.verifiers]\nsmall = small_parts:SmallVerifier\nabsent = small_parts:AbsentVerifier\n"
    "broken = small_parts:BrokenVerifier\ntalkative = small_parts:TalkativeVerifier\n"
    "[docspec.detectors]\nsmall = small_parts:SmallDetector\n"
)
READ = DecodeStats(tokens=12, accepted=10, drafted=11, steps=2)  # of every region


class SmallVerifier(DraftOnly):
    """Agrees with every draft; of what it is asked before it has to wait, the last is answered first."""

    name = "small"
    dpi = 72.0

    def declines(self, request: Request) -> str | None:
        """Nothing."""
        return None

    def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict], None, None]:
        """The best drafts."""
        held: list[Request] = []
        for request in chain(requests, (None,)):
            if request is not None:
                held.append(request)
                continue
            while held:
                asked = held.pop()
                text = asked.drafts[0].text if asked.drafts else ""
                yield asked.key, Verdict(text, Finish.END, READ, agreement=1.0)


class AbsentVerifier(SmallVerifier):
    """One whose model is not there."""

    def __init__(self, config: Config) -> None:
        raise ModelError(f"no model named {config.verifier}")


class BrokenVerifier(SmallVerifier):
    """One whose model breaks on everything."""

    def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict], None, None]:
        """The drafts, and why they were not read."""
        for key, verdict in super().verify(requests):
            yield key, Verdict(verdict.text, Finish.UNVERIFIED, reason="the model broke", failed=True)


class TalkativeVerifier(SmallVerifier):
    """One whose outputs never end by themselves."""

    def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict], None, None]:
        """The drafts, cut off."""
        for key, verdict in super().verify(requests):
            yield key, Verdict(verdict.text, Finish.LENGTH)


class SmallDetector:
    """A region for each line, the first one a title; what is dark below them is a picture."""

    def detect(self, page: Page, lines: Sequence[Line]) -> Sequence[Region]:
        """The lines' regions, then the picture."""
        titled = 1 if page.index == 0 else 0
        kinds = [Category.TITLE] * titled + [Category.TEXT] * len(lines)
        boxes = [(line.box, kind) for line, kind in zip(lines, kinds, strict=False)]
        scale = page.height / page.image.shape[0]
        top = max((int(line.box[3] / scale) + 1 for line in lines), default=0)
        rows, columns = np.nonzero(page.image[top:].mean(axis=2) < 128)
        if rows.size:
            y0, y1 = scale * (top + rows.min()), scale * (top + rows.max() + 1)
            box = (scale * columns.min(), y0, scale * (columns.max() + 1), y1)
            boxes.append((box, Category.PICTURE))
        return [Region(page.index, order, box, kind) for order, (box, kind) in enumerate(boxes)]


class NoOcr(OcrEngine):
    """An engine that must not be asked."""

    def detect(self, image: Any) -> Any:
        """Never."""
        raise AssertionError("OCR was not needed here")

    def read(self, strips: Any) -> Any:
        """Never."""
        raise AssertionError("OCR was not needed here")
