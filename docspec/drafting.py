"""The drafting side of the flow: documents in, drafted pages out, in a thread of its own.

It works ahead of the verifier by a few pages at most, so memory does not grow with the document.
"""

from __future__ import annotations

import io
import queue
import threading
import time
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image as PillowImage

from docspec.config import Config
from docspec.drafters.reading.printed_size import with_printed_sizes
from docspec.errors import DocspecError
from docspec.layout import analyse
from docspec.source import PageFailure, open_document
from docspec.trust import Sampler, doubted
from docspec.turning import prevailing_turn, turned
from docspec.types import (
    Bookmark,
    Box,
    Category,
    Detector,
    Draft,
    Drafter,
    Image,
    Line,
    Mode,
    Page,
    PageResult,
    Region,
    Request,
    Style,
)

AHEAD = 4  # drafted pages waiting for the verifier
PATIENCE, HASTE = 60.0, 0.5  # seconds to wait for a page's drafting that is no longer wanted
CROP_MARGIN = 2.0  # points of surroundings that the verifier sees around a region


class Pause(Enum):
    """Why there is no event from drafting."""

    YET = auto()
    END = auto()


class RequestKey(NamedTuple):
    """Which region a request is of, ``order`` None for the page; ``document`` counts a run's inputs."""

    document: int
    page: int
    order: int | None


@dataclass(frozen=True, slots=True)
class Input:
    """A document to parse; ``name`` labels bytes."""

    number: int
    source: Path | bytes
    name: str | None = None


@dataclass(frozen=True, slots=True)
class DraftedPage:
    """A page ready for the verifier: ``result`` still lacks ``regions``, of which ``requests`` ask.

    ``image`` are the page's pixels, where the verifier is to read the page itself.
    """

    document: int
    result: PageResult
    regions: tuple[Region, ...] = ()
    requests: tuple[Request, ...] = ()
    image: Image | None = None


@dataclass(frozen=True, slots=True)
class DocumentEnd:
    """The last page of a document has been drafted, or ``error`` kept it from being read at all.

    ``bookmarks`` are its outline.
    """

    document: int
    name: str
    notes: tuple[str, ...] = ()
    error: DocspecError | None = None
    bookmarks: tuple[Bookmark, ...] = ()


@dataclass(slots=True)
class Stages:
    """The exchangeable parts of drafting and what they are told; ``mode`` is how pages are to be read.

    ``sampler`` reads some of a trusted text layer again, where that is to be left unverified.
    """

    detector: Detector
    drafter: Drafter
    style: Style
    dpi: float
    config: Config
    mode: Mode = Mode.REGION
    sampler: Sampler | None = None
    _clock: float = field(default_factory=time.perf_counter)

    def documents(self, inputs: Sequence[Input]) -> Iterator[DraftedPage | DocumentEnd]:
        """Every page and every end of ``inputs``, in order."""
        for item in inputs:
            try:
                yield from self._document(item)
            except DocspecError as error:
                name = item.name or (item.source.name if isinstance(item.source, Path) else "document")
                yield DocumentEnd(item.number, name, error=error)

    def _document(self, item: Input) -> Iterator[DraftedPage | DocumentEnd]:
        with open_document(
            item.source, name=item.name, password=self.config.password, pages=self.config.pages
        ) as source:
            self._clock = time.perf_counter()
            told = len(source.notes)
            for page in source.pages(self.dpi):
                notes = source.notes[told:]
                told += len(notes)
                if isinstance(page, PageFailure):
                    failed = PageResult(page.index, 0, 0, error=str(page.error), notes=notes)
                    yield DraftedPage(item.number, failed)
                else:
                    yield self._page(item.number, page, notes)
                self._clock = time.perf_counter()
            yield DocumentEnd(item.number, source.name, source.notes, bookmarks=source.bookmarks)

    def _page(self, document: int, page: Page, notes: tuple[str, ...]) -> DraftedPage:
        timings = {"render": self._lap()}
        result = PageResult(page.index, page.width, page.height, timings=timings, notes=notes)
        try:
            lines = self.drafter.read(page)
            if turn := prevailing_turn(lines):
                page = turned(page, turn)
                lines = self.drafter.read(page)
            result = replace(result, width=page.width, height=page.height, turn=page.turn)
            timings["read"] = self._lap()
            found = analyse(page, lines, self.detector)
            timings["layout"] = self._lap()
            requests = tuple(self._request(document, page, region) for region in found.regions)
            sample = self.sampler.sample(page, found.regions, requests) if self.sampler else None
            requests = doubted(requests, sample)
            images = self._pictures(page, found.regions) if self.config.images else {}
            timings["draft"] = self._lap()
        except Exception as error:  # noqa: BLE001 a page that fails never takes the document with it
            return DraftedPage(document, replace(result, error=f"{type(error).__name__}: {error}"))
        result = replace(result, dropped=tuple(found.dropped), images=images, sample=sample)
        image = None if self.mode is Mode.REGION else page.image
        regions = tuple(map(_without_strips, with_printed_sizes(page, found.regions)))
        return DraftedPage(document, result, regions, requests, image)

    def _request(self, document: int, page: Page, region: Region) -> Request:
        drafts = tuple(self.drafter.draft(page, region, self.style))
        if strange := [draft for draft in drafts if not isinstance(draft, Draft)]:
            raise TypeError(f"the drafter gave {type(strange[0]).__name__}, not Draft")
        return region_request(RequestKey(document, page.index, region.order), page, region, drafts)

    def _pictures(self, page: Page, regions: Sequence[Region]) -> dict[int, bytes]:
        pictures = [region for region in regions if region.category is Category.PICTURE]
        return {region.order: _png(page, region.box) for region in pictures}

    def _lap(self) -> float:
        """Seconds since the last lap."""
        now = time.perf_counter()
        seconds, self._clock = now - self._clock, now
        return seconds


def _without_strips(region: Region) -> Region:
    """``region`` without what its lines were read from: requests have it, and results outlive those."""
    return replace(region, lines=tuple(replace(line, strips=()) for line in region.lines))


def region_request(key: Hashable, page: Page, region: Region, drafts: tuple[Draft, ...]) -> Request:
    """The request to verify ``region`` of ``page``; its pixels are a copy, so that the page can go."""
    x0, y0, _, _ = page.pixels(region.box, CROP_MARGIN)
    lines = [piece for line in region.lines for piece in _pieces(line, region.category)]
    boxes = [page.pixels(line.box) for line in lines]
    return Request(
        key=key,
        image=np.ascontiguousarray(page.crop(region.box, CROP_MARGIN)),
        category=region.category,
        drafts=drafts,
        line_boxes=tuple((a - x0, b - y0, c - x0, d - y0) for a, b, c, d in boxes),
        line_texts=tuple(line.text for line in lines),
        line_strips=tuple(line.strips for line in lines),
    )


def _pieces(line: Line, category: Category) -> Iterator[Line]:
    """``line``, or its pieces where those may be a table's cells."""
    if category is not Category.TABLE or len(line.spans) != len(line.strips):
        yield line
        return
    for number in range(len(line.spans)):
        yield line.part([number])


def _png(page: Page, box: Box) -> bytes:
    stream = io.BytesIO()
    PillowImage.fromarray(np.ascontiguousarray(page.crop(box))).save(stream, "PNG")
    return stream.getvalue()


class Ahead:
    """Runs ``stages`` over ``inputs`` in a thread, a few pages ahead of who takes its events.

    Leaving the context tells the thread to stop, which it does when its page is drafted, and waits for it for
    ``PATIENCE`` seconds at most, or hardly where the user has interrupted the run.
    """

    def __init__(self, stages: Stages, inputs: Sequence[Input]) -> None:
        self._stages, self._inputs = stages, inputs
        self._events: queue.Queue[DraftedPage | DocumentEnd | BaseException | None] = queue.Queue(AHEAD)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="docspec-drafting", daemon=True)

    def __enter__(self) -> Ahead:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._stop.set()
        self.ended(HASTE if kind is KeyboardInterrupt else PATIENCE)

    def ended(self, patience: float) -> bool:
        """Whether the thread has ended, after at most so many seconds."""
        self._thread.join(patience)
        return not self._thread.is_alive()

    def take(self, *, wait: bool) -> DraftedPage | DocumentEnd | Pause:
        """The next event; ``Pause.YET`` where none is there and ``wait`` is off, ``Pause.END`` after all.

        Raises what the thread did not foresee.
        """
        try:
            event = self._events.get(block=wait)
        except queue.Empty:
            return Pause.YET
        if isinstance(event, BaseException):
            raise event
        return Pause.END if event is None else event

    def _work(self) -> None:
        try:
            for event in self._stages.documents(self._inputs):
                if not self._put(event):
                    return
            self._put(None)
        except Exception as error:  # noqa: BLE001 handed to the consuming thread, which raises it
            self._put(error)

    def _put(self, event: DraftedPage | DocumentEnd | BaseException | None) -> bool:
        while not self._stop.is_set():
            try:
                self._events.put(event, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False
