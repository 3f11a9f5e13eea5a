"""Reading without drafts: what a plain run is charged with, and ``ar``, the same engine without drafts.

Of many pages at once docspec reads some while it drafts others. A plain run could render and lay out some
while it reads others: it is charged with the longer of the two, as if it lost no time between them.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from docspec.assemble import assemble
from docspec.bench.ways import STAGES, Outcome, PageOutcome, since
from docspec.config import Config
from docspec.drafters.formats import markdown
from docspec.drafting import DraftedPage, Input, RequestKey, Stages
from docspec.errors import DocspecError, InputError
from docspec.page_pass import region_results
from docspec.pipeline import Parts
from docspec.source import PageFailure, open_document
from docspec.types import DecodeStats, Finish, Mode, Request, Verdict

NO_IMAGE = np.zeros((0, 0, 3), dtype=np.uint8)


class Plain:
    """The same engine without drafts; ``saturated`` for many pages at once."""

    name = "ar"

    def __init__(self, mode: Mode, config: Config, parts: Parts, *, saturated: bool = False) -> None:
        self.mode, self.parts = mode, parts
        self.pages = PlainPages(mode, config, parts, saturated=saturated)

    def read(self, paths: Sequence[Path]) -> Outcome:
        """The charged stages and the verifier's own."""
        verifier: Any = self.parts.verifier
        passes, before = verifier.passes, dict(verifier.seconds)
        run = PlainRun(self.pages, paths)
        verdicts = dict(verifier.verify(run.requests()))
        verifier.release()  # or it would count as memory that the next run needs
        return run.outcome(since(before, verifier.seconds), verifier.passes - passes, verdicts)


@dataclass(slots=True)
class PlainPage:
    """A page that is read plainly: what the verifier is asked, and the seconds that it took to get there.

    ``drafted`` is its layout in region mode, without its pixels.
    """

    name: str
    keys: list[RequestKey] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    drafted: DraftedPage | None = None
    error: str | None = None

    def outcome(self, verdicts: Mapping[Any, Verdict]) -> PageOutcome:
        """The page with its own of the verdicts."""
        if self.error is not None:
            return PageOutcome(error=self.error)
        own = {key: verdicts[key] for key in self.keys}
        stats = sum((verdict.stats for verdict in own.values()), DecodeStats())
        outputs = {"page" if key.order is None else str(key.order): one.text for key, one in own.items()}
        return PageOutcome(stats, outputs=outputs, markdown=self._markdown(own))

    def _markdown(self, verdicts: Mapping[RequestKey, Verdict]) -> str:
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
    """Makes pages as a plain run gets them: the image, or the regions of the layout."""

    def __init__(self, mode: Mode, config: Config, parts: Parts, *, saturated: bool) -> None:
        self.mode, self.parts, self.saturated = mode, parts, saturated
        self.needs_lines = parts.verifier.name == "mini"
        self.stages = Stages(
            detector=parts.detector,
            drafter=parts.drafter,
            style=parts.verifier.style,
            dpi=parts.verifier.dpi,
            config=config,
        )

    def make(self, number: int, path: Path) -> tuple[PlainPage, list[Request]]:
        """The page at ``path``, the run's ``number``-th, with what is to be read of it."""
        try:
            return self._regions(number, path) if self.mode is Mode.REGION else self._image(number, path)
        except DocspecError as error:
            return PlainPage(path.name, error=f"{type(error).__name__}: {error}"), []

    def _image(self, number: int, path: Path) -> tuple[PlainPage, list[Request]]:
        started = time.perf_counter()
        with open_document(path) as source:
            [page] = source.pages(self.parts.verifier.dpi)
            if isinstance(page, PageFailure):
                raise InputError(str(page.error))
            key = RequestKey(number, page.index, None)
            seconds = {"render": time.perf_counter() - started}
            return PlainPage(path.name, [key], seconds), [Request(key, page.image, None)]

    def _regions(self, number: int, path: Path) -> tuple[PlainPage, list[Request]]:
        drafted, *_ = self.stages.documents([Input(number, path)])
        if not isinstance(drafted, DraftedPage):
            raise drafted.error or InputError(f"{path.name} has no page")
        if drafted.result.error:
            raise InputError(drafted.result.error)
        charged = ("render", "layout", *(("read",) if self.needs_lines else ()))
        seconds = {stage: drafted.result.timings[stage] for stage in charged}
        requests = [one for one in drafted.requests if self.parts.verifier.declines(one) is None]
        keys = [one.key for one in requests if isinstance(one.key, RequestKey)]
        # of many pages the pixels would not fit in memory
        bare = tuple(replace(one, image=NO_IMAGE, line_strips=()) for one in drafted.requests)
        return PlainPage(path.name, keys, seconds, replace(drafted, requests=bare)), requests


class PlainRun:
    """One plain run over ``paths``: pages are made when their requests are asked for."""

    def __init__(self, pages: PlainPages, paths: Sequence[Path]) -> None:
        self._pages, self._paths = pages, paths
        self._made: list[PlainPage] = []

    def requests(self) -> Iterator[Request]:
        """What is to be read, page after page."""
        for number, path in enumerate(self._paths):
            page, requests = self._pages.make(number, path)
            self._made.append(page)
            yield from requests

    def outcome(self, spent: Mapping[str, float], passes: int, verdicts: Mapping[Any, Verdict]) -> Outcome:
        """The outcome with the verifier's seconds by stage and its verdicts."""
        started = time.perf_counter()
        read = {page.name: page.outcome(verdicts) for page in self._made}
        assembled = time.perf_counter() - started
        charged: defaultdict[str, float] = defaultdict(float)
        for page in self._made:
            for stage, seconds in page.seconds.items():
                charged[stage] += seconds
        before, reading = sum(charged.values()), sum(spent.values())
        total = assembled + (max(before, reading) if self._pages.saturated else before + reading)
        by_stage = dict.fromkeys(STAGES, 0.0) | charged | dict(spent) | {"assemble": assembled}
        return Outcome(by_stage, total, passes, read)
