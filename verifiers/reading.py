"""What is the same wherever a model runs: a request's drafts in its words, and its output as a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from docspec.config import OnLoop
from docspec.drafters.following.comparison import agreement, corrections
from docspec.drafters.reading.alternatives import page_alternatives
from docspec.types import DecodeStats, Draft, Finish, Image, PageRegion, Request, Style, Verdict
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.cut_off import closed
from docspec.verifiers.runaway import Runaway, RunawayGuard


class PageFormat(Protocol):
    """How a family writes whole pages; see docspec.verifiers.profiles.base.Profile."""

    def write_page(self, regions: tuple[PageRegion, ...], image: Image) -> str:
        """A page's draft."""
        ...

    def read_page(self, output: str, image: Image) -> tuple[PageRegion, ...]:
        """A page's output as regions."""
        ...


class Reader(Protocol):
    """How a model is asked and how it answers; its weights may be anywhere.

    ``page`` is None where the model is not asked for whole pages. The likeliest of ``end_tokens`` is the
    first.
    """

    name: str
    style: Style
    dpi: float
    native: Literal["region", "page"]
    page: PageFormat | None
    codec: TokenizerCodec
    end_tokens: tuple[int, ...]

    def declines(self, request: Request) -> str | None:
        """Why the model cannot read the region, or None."""
        ...

    def words(self, request: Request, draft: str) -> str:
        """A draft as the model would write it."""
        ...

    def verdict(self, request: Request, verdict: Verdict) -> Verdict:
        """Last word on a verdict: the model's output format read, degenerate output replaced."""
        ...


@dataclass(frozen=True, slots=True)
class Output:
    """What a model wrote: its ``tokens`` without end tokens, of a runaway up to the loop's first period."""

    tokens: Sequence[int]
    finish: Finish
    stats: DecodeStats
    runaway: Runaway | None = None


def declined(reader: Reader, request: Request) -> str | None:
    """Why what is asked for cannot be read, or None."""
    if request.category is None and reader.page is None:
        return "whole pages are not read"
    return reader.declines(request)


def drafts_of(reader: Reader, request: Request) -> list[Draft]:
    """The request's drafts, best first: of a page the one made of its regions."""
    if request.category is not None or reader.page is None:
        return list(request.drafts)
    page = reader.page.write_page(request.regions, request.image)
    made = Draft(page, "regions", alternatives=page_alternatives(request.regions, page))
    return [made, *request.drafts]


def in_words(reader: Reader, request: Request, draft: Draft) -> Draft:
    """``draft`` as the model would write it."""
    words = reader.words(request, draft.text)
    # where the model has other words than the draft, the places of its alternatives are lost
    return draft if words == draft.text else replace(draft, text=words, alternatives=())


def guard_of(reader: Reader, drafts: Sequence[str], on_loop: OnLoop) -> RunawayGuard | None:
    """What ends a runaway output of these drafts, unless the user wants all of it."""
    if on_loop == "off":
        return None
    return RunawayGuard(lambda: [reader.codec.encode(draft)[0] for draft in drafts if draft.strip()])


def verdict_of(reader: Reader, request: Request, draft: str, output: Output, on_loop: OnLoop) -> Verdict:
    """The verdict on ``request``, whose first draft was ``draft`` ("" without any)."""
    verdict = _read(reader, request, output)
    if not draft:
        return verdict
    verdict = replace(
        verdict, corrections=corrections(draft, verdict.text), agreement=agreement(draft, verdict.text)
    )
    if verdict.finish is Finish.LOOP and on_loop == "draft":
        reason = f"{verdict.reason}; the draft stands instead"
        return replace(verdict, text=draft, regions=request.regions, corrections=(), reason=reason)
    return verdict


def _read(reader: Reader, request: Request, output: Output) -> Verdict:
    """What the model wrote, up to a loop, in its own format."""
    text, reason = reader.codec.decode(output.tokens), ""
    if output.runaway is not None:
        text, reason = closed(text), output.runaway.reason
    verdict = Verdict(text, output.finish, output.stats, reason=reason)
    if request.category is None and reader.page is not None:
        return replace(verdict, regions=reader.page.read_page(text, request.image))
    return reader.verdict(request, verdict)
