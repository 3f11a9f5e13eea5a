"""Replay on benchmark pages: recorded text, of the annotations or of a real model, is what is chosen.

In region and hierarchical mode the annotated regions stand for the layout: the detector runs, and takes its
time, but text is recorded of annotated places only. Pages are read from the layout that the pipeline makes.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from docspec.bench.annotations import CATEGORIES, box_of, content, ordered, page_region
from docspec.config import Config
from docspec.drafters.formats import markdown
from docspec.drafting import RequestKey
from docspec.errors import UsageError
from docspec.layout.geometry import inside, scaled
from docspec.types import (
    Detector,
    Draft,
    Drafter,
    Image,
    Line,
    Mode,
    Page,
    PageRegion,
    Region,
    Request,
    Style,
    Verdict,
)
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.decide import Replay
from docspec.verifiers.model_verifier import LoadedModel, ModelVerifier
from docspec.verifiers.reading import PageFormat
from docspec.verifiers.replay import NoModel

COVERED = 0.5  # share of an annotated box that a region must have to be its reading; chosen by eye
ANNOTATIONS = "annotations"


class MarkdownPages:
    """Whole pages in markdown, as the recorded family writes it."""

    def __init__(self, options: markdown.MarkdownOptions) -> None:
        self.options = options

    def write_page(self, regions: tuple[PageRegion, ...], image: Image) -> str:
        """A page's draft."""
        return markdown.write(regions, self.options)

    def read_page(self, output: str, image: Image) -> tuple[PageRegion, ...]:
        """A page's output as regions."""
        return markdown.read(output)


class Recording:
    """What the verifier chooses on the pages at hand, as token ids.

    ``source`` is ``annotations`` or a folder of markdown files named as the images. Annotated pages are
    written in the format ``form``, as the verifier's family would write them. ``tokens`` are the choices by
    RequestKey, of requests that ``choices`` has been asked for. Raises UsageError for a folder that is not
    there.
    """

    def __init__(self, source: str, codec: TokenizerCodec, end: int, form: PageFormat) -> None:
        check_source(source)
        self.source, self.codec, self.end, self.form = source, codec, end, form
        self.tokens: dict[Hashable, list[int]] = {}
        self._entries: Sequence[Mapping[str, Any]] = ()
        self._pages: list[str | None] = []  # what each page says, None where its annotations say it
        self._texts: dict[RequestKey, str] = {}  # of regions
        self._document = -1  # the one that is being drafted
        self._left: list[Mapping[str, Any]] = []  # its annotated regions that no region of the layout has yet

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes of which there is a recording: recorded files are of whole pages."""
        return tuple(Mode) if self.source == ANNOTATIONS else (Mode.PAGE,)

    def begin(self, entries: Sequence[Mapping[str, Any]], text: str | None = None) -> None:
        """Go to some pages, a run's documents in this order; ``text`` is what they say that are none of the
        benchmark's. Raises UsageError where nothing was recorded of one."""
        self._pages = [self._recorded(entry) if text is None else text for entry in entries]
        self._entries, self._document = entries, -1
        self._texts.clear()
        self.tokens.clear()

    def _recorded(self, entry: Mapping[str, Any]) -> str | None:
        if self.source == ANNOTATIONS:
            return None
        path = Path(self.source) / f"{Path(entry['page_info']['image_path']).stem}.md"
        if not path.is_file():
            raise UsageError(f"no recorded output {path}")
        return path.read_text(encoding="utf-8").strip()

    def turn(self) -> None:
        """A drafter starts on the next page."""
        self._document += 1
        self._left = ordered(self._entries[self._document])

    def place(self, page: Page, region: Region) -> None:
        """Give a region of the layout the annotated text of its place, if that is still free."""
        scale = self._scale(page)
        shares = [inside(scaled(box_of(one), scale), region.box) for one in self._left]
        best = max(range(len(shares)), key=shares.__getitem__, default=None)
        if best is not None and shares[best] >= COVERED:
            key = RequestKey(self._document, page.index, region.order)
            self._texts[key] = content(self._left.pop(best))

    def regions(self, page: Page) -> list[Region]:
        """The annotated regions as a detector would give them."""
        scale = self._scale(page)
        return [
            Region(page.index, order, scaled(box_of(one), scale), CATEGORIES[one["category_type"]])
            for order, one in enumerate(ordered(self._entries[self._document]))
        ]

    def _scale(self, page: Page) -> float:
        return page.width / float(self._entries[self._document]["page_info"]["width"])

    def holds(self, request: Request) -> bool:
        """Whether something was recorded of it."""
        return request.category is None or bool(self._texts.get(_key(request)))

    def choices(self, request: Request) -> list[int]:
        """What is chosen for ``request``, of which something was recorded; kept in ``tokens``."""
        key = _key(request)
        if key not in self.tokens:
            text = self._page(request) if key.order is None else self._texts[key]
            self.tokens[key] = [*self.codec.encode(text)[0], self.end]
        return self.tokens[key]

    def _page(self, request: Request) -> str:
        document = _key(request).document
        recorded = self._pages[document]
        if recorded is not None:
            return recorded
        entry = self._entries[document]
        scale = request.image.shape[1] / float(entry["page_info"]["width"])
        regions = tuple(page_region(one, scale) for one in ordered(entry))
        return self.form.write_page(regions, request.image)


def _key(request: Request) -> RequestKey:
    assert isinstance(request.key, RequestKey)
    return request.key


def check_source(source: str) -> None:
    """Raises UsageError for what nothing is recorded in."""
    if source != ANNOTATIONS and not Path(source).is_dir():
        raise UsageError(f"--replay takes {ANNOTATIONS!r} or a folder of .md files, not {source!r}")


class RecordingDrafter:
    """A drafter that also tells the recording which region is where."""

    def __init__(self, inner: Drafter, recording: Recording) -> None:
        self.inner, self.recording = inner, recording

    def read(self, page: Page) -> Sequence[Line]:
        """As the drafter reads."""
        self.recording.turn()
        return self.inner.read(page)

    def draft(self, page: Page, region: Region, style: Style) -> Sequence[Draft]:
        """As the drafter drafts."""
        self.recording.place(page, region)
        return self.inner.draft(page, region, style)


class AnnotatedLayout:
    """A detector that does its work, and then gives the annotated regions."""

    def __init__(self, inner: Detector, recording: Recording) -> None:
        self.inner, self.recording = inner, recording

    def detect(self, page: Page, lines: Sequence[Line]) -> Sequence[Region]:
        """The annotated regions."""
        self.inner.detect(page, lines)
        return self.recording.regions(page)


class RecordedVerifier(ModelVerifier):
    """A verifier that chooses what was recorded, over no model or one whose passes are made and ignored."""

    def __init__(self, loaded: LoadedModel, recording: Recording, config: Config, *, drafts: bool) -> None:
        runner: Any = NoModel(config.max_batch) if loaded.model is None else None
        super().__init__(loaded, config, drafts=drafts, decide=Replay(recording.tokens), runner=runner)
        self.recording = recording

    def declines(self, request: Request) -> str | None:
        """What was not recorded cannot be read."""
        if not self.recording.holds(request):
            return "nothing was recorded of it"
        return super().declines(request)

    def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict]]:
        return super().verify(self._recorded(requests))

    def _recorded(self, requests: Iterable[Request | None]) -> Iterator[Request | None]:
        for request in requests:
            if request is not None:
                self.recording.choices(request)
            yield request
