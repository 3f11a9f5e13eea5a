"""The whole flow: source, layout, drafts, verification, assembly."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Unpack

from docspec import registry
from docspec.assemble import assemble, image_links
from docspec.config import Config, Options
from docspec.drafting import Ahead, DocumentEnd, DraftedPage, Input, RequestKey, Stages
from docspec.errors import DocspecError, UsageError
from docspec.page_pass import is_sure, page_request, page_result, region_results
from docspec.types import (
    Detector,
    Document,
    Drafter,
    Finish,
    Mode,
    PageResult,
    Request,
    Verdict,
    Verifier,
)
from docspec.verifiers.loading import load_verifier

Progress = Callable[[PageResult], None]


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One document of a batch: its ``document``, or the ``error`` that kept it from being read.

    >>> [result] = docspec.Parser().parse_batch(["missing.pdf"])
    >>> result.path.name, result.document, type(result.error).__name__
    ('missing.pdf', None, 'InputNotFound')
    """

    path: Path
    document: Document | None = None
    error: DocspecError | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """The exchangeable parts of a Parser, loaded."""

    verifier: Verifier
    detector: Detector
    drafter: Drafter


def load_parts(config: Config) -> Parts:
    """The parts that ``config`` names. Raises UsageError and ModelError."""
    return Parts(
        verifier=load_verifier(config),
        detector=registry.make("detectors", config.detector, config),
        drafter=registry.make("drafters", config.drafter, config),
    )


class Parser:
    """Parses documents with one loaded verifier.

    ``Parser(verifier="mini", device="cuda")`` takes the fields of Config as options. Raises UsageError for
    options that cannot be used and ModelError where the verifier cannot be loaded. ``mode`` is how pages are
    read, ``auto`` decided. ``parts`` are used instead of those that the options name.

    >>> parser = docspec.Parser(verifier="mini", pages="1")
    >>> len(parser.parse("paper.pdf").pages)
    1
    """

    def __init__(
        self, config: Config | None = None, *, parts: Parts | None = None, **options: Unpack[Options]
    ) -> None:
        self.config = replace(config, **options) if config else Config(**options)
        parts = parts or load_parts(self.config)
        self.verifier = parts.verifier
        self.mode = choose_mode(self.config.mode, self.verifier)
        self._stages = Stages(
            detector=parts.detector,
            drafter=parts.drafter,
            style=self.verifier.style,
            dpi=self.verifier.dpi,
            config=self.config,
            mode=self.mode,
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


def parse(source: Path | str | bytes, **options: Unpack[Options]) -> Document:
    """Parse one document; options as for Parser, which is worth keeping when there are several.

    >>> document = docspec.parse("paper.pdf", verifier="draft-only", pages="2")
    >>> document.markdown.splitlines()[0]
    '## 2 Heading of page 2'
    """
    return Parser(**options).parse(source)


def choose_mode(name: str, verifier: Verifier) -> Mode:
    """The mode called ``name``; ``auto`` is region mode only where that is what the verifier was made for.

    Raises UsageError where the verifier cannot read pages.
    """
    if name == "auto":
        pages = verifier.reads_pages and verifier.native == "page"
        return Mode.HIERARCHICAL if pages else Mode.REGION
    mode = Mode(name)
    if mode is not Mode.REGION and not verifier.reads_pages:
        raise UsageError(
            f"the verifier {verifier.name!r} reads regions only: mode {name} needs one that reads pages; "
            "use --mode region or auto"
        )
    return mode


@dataclass(frozen=True, slots=True)
class _Outcome:
    number: int
    result: Document | DocspecError


@dataclass(slots=True)
class _OpenPage:
    """A page that is still with the verifier, or some of whose regions are; ``mode`` is how it is read."""

    drafted: DraftedPage
    mode: Mode
    verdicts: dict[int, Verdict] = field(default_factory=dict)  # by region order
    page: Verdict | None = None

    @property
    def regions_read(self) -> bool:
        return len(self.verdicts) == len(self.drafted.regions)

    def result(self) -> PageResult:
        if self.page is not None:
            return page_result(self.drafted, self.verdicts, self.page, self.mode)
        return replace(self.drafted.result, regions=region_results(self.drafted, self.verdicts))


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
        self.sources = {item.number: item.source for item in inputs}
        self.finished: deque[_Outcome] = deque()
        self.page_requests: deque[Request] = deque()  # of pages whose regions have been read
        self.clock = time.perf_counter()
        self.spent = dict(getattr(parser.verifier, "seconds", {}))

    def outcomes(self) -> Iterator[_Outcome]:
        """Every input's document or error, in order of completion."""
        with Ahead(self.parser._stages, self.inputs) as events:
            for key, verdict in self.parser.verifier.verify(self._requests(events)):
                self._settle(key, verdict)
                while self.finished:
                    yield self.finished.popleft()
        yield from self.finished

    def _requests(self, events: Iterable[DraftedPage | DocumentEnd | None]) -> Iterator[Request | None]:
        """What the verifier has to read: regions as they are drafted, a page once its regions are read.

        None where nothing is ready yet; it ends when there is nothing more to come.
        """
        for event in events:
            yield from self._pages_to_read()
            if event is None:
                yield None
            elif isinstance(event, DocumentEnd):
                self.open[event.document].end = event
                self._close(event.document)
            else:
                yield from self._region_requests(event)
        while self.parser.mode is not Mode.REGION and any(document.pages for document in self.open.values()):
            yield from self._pages_to_read()
            yield None

    def _pages_to_read(self) -> Iterator[Request]:
        while self.page_requests:
            yield self.page_requests.popleft()

    def _region_requests(self, drafted: DraftedPage) -> Iterator[Request]:
        """A page's regions, one by one; those that are declined, or need no reading, are settled at once."""
        declined = {request.key: self.parser.verifier.declines(request) for request in drafted.requests}
        to_read = [request for request in drafted.requests if declined[request.key] is None]
        mode = self.parser.mode if drafted.image is not None else Mode.REGION
        if mode is Mode.HIERARCHICAL and is_sure(to_read):
            mode = Mode.PAGE
        self.open[drafted.document].pages[drafted.result.index] = _OpenPage(drafted, mode)
        for request in drafted.requests:
            reason = declined[request.key] or ("read with the page" if mode is Mode.PAGE else None)
            if reason is None:
                yield request
            else:
                text = request.drafts[0].text if request.drafts else ""
                self._settle(request.key, Verdict(text, Finish.UNVERIFIED, reason=reason))
        if not drafted.requests:
            self._regions_read(drafted.document, drafted.result.index)

    def _settle(self, key: Hashable, verdict: Verdict) -> None:
        assert isinstance(key, RequestKey)
        page = self.open[key.document].pages[key.page]
        if key.order is None:
            page.page = verdict
            self._close_page(key.document, key.page)
            return
        page.verdicts[key.order] = verdict
        if page.regions_read:
            self._regions_read(key.document, key.page)

    def _regions_read(self, number: int, index: int) -> None:
        """Every region of a page has its verdict: the page itself comes next, or it is done."""
        page = self.open[number].pages[index]
        if page.mode is not Mode.REGION:
            request = page_request(page.drafted, page.verdicts)
            declined = self.parser.verifier.declines(request)
            if declined is None:
                self.page_requests.append(request)
                return
            page.page = Verdict("", Finish.UNVERIFIED, reason=declined)
        self._close_page(number, index)

    def _close_page(self, number: int, index: int) -> None:
        document = self.open[number]
        page = document.pages.pop(index)
        try:
            result = page.result()
        except Exception as error:  # noqa: BLE001 a page that fails never takes the document with it
            result = replace(page.drafted.result, error=f"{type(error).__name__}: {error}")
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
            source = self.sources[number]
            self.finished.append(_Outcome(number, self._document(document, document.end, source)))
        del self.open[number]

    def _document(self, document: _OpenDocument, end: DocumentEnd, source: Path | bytes) -> Document:
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
            mode=_mode_of(pages, self.parser.mode),
            timings=timings,
            notes=end.notes,
            source=None if isinstance(source, bytes) else str(source),
            device=getattr(self.parser.verifier, "device", ""),
            keep_headers=self.parser.config.keep_headers,
        )

    def _verifier_seconds(self) -> dict[str, float]:
        """Seconds by verifier stage since the last document was finished (a batch's documents share them)."""
        now: dict[str, float] = dict(getattr(self.parser.verifier, "seconds", {}))
        spent = {stage: seconds - self.spent.get(stage, 0.0) for stage, seconds in now.items()}
        self.spent = now
        return spent


def _mode_of(pages: Sequence[PageResult], asked: Mode) -> Mode:
    """How a document was read: by the most thorough mode of its pages."""
    modes = {page.mode for page in pages if page.error is None}
    thorough = (Mode.HIERARCHICAL, Mode.PAGE, Mode.REGION)
    return next((mode for mode in thorough if mode in modes), asked)
