"""One verifier for all who connect: their requests in turn, in its batches, each answered to who asked."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from docspec.types import Category, Request, Verifier
from docspec.verifiers.shared.channel import Ask, Begun, Card, Channel, Told, accepted

SENDING = 10.0  # seconds that an asker may leave unread what it is told
GLANCE = 1.0  # seconds between looks whether the model has stopped


class Key(NamedTuple):
    """A request's key while it is here: whose it is, and its number there."""

    asker: int
    number: int


class Askers:
    """What is asked and not begun, by asker; and what is begun. For use from several threads.

    Askers have their turns, so that none waits for another's many. A request that is to be read alone waits
    until nothing is begun, and all others wait for it.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[int, deque[Ask]] = {}  # who is next comes first
        self._begun: dict[Key, bool] = {}  # whether it is read alone
        self.moved = time.monotonic()  # when something was last begun or ended

    def add(self, asker: int, ask: Ask) -> None:
        """A request, begun after what the same asker asked before."""
        with self._changed:
            self._waiting.setdefault(asker, deque()).append(ask)
            self._changed.notify()

    def drop(self, asker: int) -> None:
        """Forget what an asker has waiting."""
        with self._changed:
            self._waiting.pop(asker, None)

    def begin(self) -> tuple[Key, Request] | None:
        """The next request to begin; None where what is begun has to go on first. Waits where nothing is."""
        with self._changed:
            while (found := self._next()) is None and not self._begun:
                self._changed.wait()
            if found is None:
                return None
            asker, ask = found
            key = Key(asker, ask.number)
            self._begun[key] = ask.alone
            self.moved = time.monotonic()
            return key, ask.request

    def _next(self) -> tuple[int, Ask] | None:
        if not self._waiting or any(self._begun.values()):
            return None
        asker, waiting = next(iter(self._waiting.items()))
        if waiting[0].alone and self._begun:
            return None
        del self._waiting[asker]
        ask = waiting.popleft()
        if waiting:
            self._waiting[asker] = waiting  # at the end of the queue
        return asker, ask

    def end(self, key: Key) -> None:
        """A request has its verdict."""
        with self._changed:
            del self._begun[key]
            self.moved = time.monotonic()

    def stuck(self, patience: float) -> bool:
        """Whether there has been no verdict for so many seconds, though something is begun."""
        with self._changed:
            return bool(self._begun) and time.monotonic() - self.moved > patience


class Host:
    """Has ``verifier`` read what those ask who connect to ``listening``, ``room`` requests each at a time.

    ``number`` names this process among those that are started one after the other, ``death`` says how the
    one before it ended. What an asker that is gone has waiting is dropped; of what has been begun for it the
    verdict is.
    """

    def __init__(
        self, verifier: Verifier, listening: socket.socket, room: int, *, number: int = 0, death: str = ""
    ) -> None:
        self.verifier, self.listening = verifier, listening
        self.card = card_of(verifier, room, number, death)
        self.askers = Askers()
        self._channels: dict[int, Channel] = {}
        self._spent: Mapping[str, float] = dict(verifier.seconds)

    def serve(self, patience: float, stuck: Callable[[], None], answered: Callable[[], None]) -> None:
        """Read requests, without end. ``answered`` is called when the first verdict is there, ``stuck`` where
        none has come for ``patience`` seconds. Raises what the verifier raises."""
        threading.Thread(target=self._accept, daemon=True).start()
        threading.Thread(target=self._watch, args=(patience, stuck), daemon=True).start()
        first = True
        for key, verdict in self.verifier.verify(self._requests()):
            assert isinstance(key, Key)
            self.askers.end(key)
            if first:
                answered()
            first = False
            self._tell(key.asker, Told(key.number, verdict, self._spent_since()))

    def _requests(self) -> Iterator[Request | None]:
        while True:
            found = self.askers.begin()
            if found is None:
                yield None
                continue
            key, request = found
            self._tell(key.asker, Begun(key.number))
            yield replace(request, key=key)

    def _spent_since(self) -> dict[str, float]:
        now = dict(self.verifier.seconds)
        spent = {stage: seconds - self._spent.get(stage, 0.0) for stage, seconds in now.items()}
        self._spent = now
        return spent

    def _tell(self, asker: int, message: object) -> None:
        channel = self._channels.get(asker)
        if channel is None:
            return
        try:
            channel.send(message)
        except OSError:
            channel.close()  # it is gone, or does not listen

    def _accept(self) -> None:
        for asker in itertools.count():
            channel = accepted(self.listening, SENDING)
            threading.Thread(target=self._listen, args=(asker, channel), daemon=True).start()

    def _listen(self, asker: int, channel: Channel) -> None:
        try:
            channel.send(self.card)
            self._channels[asker] = channel
            while True:
                self.askers.add(asker, channel.receive())
        except (OSError, EOFError):
            self._channels.pop(asker, None)
            self.askers.drop(asker)

    def _watch(self, patience: float, stuck: Callable[[], None]) -> None:
        while not self.askers.stuck(patience):
            time.sleep(GLANCE)
        stuck()


def card_of(verifier: Verifier, room: int, number: int, death: str) -> Card:
    """What askers are told of a verifier, whose ``declines`` has to look at the category alone."""
    blank = np.full((1, 1, 3), 255, np.uint8)
    kinds: list[Category | None] = [*Category, None]
    return Card(
        name=verifier.name,
        style=verifier.style,
        dpi=verifier.dpi,
        native=verifier.native,
        reads_pages=verifier.reads_pages,
        doubtful_only=verifier.doubtful_only,
        device=verifier.device,
        declined={kind: verifier.declines(Request(None, blank, kind)) for kind in kinds},
        room=room,
        host=number,
        death=death,
    )
