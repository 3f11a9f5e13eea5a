"""The bundled verifier's reading as a draft for a larger one: better spelled than OCR's, at little cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from docspec.config import Config
from docspec.drafters.characters import SUPERSCRIPTS
from docspec.drafters.following.comparison import corrections
from docspec.drafters.reading import fractions
from docspec.drafters.reading.alternatives import moved_alternatives
from docspec.drafters.reading.auto import AutoDrafter
from docspec.drafting import region_request
from docspec.types import Alternative, Draft, Drafter, Line, Page, Region, Style
from docspec.verifiers.decide import Fused
from docspec.verifiers.mini.alternatives import WithAlternatives, byte_alternatives
from docspec.verifiers.mini.formulas import CLOSE, MARKS, OPEN, plain, with_latex
from docspec.verifiers.mini.reader import FIGURES
from docspec.verifiers.mini.tokens import decode, encode
from docspec.verifiers.mini.verifier import MiniVerifier
from docspec.verifiers.sequence import Sequence as Decoding

SOURCE = "mini"
READ_AGAIN = "rapidocr"  # drafts of this source are; a trusted text layer needs no second reading
CLEARLY = 1.0  # nats by which the mini must prefer a mark: capitals are easily taken for formulas
LONGEST_FORMULA = 60  # bytes, its marks with it
OCR_RIGHT = 0.3  # chance that OCR was right where the two differ


class MiniDrafter:
    """Drafts as ``base`` does (by default as ``auto``), and has the bundled verifier read what OCR drafted.

    Where the two readings
    differ, the draft is the verifier's and OCR's is kept as its alternative, and so is what the verifier took
    for nearly as likely.
    """

    def __init__(self, base: Drafter | None = None) -> None:
        self.base = base or AutoDrafter()
        self.alternatives = WithAlternatives(FusedText(None))
        self.verifier = MiniVerifier(
            Config(verifier="mini", verify="all"), decide=self.alternatives, formulas=True
        )

    def read(self, page: Page) -> Sequence[Line]:
        """The page's text lines, see docspec.types.Drafter."""
        return self.base.read(page)

    def draft(self, page: Page, region: Region, style: Style) -> Sequence[Draft]:
        """The region's drafts in ``style``, best first."""
        drafts = tuple(self.base.draft(page, region, style))
        if not drafts or drafts[0].source != READ_AGAIN or fractions.LATEX in drafts[0].text:
            return drafts  # of fractions the verifier sees one number after the other
        request = region_request(region.order, page, region, drafts)
        if self.verifier.declines(request) is not None:
            return drafts
        [(_, verdict)] = self.verifier.verify(iter([request]))
        text = styled(verdict.text, style)
        different = corrections(drafts[0].text, text)
        others = [Alternative(c.start, c.end, c.draft, OCR_RIGHT) for c in different]
        others = sorted([*others, *self._byte_alternatives(text)], key=lambda one: one.start)
        return (Draft(text, SOURCE, drafts[0].confidence, tuple(others)), *drafts[1:])

    def _byte_alternatives(self, text: str) -> tuple[Alternative, ...]:
        """What the verifier was unsure of while it read the parts of a region, as places in its ``text``."""
        written = ""
        known: list[Alternative] = []
        for _, emitted in sorted(self.alternatives.emitted.items()):
            part, found = byte_alternatives(emitted)
            at = len(written)
            known += [replace(one, start=one.start + at, end=one.end + at) for one in found]
            written += f"{part}\n"
        self.alternatives.emitted.clear()
        return moved_alternatives(known, written, text)


class FusedText(Fused):
    """Fused for text, while formulas, which OCR has no marks for, are the mini's alone."""

    def __init__(self, trade: float | None) -> None:
        super().__init__(trade, undrafted=encode("".join(MARKS)), clearly=CLEARLY, weights=FIGURES)

    def tolerance(self, sequence: Decoding, output: list[int]) -> float:
        """None inside a formula, unless it goes on for so long that it was none."""
        nearest = decode(output[-LONGEST_FORMULA:])
        return 0.0 if OPEN in nearest.rpartition(CLOSE)[2] else super().tolerance(sequence, output)


def styled(text: str, style: Style) -> str:
    """What the mini wrote, formulas and superscripts as ``style`` has them."""
    written = with_latex(text, style.formula) if style.formula else plain(text)
    return written if style.superscripts else "".join(SUPERSCRIPTS.get(sign, sign) for sign in written)
