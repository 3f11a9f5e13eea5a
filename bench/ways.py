"""The ways to read pages that are timed side by side, one page alone or many at once.

- ``docspec``: the whole flow, as a user calls it. Its total is the wall time of that call.
- ``ar``: the same engine without drafts. It is charged with what a plain run needs and nothing else: in page
  mode rendering and the verifier, in region mode also the layout, and the text lines only where they are the
  verifier's input (the mini's).
- ``generate``, ``lookup``, ``generate-mtp``: transformers' own greedy ``generate``, alone, with prompt
  lookup, and with the checkpoint's own head for further tokens, where it has one that transformers can use
  (docspec.bench.assisted); charged alike, vision is part of their prefill.

The plain ones are in docspec.bench.plain and docspec.bench.generate.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from docspec.config import Config
from docspec.pipeline import BatchResult, Parser, Parts
from docspec.types import DecodeStats, Finish, Mode, PageResult

STAGES = ("render", "read", "layout", "draft", "vision", "prefill", "decode", "assemble")
VERIFIER_STAGES = ("vision", "prefill", "decode")


@dataclass(slots=True)
class PageOutcome:
    """One page as it was read, or the ``error`` that kept it from it.

    ``outputs`` are what the verifier wrote, by region order, or ``page``.
    """

    stats: DecodeStats = field(default_factory=DecodeStats)
    categories: dict[str, DecodeStats] = field(default_factory=dict)
    sources: dict[str, DecodeStats] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    markdown: str = ""
    error: str | None = None


@dataclass(slots=True)
class Outcome:
    """Pages read in one way: seconds by stage and in all, target passes, and each page by its file's name."""

    seconds: dict[str, float]
    total: float
    passes: int
    pages: dict[str, PageOutcome]

    @property
    def stats(self) -> DecodeStats:
        """Counts over all pages."""
        return sum((page.stats for page in self.pages.values()), DecodeStats())


class Way(Protocol):
    """A way to read pages in a mode."""

    name: str
    mode: Mode

    def read(self, paths: Sequence[Path]) -> Outcome:
        """Read the page images at ``paths``, together where they are several; no name twice."""
        ...


def label(way: Way) -> str:
    """A run's name."""
    return f"{way.name}-{way.mode.value}"


class Docspec:
    """The whole flow with drafts."""

    name = "docspec"

    def __init__(self, mode: Mode, config: Config, parts: Parts) -> None:
        self.mode = mode
        self.parser = Parser(replace(config, mode=mode.value), parts=parts)

    def read(self, paths: Sequence[Path]) -> Outcome:
        """Wall time from the files to the markdown."""
        verifier: Any = self.parser.verifier
        passes, before = verifier.passes, dict(verifier.seconds)
        started = time.perf_counter()
        results = list(self.parser.parse_batch(paths))
        total = time.perf_counter() - started
        spent, made = since(before, verifier.seconds), verifier.passes - passes
        verifier.release()  # or it would count as memory that the next run needs
        timings = [result.document.timings for result in results if result.document is not None]
        seconds = {stage: sum(one.get(stage, 0.0) for one in timings) for stage in STAGES}
        pages = {result.path.name: _page(result) for result in results}
        return Outcome(seconds | spent, total, made, pages)


def _page(result: BatchResult) -> PageOutcome:
    """A page image's outcome from its document."""
    if result.document is None:
        return PageOutcome(error=f"{type(result.error).__name__}: {result.error}")
    [page] = result.document.pages
    if page.error:
        return PageOutcome(error=page.error)
    outcome = PageOutcome(page.stats, markdown=result.document.markdown)
    _describe(outcome, page)
    return outcome


def _describe(outcome: PageOutcome, page: PageResult) -> None:
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


def since(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """The verifier's seconds by stage between two readings of its clock."""
    return {stage: after.get(stage, 0.0) - before.get(stage, 0.0) for stage in VERIFIER_STAGES}
