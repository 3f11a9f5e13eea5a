"""One verifier for several askers: turns, what is read alone, and what is asked at a time."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Generator, Hashable, Iterable, Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_parts import READ, SmallVerifier

from docspec.config import Config
from docspec.errors import ModelError
from docspec.types import Category, Draft, Finish, Request, Verdict
from docspec.verifiers.in_flight import in_flight
from docspec.verifiers.shared.channel import Ask
from docspec.verifiers.shared.client import SharedVerifier
from docspec.verifiers.shared.host import Askers, Host, Key

BLANK = np.full((4, 6, 3), 255, np.uint8)


def request(key: Hashable, text: str = "") -> Request:
    """A request with a draft."""
    return Request(key, BLANK, Category.TEXT, (Draft(text or str(key), "test"),))


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=30), st.randoms(), st.integers(0, 4))
def test_askers_have_their_turns(asks: list[tuple[int, bool]], chance: Random, dropped: int) -> None:
    """Each is begun once, in its asker's order, one of each asker before the next of any; some alone."""
    askers = Askers()
    for number, (asker, alone) in enumerate(asks):
        askers.add(asker, Ask(number, request(number), alone))
    askers.drop(dropped)
    left = {asker: deque(n for n, (a, _) in enumerate(asks) if a == asker) for asker, _ in asks}
    left.pop(dropped, None)
    begun: list[Key] = []
    order: list[int] = []
    while any(left.values()) or begun:
        found = askers.begin()
        if found is None:
            ended = begun.pop(chance.randrange(len(begun)))
            askers.end(ended)
            continue
        key, asked = found
        assert asked.key == key.number == left[key.asker].popleft()
        begun.append(key)
        order.append(key.asker)
        if any(asks[one.number][1] for one in begun):
            assert len(begun) == 1
    rounds = [order.count(asker) for asker in set(order)]
    for start in range(min(rounds, default=0)):
        width = len(rounds)
        assert len(set(order[start * width : (start + 1) * width])) == width


class CountingSession:
    """Answers some of what it is asked, the last first."""

    def __init__(self, room: int, answers: Iterator[int]) -> None:
        self.room, self.counts = room, answers
        self.open: list[int] = []
        self.most, self.closed = 0, False

    def ask(self, number: int, question: str) -> None:
        """Takes it."""
        self.open.append(number)
        self.most = max(self.most, len(self.open))

    def answers(self, patience: float) -> list[tuple[int, str]]:
        """Some."""
        return [
            (number, f"answer {number}")
            for _ in range(next(self.counts, 1))
            if self.open
            for number in [self.open.pop()]
        ]

    def close(self) -> None:
        """Is noted."""
        self.closed = True


@given(st.integers(1, 5), st.lists(st.booleans(), max_size=40), st.lists(st.integers(0, 3), max_size=20))
def test_no_more_is_in_flight_than_there_is_room(room: int, ready: list[bool], counts: list[int]) -> None:
    """Everything is asked and answered once, never more than ``room`` at a time; the session is closed."""
    session = CountingSession(room, iter(counts))
    requests = [request(number) if one else None for number, one in enumerate(ready)]
    found = list(in_flight(requests, session, lambda asked: str(asked.key)))
    assert sorted(asked for asked, _ in found) == sorted(
        str(number) for number, one in enumerate(ready) if one
    )
    assert len({answer for _, answer in found}) == len(found)
    assert session.most <= room
    assert session.closed


class Slow(SmallVerifier):
    """Agrees with every draft, as it comes, and counts what it spends."""

    def __init__(self) -> None:
        super().__init__(Config())
        self.spent = {"decode": 0.0}
        self.most = 0

    @property
    def seconds(self) -> dict[str, float]:  # type: ignore[override]
        """One for each request."""
        return self.spent

    def declines(self, request: Request) -> str | None:
        """Pictures."""
        return "no pictures" if request.category is Category.PICTURE else None

    def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict], None, None]:
        """The drafts."""
        held: list[Request] = []
        for asked in requests:
            if asked is not None:
                held.append(asked)
                self.most = max(self.most, len(held))
            if asked is None or len(held) == 8:
                one = held.pop(0)
                self.spent = {"decode": self.spent["decode"] + 1.0}
                yield one.key, Verdict(one.drafts[0].text, Finish.END, READ)


@pytest.fixture
def hosted(tmp_path: Path) -> Iterator[tuple[str, Slow]]:
    """The address of a host of a ``Slow`` in this process, with room for three requests each, and it."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "model"))
    listening.listen()
    verifier = Slow()
    host = Host(verifier, listening, 3)
    serving = threading.Thread(target=host.serve, args=(60.0, lambda: None, lambda: None), daemon=True)
    serving.start()
    yield str(tmp_path / "model"), verifier
    listening.close()


def nothing() -> None:
    """What is done while one waits."""


def test_each_gets_its_own(hosted: tuple[str, Slow]) -> None:
    """Several who ask at once, with the same keys, get their own verdicts, each once; costs add up."""
    address, verifier = hosted
    askers = [SharedVerifier(address, nothing) for _ in range(4)]
    found: dict[int, list[tuple[Hashable, str]]] = {number: [] for number in range(4)}

    def work(number: int) -> None:
        asked = [request(key, f"{number}.{key}") for key in range(25)]
        for _ in range(2):  # one call of verify after the other
            found[number] += [(key, verdict.text) for key, verdict in askers[number].verify(asked)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(4):
        expected = [(key, f"{number}.{key}") for key in range(25)]
        assert sorted(found[number]) == sorted(expected * 2)
    assert sum(asker.seconds["decode"] for asker in askers) == verifier.spent["decode"] == 200
    assert verifier.most > 3  # requests of several are with it at the same time


def test_an_asker_says_what_the_host_is(hosted: tuple[str, Slow]) -> None:
    """Its name, resolution and what it declines are the hosted verifier's."""
    address, verifier = hosted
    asker = SharedVerifier(address, nothing)
    assert (asker.name, asker.dpi, asker.style) == (verifier.name, verifier.dpi, verifier.style)
    assert asker.declines(Request(0, BLANK, Category.PICTURE)) == "no pictures"
    assert asker.declines(Request(0, BLANK, None)) is None


def test_what_is_left_early_is_forgotten(hosted: tuple[str, Slow]) -> None:
    """Closed early, it asks for nothing of that any more, and the next call gets its own verdicts only."""
    address, _ = hosted
    asker = SharedVerifier(address, nothing)
    verdicts = asker.verify([request(key, "old") for key in range(20)])
    next(verdicts)
    verdicts.close()
    assert [verdict.text for _, verdict in asker.verify([request(0, "new")])] == ["new"]


def test_without_a_host_it_is_an_error(tmp_path: Path) -> None:
    """A model error, at once."""
    with pytest.raises(ModelError, match="has ended"):
        SharedVerifier(str(tmp_path / "nobody"), nothing)
