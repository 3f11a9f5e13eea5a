"""The values that pass between the stages, and the protocols of the parts that can be exchanged.

Lengths are page points (1/72 inch) with the origin at the page's top left corner, as it is displayed
(rotation applied), unless a name says pixels. Every value is frozen: a stage makes new ones.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]  # x0, y0, x1, y1
Image = NDArray[np.uint8]  # [H, W, 3], RGB


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box around ``boxes``. Raises ValueError where there are none."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


class Category(StrEnum):
    """What a region is: the 11 classes of DocLayNet (arXiv 2206.01062)."""

    CAPTION = "caption"
    FOOTNOTE = "footnote"
    FORMULA = "formula"
    LIST_ITEM = "list-item"
    PAGE_FOOTER = "page-footer"
    PAGE_HEADER = "page-header"
    PICTURE = "picture"
    SECTION_HEADER = "section-header"
    TABLE = "table"
    TEXT = "text"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class Alternative:
    """A second reading: ``text`` for the characters ``start`` to ``end``, with that ``probability``."""

    start: int
    end: int
    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class Span:
    """A run of characters in one font; ``size`` in points (0 where unknown, as from OCR).

    ``alternatives`` are the source's second readings where it was unsure, in the text's order.
    """

    text: str
    box: Box
    size: float = 0.0
    font: str = ""
    bold: bool = False
    italic: bool = False
    mono: bool = False
    superscript: bool = False
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text as some source read it: ``source`` is ``text-layer``, ``rapidocr``, ...

    ``features`` are the recogniser's of each of the line's pieces from the left, float32 [T, 120], where it
    was read by it; the bundled verifier need not compute them again.
    """

    spans: tuple[Span, ...]
    box: Box
    source: str
    confidence: float = 1.0
    features: tuple[NDArray[np.float32], ...] = field(default=(), repr=False, compare=False)

    @property
    def text(self) -> str:
        """The line's characters, spans joined as they are."""
        return "".join(span.text for span in self.spans)

    def part(self, numbers: Sequence[int]) -> Line:
        """The line of those of its spans alone (itself, if all), with the features they were read from."""
        if len(numbers) == len(self.spans):
            return self
        spans = tuple(self.spans[i] for i in numbers)
        known = len(self.features) == len(self.spans)
        return replace(
            self,
            spans=spans,
            box=union(span.box for span in spans),
            features=tuple(self.features[i] for i in numbers) if known else (),
        )


@dataclass(frozen=True, slots=True)
class Page:
    """A page in memory: its image at ``dpi``, its text layer, and the open PyMuPDF page.

    ``handle`` belongs to the thread that reads the document and is valid until the next page is read.
    """

    index: int  # from 0, in the file
    width: float
    height: float
    dpi: float
    image: Image
    lines: tuple[Line, ...] = ()
    handle: Any = field(default=None, repr=False, compare=False)

    def pixels(self, box: Box, margin: float = 0.0) -> tuple[int, int, int, int]:
        """``box`` grown by ``margin`` points, in whole pixels of ``image``, inside it, never empty."""
        height, width = self.image.shape[:2]
        sx, sy = width / self.width, height / self.height
        x0 = min(max(0, int((box[0] - margin) * sx)), width - 1)
        y0 = min(max(0, int((box[1] - margin) * sy)), height - 1)
        x1 = min(max(x0 + 1, int(np.ceil((box[2] + margin) * sx))), width)
        y1 = min(max(y0 + 1, int(np.ceil((box[3] + margin) * sy))), height)
        return x0, y0, x1, y1

    def crop(self, box: Box, margin: float = 0.0) -> Image:
        """The pixels of ``box`` grown by ``margin`` points (a view, not a copy)."""
        x0, y0, x1, y1 = self.pixels(box, margin)
        return self.image[y0:y1, x0:x1]


@dataclass(frozen=True, slots=True)
class Region:
    """A laid-out block. ``order`` is its place in the page's reading order, from 0.

    ``lines`` are the text lines inside, in reading order; ``level`` is a heading's level from 1, where
    known; ``parent`` is the order of the region that this one belongs to (a caption's figure or table).
    """

    page: int
    order: int
    box: Box
    category: Category
    confidence: float = 1.0
    lines: tuple[Line, ...] = ()
    level: int | None = None
    parent: int | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something found on a page that the output leaves out, and why."""

    box: Box
    category: Category | None
    reason: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """Proposed text of a region, written as the verifier would write it; ``confidence`` in 0..1.

    ``alternatives`` are what the source would read where it is unsure, in the text's order.
    """

    text: str
    source: str
    confidence: float = 1.0
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Style:
    """How a verifier writes a region's text; drafts follow it.

    ``table`` is ``html``, ``markdown`` or None (tables not written); ``formula`` is what stands before and
    after the LaTeX of a formula within text, or None where formulas are plain characters; ``heading_marks``
    and ``list_marks`` say whether the text itself carries ``#`` and ``-``, ``superscripts`` whether note
    marks and exponents are superscript characters (``¹``) rather than plain ones.
    """

    join_lines: bool = True
    dehyphenate: bool = True
    ascii_quotes: bool = False
    heading_marks: bool = False
    list_marks: bool = True
    superscripts: bool = False
    table: str | None = "html"
    formula: tuple[str, str] | None = None


class Mode(StrEnum):
    """How a page is read (DESIGN 6.5): its regions, the whole page at once, or first those, then the page."""

    REGION = "region"
    PAGE = "page"
    HIERARCHICAL = "hierarchical"


class Finish(StrEnum):
    """Why a sequence ended."""

    END = "end"  # the verifier's own end token
    LENGTH = "length"  # the bound on new tokens
    LOOP = "degenerate"  # runaway repetition
    UNVERIFIED = "unverified"  # no verifier read it; the draft stands as it is


@dataclass(frozen=True, slots=True)
class DecodeStats:
    """Counts of one sequence's decoding; ``steps`` are target forward passes that it took part in."""

    tokens: int = 0
    accepted: int = 0
    drafted: int = 0
    steps: int = 0

    @property
    def mean_accepted_length(self) -> float:
        """Tokens emitted per verify step (AAL in the HSD paper); 0 without steps."""
        return self.tokens / self.steps if self.steps else 0.0

    def __add__(self, other: DecodeStats) -> DecodeStats:
        return DecodeStats(
            self.tokens + other.tokens,
            self.accepted + other.accepted,
            self.drafted + other.drafted,
            self.steps + other.steps,
        )


@dataclass(frozen=True, slots=True)
class Correction:
    """``text[start:end]`` of the verified text stands where the draft had ``draft``."""

    start: int
    end: int
    draft: str


@dataclass(frozen=True, slots=True)
class PageRegion:
    """A region as a page's draft or a page's output has it, in pixels of the page image.

    ``box`` is None where the output format has no coordinates; ``level`` is a heading's, from 1;
    ``alternatives`` are of a drafted ``text``, in its order.
    """

    category: Category
    text: str
    box: Box | None = None
    level: int | None = None
    source: str = ""
    confidence: float = 1.0
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier made of a draft; ``reason`` says why a region is unverified.

    ``failed`` says that the verifier broke on it, for that reason: its page has failed. ``regions`` is a
    page's output read as regions, in its order; ``text`` is then the output as it stands.
    """

    text: str
    finish: Finish
    stats: DecodeStats = DecodeStats()
    corrections: tuple[Correction, ...] = ()
    agreement: float | None = None  # 0..1, similarity of draft and verified text; None where not verified
    reason: str = ""
    failed: bool = False
    regions: tuple[PageRegion, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One region, or a whole page, to verify: its pixels and its drafts, best first.

    ``category`` None asks for the page; ``regions`` are then its drafted or verified regions in reading
    order, from which the verifier writes the draft in its own page format. ``line_boxes`` are a region's text
    lines in pixels of ``image``, in reading order (of a table that OCR read, the pieces of its lines);
    ``line_texts`` what the source of the first draft read there, and ``line_features`` what it read it from
    (see Line).
    """

    key: Hashable
    image: Image
    category: Category | None
    drafts: tuple[Draft, ...] = ()
    line_boxes: tuple[tuple[int, int, int, int], ...] = ()
    line_texts: tuple[str, ...] = ()
    line_features: tuple[tuple[NDArray[np.float32], ...], ...] = field(default=(), repr=False, compare=False)
    regions: tuple[PageRegion, ...] = ()


@dataclass(frozen=True, slots=True)
class RegionResult:
    """A region with its best draft and its verdict."""

    region: Region
    draft: Draft | None
    verdict: Verdict

    @property
    def text(self) -> str:
        """The region's final text."""
        return self.verdict.text


@dataclass(frozen=True, slots=True)
class PageResult:
    """A finished page. ``timings`` are seconds by stage; ``error`` is set when the page failed.

    ``mode`` is how it was read. In page and hierarchical mode ``verdict`` is the page pass's; its statistics
    are the page's alone, those of the region pass before it are ``region_pass``, and ``regions`` have none.
    """

    index: int
    width: float
    height: float
    regions: tuple[RegionResult, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    error: str | None = None
    images: Mapping[int, bytes] = field(default_factory=dict, repr=False)  # PNG by a picture's order
    mode: Mode = Mode.REGION
    verdict: Verdict | None = None
    region_pass: DecodeStats = DecodeStats()

    @property
    def cut_off(self) -> int:
        """How many outputs, the page's own or those of its regions, ended at the bound on tokens."""
        verdicts = [self.verdict] if self.verdict else [result.verdict for result in self.regions]
        return sum(verdict.finish is Finish.LENGTH for verdict in verdicts)

    @property
    def stats(self) -> DecodeStats:
        """Counts of everything that was decoded for this page."""
        regions = sum((result.verdict.stats for result in self.regions), self.region_pass)
        return regions + self.verdict.stats if self.verdict else regions


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document; ``notes`` are things the user should know (a repaired file, skipped pages).

    ``source`` is the file's path as it was given (None for bytes); ``device`` is what the verifier ran on
    and its type of number, empty where no model ran.
    """

    name: str
    pages: tuple[PageResult, ...]
    markdown: str
    verifier: str
    mode: str
    timings: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    source: str | None = None
    device: str = ""

    @property
    def errors(self) -> tuple[str, ...]:
        """One line for each page that failed."""
        return tuple(f"page {page.index + 1}: {page.error}" for page in self.pages if page.error)


class Detector(Protocol):
    """Finds regions on a page."""

    def detect(self, page: Page, lines: Sequence[Line]) -> Sequence[Region]:
        """Raw regions of ``page``, whose text is ``lines``: any order, overlaps allowed, without lines."""
        ...


class Drafter(Protocol):
    """Reads a page cheaply and proposes text for its regions."""

    def read(self, page: Page) -> Sequence[Line]:
        """The page's text lines, from whichever source can be trusted where."""
        ...

    def draft(self, page: Page, region: Region, style: Style) -> Sequence[Draft]:
        """Drafts of one region, best first; empty where there is nothing to propose."""
        ...


class Verifier(Protocol):
    """Decides the text of regions."""

    @property
    def name(self) -> str:
        """What results are labelled with."""
        ...

    @property
    def style(self) -> Style:
        """How this verifier writes."""
        ...

    @property
    def dpi(self) -> float:
        """The resolution that pages should be rendered at."""
        ...

    @property
    def native(self) -> Literal["region", "page"]:
        """What it was made to read: mode ``auto`` ends with a page pass only where that is pages."""
        ...

    @property
    def reads_pages(self) -> bool:
        """Whether it can be asked for whole pages."""
        ...

    @property
    def doubtful_only(self) -> bool:
        """Whether ``--verify auto`` spares it the text that a sound text layer has."""
        ...

    @property
    def device(self) -> str:
        """What the model is on and its type of number, such as ``cpu (float32)``; empty without a model."""
        ...

    @property
    def seconds(self) -> Mapping[str, float]:
        """Seconds spent so far by stage (``vision``, ``prefill``, ``decode``); empty without a model."""
        ...

    def release(self) -> None:
        """Give back the memory that is kept between calls of ``verify``."""
        ...

    def declines(self, request: Request) -> str | None:
        """Why this verifier cannot read the region (its draft then stands unverified), or None."""
        ...

    def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict]]:
        """Verdicts by key, in order of completion; pulls requests only as slots become free.

        A None among the requests says that none is ready yet: go on with what there is, then ask again. A
        request that the verifier breaks on gets a verdict that is ``failed``; what the requests themselves
        raises is passed on. Closed early, it forgets what it has in hand.
        """
        ...
