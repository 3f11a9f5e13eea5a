"""The bundled verifier at work: regions are cut into parts that it can read, and put back together."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from docspec.config import Config
from docspec.drafters.following.comparison import agreement, corrections
from docspec.markdown import escaped, escaped_items
from docspec.types import Category, DecodeStats, Draft, Finish, Request, Verdict
from docspec.verifiers.late import Late
from docspec.verifiers.mini.limits import DPI, NAME, NATIVE, STYLE, is_sure, why_declined
from docspec.verifiers.mini.parts import Part, join, split
from docspec.verifiers.mini.table_parts import split_table

if TYPE_CHECKING:
    from docspec.verifiers.decide import Decide
    from docspec.verifiers.model_verifier import ModelVerifier

TRUSTED_LAYER = 0.8  # confidence of a text layer from which single characters are safer than the whole


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

    name, style, dpi, native = NAME, STYLE, DPI, NATIVE
    reads_pages = False

    def __init__(
        self, config: Config, *, drafts: bool = True, decide: Decide | None = None, formulas: bool = False
    ) -> None:
        self._config = config
        self._inner = Late(lambda: _loaded(config, drafts, decide, formulas))

    @property
    def inner(self) -> ModelVerifier:
        """The verifier of parts; waits for it to be loaded."""
        return self._inner.get()

    def prepare(self) -> None:
        """Load the model in the background: something is going to be verified."""
        self._inner.expect()

    @property
    def doubtful_only(self) -> bool:
        """Yes, but where the mini's own output is asked for: it hardly betters a sound text layer."""
        return self._config.accept in ("auto", "fused")

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds so far by stage: vision, prefill, decode; empty as long as nothing had to be verified."""
        inner = self._inner.made
        return inner.seconds if inner else {}

    @property
    def passes(self) -> int:
        """Target forward passes so far, prefills included."""
        inner = self._inner.made
        return inner.passes if inner else 0

    @property
    def device(self) -> str:
        """What the model is on and its type of number; empty as long as nothing had to be verified."""
        inner = self._inner.made
        return inner.device if inner else ""

    def release(self) -> None:
        """Give back the memory of the cache."""
        if inner := self._inner.made:
            inner.release()

    def declines(self, request: Request) -> str | None:
        spares = self.doubtful_only and self._config.verify != "all"
        if spares and is_sure(request):
            return "OCR is sure of it"
        return why_declined(request)

    def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict]]:
        coming = iter(requests)
        first = next((request for request in coming if request is not None), None)
        if first is None:
            return  # so that the model need not be there
        unfinished: dict[Hashable, _Open] = {}
        with closing(self.inner.verify(_parts(chain((first,), coming), unfinished))) as verdicts:
            for key, verdict in verdicts:
                assert isinstance(key, tuple)
                region, number = key
                unfinished[region].verdicts[number] = verdict
                if len(unfinished[region].verdicts) == len(unfinished[region].parts):
                    done = unfinished.pop(region)
                    yield region, _as_markdown(done.request, _whole(done))


def _loaded(config: Config, drafts: bool, decide: Decide | None, formulas: bool) -> ModelVerifier:
    """The model behind the engine; imported here, since torch and transformers take seconds."""
    from docspec.verifiers.mini.reader import MiniModel
    from docspec.verifiers.model_verifier import ModelVerifier

    loaded = MiniModel(threads=os.cpu_count() or 1, formulas=formulas)
    return ModelVerifier(loaded, config, drafts=drafts, decide=decide)


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
