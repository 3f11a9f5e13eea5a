"""What is to be done next: documents, and page ranges of the open ones. Shared by all leaders of workers.

No I/O here. A document is opened by whoever takes it; its pages are then handed out in ranges, and who
settles the last of them finishes it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from docspec.batches.sources import Item
from docspec.errors import DocspecError

RANGE = 32  # pages that a worker is given at a time
SUSPECTS = 6  # pages that may have been in hand when a worker was lost: those drafted ahead, and the one read
DEPARTURES = 3  # machines that may go while they read the same, until it is suspected
AGAIN = 1.0  # seconds until a document that another process holds is asked for again


@dataclass(slots=True, eq=False)
class Open:
    """A document that is being read. ``folder`` is the place in the store of the pages that are done."""

    item: Item
    folder: str = ""
    size: int = 0
    stamp: str = ""
    sha256: str = ""
    units: int = 0  # ranges that are not settled yet
    read: int = 0
    error: DocspecError | None = None  # what ended the whole document
    failed: dict[int, str] = field(default_factory=dict)  # pages that took their process along
    seconds: dict[str, float] = field(default_factory=dict)
    tokens: int = 0
    steps: int = 0
    began: float = field(default_factory=time.perf_counter)

    def known(self) -> dict[str, Any]:
        """What its line of the journal takes from here (see Record)."""
        return {
            "size": self.size,
            "stamp": self.stamp,
            "sha256": self.sha256,
            "read_pages": self.read,
            "wall": round(time.perf_counter() - self.began, 3),
            "seconds": tuple(self.seconds.items()),
            "tokens": self.tokens,
            "steps": self.steps,
        }


@dataclass(frozen=True, slots=True)
class Unit:
    """Pages to read; none where the document has only to be finished. ``alone`` where they were in hand when
    a worker was lost: one page, its last try. ``departures`` of workers' machines had it begun again."""

    document: Open
    pages: tuple[int, ...]
    alone: bool = False
    departures: int = 0


def ranges(pages: Sequence[int], length: int = RANGE) -> list[tuple[int, ...]]:
    """``pages`` in parts of ``length`` at most."""
    return [tuple(pages[i : i + length]) for i in range(0, len(pages), length)]


def after_loss(unit: Unit, done: Iterable[int]) -> list[Unit]:
    """What is left of a unit whose worker was lost: each page that may be at fault alone, then the others.

    Nothing is left of a unit that was alone already.
    """
    finished = set(done)
    left = [page for page in unit.pages if page not in finished]
    if unit.alone:
        return []
    suspects = [Unit(unit.document, (page,), alone=True) for page in left[:SUSPECTS]]
    rest = left[SUSPECTS:]
    return [*suspects, Unit(unit.document, tuple(rest))] if rest else suspects


def after_departure(unit: Unit, done: Iterable[int]) -> list[Unit]:
    """What is left of a unit whose worker went with its machine: the same again, until that shows a habit."""
    finished = set(done)
    left = tuple(page for page in unit.pages if page not in finished)
    if unit.departures + 1 >= DEPARTURES:
        return after_loss(unit, finished)
    return [replace(unit, pages=left, departures=unit.departures + 1)] if left else []


class Board:
    """Hands out units of open documents first, then documents; waits where others may still make some."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._changed = threading.Condition()
        self._items = deque(items)
        self._units: deque[Unit] = deque()
        self._later: deque[tuple[float, Item]] = deque()  # held by other processes: when to ask again
        self._busy = 0  # documents taken and not finished
        self._error: BaseException | None = None

    def take(self) -> Unit | Item | None:
        """The next thing to do; None when there will be nothing more."""
        with self._changed:
            while self._error is None:
                if self._units:
                    return self._units.popleft()
                if self._items:
                    self._busy += 1
                    return self._items.popleft()
                if self._later and self._later[0][0] <= time.monotonic():
                    self._busy += 1
                    return self._later.popleft()[1]
                if not self._later and not self._busy:
                    return None
                self._changed.wait(timeout=0.2)
            return None

    def hand_out(self, document: Open, units: Sequence[Unit], *, first: bool = False) -> None:
        """Add units of an open document; ``first`` before all others."""
        with self._changed:
            document.units += len(units)
            if first:
                self._units.extendleft(reversed(units))
            else:
                self._units.extend(units)
            self._changed.notify_all()

    def put_back(self, task: Unit | Item) -> None:
        """What was taken and cannot be begun: for the next who asks."""
        with self._changed:
            if isinstance(task, Unit):
                self._units.appendleft(task)
            else:
                self._busy -= 1
                self._items.appendleft(task)
            self._changed.notify_all()

    def settle(self, unit: Unit) -> bool:
        """A unit is done, or others stand for it; whether it was the document's last."""
        with self._changed:
            unit.document.units -= 1
            return unit.document.units == 0

    def finished(self) -> None:
        """A document that was taken needs nothing more."""
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def ask_later(self, item: Item) -> None:
        """Another process has the document."""
        with self._changed:
            self._busy -= 1
            self._later.append((time.monotonic() + AGAIN, item))

    def stop(self, error: BaseException) -> None:
        """Hand out nothing more; ``error`` is why."""
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()

    @property
    def is_over(self) -> bool:
        """Whether there will be nothing more to do."""
        with self._changed:
            return self._error is not None or not (self._units or self._items or self._later or self._busy)

    @property
    def error(self) -> BaseException | None:
        """Why it was stopped."""
        return self._error
