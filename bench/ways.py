"""The ways to read a page that are timed side by side.

- ``docspec``: the whole flow, as a user calls it. Its total is the wall time of that call.
- ``ar``: the same engine without drafts. It is charged with what a plain run needs and nothing else: in page
  mode rendering and the verifier, in region mode also the layout, and the text lines only where they are the
  verifier's input (the mini's).
- ``generate``, ``lookup``: transformers' own greedy ``generate``, without and with prompt lookup, a region
  after the other, charged alike; vision is part of their prefill.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from docspec.assemble import assemble
from docspec.config import Config
from docspec.drafters.formats import markdown
from docspec.drafting import DraftedPage, Input, RequestKey, Stages
from docspec.errors import InputError
from docspec.page_pass import region_results
from docspec.pipeline import Parser, Parts
from docspec.source import PageFailure, open_document
from docspec.types import DecodeStats, Finish, Mode, PageResult, Request, Verdict

STAGES = ("render", "read", "layout", "draft", "vision", "prefill", "decode", "assemble")
VERIFIER_STAGES = ("vision", "prefill", "decode")


@dataclass(slots=True)
class Outcome:
    """One page read in one way: seconds by stage and in all, counts, what was written.

    ``outputs`` are what the verifier wrote, by region order, or ``page``.
    """

    seconds: dict[str, float]
    total: float
    passes: int
    stats: DecodeStats = field(default_factory=DecodeStats)
    categories: dict[str, DecodeStats] = field(default_factory=dict)
    sources: dict[str, DecodeStats] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    markdown: str = ""


class Way(Protocol):
    """A way to read a page in a mode."""

    name: str
    mode: Mode

    def read(self, path: Path) -> Outcome:
        """Read the page image at ``path``. Raises DocspecError where it cannot be read."""
        ...


class Docspec:
    """The whole flow with drafts."""

    name = "docspec"

    def __init__(self, mode: Mode, config: Config, parts: Parts) -> None:
        self.mode = mode
        self.parser = Parser(replace(config, mode=mode.value), parts=parts)

    def read(self, path: Path) -> Outcome:
        """Wall time from the file to the markdown."""
        passes = _passes(self.parser.verifier)
        started = time.perf_counter()
        document = self.parser.parse(path)
        total = time.perf_counter() - started
        [page] = document.pages
        if page.error:
            raise InputError(page.error)
        seconds = {stage: document.timings.get(stage, 0.0) for stage in STAGES}
        made = _passes(self.parser.verifier) - passes
        outcome = Outcome(seconds, total, made, page.stats, markdown=document.markdown)
        _describe(outcome, page)
        return outcome


class Plain:
    """The same engine without drafts."""

    name = "ar"

    def __init__(self, mode: Mode, config: Config, parts: Parts) -> None:
        self.mode, self.parts = mode, parts
        self.pages = PlainPages(mode, config, parts)

    def read(self, path: Path) -> Outcome:
        """The charged stages and the verifier's own."""
        page = self.pages.make(path)
        verifier: Any = self.parts.verifier
        passes, before = _passes(verifier), dict(verifier.seconds)
        verdicts = dict(verifier.verify(iter(page.requests)))
        after = verifier.seconds
        spent = {stage: after[stage] - before[stage] for stage in VERIFIER_STAGES}
        return page.outcome(spent, _passes(verifier) - passes, verdicts)


@dataclass(slots=True)
class PlainPage:
    """What a plain run has to read, and the seconds that it took to get there."""

    requests: list[Request]
    seconds: dict[str, float]
    drafted: DraftedPage | None

    def outcome(self, spent: Mapping[str, float], passes: int, verdicts: Mapping[Any, Verdict]) -> Outcome:
        """The outcome with the verifier's seconds and verdicts."""
        started = time.perf_counter()
        text = self._markdown(verdicts)
        seconds = dict.fromkeys(STAGES, 0.0) | self.seconds | dict(spent)
        seconds["assemble"] = time.perf_counter() - started
        outputs = {_label(key): verdict.text for key, verdict in verdicts.items()}
        stats = sum((verdict.stats for verdict in verdicts.values()), DecodeStats())
        return Outcome(seconds, sum(seconds.values()), passes, stats, outputs=outputs, markdown=text)

    def _markdown(self, verdicts: Mapping[Any, Verdict]) -> str:
        if self.drafted is None:
            [page] = verdicts.values()
            return markdown.write(page.regions) if page.regions else page.text
        drafts = {one.key: one.drafts[0].text if one.drafts else "" for one in self.drafted.requests}
        by_order = {
            key.order: verdicts.get(key, Verdict(text, Finish.UNVERIFIED))
            for key, text in drafts.items()
            if isinstance(key, RequestKey) and key.order is not None
        }
        regions = region_results(self.drafted, by_order)
        return assemble([replace(self.drafted.result, regions=regions)]).markdown


class PlainPages:
    """Pages as a plain run gets them: the image, or the regions of the layout."""

    def __init__(self, mode: Mode, config: Config, parts: Parts) -> None:
        self.mode, self.parts = mode, parts
        self.needs_lines = parts.verifier.name == "mini"
        self.stages = Stages(
            detector=parts.detector,
            drafter=parts.drafter,
            style=parts.verifier.style,
            dpi=parts.verifier.dpi,
            config=config,
        )

    def make(self, path: Path) -> PlainPage:
        """The requests of a page image. Raises InputError where it cannot be read."""
        return self._regions(path) if self.mode is Mode.REGION else self._page(path)

    def _page(self, path: Path) -> PlainPage:
        with open_document(path) as source:
            started = time.perf_counter()
            [page] = source.pages(self.parts.verifier.dpi)
            if isinstance(page, PageFailure):
                raise InputError(str(page.error))
            request = Request(RequestKey(0, page.index, None), page.image, None)
            return PlainPage([request], {"render": time.perf_counter() - started}, None)

    def _regions(self, path: Path) -> PlainPage:
        [drafted, _] = self.stages.documents([Input(0, path)])
        if not isinstance(drafted, DraftedPage) or drafted.result.error:
            raise InputError(f"{path.name} cannot be read: {getattr(drafted, 'result', drafted)}")
        charged = ("render", "layout", *(("read",) if self.needs_lines else ()))
        seconds = {stage: drafted.result.timings[stage] for stage in charged}
        wanted = [one for one in drafted.requests if self.parts.verifier.declines(one) is None]
        return PlainPage(wanted, seconds, drafted)


def _describe(outcome: Outcome, page: PageResult) -> None:
    """Counts by category and source, and outputs, from a page's result."""
    if page.verdict is not None:
        outcome.categories = {"page": page.verdict.stats, "regions before it": page.region_pass}
        outcome.outputs = {"page": page.verdict.text}
        return
    categories: defaultdict[str, DecodeStats] = defaultdict(DecodeStats)
    sources: defaultdict[str, DecodeStats] = defaultdict(DecodeStats)
    for one in page.regions:
        if one.verdict.finish is not Finish.UNVERIFIED:
            categories[one.region.category.value] += one.verdict.stats
            sources[one.draft.source if one.draft else "none"] += one.verdict.stats
            outcome.outputs[str(one.region.order)] = one.text
    outcome.categories, outcome.sources = dict(categories), dict(sources)


def _label(key: RequestKey) -> str:
    return "page" if key.order is None else str(key.order)


def _passes(verifier: Any) -> int:
    """Target passes so far; the mini keeps its engine inside."""
    return int(getattr(verifier, "inner", verifier).passes)
