"""A verifier and a detector that need no model, and a third party's package that offers them by name."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from docspec.config import Config
from docspec.errors import ModelError
from docspec.types import Category, DecodeStats, Finish, Line, Page, Region, Request, Style, Verdict

OPTIONS = ("--verifier", "small", "--detector", "small", "--drafter", "text-layer")  # the command line's
READ = DecodeStats(tokens=12, accepted=10, drafted=11, steps=2)  # of every region


class SmallVerifier:
    """Agrees with every draft, and answers last what was asked first."""

    name = "small"
    style = Style()
    dpi = 72.0
    native: Literal["region", "page"] = "region"
    reads_pages = False

    def __init__(self, config: Config) -> None:
        self.config = config

    def declines(self, request: Request) -> str | None:
        """Nothing."""
        return None

    def verify(self, requests: Iterable[Request | None]) -> Iterator[tuple[Hashable, Verdict]]:
        """The best drafts, all documents' together."""
        for request in reversed([request for request in requests if request is not None]):
            text = request.drafts[0].text if request.drafts else ""
            yield request.key, Verdict(text, Finish.END, READ, agreement=1.0)


class AbsentVerifier(SmallVerifier):
    """One whose model is not there."""

    def __init__(self, config: Config) -> None:
        raise ModelError(f"no model named {config.verifier}")


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


def write_distribution(folder: Path) -> None:
    """What an installer leaves in ``folder`` of a package whose entry points name these parts."""
    info = folder / "small_parts-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: small-parts\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text(
        "[docspec.verifiers]\nsmall = small_parts:SmallVerifier\nabsent = small_parts:AbsentVerifier\n"
        "[docspec.detectors]\nsmall = small_parts:SmallDetector\n",
        "utf-8",
    )
