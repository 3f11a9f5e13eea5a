"""One pass over some documents: what drafting has ready goes to the verifier, and verdicts become documents.

Everything that belongs to a run is here and ends with it, however it ends.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from docspec.assemble import assemble, image_links
from docspec.config import Config
from docspec.drafting import Ahead, DocumentEnd, DraftedPage, Input, Pause, RequestKey
from docspec.errors import DocspecError, ModelError
from docspec.hierarchy import with_hierarchy
from docspec.internal_links import with_links
from docspec.page_pass import is_sure, page_request, page_result, region_results
from docspec.trust import SAMPLED, UNSAMPLED, is_sound
from docspec.turning import displayed
from docspec.types import Document, Finish, Mode, PageResult, Request, Verdict, Verifier, unread

Progress = Callable[[PageResult], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the input with that ``number``."""

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

    @property
    def failure(self) -> str | None:
        """Why the page has failed, if the verifier broke on it or on one of its regions."""
        broken = [verdict for verdict in [*self.verdicts.values(), self.page] if verdict and verdict.failed]
        return broken[0].reason if broken else None

    def result(self) -> PageResult:
        """The page's result, in the page as it is displayed."""
        return displayed(self._result())

    def _result(self) -> PageResult:
        if self.page is not None:
            return page_result(self.drafted, self.verdicts, self.page, self.mode)
        result = replace(self.drafted.result, regions=region_results(self.drafted, self.verdicts))
        return result if self.failure is None else replace(result, error=self.failure)


@dataclass(slots=True)
class _OpenDocument:
    """A document some of whose pages are still on their way; ``end`` once all have been drafted."""

    pages: dict[int, _OpenPage] = field(default_factory=dict)
    done: dict[int, PageResult] = field(default_factory=dict)
    end: DocumentEnd | None = None


def spares(config: Config, verifier: Verifier) -> bool:
    """Whether what a sound text layer has is left unverified."""
    return config.verify == "doubtful" or (config.verify == "auto" and verifier.doubtful_only)


class Run:
    """Hands the regions that ``ahead`` drafts to ``verifier`` and collects the verdicts into documents.

    ``mode`` is how pages are to be read; ``progress`` is called with each finished page.
    """

    def __init__(
        self,
        ahead: Ahead,
        inputs: Sequence[Input],
        verifier: Verifier,
        mode: Mode,
        config: Config,
        progress: Progress | None,
    ) -> None:
        self.ahead, self.verifier, self.mode, self.config = ahead, verifier, mode, config
        self.progress = progress
        self.spared = spares(config, verifier)
        self.open: dict[int, _OpenDocument] = {item.number: _OpenDocument() for item in inputs}
        self.sources = {item.number: item.source for item in inputs}
        self.finished: deque[Outcome] = deque()
        self.page_requests: deque[Request] = deque()  # of pages whose regions have been read
        self.with_verifier = 0  # requests without a verdict yet
        self.drafting = True
        self.clock = time.perf_counter()
        self.spent = dict(verifier.seconds)

    def outcomes(self) -> Generator[Outcome]:
        """Every input's document or error, each as soon as its last page is done."""
        while self.drafting:
            with closing(self.verifier.verify(self._requests())) as verdicts:
                for key, verdict in verdicts:
                    self.with_verifier -= 1
                    self._settle(key, verdict)
                    yield from self._done()
            if self.with_verifier:
                missing = f"{self.with_verifier} of the requests that it took"
                raise ModelError(f"the verifier {self.verifier.name!r} gave no verdict on {missing}")
            yield from self._done()

    def _done(self) -> Iterator[Outcome]:
        while self.finished:
            yield self.finished.popleft()

    def _requests(self) -> Iterator[Request | None]:
        """What the verifier has to read: regions as they are drafted, a page once its regions are read.

        None where nothing is ready yet. It ends when there is nothing more to come, and while the verifier
        has nothing to do also as soon as a document is finished, so that it need not wait for a verdict.
        """
        while True:
            while self.page_requests:
                yield self._sent(self.page_requests.popleft())
            idle = self.with_verifier == 0
            if idle and self.finished:
                return
            event = self.ahead.take(wait=idle) if self.drafting else Pause.END
            if event is Pause.YET:
                yield None
            elif event is Pause.END:
                self.drafting = False
                if not self._pages_to_come():
                    return
                yield None
            elif isinstance(event, DocumentEnd):
                self.open[event.document].end = event
                self._close(event.document)
            else:
                yield from self._region_requests(event)

    def _pages_to_come(self) -> bool:
        """Whether a page may still have to be read, once its regions are."""
        waiting = (page for document in self.open.values() for page in document.pages.values())
        return bool(self.page_requests) or any(page.mode is not Mode.REGION for page in waiting)

    def _sent(self, request: Request) -> Request:
        self.with_verifier += 1
        return request

    def _region_requests(self, drafted: DraftedPage) -> Iterator[Request]:
        """A page's regions, one by one; those that need no reading, or are declined, are settled at once."""
        reasons = {request.key: self._unread(drafted, i) for i, request in enumerate(drafted.requests)}
        to_read = [request for request in drafted.requests if reasons[request.key] is None]
        mode = self.mode if drafted.image is not None else Mode.REGION
        if not to_read and {SAMPLED, UNSAMPLED} & set(reasons.values()):
            mode = Mode.REGION
        if mode is Mode.HIERARCHICAL and is_sure(to_read):
            mode = Mode.PAGE
        self.open[drafted.document].pages[drafted.result.index] = _OpenPage(drafted, mode)
        for request in drafted.requests:
            reason = reasons[request.key] or ("read with the page" if mode is Mode.PAGE else None)
            if reason is None:
                yield self._sent(request)
            else:
                self._settle(request.key, unread(request, reason))
        if not drafted.requests:
            self._regions_read(drafted.document, drafted.result.index)

    def _unread(self, drafted: DraftedPage, number: int) -> str | None:
        """Why a page's region is not sent to the verifier, or None."""
        request = drafted.requests[number]
        if (reason := self.verifier.declines(request)) is not None:
            return reason
        if not self.spared or not is_sound(drafted.regions[number], request):
            return None
        return SAMPLED if drafted.result.sample else UNSAMPLED

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
        if page.mode is not Mode.REGION and page.failure is None:
            request = page_request(page.drafted, page.verdicts)
            declined = self.verifier.declines(request)
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
            result = replace(displayed(page.drafted.result), error=f"{type(error).__name__}: {error}")
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
            self.finished.append(Outcome(number, document.end.error))
        else:
            self.finished.append(Outcome(number, self._document(number, document, document.end)))
        del self.open[number]

    def _document(self, number: int, document: _OpenDocument, end: DocumentEnd) -> Document:
        started = time.perf_counter()
        source = self.sources[number]
        pages = [document.done[index] for index in sorted(document.done)]
        whole = put_together(
            pages,
            end,
            None if isinstance(source, bytes) else str(source),
            self.verifier,
            self.mode,
            self.config,
        )
        timings = {**whole.timings, **self._verifier_seconds()}
        timings["assemble"] = time.perf_counter() - started
        timings["total"] = time.perf_counter() - self.clock
        self.clock = time.perf_counter()
        return replace(whole, timings=timings)

    def _verifier_seconds(self) -> dict[str, float]:
        """Seconds by verifier stage since the last document was finished (a batch's documents share them)."""
        now = dict(self.verifier.seconds)
        spent = {stage: seconds - self.spent.get(stage, 0.0) for stage, seconds in now.items()}
        self.spent = now
        return spent


def put_together(
    read: Sequence[PageResult],
    end: DocumentEnd,
    source: str | None,
    verifier: Verifier,
    mode: Mode,
    config: Config,
) -> Document:
    """The document of its pages, which are as ``progress`` is given them and in order.

    ``mode`` is how they were to be read. Its ``timings`` are the pages' own, seconds by stage.
    """
    pages = with_links(with_hierarchy(read, end.bookmarks))
    links = image_links(Path(end.name).stem, pages)
    assembly = assemble(pages, keep_headers=config.keep_headers, image_links=links)
    timings = {"render": 0.0, "read": 0.0, "layout": 0.0, "draft": 0.0}
    for page in pages:
        for stage, seconds in page.timings.items():
            timings[stage] += seconds
    return Document(
        name=end.name,
        pages=assembly.pages,
        markdown=assembly.markdown,
        verifier=verifier.name,
        mode=_mode_of(pages, mode),
        timings=timings,
        notes=(*end.notes, *_cut_off(pages, config), *_silent(assembly.silent)),
        source=source,
        device=verifier.device,
        keep_headers=config.keep_headers,
    )


def _cut_off(pages: Sequence[PageResult], config: Config) -> tuple[str, ...]:
    """The note on outputs that ended at the bound on tokens, if there are any."""
    count = sum(page.cut_off for page in pages)
    limit = f"the limit of {config.max_new_tokens} tokens (--max-new-tokens)"
    return (f"{count} of the model's outputs cut off at {limit}",) if count else ()


def _silent(pages: Sequence[int]) -> tuple[str, ...]:
    """The note on pages, by index, of whose text nothing is in the output, if there are any."""
    if not pages:
        return ()
    listed = ", ".join(str(index + 1) for index in pages)
    what = f"pages {listed} have" if len(pages) > 1 else f"page {listed} has"
    return (f"{what} text, none of which is in the output; the JSON lists it as dropped, with the reason",)


def _mode_of(pages: Sequence[PageResult], asked: Mode) -> Mode:
    """How a document was read: by the most thorough mode of its pages."""
    modes = {page.mode for page in pages if page.error is None}
    thorough = (Mode.HIERARCHICAL, Mode.PAGE, Mode.REGION)
    return next((mode for mode in thorough if mode in modes), asked)
