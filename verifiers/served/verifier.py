"""The verifier over a model elsewhere: requests out as questions, answers in as verdicts."""

from __future__ import annotations

import time
from collections.abc import Generator, Hashable, Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Literal, Protocol

from docspec.config import Config
from docspec.errors import ImageRefused, UsageError
from docspec.types import Request, Style, Verdict, unread
from docspec.verifiers.family import Family
from docspec.verifiers.in_flight import Session, in_flight
from docspec.verifiers.reading import declined, drafts_of, guard_of, in_words, verdict_of
from docspec.verifiers.served.chat import output_of
from docspec.verifiers.served.question import DRAFTS, Answer, Question


class Backend(Protocol):
    """Where the model is."""

    @property
    def device(self) -> str:
        """What it runs on, and what a user should know of that."""
        ...

    def session(self) -> Session[Question, Answer | Exception]:
        """A new one; there is one at a time."""
        ...

    def release(self) -> None:
        """Give back what is kept between sessions."""
        ...


@dataclass(frozen=True, slots=True)
class _Asked:
    request: Request
    draft: str  # the first, as it came
    question: Question


class _Timed:
    """A session of ``verifier``'s backend; the seconds that it waits count as the verifier's."""

    def __init__(self, verifier: ServedVerifier) -> None:
        self._verifier = verifier
        self._session = verifier.backend.session()
        self.room = self._session.room

    def ask(self, number: int, asked: _Asked) -> None:
        self._session.ask(number, asked.question)

    def answers(self, patience: float) -> list[tuple[int, Answer | Exception]]:
        started = time.perf_counter()
        answers = self._session.answers(patience)
        self._verifier.waited += time.perf_counter() - started
        return answers

    def close(self) -> None:
        self._session.close()


class ServedVerifier:
    """Verifies requests with the model behind ``backend``; see docspec.types.Verifier."""

    doubtful_only = False  # what a model was asked to read, it reads

    def __init__(self, family: Family, config: Config, backend: Backend) -> None:
        self.family = family
        self.config = config
        self.backend = backend
        self.waited = 0.0

    @property
    def name(self) -> str:
        return self.family.name

    @property
    def style(self) -> Style:
        return self.family.style

    @property
    def dpi(self) -> float:
        return self.family.dpi

    @property
    def native(self) -> Literal["region", "page"]:
        return self.family.native

    @property
    def reads_pages(self) -> bool:
        return self.family.page is not None

    @property
    def device(self) -> str:
        """Where the model is, and whether it takes drafts there."""
        return self.backend.device

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds so far in which there was nothing to do but wait for answers."""
        return {"served": self.waited}

    def release(self) -> None:
        self.backend.release()

    def declines(self, request: Request) -> str | None:
        return declined(self.family, request)

    def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict]]:
        with closing(in_flight(requests, _Timed(self), self._asked)) as answers:
            for asked, answer in answers:
                yield asked.request.key, self._verdict(asked, answer)

    def _asked(self, request: Request) -> _Asked:
        drafts = drafts_of(self.family, request)
        words = [in_words(self.family, request, draft).text for draft in drafts]
        texts = tuple(text for text in words if text.strip())[:DRAFTS]
        first = drafts[0].text if drafts else ""
        return _Asked(request, first, Question(request.image, request.category, texts))

    def _verdict(self, asked: _Asked, answer: Answer | Exception) -> Verdict:
        if isinstance(answer, ImageRefused):
            return unread(asked.request, f"the model cannot take this image: {answer}")
        if isinstance(answer, Exception):
            return unread(asked.request, str(answer) or type(answer).__name__, failed=True)
        guard = guard_of(self.family, asked.question.drafts, self.config.on_loop)
        output = output_of(answer, self.family, guard)
        return verdict_of(self.family, asked.request, asked.draft, output, self.config.on_loop)


def check_settings(config: Config) -> None:
    """Raises UsageError for settings that only docspec's own engine has."""
    own = "is of docspec's own engine"
    if config.accept not in ("auto", "exact"):
        raise UsageError(f"accept {config.accept!r} {own}: vLLM decodes greedily, which is exact")
    if config.device != "auto":
        raise UsageError(f"device {config.device!r} {own}: vLLM and servers have theirs")
    if config.server is not None and config.dtype != "auto":
        raise UsageError(f"dtype {config.dtype!r} {own}: a server has its own")
