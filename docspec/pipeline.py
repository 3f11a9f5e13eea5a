"""The whole flow: source, layout, drafts, verification, assembly."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from docspec import registry
from docspec.assemble import assemble, image_links
from docspec.config import Config
from docspec.drafting import Ahead, DocumentEnd, DraftedPage, Input, RequestKey, Stages
from docspec.errors import DocspecError
from docspec.types import Document, Finish, PageResult, RegionResult, Request, Verdict, Verifier
from docspec.verifiers.loading import load_verifier

Progress = Callable[[PageResult], None]


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One document of a batch: its ``document``, or the ``error`` that kept it from being read."""

    path: Path
    document: Document | None = None
    error: DocspecError | None = None


class Parser:
    """Parses documents with one loaded verifier.

    ``Parser(verifier="mini", device="cuda")`` takes the fields of Config as options. Raises UsageError for
    options that cannot be used and ModelError where the verifier cannot be loaded.
    """

    def __init__(self, config: Config | None = None, **options: Any) -> None:
        self.config = replace(config, **options) if config else Config(**options)
        self.verifier: Verifier = load_verifier(self.config)
        self._stages = Stages(
            detector=registry.load("detectors", self.config.detector)(),
            drafter=registry.load("drafters", self.config.drafter)(),
            style=self.verifier.style,
            dpi=self.verifier.dpi,
            config=self.config,
        )

    def parse(
        self, source: Path | str | bytes, *, name: str | None = None, progress: Progress | None = None
    ) -> Document:
        """Parse one PDF or image, a path or its bytes (``name`` labels those).

        Raises InputError where it cannot be read; a page that fails is reported in its PageResult.
        ``progress`` is called with each finished page.
        """
        item = Input(0, source if isinstance(source, bytes) else Path(source), name)
        [outcome] = _Run(self, [item], progress).outcomes()
        if isinstance(outcome.result, DocspecError):
            raise outcome.result
        return outcome.result

    def parse_batch(
        self, paths: Iterable[Path | str], progress: Progress | None = None
    ) -> Iterator[BatchResult]:
        """Parse many documents, sharing the verifier's batches; streams in order of completion."""
        known = [Path(path) for path in paths]
        inputs = [Input(number, path) for number, path in enumerate(known)]
        for outcome in _Run(self, inputs, progress).outcomes():
            if isinstance(outcome.result, DocspecError):
                yield BatchResult(known[outcome.number], error=outcome.result)
            else:
                yield BatchResult(known[outcome.number], document=outcome.result)


def parse(source: Path | str | bytes, **options: Any) -> Document:
    """Parse one document; options as for Parser, which is worth keeping when there are several."""
    return Parser(**options).parse(source)


@dataclass(frozen=True, slots=True)
class _Outcome:
    number: int
    result: Document | DocspecError


@dataclass(slots=True)
class _OpenPage:
    """A page some of whose regions are still with the verifier."""

    drafted: DraftedPage
    verdicts: dict[int, Verdict] = field(default_factory=dict)  # by region order

    @property
    def complete(self) -> bool:
        return len(self.verdicts) == len(self.drafted.regions)

    def result(self) -> PageResult:
        regions = tuple(
            RegionResult(region, request.drafts[0] if request.drafts else None, self.verdicts[region.order])
            for region, request in zip(self.drafted.regions, self.drafted.requests, strict=True)
        )
        return replace(self.drafted.result, regions=regions)


@dataclass(slots=True)
class _OpenDocument:
    """A document some of whose pages are still on their way; ``end`` once all have been drafted."""

    pages: dict[int, _OpenPage] = field(default_factory=dict)
    done: dict[int, PageResult] = field(default_factory=dict)
    end: DocumentEnd | None = None


class _Run:
    """One pass over some documents: hands regions to the verifier, collects verdicts into documents."""

    def __init__(self, parser: Parser, inputs: Sequence[Input], progress: Progress | None) -> None:
        self.parser, self.inputs, self.progress = parser, inputs, progress
        self.open: dict[int, _OpenDocument] = {item.number: _OpenDocument() for item in inputs}
        self.finished: deque[_Outcome] = deque()
        self.clock = time.perf_counter()
        self.spent = dict(getattr(parser.verifier, "seconds", {}))

    def outcomes(self) -> Iterator[_Outcome]:
        """Every input's document or error, in order of completion."""
        with Ahead(self.parser._stages, self.inputs) as events:
            for key, verdict in self.parser.verifier.verify(self._requests(events)):
                assert isinstance(key, RequestKey)
                self._settle(key, verdict)
                while self.finished:
                    yield self.finished.popleft()
        yield from self.finished

    def _requests(self, events: Iterable[DraftedPage | DocumentEnd | None]) -> Iterator[Request | None]:
        """What the verifier has to read, as it is drafted; declined regions are settled on the way."""
        for event in events:
            if event is None:
                yield None
            elif isinstance(event, DocumentEnd):
                self.open[event.document].end = event
                self._close(event.document)
            else:
                document = self.open[event.document]
                document.pages[event.result.index] = _OpenPage(event)
                for request in event.requests:
                    reason = self.parser.verifier.declines(request)
                    if reason is None:
                        yield request
                    else:
                        text = request.drafts[0].text if request.drafts else ""
                        unread = Verdict(text, Finish.UNVERIFIED, reason=reason)
                        assert isinstance(request.key, RequestKey)
                        self._settle(request.key, unread)
                if not event.regions:
                    self._close_page(event.document, event.result.index)

    def _settle(self, key: RequestKey, verdict: Verdict) -> None:
        page = self.open[key.document].pages[key.page]
        page.verdicts[key.order] = verdict
        if page.complete:
            self._close_page(key.document, key.page)

    def _close_page(self, number: int, index: int) -> None:
        document = self.open[number]
        result = document.pages.pop(index).result()
        document.done[index] = result
        if self.progress:
            self.progress(result)
        self._close(number)

    def _close(self, number: int) -> None:
        """Finish a document when everything of it is there."""
        document = self.open[number]
        if document.end is None or document.pages:
            return
        if document.end.error is not None:
            self.finished.append(_Outcome(number, document.end.error))
        else:
            self.finished.append(_Outcome(number, self._document(document, document.end)))
        del self.open[number]

    def _document(self, document: _OpenDocument, end: DocumentEnd) -> Document:
        started = time.perf_counter()
        pages = [document.done[index] for index in sorted(document.done)]
        links = image_links(Path(end.name).stem, pages)
        assembly = assemble(pages, keep_headers=self.parser.config.keep_headers, image_links=links)
        timings = {"render": 0.0, "read": 0.0, "layout": 0.0, "draft": 0.0}
        for page in pages:
            for stage, seconds in page.timings.items():
                timings[stage] += seconds
        timings |= self._verifier_seconds()
        timings["assemble"] = time.perf_counter() - started
        timings["total"] = time.perf_counter() - self.clock
        self.clock = time.perf_counter()
        return Document(
            name=end.name,
            pages=assembly.pages,
            markdown=assembly.markdown,
            verifier=self.parser.verifier.name,
            mode="region",
            timings=timings,
            notes=end.notes,
        )

    def _verifier_seconds(self) -> dict[str, float]:
        """Seconds by verifier stage since the last document was finished (a batch's documents share them)."""
        now: dict[str, float] = dict(getattr(self.parser.verifier, "seconds", {}))
        spent = {stage: seconds - self.spent.get(stage, 0.0) for stage, seconds in now.items()}
        self.spent = now
        return spent
