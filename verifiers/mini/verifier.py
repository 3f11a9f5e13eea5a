"""The bundled verifier at work: regions are cut into parts that it can read, and put back together."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from docspec.config import Config
from docspec.drafters.following.cursor import agreement, corrections
from docspec.markdown import escaped, escaped_items
from docspec.types import Category, DecodeStats, Draft, Finish, Image, Request, Style, Verdict
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.decide import Decide, Fused, exact
from docspec.verifiers.mini.cells import CellMaker
from docspec.verifiers.mini.features import FeatureReader
from docspec.verifiers.mini.model import Mini
from docspec.verifiers.mini.parts import Part, foreign_share, join, split
from docspec.verifiers.mini.table_parts import split_table, table_text
from docspec.verifiers.mini.tokens import END, MARKS, byte_tokenizer, encode
from docspec.verifiers.model_verifier import ModelVerifier
from docspec.verifiers.reading import PageFormat
from docspec.verifiers.sampling import Sampled
from docspec.verifiers.sequence import Prompt

UNREAD = {
    Category.PICTURE: "pictures are not read",
    Category.FORMULA: "the mini does not read formulas",
}
FOREIGN = 0.1  # share of letters outside the Latin script beyond which the mini has nothing to say
TRADE = 2.0  # lambda, the best on real regions (see MODEL_CARD.md)
FIGURES = dict.fromkeys(encode("0123456789"), 4.0)  # how much more OCR's count: the mini cannot guess them
PRINTED = 0.85  # OCR's confidence in a table below which it is handwriting: single cells say too little
TRUSTED_LAYER = 0.8  # confidence of a text layer from which single characters are safer than the whole


class MiniModel:
    """The mini behind the engine; see docspec.verifiers.model_verifier.LoadedModel.

    ``formulas`` has it mark them in what it writes (see ``formulas``).
    """

    name = "mini"
    style = Style(table="html", superscripts=True)
    dpi = 150.0
    native: Literal["region", "page"] = "region"
    page: PageFormat | None = None

    def __init__(self, threads: int, formulas: bool = False) -> None:
        self.formulas = formulas
        self.reader = FeatureReader(threads)
        self.make_cells = CellMaker(self.reader.head)
        self.mini = Mini.from_pretrained()
        self.model = self.mini.decoder
        self.codec = TokenizerCodec(byte_tokenizer(), unwritten=MARKS)
        self.end_tokens: tuple[int, ...] = (END,)

    def declines(self, request: Request) -> str | None:
        if request.category in UNREAD:
            return UNREAD[request.category]
        if not request.line_boxes:
            return "no text lines were found"
        draft = request.drafts[0].text if request.drafts else ""
        if request.category is Category.TABLE:
            if reason := _table_declined(request, draft):
                return reason
            draft = table_text(draft)
        if foreign_share(draft) > FOREIGN:
            return "the mini reads Latin script only"
        return None

    def prompts(self, requests: list[Request]) -> list[Prompt]:
        regions = [_strips(request) for request in requests]
        features = iter(self.reader.extract([strip for strips in regions for strip in strips]))
        cells = [[self.make_cells(next(features)) for _ in strips] for strips in regions]
        return self.mini.prompts(cells, self.formulas)

    def decide(self, config: Config) -> Decide:
        if config.accept == "exact":
            return exact
        if config.accept == "sampled":
            temperature = config.temperature
            return Sampled(lambda _: lambda _, logits: logits / temperature, config.seed, prefixed=False)
        return Fused(TRADE if config.trade is None else config.trade, weights=FIGURES)

    def limit(self, request: Request, config: Config) -> int:
        """Twice what the lines' width has room for, in bytes, and no less than the draft needs."""
        room = sum((x1 - x0) / max(y1 - y0, 1) for x0, y0, x1, y1 in request.line_boxes)
        drafted = max((len(draft.text.encode()) for draft in request.drafts), default=0)
        return min(config.max_new_tokens, int(2 * room) + drafted + 16)

    def words(self, request: Request, draft: str) -> str:
        """Its own are plain text, as drafts are."""
        return draft

    def verdict(self, request: Request, verdict: Verdict) -> Verdict:
        """Output that never ended has lost its place: the draft is the better reading."""
        if verdict.finish is Finish.END or not request.drafts:
            return verdict
        draft = request.drafts[0].text
        return replace(verdict, text=draft, finish=Finish.LOOP, reason="the mini lost its place")


def _strips(request: Request) -> list[Image]:
    """The pixels of the request's lines: the pieces that OCR read, or cut out of its image."""
    nothing: tuple[tuple[Image, ...], ...] = ((),)
    lines = zip(request.line_boxes, request.line_strips or nothing * len(request.line_boxes), strict=True)
    return [strip for (x0, y0, x1, y1), strips in lines for strip in strips or (request.image[y0:y1, x0:x1],)]


def _table_declined(request: Request, draft: str) -> str | None:
    """Why no cell of a table can be read, or None."""
    if not draft.startswith("<table"):
        return "the mini reads the cells of a drafted table only"
    if not any(request.line_strips):
        return "the text layer's tables stand"
    if request.drafts[0].confidence < PRINTED:
        return "the table is hardly legible"
    if not split_table(draft, request.line_texts).parts:
        return "no cell of the table is a piece of text of its own"
    return None


def character_confidence(draft: Draft) -> float:
    """The chance that a single character of ``draft`` is right.

    OCR errs here and there. A text layer is right or wrong as a whole: in one that is rather trusted than
    not, single characters are far safer than the whole.
    """
    if draft.source != "text-layer" or draft.confidence < TRUSTED_LAYER:
        return draft.confidence
    return 1.0 - (1.0 - draft.confidence) ** 3


@dataclass(slots=True)
class _Open:
    """A region some of whose parts are still being read; ``join`` puts their texts together."""

    request: Request
    parts: Sequence[Part]
    join: Callable[[Sequence[str]], str]
    verdicts: dict[int, Verdict] = field(default_factory=dict)


class MiniVerifier:
    """Verifies regions of running text in Latin script; see docspec.types.Verifier.

    Formulas, pictures and other scripts are declined, so that their drafts stand. With ``formulas`` the texts
    of verdicts have those in their lines marked (see docspec.verifiers.mini.formulas).
    """

    native: Literal["region", "page"] = "region"
    reads_pages = False

    @property
    def doubtful_only(self) -> bool:
        """Yes, but where the mini's own output is asked for: it hardly betters a sound text layer."""
        return self.inner.config.accept in ("auto", "fused")

    def __init__(
        self, config: Config, *, drafts: bool = True, decide: Decide | None = None, formulas: bool = False
    ) -> None:
        loaded = MiniModel(threads=os.cpu_count() or 1, formulas=formulas)
        self.inner = ModelVerifier(loaded, config, drafts=drafts, decide=decide)
        self.name, self.style, self.dpi = loaded.name, loaded.style, loaded.dpi

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds so far by stage: vision, prefill, decode."""
        return self.inner.seconds

    @property
    def passes(self) -> int:
        """Target forward passes so far, prefills included."""
        return self.inner.passes

    @property
    def device(self) -> str:
        """What the model is on and its type of number."""
        return self.inner.device

    def release(self) -> None:
        """Give back the memory of the cache."""
        self.inner.release()

    def declines(self, request: Request) -> str | None:
        return self.inner.declines(request)

    def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict]]:
        unfinished: dict[Hashable, _Open] = {}
        with closing(self.inner.verify(_parts(requests, unfinished))) as verdicts:
            for key, verdict in verdicts:
                assert isinstance(key, tuple)
                region, number = key
                unfinished[region].verdicts[number] = verdict
                if len(unfinished[region].verdicts) == len(unfinished[region].parts):
                    done = unfinished.pop(region)
                    yield region, _as_markdown(done.request, _whole(done))


def _parts(requests: Iterable[Request | None], unfinished: dict[Hashable, _Open]) -> Iterator[Request | None]:
    """A request for each part of each request, keyed (key, number)."""
    for request in requests:
        if request is None:
            yield None
            continue
        draft = request.drafts[0] if request.drafts else None
        opened = unfinished[request.key] = _opened(request, draft.text if draft else "")
        for number, part in enumerate(opened.parts):
            yield replace(
                request,
                key=(request.key, number),
                drafts=(_piece(draft, part),) if draft else (),
                line_boxes=part.of(request.line_boxes),
                line_texts=part.of(request.line_texts),
                line_strips=part.of(request.line_strips),
            )


def _opened(request: Request, draft: str) -> _Open:
    """``request`` cut into parts."""
    if request.category is Category.TABLE:
        table = split_table(draft, request.line_texts)
        return _Open(request, table.parts, table.join)
    parts = split(draft, request.line_texts)
    return _Open(request, parts, partial(join, parts))


def _piece(draft: Draft, part: Part) -> Draft:
    return replace(draft, text=part.draft, confidence=character_confidence(draft), alternatives=())


def _as_markdown(request: Request, verdict: Verdict) -> Verdict:
    """``verdict`` with its markdown: the mini writes characters as they are printed.

    Where that is the draft, the draft's links and emphasis stand; where the draft is a list, its marks do.
    """
    draft = request.drafts[0] if request.drafts else None
    if draft is not None and draft.text == verdict.text:
        return replace(verdict, markdown=draft.markdown)
    if request.category in (Category.TABLE, Category.FORMULA) or "\\frac{" in verdict.text:
        return verdict
    items = request.category is Category.LIST_ITEM
    if draft is not None and not items:
        items = escaped_items(draft.text) == (draft.markdown or draft.text) != escaped(draft.text)
    return replace(verdict, markdown=(escaped_items if items else escaped)(verdict.text))


def _whole(done: _Open) -> Verdict:
    """One verdict from those of a region's parts."""
    verdicts = [done.verdicts[number] for number in range(len(done.parts))]
    text = done.join([verdict.text for verdict in verdicts])
    stats = sum((verdict.stats for verdict in verdicts), DecodeStats())
    lost = [verdict for verdict in verdicts if verdict.finish is not Finish.END]
    draft = done.request.drafts[0].text if done.request.drafts else None
    return Verdict(
        text=text,
        finish=lost[0].finish if lost else Finish.END,
        stats=stats,
        corrections=corrections(draft, text) if draft is not None else (),
        agreement=agreement(draft, text) if draft is not None and not lost else None,
        reason=lost[0].reason if lost else "",
        failed=any(verdict.failed for verdict in verdicts),
    )
