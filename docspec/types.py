"""The values that pass between the stages, and the protocols of the parts that can be exchanged.

Lengths are page points (1/72 inch) with the origin at the page's top left corner, as it is displayed
(rotation applied), unless a name says pixels. Every value is frozen: a stage makes new ones.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]  # x0, y0, x1, y1
Image = NDArray[np.uint8]  # [H, W, 3], RGB

TEXT_LAYER = "text-layer"  # the source of a PDF's own lines


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box around ``boxes``. Raises ValueError where there are none."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def middle_in(box: Box, outer: Box) -> bool:
    """Whether the middle of ``box`` is in ``outer``."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


class Category(StrEnum):
    """What a region is: one of the 11 classes of DocLayNet (arXiv 2206.01062).

    >>> docspec.Category("section-header") is docspec.Category.SECTION_HEADER
    True
    """

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
    """A second reading: where the first one has its characters ``start`` to ``end`` (from 0, ``end`` not
    among them), this one has ``text``, which is right with that ``probability`` (0..1)."""

    start: int
    end: int
    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class Span:
    """A run of characters in one font, of which ``size`` is in points, 0 where it is unknown (as from OCR).

    ``link`` is the address that it leads to, and ``struck`` whether a stroke goes through it.
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
    struck: bool = False
    link: str = ""
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text as a ``source`` (``text-layer``, ``rapidocr``, ...) read it.

    ``turn`` is by how many degrees it has to be turned clockwise to be upright: 0, 90, 180 or 270, or what a
    slanted one has.

    Where a recogniser read it, ``strips`` may have what each of ``spans`` was read from: pixels [h, w, 3],
    straightened and upright, or what the recogniser saw there, which the project's own
    docspec.drafters.reading.cells knows.
    """

    spans: tuple[Span, ...]
    box: Box
    source: str
    confidence: float = 1.0
    turn: int = 0
    strips: tuple[object, ...] = field(default=(), repr=False, compare=False)

    @property
    def text(self) -> str:
        """The line's characters, spans joined as they are."""
        return "".join(span.text for span in self.spans)

    def part(self, numbers: Sequence[int]) -> Line:
        """The line with only the spans of these ``numbers``, and the strips of those spans.

        It is the line itself where the numbers are those of all its spans.
        """
        if len(numbers) == len(self.spans):
            return self
        spans = tuple(self.spans[i] for i in numbers)
        known = len(self.strips) == len(self.spans)
        return replace(
            self,
            spans=spans,
            box=union(span.box for span in spans),
            strips=tuple(self.strips[i] for i in numbers) if known else (),
        )


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character as a PDF prints it: in a ``font`` of ``size`` points, its baseline starting at ``origin``.

    ``box`` is as high as its font, not as its ink. Where the font maps it to no character, ``text`` is U+FFFD
    and ``code`` its number in the font.
    """

    text: str
    font: str
    size: float
    origin: tuple[float, float]
    box: Box
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Bookmark:
    """An entry of a PDF's outline, which viewers show beside the pages: its ``level`` from 1, its ``title``,
    and the index of the ``page`` that it leads to."""

    level: int
    title: str
    page: int


class OpenPage(Protocol):
    """A page of an open PDF. Stages ask it for what a Page's pixels and lines do not say.

    It belongs to the thread that reads the document and is valid until the next page is read.
    """

    @property
    def native(self) -> object:
        """The page of the library that reads the file (a ``pymupdf.Page``), for models built on it."""
        ...

    def image_boxes(self) -> Sequence[Box]:
        """The boxes in which the page shows images."""
        ...

    def ruled_cells(self, box: Box) -> Sequence[Box]:
        """The boxes of the cells of the largest table in ``box`` whose rules are drawn; empty without one."""
        ...

    def glyphs(self) -> Sequence[Glyph]:
        """The page's upright glyphs, spaces left out, in the file's order."""
        ...

    def rules(self) -> Sequence[Box]:
        """The boxes of the horizontal rules that the page draws."""
        ...

    def frames(self) -> Sequence[Box]:
        """The boxes of the areas that the page fills or outlines, rules left out."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """A page in memory.

    ``image`` is the page rendered at ``dpi``; ``lines`` are its text layer, and ``handle`` is the open PDF's
    page. A page image has neither of these two. ``bookmarks`` are the entries of the PDF's outline that lead
    here.

    ``turn`` is by how many degrees the displayed page was turned clockwise, so that its text is upright.
    Everything here is as it is then; the results have the page as it is displayed again.
    """

    index: int  # from 0, in the file
    width: float
    height: float
    dpi: float
    image: Image
    lines: tuple[Line, ...] = ()
    handle: OpenPage | None = field(default=None, repr=False, compare=False)
    turn: int = 0
    bookmarks: tuple[Bookmark, ...] = ()

    def pixels(self, box: Box, margin: float = 0.0) -> tuple[int, int, int, int]:
        """Where ``box``, grown by ``margin`` points, is in ``image``: x0, y0, x1, y1 in whole pixels.

        It is cut at the image's edges and has at least one pixel.
        """
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
    """A laid-out block of a page. ``order`` is its place in the page's reading order, from 0.

    ``lines`` are its text lines in reading order. ``level`` is a heading's level, from 1, where it is known.
    ``parent`` is the order of the region that this one belongs to, as a caption does to its figure or table.
    ``continues`` is whether it is a table that goes on from the page before, with which it is one.
    """

    page: int
    order: int
    box: Box
    category: Category
    confidence: float = 1.0
    lines: tuple[Line, ...] = ()
    level: int | None = None
    parent: int | None = None
    continues: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something found on a page that the output leaves out, and why."""

    box: Box
    category: Category | None
    reason: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """Text that a ``source`` proposes for a region, written as the verifier would write it.

    ``confidence`` is the chance that it is right (0..1). ``alternatives`` are the source's second readings
    where it is unsure, in the text's order. ``markdown`` is what stands in the output if nobody verifies it:
    the same with characters escaped that would be marks, and with links and emphasis; empty where that is
    ``text`` itself.

    >>> draft = docspec.Draft("Cooling of Tea", source="text-layer", confidence=0.98)
    """

    text: str
    source: str
    confidence: float = 1.0
    alternatives: tuple[Alternative, ...] = ()
    markdown: str = ""


@dataclass(frozen=True, slots=True)
class Style:
    """How a verifier writes a region's text, which drafts therefore follow.

    ``join_lines`` says whether a paragraph is one line, ``dehyphenate`` whether hyphens at line ends are then
    removed, and ``ascii_quotes`` whether quotes are straight. ``heading_marks`` and ``list_marks`` say
    whether the text itself carries ``#`` and ``-``, ``superscripts`` whether note marks and exponents are
    superscript characters (``¹``). ``table`` is ``html`` or ``markdown``, or None where tables are not
    drafted. ``formula`` is what stands before and after the LaTeX of a formula within text, or None where
    formulas are plain characters. ``emphasis`` is about what nobody verifies: whether it is bold, italic and
    struck as printed.
    """

    join_lines: bool = True
    dehyphenate: bool = True
    ascii_quotes: bool = False
    heading_marks: bool = False
    list_marks: bool = True
    superscripts: bool = False
    table: str | None = "html"
    formula: tuple[str, str] | None = None
    emphasis: bool = True


class Mode(StrEnum):
    """How a page is read: region by region, as a whole, or (hierarchical) first its regions and then the
    whole page, whose draft is the regions' verified text.

    >>> docspec.parse("paper.pdf", mode="region").pages[0].mode is docspec.Mode.REGION
    True
    """

    REGION = "region"
    PAGE = "page"
    HIERARCHICAL = "hierarchical"


class Finish(StrEnum):
    """Why a sequence ended.

    >>> document = docspec.parse("paper.pdf", verifier="draft-only")
    >>> document.pages[0].regions[0].verdict.finish is docspec.Finish.UNVERIFIED
    True
    """

    END = "end"  # the verifier's own end token
    LENGTH = "length"  # the bound on new tokens
    LOOP = "degenerate"  # runaway repetition
    UNVERIFIED = "unverified"  # no verifier read it; the draft stands as it is


@dataclass(frozen=True, slots=True)
class DecodeStats:
    """What it took to decode a sequence, or several of them together.

    ``tokens`` were written, of which ``accepted`` had been drafted; ``drafted`` tokens were sent to the
    verifier in all, in ``steps`` of its forward passes.
    """

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
    """A region as it stands in the draft or the output of a whole page.

    ``box`` is in pixels of the page image, or None where the output format has no coordinates. ``level`` is
    a heading's level, from 1. ``alternatives`` are the second readings of a drafted ``text``, in its order.
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
    """What the verifier says of a region or page: its final ``text``, and how that came about.

    ``reason`` says why it is unverified or was ended. Where ``failed``, the verifier broke on it, and its
    page has failed for that ``reason``. Of a whole page ``text`` is the output as it stands, and ``regions``
    are what was read from it, in its order. ``markdown`` is the text as it stands in the output, where that
    is not the text itself: verifiers of documents write markdown, drafts and some readers plain characters.

    >>> verdict = docspec.Verdict("Cooling of Tea", docspec.Finish.END, agreement=1.0)
    """

    text: str
    finish: Finish
    stats: DecodeStats = DecodeStats()
    corrections: tuple[Correction, ...] = ()
    agreement: float | None = None  # 0..1, similarity of draft and verified text; None where not verified
    reason: str = ""
    failed: bool = False
    regions: tuple[PageRegion, ...] = ()
    markdown: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A region or a whole page that is to be verified, with its pixels and its drafts, best first.

    ``category`` is None for a whole page. ``regions`` are then its regions in reading order, drafted or
    already verified, of which the verifier makes the page's draft in its own page format.

    ``line_boxes`` say where a region's text lines are, in pixels of ``image`` and in reading order; of a
    table that OCR read they are the pieces of its lines. ``line_texts`` and ``line_strips`` have, for each
    of them, what the first draft's source read there and what it read it from (see Line).
    """

    key: Hashable
    image: Image
    category: Category | None
    drafts: tuple[Draft, ...] = ()
    line_boxes: tuple[tuple[int, int, int, int], ...] = ()
    line_texts: tuple[str, ...] = ()
    line_strips: tuple[tuple[object, ...], ...] = field(default=(), repr=False, compare=False)
    regions: tuple[PageRegion, ...] = ()


def unread(request: Request, reason: str, *, failed: bool = False) -> Verdict:
    """The verdict on a request that no verifier has read: its best draft, and why."""
    draft = request.drafts[0] if request.drafts else Draft("", "")
    return Verdict(draft.text, Finish.UNVERIFIED, reason=reason, failed=failed, markdown=draft.markdown)


@dataclass(frozen=True, slots=True)
class RegionResult:
    """A region of the result, with its best draft (None where it had none) and its verdict.

    >>> region = docspec.parse("paper.pdf").pages[0].regions[0]
    >>> region.order, region.category.value, region.text
    (0, 'section-header', '1 Heading of page 1')
    """

    region: Region
    draft: Draft | None
    verdict: Verdict

    @property
    def text(self) -> str:
        """The region's final text."""
        return self.verdict.text

    @property
    def category(self) -> Category:
        """What the region is."""
        return self.region.category

    @property
    def box(self) -> Box:
        """Where it stands, in page points."""
        return self.region.box

    @property
    def order(self) -> int:
        """Its place in the page's reading order, from 0."""
        return self.region.order

    @property
    def confidence(self) -> float:
        """How sure the layout is that the region is there and of this category (0..1), as in the JSON.

        ``draft.confidence`` and ``verdict.agreement`` say how sure its text is.
        """
        return self.region.confidence


@dataclass(frozen=True, slots=True)
class Sample:
    """What reading some lines of a trusted text layer again has shown.

    ``lines`` were read, and ``agreement`` is the share of their characters (0..1) that was read again.
    """

    lines: int
    agreement: float


@dataclass(frozen=True, slots=True)
class PageResult:
    """A finished page. ``index`` counts the file's pages from 0; ``width`` and ``height`` are in points.

    ``regions`` are what was read, in reading order; ``dropped`` is what the output leaves out, and why.
    ``timings`` are seconds by stage. ``error`` is the reason where the page failed, else None.

    ``mode`` is how the page was read. If it was read as a whole (page and hierarchical mode), ``verdict`` is
    that of the whole page. Its statistics count the page pass alone, ``region_pass`` counts what was decoded
    of the regions before, and the verdicts of ``regions`` count nothing.

    ``turn`` is by how many degrees the page was turned clockwise to be read, and its pictures (``images``)
    still are. All boxes are those of the page as it is displayed.

    ``sample`` is what was read again of a text layer before it was trusted unverified, if anything was.
    ``notes`` are those of the document's that were made of this page first.

    >>> [page] = docspec.parse("paper.pdf", pages="2").pages
    >>> page.index, page.width, page.error
    (1, 420.0, None)
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
    turn: int = 0
    sample: Sample | None = None
    notes: tuple[str, ...] = ()

    @property
    def cut_off(self) -> int:
        """How many outputs ended at the bound on tokens: of the page, or else of its regions."""
        verdicts = [self.verdict] if self.verdict else [result.verdict for result in self.regions]
        return sum(verdict.finish is Finish.LENGTH for verdict in verdicts)

    @property
    def stats(self) -> DecodeStats:
        """Counts of everything that was decoded for this page."""
        regions = sum((result.verdict.stats for result in self.regions), self.region_pass)
        return regions + self.verdict.stats if self.verdict else regions


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document. ``markdown`` is its whole text, ``pages`` are the pages that were asked for.

    ``name`` is the file's name and ``source`` its path as it was given, None for bytes. ``verifier`` and
    ``mode`` say how it was read, ``timings`` how many seconds each stage took. ``notes`` are things that the
    user should know, such as that a damaged file was repaired. ``device`` is what the model ran on and its
    type of number, empty where no model ran. ``keep_headers`` says whether ``markdown`` has page headers and
    footers.

    >>> document = docspec.parse("paper.pdf")
    >>> document.markdown.splitlines()[0]
    '## 1 Heading of page 1'
    >>> document.save("out/paper.html")
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
    keep_headers: bool = False

    @property
    def errors(self) -> tuple[str, ...]:
        """One line for each page that failed."""
        return tuple(f"page {page.index + 1}: {page.error}" for page in self.pages if page.error)

    # imported in the methods: what writes documents knows these types, not they it

    def to_json(self) -> str:
        """Everything that is known of the document, as JSON; docspec/result_json.py describes its shape."""
        from docspec.output import text_of

        return text_of(self, "json")

    def to_html(self) -> str:
        """The document as one page for reading, with no script and nothing to load."""
        from docspec.output import text_of

        return text_of(self, "html")

    def save(self, path: Path | str) -> None:
        """Write the document to ``path``, in the format that its suffix names: ``.md``, ``.json`` or
        ``.html``, or one that a plug-in adds.

        Pictures (see ``Config.images``) are written beside it, in ``STEM_images``. A file is complete or not
        there. Raises UsageError for an unknown suffix, OutputError where nothing can be written.
        """
        from docspec.output import save

        save(self, Path(path))


class Format(Protocol):
    """Writes documents as files of one kind; docs/adding-a-format.md shows one."""

    @property
    def suffix(self) -> str:
        """What the names of its files end with, such as ``.json``; it begins with a dot."""
        ...

    def write(self, document: Document) -> str:
        """The text of the whole file. Pictures are written beside it; ``document.markdown`` links to them."""
        ...


class Detector(Protocol):
    """Finds the regions of a page; docs/adding-a-detector.md shows one."""

    def detect(self, page: Page, lines: Sequence[Line]) -> Sequence[Region]:
        """The regions of ``page``, whose text is ``lines``.

        They may come in any order and overlap. They have no lines yet: the layout stage hands those out.
        """
        ...


class Drafter(Protocol):
    """Reads a page cheaply and proposes text for its regions; docs/adding-a-drafter.md shows one."""

    def read(self, page: Page) -> Sequence[Line]:
        """The page's text lines, in page points, each from the source that is best trusted there."""
        ...

    def draft(self, page: Page, region: Region, style: Style) -> Sequence[Draft]:
        """Drafts of ``region`` in the verifier's ``style``, best first; none where there is nothing to
        propose."""
        ...


@runtime_checkable
class LoadsLate(Protocol):
    """A verifier that loads its model when it is first needed, rather than when it is made."""

    def prepare(self) -> None:
        """Begin to load it in the background, since something is likely to be verified; returns at once."""
        ...


class Verifier(Protocol):
    """Decides the text of regions. One that takes long to load may do so late (``LoadsLate``)."""

    @property
    def name(self) -> str:
        """The name that results have for this verifier."""
        ...

    @property
    def style(self) -> Style:
        """How this verifier writes a region's text."""
        ...

    @property
    def dpi(self) -> float:
        """The resolution that pages should be rendered at."""
        ...

    @property
    def native(self) -> Literal["region", "page"]:
        """What it was made to read. Mode ``auto`` reads whole pages only where that is pages."""
        ...

    @property
    def reads_pages(self) -> bool:
        """Whether it can be asked for whole pages."""
        ...

    @property
    def doubtful_only(self) -> bool:
        """Whether ``--verify auto`` is ``doubtful``: a sound text layer is trusted, and only sampled."""
        ...

    @property
    def device(self) -> str:
        """What the model runs on and its type of number, such as ``cpu (float32)``; empty without a model."""
        ...

    @property
    def seconds(self) -> Mapping[str, float]:
        """How many seconds each stage (``vision``, ``prefill``, ``decode``) took so far; empty without a
        model."""
        ...

    def release(self) -> None:
        """Give back the memory that is kept between calls of ``verify``."""
        ...

    def declines(self, request: Request) -> str | None:
        """Why this verifier cannot read what is asked for, or None if it can.

        A region that is declined keeps its draft, unverified.
        """
        ...

    def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict]]:
        """Yields the key and the verdict of each request, once, in order of completion.

        It takes requests only as it has room for them. A None among them says that none is ready yet: go on
        with what there is, then ask again. A request that the verifier breaks on gets a verdict that is
        ``failed``; what iterating over ``requests`` raises is passed on. Closed early, it forgets what it has
        in hand.
        """
        ...
