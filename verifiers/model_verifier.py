"""The verifier over any model that the engine can run: requests in, verdicts out."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Hashable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import torch

from docspec.config import Config
from docspec.drafters.following.cursor import DraftCursor
from docspec.drafters.following.drafted_next import DraftedNext
from docspec.drafters.following.experience import Experience
from docspec.errors import ImageRefused, ModelError
from docspec.types import Draft, Finish, Request, Style, Verdict, unread
from docspec.verifiers.clock import now
from docspec.verifiers.decide import Decide
from docspec.verifiers.engine import Engine
from docspec.verifiers.reading import Output, Reader, declined, drafts_of, guard_of, in_words, verdict_of
from docspec.verifiers.runner import Runner
from docspec.verifiers.sequence import Prompt, Sequence

LOOKAHEAD = 8  # requests whose images are encoded in one pass


class LoadedModel(Reader, Protocol):
    """A loaded model with what is particular to it; its family's profile, so to speak, in use."""

    model: Any

    def prompts(self, requests: list[Request]) -> list[Prompt]:
        """Everything that the decoder sees of each request, images encoded.

        Raises ImageRefused for an image that the model is known not to take (too narrow, say).
        """
        ...

    def decide(self, config: Config) -> Decide:
        """How drafts are accepted, by ``config.accept``."""
        ...

    def limit(self, request: Request, config: Config) -> int:
        """The bound on the output's tokens."""
        ...


@dataclass(slots=True)
class _Work:
    """What one call of ``verify`` has in hand: requests to come, those whose images are to be encoded, those
    that wait for the engine, the open ones with their first drafts, and verdicts on those not started."""

    requests: Iterator[Request | None]
    ready: list[Request] = field(default_factory=list)
    encoded: deque[tuple[Request, Prompt]] = field(default_factory=deque)
    open: dict[Hashable, tuple[Request, str]] = field(default_factory=dict)
    settled: deque[tuple[Hashable, Verdict]] = field(default_factory=deque)
    more: bool = True


class ModelVerifier:
    """Verifies requests with ``reader``; see docspec.types.Verifier.

    ``drafts=False`` ignores the drafts (plain decoding by the same engine, for comparison); ``decide``
    replaces the reader's own acceptance; ``runner`` the one over the reader's model. ``seconds`` and
    ``passes`` add up over calls.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        config: Config,
        *,
        drafts: bool = True,
        decide: Decide | None = None,
        runner: Runner | None = None,
    ) -> None:
        self.loaded = loaded
        self.config = config
        head = getattr(loaded, "head", None) if drafts else None
        self.engine = Engine(
            runner or Runner(loaded.model, config.max_batch, graphs=config.graphs, head=head),
            decide or loaded.decide(config),
            config.token_budget,
            drafts=drafts,
        )
        self._check = self._vision = 0.0
        self._experience = Experience()

    @property
    def name(self) -> str:
        return self.loaded.name

    @property
    def device(self) -> str:
        """What the model is on and its type of number, such as ``cpu (float32)``, and that it has no profile
        of its own; empty without a model."""
        if self.loaded.model is None:
            return ""
        weight = next(self.loaded.model.parameters())
        name = f"{torch.cuda.get_device_name(weight.device)}, " if weight.device.type == "cuda" else ""
        asked = getattr(self.loaded, "asked", "")
        number = str(weight.dtype).removeprefix("torch.")
        return f"{weight.device} ({name}{number}{', ' if asked else ''}{asked})"

    @property
    def style(self) -> Style:
        return self.loaded.style

    @property
    def dpi(self) -> float:
        return self.loaded.dpi

    @property
    def native(self) -> Literal["region", "page"]:
        return self.loaded.native

    @property
    def doubtful_only(self) -> bool:
        """No: what a model was asked to read, it reads."""
        return False

    @property
    def reads_pages(self) -> bool:
        return self.loaded.page is not None

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds so far by stage: vision, prefill, decode, and from the first call on the model's check."""
        checked = {"check": self._check} if self._check else {}
        return {"vision": self._vision, **self.engine.seconds, **checked}

    @property
    def passes(self) -> int:
        """Target forward passes so far, prefills included."""
        return self.engine.passes

    def release(self) -> None:
        """Give back the memory of the cache, which grows with what is read; another call makes it anew."""
        self.engine.runner.drop()

    def declines(self, request: Request) -> str | None:
        return declined(self.loaded, request)

    def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict]]:
        self._check = getattr(self.loaded, "check_seconds", 0.0)
        work = _Work(iter(requests))
        while work.more or work.encoded or work.ready:
            try:
                with closing(self.engine.run(self._sequences(work))) as finished:
                    for sequence in finished:
                        yield self._finished(work, sequence)
            except ModelError as error:
                self.release()
                for request, _ in work.open.values():
                    work.settled.append((request.key, unread(request, str(error), failed=True)))
                work.open.clear()
            while work.settled:
                yield work.settled.popleft()

    def _finished(self, work: _Work, sequence: Sequence) -> tuple[Hashable, Verdict]:
        request, draft = work.open.pop(sequence.key)
        self._experience.finished(sequence.kept)
        finish = sequence.finish or Finish.LENGTH
        output = Output(sequence.kept, finish, sequence.stats, sequence.runaway)
        return request.key, verdict_of(self.loaded, request, draft, output, self.config.on_loop)

    def _sequences(self, work: _Work) -> Iterator[Sequence | None]:
        """Sequences of the requests, their images encoded a few at a time, never waiting for more to come.

        Ends early when a request could not be started: more requests may depend on its verdict.
        """
        yield from self._started(work)
        for request in work.requests:
            if request is not None:
                work.ready.append(request)
            if work.ready and (request is None or len(work.ready) == LOOKAHEAD):
                yield from self._started(work)
                if work.settled:
                    return
            if request is None:
                yield None
        work.more = False
        yield from self._started(work)

    def _started(self, work: _Work) -> Iterator[Sequence]:
        """The sequences of what is ready and whose images the model takes."""
        ready, work.ready = work.ready, []
        work.encoded.extend(self._prompts(ready, work))
        while work.encoded:
            request, prompt = work.encoded.popleft()
            drafts = drafts_of(self.loaded, request)
            work.open[request.key] = (request, drafts[0].text if drafts else "")
            yield self._sequence(request, prompt, drafts)

    def _prompts(self, requests: list[Request], work: _Work) -> list[tuple[Request, Prompt]]:
        """Requests with their prompts, images encoded in one pass, or one by one where that fails.

        An image that the model is known to refuse leaves its region to the draft; on any other error the
        request has failed.
        """
        if not requests:
            return []
        started = now(self.engine.runner.device)
        try:
            prompts: list[Prompt] | Exception = self.loaded.prompts(requests)
        except Exception as error:  # noqa: BLE001 whatever it is, it is this image's alone: its page says so
            prompts = error
        self._vision += now(self.engine.runner.device) - started
        if not isinstance(prompts, Exception):
            return list(zip(requests, prompts, strict=True))
        if len(requests) > 1:
            return [pair for request in requests for pair in self._prompts([request], work)]
        [request] = requests
        if isinstance(prompts, ImageRefused):
            verdict = unread(request, f"the model cannot take this image: {prompts}")
        else:
            reason = f"the model failed on the image: {type(prompts).__name__}: {prompts}"
            verdict = unread(request, reason, failed=True)
        work.settled.append((request.key, verdict))
        return []

    def _sequence(self, request: Request, prompt: Prompt, drafts: list[Draft]) -> Sequence:
        end_tokens = self.loaded.end_tokens
        words = [in_words(self.loaded, request, draft) for draft in drafts]
        texts = [draft.text for draft in words]
        alternatives = [draft.alternatives for draft in words]
        return Sequence(
            key=request.key,
            prompt=prompt,
            cursor=DraftCursor(texts, self.loaded.codec, end_tokens[0], alternatives, self._experience),
            end_tokens=frozenset(end_tokens),
            limit=self.loaded.limit(request, self.config),
            draft=DraftedNext(texts[0] if texts else "", self.loaded.codec, end_tokens[0]),
            confidence=_confidence(request),
            guard=guard_of(self.loaded, texts, self.config.on_loop),
        )


def _confidence(request: Request) -> float:
    """Of a region's first draft, or of a page's regions by their lengths; 0 without any."""
    if request.category is not None:
        return request.drafts[0].confidence if request.drafts else 0.0
    weights = [len(region.text) for region in request.regions]
    weighted = zip(request.regions, weights, strict=True)
    return sum(region.confidence * weight for region, weight in weighted) / max(1, sum(weights))
