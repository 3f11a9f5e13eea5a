"""Drafts followed along their requests' outputs: a window for each turn. Plain data in and out.

So it can be done where the requests are (``Inline``) or in other processes (pool.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from typing import NamedTuple, Protocol

from docspec.drafters.following.cursor import Codec, DraftCursor
from docspec.verifiers.vllm_plugin.id_cursor import IdCursor
from docspec.verifiers.window import AcceptanceRate, window_length

logger = logging.getLogger(__name__)

ECHO_MISSES = 1.0  # what a request without a draft starts from: it seldom writes the same again


class Begun(NamedTuple):
    """A request that has begun: its drafts, as texts or ids, and the token that ends its output."""

    key: str
    texts: tuple[str, ...]
    ids: tuple[int, ...]
    end: int | None


class Turn(NamedTuple):
    """A request that is to have a window: what it wrote since its last turn, how many draft tokens were sent
    for that, and how many there is room for now."""

    key: str
    emitted: list[int]
    sent: int
    room: int


class Asked(NamedTuple):
    """What is asked at once: requests that ended, that began, and turns; a step of ``rows`` requests takes
    ``base + slope * tokens`` seconds."""

    forgotten: list[str]
    begun: list[Begun]
    turns: list[Turn]
    base: float
    slope: float
    rows: int


class Following(Protocol):
    """Who follows the drafts: each ``ask`` is answered by the next ``collect``, with windows by request."""

    def ask(self, asked: Asked) -> None: ...
    def collect(self) -> dict[str, list[int]]: ...
    def close(self) -> None: ...


@dataclass(slots=True)
class _Followed:
    cursor: DraftCursor | IdCursor
    rate: AcceptanceRate = field(default_factory=AcceptanceRate)


class Followers:
    """The cursors of requests. Without ``codec``, where a tokenizer has no text offsets, only drafts of ids
    are followed. Tokens are below ``vocabulary``.

    A request whose cursor fails goes on without drafts.
    """

    def __init__(self, codec: Codec | None, vocabulary: int) -> None:
        self._codec = codec
        self._vocabulary = vocabulary
        self._followed: dict[str, _Followed] = {}

    def windows(self, asked: Asked) -> dict[str, list[int]]:
        """The windows of the turns; none for a request that is not followed."""
        for key in asked.forgotten:
            self._followed.pop(key, None)
        found = {}
        for one in asked.begun:
            with self._guarded(one.key):
                self._begin(one)
        for turn in asked.turns:
            with self._guarded(turn.key):
                window = self._window(turn, asked)
                if window is not None:
                    found[turn.key] = window
        return found

    @contextmanager
    def _guarded(self, key: str) -> Iterator[None]:
        """A fault of ours costs the request its drafts: it would take every request of the engine with it."""
        try:
            yield
        except Exception:
            logger.exception("docspec: request %s goes on without drafts", key)
            self._followed.pop(key, None)

    def _begin(self, one: Begun) -> None:
        cursor: DraftCursor | IdCursor
        if one.ids:
            cursor = IdCursor(one.ids, one.end)
        elif self._codec is not None:
            cursor = DraftCursor(one.texts, self._codec, one.end)
        else:
            return
        self._followed[one.key] = _Followed(cursor)
        if not one.ids and not any(text.strip() for text in one.texts):
            self._followed[one.key].rate = AcceptanceRate(misses=ECHO_MISSES)

    def _window(self, turn: Turn, asked: Asked) -> list[int] | None:
        followed = self._followed.get(turn.key)
        if followed is None:
            return None
        _learn(followed, turn)
        room = min(turn.room, window_length(followed.rate.value, asked.base, asked.slope, asked.rows))
        tokens = followed.cursor.propose(room).tokens if room > 0 else []
        return list(takewhile(lambda token: token < self._vocabulary, tokens))  # others have no embedding


def _learn(followed: _Followed, turn: Turn) -> None:
    """Move along what was emitted; a step without a window tests the draft's next token for nothing."""
    emitted = turn.emitted
    if not emitted:
        return
    if turn.sent:
        followed.rate.update(len(emitted) - 1, rejected=len(emitted) <= turn.sent)
    elif coming := followed.cursor.propose(1).tokens:
        followed.rate.update(int(coming[0] == emitted[0]), rejected=coming[0] != emitted[0])
    followed.cursor.advance(emitted)


class Inline:
    """Follows in the caller's own time."""

    def __init__(self, followers: Followers) -> None:
        self._followers = followers
        self._found: dict[str, list[int]] = {}

    def ask(self, asked: Asked) -> None:
        """Answer at once."""
        self._found |= self._followers.windows(asked)

    def collect(self) -> dict[str, list[int]]:
        """What was asked since the last time."""
        found, self._found = self._found, {}
        return found

    def close(self) -> None:
        """Nothing is held."""
