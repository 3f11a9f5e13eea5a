"""The pieces of a batch by themselves: leases, the board, the journal, names, pages as plain data."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import docspec
from docspec.batches.board import (
    DEPARTURES,
    SUSPECTS,
    Board,
    Open,
    Unit,
    after_departure,
    after_loss,
    ranges,
)
from docspec.batches.leases import FOLDER, Leases, Owner
from docspec.batches.manifest import Failure, Manifest, Record, State, differences, parse_line, settle_options
from docspec.batches.plain import from_plain, to_plain
from docspec.batches.report import BatchReport, duration
from docspec.batches.sources import Item, collect, collect_list, stem_of
from docspec.batches.store import LocalStore, RemoteStore, Store
from docspec.errors import InputNotFound, OutputError, UsageError
from docspec.types import (
    Alternative,
    Category,
    DecodeStats,
    Draft,
    Finish,
    Line,
    PageResult,
    Region,
    RegionResult,
    Span,
    Verdict,
)

NUMBERS = st.floats(allow_nan=False)
BOXES = st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
ALTERNATIVES = st.lists(
    st.builds(Alternative, st.integers(), st.integers(), st.text(), probability=NUMBERS), max_size=1
).map(tuple)
SPANS = st.builds(Span, st.text(), BOXES, NUMBERS, alternatives=ALTERNATIVES)
LINES = st.builds(Line, st.tuples(SPANS), BOXES, st.text(), NUMBERS)
REGIONS = st.builds(
    Region, st.integers(), st.integers(), BOXES, st.sampled_from(Category), NUMBERS, st.tuples(LINES)
)
DRAFTS = st.builds(Draft, st.text(), st.text(), NUMBERS, ALTERNATIVES)
VERDICTS = st.builds(
    Verdict, st.text(), st.sampled_from(Finish), st.builds(DecodeStats), agreement=st.none() | NUMBERS
)
PAGES = st.builds(
    PageResult,
    st.integers(),
    NUMBERS,
    NUMBERS,
    st.lists(st.builds(RegionResult, REGIONS, st.none() | DRAFTS, VERDICTS), max_size=2).map(tuple),
    timings=st.dictionaries(st.text(), NUMBERS, max_size=2),
    error=st.none() | st.text(),
    images=st.dictionaries(st.integers(), st.binary(), max_size=2),
    verdict=st.none() | VERDICTS,
)


@settings(max_examples=30)
@given(page=PAGES)
def test_a_page_on_disk_is_the_page(page: PageResult) -> None:
    """To JSON and back, nothing differs, numbers to the last bit."""
    assert from_plain(PageResult, json.loads(json.dumps(to_plain(page)))) == page


@given(
    pages=st.lists(st.integers(0, 500), unique=True, max_size=90).map(sorted),
    length=st.integers(1, 40),
    kept=st.integers(0, 90),
)
def test_no_page_is_lost_with_a_worker(pages: list[int], length: int, kept: int) -> None:
    """Ranges have every page once; after a loss the unfinished ones are there once, the suspects alone."""
    parts = ranges(pages, length)
    assert [page for part in parts for page in part] == pages
    assert all(len(part) <= length for part in parts)
    document = Open(Item("a.pdf", "a"))
    done = pages[:kept]
    left = after_loss(Unit(document, tuple(pages)), done)
    assert [page for unit in left for page in unit.pages] == pages[kept:]
    assert all(len(unit.pages) == 1 for unit in left if unit.alone)
    assert sum(not unit.alone for unit in left) <= 1
    assert after_loss(Unit(document, tuple(pages), alone=True), done) == []


@given(pages=st.lists(st.integers(0, 500), unique=True, max_size=40).map(sorted), kept=st.integers(0, 40))
def test_a_machine_that_goes_is_no_fault_of_pages(pages: list[int], kept: int) -> None:
    """What is left is handed out as it was; after several machines its pages are suspected, each alone."""
    unit = Unit(Open(Item("a.pdf", "a")), tuple(pages))
    done, left = pages[:kept], tuple(pages[kept:])
    for departures in range(1, DEPARTURES):
        parts = after_departure(unit, done)
        assert [part.pages for part in parts] == [left] * bool(left)
        assert not any(part.alone for part in parts)
        unit = replace(unit, departures=departures)
    parts = after_departure(unit, done)
    assert [page for part in parts for page in part.pages] == list(left)
    assert all(part.alone for part in parts[:SUSPECTS])
    assert after_departure(Unit(unit.document, (7,), alone=True), ()) == [
        Unit(unit.document, (7,), alone=True, departures=1)
    ]


def test_what_cannot_be_begun_goes_to_the_next() -> None:
    """A document or a unit that is put back is there for others, and the board is over only without any."""
    item, unit = Item("a.pdf", "a"), Unit(Open(Item("b.pdf", "b")), (0,))
    board = Board([item])
    assert board.take() is item
    assert not board.is_over
    board.put_back(item)
    assert board.take() is item
    board.hand_out(unit.document, [unit])
    assert board.take() is unit
    board.put_back(unit)
    assert board.take() is unit
    assert board.settle(unit)
    board.finished()
    assert board.is_over


def test_the_board_waits_for_what_others_may_still_hand_out() -> None:
    """Who asks while a document is open gets its units, and the end only when it is finished."""
    item = Item("a.pdf", "a")
    board, document = Board([item]), Open(item)
    assert board.take() is item
    taken: list[Any] = []
    waiting = threading.Thread(target=lambda: taken.extend([board.take(), board.take()]))
    waiting.start()
    unit, other = Unit(document, (0,)), Unit(document, (1,))
    board.hand_out(document, [unit])
    board.hand_out(document, [other])
    assert not board.settle(unit)
    assert board.settle(other)
    board.finished()
    waiting.join(10)
    assert taken == [unit, other]
    assert board.take() is None
    board.stop(ValueError("why"))
    assert str(board.error) == "why"


def store_at(place: Path, kind: str) -> Store:
    """A store of that kind, empty."""
    if kind == "local":
        return LocalStore(place)
    return RemoteStore(f"memory://{place}")


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Stores of all kinds."""
    yield store_at(tmp_path / "store", request.param)
    fsspec.filesystem("memory").store.clear()


def test_a_store_keeps_what_it_is_given(store: Store) -> None:
    """What is created is never created again; files are read, listed, replaced and removed."""
    assert store.read("deep/a") is None
    assert store.names("deep") == []
    assert store.create("deep/a", b"first")
    assert not store.create("deep/a", b"second")
    assert store.read("deep/a") == b"first"
    store.write("deep/a", b"third")
    store.write("deep/b", b"")
    assert (store.read("deep/a"), store.names("deep")) == (b"third", ["a", "b"])
    store.remove("deep/a")
    store.remove("deep/a")
    assert store.names("deep") == ["b"]
    store.remove("deep")
    assert store.names("deep") == []


def test_one_of_many_creates(tmp_path: Path) -> None:
    """Of sixteen threads that want one name at once, one gets it, again and again."""
    store = LocalStore(tmp_path)
    for number in range(20):
        won: list[bool] = []
        ready = threading.Barrier(16)

        def want(
            name: str = f"lease/{number}", won: list[bool] = won, ready: threading.Barrier = ready
        ) -> None:
            ready.wait()
            won.append(store.create(name, b"mine"))

        threads = [threading.Thread(target=want) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Counter(won) == {True: 1, False: 15}


def test_the_journal_is_read_by_others(store: Store) -> None:
    """A record written by one is seen by another that is open already, the latest one."""
    mine, theirs = Manifest(store), Manifest(store)
    record = Record(
        "deep/ä", "in/ä.pdf", State.PARTLY, failures=(Failure(2, "why"),), seconds=(("read", 0.5),)
    )
    mine.add(record)
    assert theirs.latest("deep/ä") == record
    again = Record("deep/ä", "in/ä.pdf", State.DONE)
    mine.add(again)
    assert theirs.latest("deep/ä") == again
    assert theirs.latest("other") is None


@given(cut=st.integers(0, 400))
def test_half_a_line_is_none(cut: int) -> None:
    """Whatever a kill leaves of a line is no record, and no error."""
    line = Record("a", "a.pdf", State.DONE, seconds=(("read", 1.0),)).line()
    assert parse_line(line) is not None
    assert (parse_line(line[:cut]) is None) == (cut < len(line))
    assert parse_line(b'{"stem": 3}') is parse_line(b"[]") is parse_line(b"\xff") is None


def test_options_are_settled_by_the_first(store: Store) -> None:
    """The second is refused with what differs, unless it is the same or forced."""
    settle_options(store, {"verifier": "mini", "formats": ["md"]}, force=False)
    settle_options(store, {"verifier": "mini", "formats": ["md"]}, force=False)
    with pytest.raises(UsageError, match=r"\(verifier: mini there, none now\)"):
        settle_options(store, {"verifier": "none", "formats": ["md"]}, force=False)
    settle_options(store, {"verifier": "none", "formats": ["md"]}, force=True)
    assert differences({"a": 1}, {"a": 1, "b": ["x", "y"]}) == "b: None there, x,y now"


class Clock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def elsewhere(name: str) -> Owner:
    """A process on a machine of which nothing is known."""
    return Owner("another", 1, 0.0, name)


def test_a_lease_has_one_holder(store: Store) -> None:
    """It is taken once, kept by heartbeats, given back, and taken over from who shows no life."""
    clock = Clock()
    first, second = (Leases(store, elsewhere(name), clock=clock, expiry=60) for name in "ab")
    assert first.take("k")
    assert first.holds("k")
    for _ in range(5):
        assert not second.take("k")
        clock.now += 50
        first.renew()
    assert not second.take("k")
    clock.now += 61
    assert second.take("k")
    assert second.holds("k")
    assert not first.holds("k")
    first.renew()  # it does not know yet; this must not bring its lease back
    first.release("k")
    assert second.holds("k")
    second.release("k")
    assert store.names(FOLDER) == []
    assert first.take("k")


def test_a_lost_lease_is_not_found_again(store: Store) -> None:
    """Who lost it does not have it again by another's taking it once all of it had been removed."""
    clock = Clock()
    first, second, third = (Leases(store, elsewhere(name), clock=clock, expiry=60) for name in "abc")
    assert first.take("k")
    assert not second.take("k")
    clock.now += 61
    assert second.take("k")
    second.release("k")
    assert third.take("k")
    assert not first.holds("k")
    first.renew()
    first.release("k")
    assert third.holds("k")


def test_the_dead_of_this_machine_are_known_at_once(store: Store) -> None:
    """No need to wait for a process that certainly is gone; a living one is left alone."""
    this = Owner.this()
    assert not this.is_gone()
    dead = Owner(this.machine, this.process, this.started - 100, "dead")
    assert Leases(store, dead).take("k")
    other = Leases(store, this)
    assert other.take("k")
    assert not Leases(store, this).take("k")
    store.write(f"{FOLDER}/k.7", b"no JSON")
    assert not other.take("k")


class Holders(RuleBasedStateMachine):
    """Three processes that take, lose, renew and give back a lease in any order, on a clock that goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        store = RemoteStore(f"memory://leases-{id(self)}")
        self.leases = [Leases(store, elsewhere(str(i)), clock=self.clock, expiry=60) for i in range(3)]

    @rule(who=st.integers(0, 2))
    def take(self, who: int) -> None:
        """One wants it; it may only have it while nobody showed life for a while."""
        if not self.leases[who].holds("k"):
            self.leases[who].take("k")

    @rule(who=st.integers(0, 2))
    def release(self, who: int) -> None:
        """One gives it back, whether it still has it or not."""
        self.leases[who].release("k")

    @rule(who=st.integers(0, 2), seconds=st.sampled_from([5, 40, 61]))
    def renew(self, who: int, seconds: int) -> None:
        """Time goes on, and one shows life."""
        self.clock.now += seconds
        self.leases[who].renew()

    @invariant()
    def at_most_one(self) -> None:
        """Never two."""
        assert sum(leases.holds("k") for leases in self.leases) <= 1


TestHolders = Holders.TestCase


def test_names_depend_on_the_input_alone(tmp_path: Path) -> None:
    """PDFs lose their suffix, images keep it; trees, globs, lists and single files have their places."""
    assert [stem_of(name) for name in ("a.pdf", "A.PDF", "x/a.png", "a.b.pdf", ".pdf")] == [
        "a", "A", "x/a.png", "a.b", ".pdf",
    ]  # fmt: skip
    for name in ("in/a.pdf", "in/deep/a.pdf", "in/deep/a.png", "in/deep/.a.pdf", "in/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    items, errors = collect(
        [tmp_path / "in", tmp_path / "in/a.pdf", tmp_path / "none.pdf", tmp_path / "*.gif"]
    )
    assert [item.stem for item in items] == ["a", "deep/a", "deep/a.png"]
    assert len(errors) == 2
    assert all(isinstance(error, InputNotFound) for error in errors)
    assert [item.stem for item in collect([f"{tmp_path}/in/**/*.pdf"])[0]] == ["a", "deep/a"]
    assert [item.stem for item in collect([tmp_path / "in/deep/a.png"])[0]] == ["a.png"]
    with pytest.raises(UsageError, match="would both be written to a:"):
        collect([tmp_path / "in/a.pdf", tmp_path / "in/deep/a.pdf"])
    listed, _ = collect_list(["x/a.pdf", "", "/data/../b.pdf", "s3://bucket/c.pdf"])
    assert [item.stem for item in listed] == ["x/a", "data/b", "bucket/c"]


def test_what_cannot_be_a_store_is_said(tmp_path: Path) -> None:
    """A file, and an address of a kind that is not known."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="exists and is no folder"):
        LocalStore(tmp_path / "file")
    with pytest.raises(UsageError, match="docspec-vlm\\[remote\\]"):
        RemoteStore("nothing-like-this://bucket")
    with pytest.raises(UsageError, match="more than 0"):
        docspec.batch([], tmp_path / "out", workers=0)


def test_the_exit_code_says_what_became_of_all() -> None:
    """0 where all is well, now or before; 1 where some failed; 2 where nothing could be read."""

    def code(*states: State, **more: Any) -> int:
        return BatchReport(records=[Record("a", "a.pdf", state) for state in states], **more).exit_code

    assert code(State.DONE) == code(skipped=1) == code() == 0
    assert code(State.DONE, State.FAILED) == code(State.PARTLY) == code(State.DONE, unnamed=["x"]) == 1
    assert code(State.MISSING, skipped=1) == code(before=[Record("a", "a.pdf", State.PARTLY)]) == 1
    assert code(State.FAILED, State.MISSING) == code(unnamed=["x"]) == 2
    assert code(before=[Record("a", "a.pdf", State.FAILED)]) == 2


def test_costs_are_said_as_people_say_them() -> None:
    """The unit fits the length."""
    assert [duration(value) for value in (5, 600, 8000, 10**6)] == [
        "5 seconds", "10.0 minutes", "2.2 hours", "11.6 days",
    ]  # fmt: skip
