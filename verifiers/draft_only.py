"""No verifier: the drafts stand as they are."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterable, Mapping
from typing import ClassVar, Literal

from docspec.config import Config
from docspec.types import Request, Style, Verdict, unread

NOT_ASKED = "no verifier was asked for"


class DraftOnly:
    """Declines every region, so that each keeps its draft."""

    name = "draft-only"
    style = Style(superscripts=True)
    dpi = 150.0
    native: Literal["region", "page"] = "region"
    reads_pages = False
    doubtful_only = False
    device = ""
    seconds: ClassVar[Mapping[str, float]] = {}

    def __init__(self, config: Config) -> None:
        self.config = config

    def release(self) -> None:
        """Nothing is kept."""

    def declines(self, request: Request) -> str | None:
        return NOT_ASKED

    def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict]]:
        """Never called with a request, since all are declined; answers with the draft all the same."""
        for request in requests:
            if request is not None:
                yield request.key, unread(request, NOT_ASKED)
