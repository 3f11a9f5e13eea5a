"""The verifier over any model that the engine can run: requests in, verdicts out."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Protocol

from docspec.config import Config
from docspec.drafters.matching import DraftCursor, agreement, corrections
from docspec.types import Finish, Request, Style, Verdict
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.decide import Decide
from docspec.verifiers.engine import Engine
from docspec.verifiers.runner import Runner
from docspec.verifiers.sequence import Prompt, Sequence
from docspec.verifiers.window import AcceptanceRate

LOOKAHEAD = 8  # requests whose images are encoded in one pass


class Reader(Protocol):
    """A loaded model with what is particular to it; its family's profile, so to speak, in use."""

    name: str
    style: Style
    dpi: float
    model: Any
    codec: TokenizerCodec
    end_tokens: tuple[int, ...]

    def declines(self, request: Request) -> str | None:
        """Why the model cannot read the region, or None."""
        ...

    def prompts(self, requests: list[Request]) -> list[Prompt]:
        """Everything that the decoder sees of each request, images encoded."""
        ...

    def decide(self, config: Config) -> Decide:
        """How drafts are accepted, ``config.accept`` being ``auto``, ``exact`` or ``fused``."""
        ...

    def limit(self, request: Request, config: Config) -> int:
        """The bound on the output's tokens."""
        ...

    def verdict(self, request: Request, verdict: Verdict) -> Verdict:
        """Last word on a verdict: the model's output format read, degenerate output replaced."""
        ...


class ReaderVerifier:
    """Verifies requests with ``reader``; see docspec.types.Verifier.

    ``drafts=False`` ignores the drafts (plain decoding by the same engine, for comparison); ``decide``
    replaces the reader's own acceptance; ``runner`` the one over the reader's model. ``seconds`` and
    ``passes`` add up over calls.
    """

    def __init__(
        self,
        reader: Reader,
        config: Config,
        *,
        drafts: bool = True,
        decide: Decide | None = None,
        runner: Runner | None = None,
    ) -> None:
        self.reader = reader
        self.config = config
        self.engine = Engine(
            runner or Runner(reader.model, config.max_batch),
            decide or reader.decide(config),
            config.token_budget,
            drafts=drafts,
        )
        self._vision = 0.0

    @property
    def name(self) -> str:
        return self.reader.name

    @property
    def style(self) -> Style:
        return self.reader.style

    @property
    def dpi(self) -> float:
        return self.reader.dpi

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds so far by stage: vision, prefill, decode."""
        return {"vision": self._vision, **self.engine.seconds}

    @property
    def passes(self) -> int:
        """Target forward passes so far, prefills included."""
        return self.engine.passes

    def declines(self, request: Request) -> str | None:
        return self.reader.declines(request)

    def verify(self, requests: Iterable[Request | None]) -> Iterator[tuple[Hashable, Verdict]]:
        open_requests: dict[Hashable, Request] = {}
        for sequence in self.engine.run(self._sequences(requests, open_requests)):
            request = open_requests.pop(sequence.key)
            yield request.key, self._verdict(request, sequence)

    def _sequences(
        self, requests: Iterable[Request | None], open_requests: dict[Hashable, Request]
    ) -> Iterator[Sequence | None]:
        """Sequences of the requests, their images encoded a few at a time, never waiting for more to come."""
        ready: list[Request] = []
        for request in requests:
            if request is not None:
                ready.append(request)
                open_requests[request.key] = request
            if ready and (request is None or len(ready) == LOOKAHEAD):
                yield from self._encoded(ready)
                ready = []
            if request is None:
                yield None
        if ready:
            yield from self._encoded(ready)

    def _encoded(self, requests: list[Request]) -> Iterator[Sequence]:
        started = time.perf_counter()
        prompts = self.reader.prompts(requests)
        self._vision += time.perf_counter() - started
        for request, prompt in zip(requests, prompts, strict=True):
            texts = [draft.text for draft in request.drafts]
            confidence = request.drafts[0].confidence if request.drafts else 0.0
            yield Sequence(
                key=request.key,
                prompt=prompt,
                cursor=DraftCursor(texts, self.reader.codec, self.reader.end_tokens[0]),
                end_tokens=frozenset(self.reader.end_tokens),
                limit=self.reader.limit(request, self.config),
                confidence=confidence,
                rate=AcceptanceRate.expected(confidence),
            )

    def _verdict(self, request: Request, sequence: Sequence) -> Verdict:
        output = sequence.output
        text = self.reader.codec.decode([t for t in output if t not in sequence.end_tokens])
        verdict = self.reader.verdict(
            request, Verdict(text, sequence.finish or Finish.LENGTH, sequence.stats)
        )
        if not request.drafts:
            return verdict
        draft = request.drafts[0].text
        return replace(
            verdict, corrections=corrections(draft, verdict.text), agreement=agreement(draft, verdict.text)
        )
