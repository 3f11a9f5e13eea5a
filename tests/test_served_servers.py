"""Which server gets a request, and when one is left out, tried again or given up."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec.verifiers.served.servers import NoServer, Patience, Server, Servers

ROWS = 3
PATIENCE = Patience(rest=1.0, longest=8.0, gone=20.0)


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Pool:
    """Servers a, b, ... with a clock; chance lengthens no rest."""

    count: int
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        known = [Server("abcdef"[i]) for i in range(self.count)]
        self.servers = Servers(known, ROWS, PATIENCE, self.clock, lambda: 0.5)

    def take(self) -> str:
        return self.servers.take().url

    def server(self, url: str) -> Server:
        return next(server for server in self.servers.all if server.url == url)

    def fail(self, url: str, reason: str = "503", seconds: float | None = None) -> None:
        self.servers.failed(self.server(url), reason, seconds)


def test_the_least_loaded_server_is_next() -> None:
    """Requests go where the fewest are, and of several with as few where the fewest were."""
    pool = Pool(3)
    assert [pool.take() for _ in range(4)] == ["a", "b", "c", "a"]
    pool.servers.answered(pool.server("c"))
    assert pool.take() == "c"
    for url in "aabc":
        pool.servers.answered(pool.server(url))
    assert pool.take() == "b"


def test_a_failed_server_rests_longer_each_time() -> None:
    """1, 2, 4 seconds and so on, up to the longest; an answer starts anew."""
    pool, rests = Pool(1), []
    for _ in range(6):
        pool.take()
        pool.fail("a")
        rests.append(pool.server("a").rests_until - pool.clock.now)
        pool.clock.now = pool.server("a").rests_until
    assert rests == [1, 2, 4, 8, 8, 8]
    pool.take()
    pool.servers.answered(pool.server("a"))
    pool.take()
    pool.fail("a")
    assert pool.server("a").rests_until - pool.clock.now == 1


def test_what_fails_together_counts_once() -> None:
    """A server that dies with several requests in flight rests as after one."""
    pool = Pool(2)
    for _ in range(6):
        pool.take()
    for _ in range(3):
        pool.fail("a", "the connection broke off")
    assert pool.server("a").failures == 1
    assert pool.server("a").rests_until == 1


def test_a_server_says_how_long_it_wants_to_be_left() -> None:
    """Its Retry-After lengthens the rest, within bounds, and shortens none."""
    pool = Pool(1)
    for asked, rest in ((5.0, 5.0), (0.5, 2.0), (3600.0, 8.0)):
        pool.take()
        pool.fail("a", "429", asked)
        assert pool.server("a").rests_until - pool.clock.now == rest
        pool.clock.now = pool.server("a").rests_until


def test_a_server_that_failed_is_tried_with_one_request() -> None:
    """After its rest it gets a single one, and all that it takes once it has answered that."""
    pool = Pool(1)
    pool.take()
    pool.fail("a")
    pool.clock.now = 1.0
    assert pool.take() == "a"
    assert not pool.server("a").ready(pool.clock.now, ROWS)
    pool.servers.answered(pool.server("a"))
    assert [pool.take() for _ in range(ROWS)] == ["a"] * ROWS


def test_all_gone_says_each_reason() -> None:
    """Once all have done nothing but fail for long enough, nobody waits any more."""
    pool = Pool(2)
    for url, reason in (("a", "connection refused"), ("b", "500 Internal Server Error: no memory")):
        assert pool.take() == url
        pool.fail(url, reason)
    pool.clock.now = 0.5 + PATIENCE.gone
    for url in "ab":  # both are tried once more
        assert pool.take() == url
        pool.fail(url, pool.server(url).reason)
    with pytest.raises(NoServer, match=r"a \(connection refused\), b \(500 .* no memory\)"):
        pool.take()


def test_one_that_answers_keeps_the_others_from_being_given_up() -> None:
    """While one server answers, requests wait for it, however long the others have been failing."""
    pool = Pool(2)
    pool.take()
    pool.fail("a")
    pool.clock.now = 1000.0
    assert not pool.servers.gone(pool.clock.now)


def test_waiting_ends_when_a_server_is_free_or_nobody_wants_to_wait() -> None:
    """A thread that waits gets the server that is given back; ``stop`` sends the others away."""
    servers = Servers([Server("a")], 1, PATIENCE)
    taken, told = [servers.take().url], []

    def wait() -> None:
        try:
            taken.append(servers.take().url)
        except NoServer as error:
            told.append(str(error))

    threads = [threading.Thread(target=wait) for _ in range(2)]
    for thread in threads:
        thread.start()
    servers.answered(servers.all[0])
    while len(taken) < 2:
        pass
    servers.stop()
    for thread in threads:
        thread.join(10)
    assert (taken, told) == (["a", "a"], ["stopped"])


Events = st.lists(st.tuples(st.sampled_from("tafw"), st.integers(0, 5)), max_size=60)


@given(st.integers(1, 4), Events)
def test_no_server_gets_more_than_it_takes(count: int, events: list[tuple[str, int]]) -> None:
    """Whatever answers and fails: at most so many in flight at each, none while it rests, and the chosen one
    has the fewest of those that could."""
    pool = Pool(count)
    taken: list[Server] = []
    for event, number in events:
        if event == "w":
            pool.clock.now += number
        elif event == "t":
            now = pool.clock.now
            ready = [server for server in pool.servers.all if server.ready(now, ROWS)]
            loads = {server.url: server.in_flight for server in ready}
            if not ready:
                continue  # it would wait
            server = pool.servers.take()
            assert loads[server.url] == min(loads.values())
            assert server.rests_until <= now
            taken.append(server)
        elif taken:
            server = taken.pop(number % len(taken))
            if event == "a":
                pool.servers.answered(server)
            else:
                pool.fail(server.url)
        assert all(
            server.in_flight == sum(other is server for other in taken) <= ROWS for server in pool.servers.all
        )
