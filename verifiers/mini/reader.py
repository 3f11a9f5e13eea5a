"""The bundled model behind the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from docspec.config import Config
from docspec.drafters.reading.cells import LineCells
from docspec.drafters.reading.ocr_engine import OcrEngine
from docspec.types import Finish, Image, Request, Verdict
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.decide import Decide, Fused, exact
from docspec.verifiers.mini.limits import DPI, NAME, NATIVE, STYLE, why_declined
from docspec.verifiers.mini.model import Mini
from docspec.verifiers.mini.tokens import END, MARKS, byte_tokenizer, encode
from docspec.verifiers.reading import PageFormat
from docspec.verifiers.sampling import Sampled
from docspec.verifiers.sequence import Prompt

TRADE = 1.0  # lambda: two readers of equal weight (see MODEL_CARD.md)
FIGURES = dict.fromkeys(encode("0123456789"), 4.0)  # how much more OCR's count: the mini cannot guess them


class MiniModel:
    """The mini behind the engine; see docspec.verifiers.model_verifier.LoadedModel.

    ``formulas`` has it mark them in what it writes (see ``formulas``).
    """

    name, style, dpi, native = NAME, STYLE, DPI, NATIVE
    page: PageFormat | None = None

    def __init__(self, threads: int, formulas: bool = False) -> None:
        self.formulas = formulas
        self.engine = OcrEngine(threads)
        self.mini = Mini.from_pretrained()
        self.model = self.mini.decoder
        self.codec = TokenizerCodec(byte_tokenizer(), unwritten=MARKS)
        self.end_tokens: tuple[int, ...] = (END,)

    def declines(self, request: Request) -> str | None:
        return why_declined(request)

    def prompts(self, requests: list[Request]) -> list[Prompt]:
        regions = [_strips(request) for request in requests]
        pixels = [strip for strips in regions for strip in strips if not isinstance(strip, LineCells)]
        fresh = iter(cells_of(self.engine, pixels))
        cells = [[s if isinstance(s, LineCells) else next(fresh) for s in strips] for strips in regions]
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


def cells_of(engine: OcrEngine, strips: Sequence[Image]) -> list[LineCells]:
    """What the recogniser sees of strips [h, w, 3], each of one line.

    Raises:
        ValueError: a strip is empty or not uint8 [h, w, 3].
    """
    found = [reading.cells for reading in engine.read(strips)]
    cells = [one for one in found if one is not None]
    if len(cells) < len(found):
        raise ValueError("a strip is empty")
    return cells


def _strips(request: Request) -> list[LineCells | Image]:
    """What is known of the request's lines: what OCR saw of them, or the pixels that it read, or those cut
    out of the request's image."""
    nothing: tuple[tuple[object, ...], ...] = ((),)
    found: list[LineCells | Image] = []
    lines = zip(request.line_boxes, request.line_strips or nothing * len(request.line_boxes), strict=True)
    for (x0, y0, x1, y1), strips in lines:
        known = [strip for strip in strips if isinstance(strip, LineCells | np.ndarray)]
        found += known or [request.image[y0:y1, x0:x1]]
    return found
