"""The bundled verifier's reading as a draft for a larger one: better spelled than OCR's, at little cost."""

from __future__ import annotations

from collections.abc import Sequence

from docspec.config import Config
from docspec.drafters.auto import AutoDrafter
from docspec.drafting import region_request
from docspec.types import Alternative, Draft, Drafter, Line, Page, Region, Style
from docspec.verifiers.mini.verifier import MiniVerifier

SOURCE = "mini"
READ_AGAIN = "rapidocr"  # drafts of this source are; a trusted text layer needs no second reading
OCR_RIGHT = 0.3  # chance that OCR was right where the two differ


class MiniDrafter:
    """Drafts as ``base`` does (by default as ``auto``), and has the bundled verifier read what OCR drafted.

    The features that OCR computed are read again, so that no image is encoded twice. Where the two readings
    differ, the draft is the verifier's and OCR's is kept as its alternative.
    """

    def __init__(self, base: Drafter | None = None) -> None:
        self.base = base or AutoDrafter()
        self.verifier = MiniVerifier(Config(verifier="mini"))

    def read(self, page: Page) -> Sequence[Line]:
        """The page's text lines, see docspec.types.Drafter."""
        return self.base.read(page)

    def draft(self, page: Page, region: Region, style: Style) -> Sequence[Draft]:
        """The region's drafts in ``style``, best first."""
        drafts = tuple(self.base.draft(page, region, style))
        if not drafts or drafts[0].source != READ_AGAIN:
            return drafts
        request = region_request(region.order, page, region, drafts)
        if self.verifier.declines(request) is not None:
            return drafts
        [(_, verdict)] = self.verifier.verify(iter([request]))
        other = [Alternative(c.start, c.end, c.draft, OCR_RIGHT) for c in verdict.corrections]
        read = Draft(verdict.text, SOURCE, drafts[0].confidence, tuple(other))
        return (read, *drafts[1:])
