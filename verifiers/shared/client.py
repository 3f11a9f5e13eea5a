"""The verifier of a process that has no model: another process of this machine reads what it asks."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Hashable, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Literal

from docspec.errors import ModelError
from docspec.types import Request, Style, Verdict, unread
from docspec.verifiers.in_flight import in_flight
from docspec.verifiers.shared.channel import Ask, Begun, Card, Channel, connect

BEAT = 1.0  # seconds between calls of ``waiting``
TRIES = 2  # processes that may end while they read the same


class SharedVerifier:
    """Asks the host at the path ``address`` (see host.py); see docspec.types.Verifier.

    Where the host ends, another may take its place at the same address: what was asked is asked again, what
    the former had begun alone, and once only. ``waiting`` is called about once a second while there is
    nothing to do but wait for the host. Raises ModelError where none listens any more.
    """

    def __init__(self, address: str, waiting: Callable[[], None]) -> None:
        self.address = address
        self._waiting, self._told = waiting, time.monotonic()
        self._seconds: Counter[str] = Counter()
        self._line: _Line | None = None
        self._card = self.line().card

    @property
    def name(self) -> str:
        return self._card.name

    @property
    def style(self) -> Style:
        return self._card.style

    @property
    def dpi(self) -> float:
        return self._card.dpi

    @property
    def native(self) -> Literal["region", "page"]:
        return self._card.native

    @property
    def reads_pages(self) -> bool:
        return self._card.reads_pages

    @property
    def doubtful_only(self) -> bool:
        return self._card.doubtful_only

    @property
    def device(self) -> str:
        """What the host's model runs on."""
        return self._card.device

    @property
    def seconds(self) -> dict[str, float]:
        """This asker's part of what the host's model spent so far, by stage: from one verdict to the next it
        is spent for who gets that."""
        return dict(self._seconds)

    def release(self) -> None:
        """Nothing is kept here, and the host's memory is for others as well."""

    def declines(self, request: Request) -> str | None:
        return self._card.declined[request.category]

    def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict]]:
        with closing(in_flight(requests, _Session(self), lambda request: request)) as answers:
            for request, verdict in answers:
                yield request.key, verdict

    def line(self) -> _Line:
        """The connection, made if there is none. Waits for the host; ModelError where there is none."""
        while self._line is None:
            try:
                self._line = _Line.to(self.address, self.waits)
            except OSError:
                raise ModelError("the process with the model has ended") from None
        return self._line

    def leave(self) -> None:
        """End the connection, and with it all that is asked."""
        if self._line is not None:
            self._line.channel.close()
            self._line = None

    def waits(self) -> None:
        """Say that we wait, unless that was said just now."""
        if time.monotonic() - self._told > BEAT:
            self._told = time.monotonic()
            self._waiting()

    def spent(self, seconds: Any) -> None:
        """Count ``seconds`` by stage."""
        self._seconds.update(seconds)


@dataclass(frozen=True, slots=True)
class _Line:
    """A connection to a host, what it said of itself, and what it says: None once it is gone."""

    channel: Channel
    card: Card
    messages: queue.SimpleQueue[Any]

    @staticmethod
    def to(address: str, waits: Callable[[], None]) -> _Line | None:
        """One to the host, when it is ready; None where it ended before it was. Raises OSError."""
        channel, messages = connect(address), queue.SimpleQueue[Any]()

        def listen() -> None:
            with contextlib.suppress(OSError, EOFError):
                while True:
                    messages.put(channel.receive())
            messages.put(None)

        threading.Thread(target=listen, daemon=True).start()
        while True:
            try:
                card = messages.get(timeout=BEAT)
            except queue.Empty:
                waits()
                continue
            return _Line(channel, card, messages) if isinstance(card, Card) else None


@dataclass(slots=True)
class _Asked:
    request: Request
    begun: bool = False
    ends: int = 0  # of hosts that had begun it


class _Session:
    """The requests of one call of ``verify``; see docspec.verifiers.in_flight.Session."""

    def __init__(self, verifier: SharedVerifier) -> None:
        self.verifier = verifier
        self._line = verifier.line()
        self.room = self._line.card.room
        self._asked: dict[int, _Asked] = {}

    def ask(self, number: int, question: Request) -> None:
        self._asked[number] = _Asked(question)
        self._send(number)

    def answers(self, patience: float) -> list[tuple[int, Verdict]]:
        self.verifier.waits()
        found: list[tuple[int, Verdict]] = []
        with contextlib.suppress(queue.Empty):
            message = self._line.messages.get(timeout=patience)
            while True:
                if message is None:
                    return [*found, *self._ask_again()]
                if isinstance(message, Begun):
                    self._asked[message.number].begun = True
                else:
                    del self._asked[message.number]
                    self.verifier.spent(message.seconds)
                    found.append((message.number, message.verdict))
                message = self._line.messages.get_nowait()
        return found

    def close(self) -> None:
        if self._asked:
            self.verifier.leave()

    def _send(self, number: int) -> None:
        asked = self._asked[number]
        ask = Ask(number, replace(asked.request, key=None), alone=asked.ends > 0)
        # where the host is gone, this is asked again as soon as answers are asked for
        with contextlib.suppress(OSError):
            self._line.channel.send(ask)

    def _ask_again(self) -> list[tuple[int, Verdict]]:
        """Ask the next host; the verdicts on what has ended too many."""
        before = self._line.card.host
        self.verifier.leave()
        self._line = self.verifier.line()
        card = self._line.card
        broken = []
        for number, asked in list(self._asked.items()):
            asked.ends += asked.begun and card.host != before
            asked.begun = False
            if asked.ends < TRIES:
                self._send(number)
            else:
                del self._asked[number]
                reason = f"the model broke on it: {card.death}"
                broken.append((number, unread(asked.request, reason, failed=True)))
        return broken
