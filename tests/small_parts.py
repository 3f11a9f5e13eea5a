"""A verifier and a detector that need no model, and a third party's package that offers them by name."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

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
    """The file's own blocks: its images are pictures, the first page's first text is a title."""

    def detect(self, page: Page, lines: Sequence[Line]) -> Sequence[Region]:
        """A region for each block of a PDF's page; none on an image's."""
        blocks: list[Any] = page.handle.get_text("dict")["blocks"] if page.handle else []
        first = next((block["number"] for block in blocks if block["type"] == 0), None)
        kinds = {(1, False): Category.PICTURE, (0, True): Category.TITLE, (0, False): Category.TEXT}
        return [
            Region(
                page.index,
                order,
                block["bbox"],
                kinds[block["type"], block["number"] == first and page.index == 0],
            )
            for order, block in enumerate(blocks)
        ]


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
