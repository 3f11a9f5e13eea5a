"""Which server is asked next: the least loaded one that answers. One that fails rests and is tried again."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from docspec.verifiers.served.chat import Card


class NoServer(Exception):
    """None of the servers answers any more; the message has all of them, each with its last reason."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long failures are borne, in seconds; chosen by eye.

    A server that fails rests for ``rest``, then twice as long with each further failure, up to ``longest``;
    each rest is shortened or lengthened by chance, so that clients do not come back together. When all have
    done nothing but fail for ``gone``, requests are given up; ``tries`` bounds those of one request.
    """

    rest: float = 0.5
    longest: float = 30.0
    gone: float = 60.0
    tries: int = 8


@dataclass(slots=True, eq=False)
class Server:
    """One server as this client knows it, from one session to the next.

    ``asked`` counts requests, those ``in_flight`` have no answer yet. ``failures`` are its rests since it
    last answered, ``failing_since`` is the time of the first of them and ``reason`` that of the last.

    ``card`` is what it said of its model, None until it was asked (again). ``speculates`` says whether
    drafts that were sent to it were used, None until that is known; ``other_prompt`` whether its chat
    template writes a prompt otherwise than the profile. ``checked`` are the prompts that were compared.
    """

    url: str
    asked: int = 0
    in_flight: int = 0
    failures: int = 0
    rests_until: float = 0.0
    failing_since: float | None = None
    reason: str = ""
    card: Card | None = None
    speculates: bool | None = None
    other_prompt: bool = False
    checked: set[str] = field(default_factory=set)

    def ready(self, now: float, rows: int) -> bool:
        """Whether it may get a request: one at a time until it answers again, else up to ``rows``."""
        return self.rests_until <= now and self.in_flight < (1 if self.failures else rows)


class Servers:
    """The servers of a session, each with at most ``rows`` requests at a time; for any number of threads."""

    def __init__(
        self,
        servers: Sequence[Server],
        rows: int,
        patience: Patience,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.all = servers
        self.rows = rows
        self.patience = patience
        self._clock, self._chance = clock, chance
        self._changed = threading.Condition()
        self._stopped = False
        for server in servers:
            server.in_flight = 0

    def take(self) -> Server:
        """The server for one request, which has to be given back by ``answered`` or ``failed``.

        Waits for one. Raises NoServer where all are gone or ``stop`` was called.
        """
        with self._changed:
            while not self._stopped:
                now = self._clock()
                if ready := [server for server in self.all if server.ready(now, self.rows)]:
                    server = min(ready, key=lambda server: (server.in_flight, server.asked))
                    server.in_flight += 1
                    server.asked += 1
                    return server
                if self.gone(now):
                    raise NoServer(self.reasons())
                self._changed.wait(self._next(now))
            raise NoServer("stopped")

    def answered(self, server: Server) -> None:
        """It did; it may have all the requests that it takes again."""
        with self._changed:
            server.in_flight -= 1
            server.failures, server.failing_since, server.reason = 0, None, ""
            self._changed.notify_all()

    def failed(self, server: Server, reason: str, seconds: float | None = None) -> None:
        """It did not; it rests, for ``seconds`` where it said so. What fails with it counts once."""
        with self._changed:
            now = self._clock()
            server.in_flight -= 1
            server.reason = reason
            server.card = None
            if server.failing_since is None:
                server.failing_since = now
            if server.rests_until <= now:
                server.failures += 1
                rest = min(self.patience.rest * 2 ** min(server.failures - 1, 30), self.patience.longest)
                own = min(seconds or 0.0, self.patience.longest)
                server.rests_until = now + max(rest * (0.5 + self._chance()), own)
            self._changed.notify_all()

    def gone(self, now: float) -> bool:
        """Whether all have failed, and nothing else, for as long as is borne."""
        since = [server.failing_since for server in self.all]
        return all(start is not None and now - start >= self.patience.gone for start in since)

    def reasons(self) -> str:
        """Each server that fails, with its last reason."""
        return ", ".join(f"{server.url} ({server.reason})" for server in self.all if server.reason)

    def stop(self) -> None:
        """Nobody waits for a server any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _next(self, now: float) -> float | None:
        """Seconds until something may have changed by itself."""
        times = [server.rests_until for server in self.all if server.rests_until > now]
        if all(server.failing_since is not None for server in self.all):
            times.append(max(server.failing_since or 0.0 for server in self.all) + self.patience.gone)
        return max(min(times) - now, 0.01) if times else None
