"""Who reads a document, where several processes work on one output: leases that two can never hold.

A document's lease has generations, a file each: ``KEY.0``, ``KEY.1`` and so on. Its holder is who made the
latest. A file is only ever created if absent, so that one of those who want a generation gets it. A lease is
taken over by creating the next one; the former holder sees that before it publishes anything. Whether a
holder is alive is judged by its heartbeat, on the watcher's own clock: a file that has not changed for
``EXPIRY`` seconds is nobody's. Clocks of different machines are not compared.

(Olmocr's leases can be taken twice: they compare dates of files and then write without a condition.)
"""

from __future__ import annotations

import json
import os
import platform
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from docspec.batches.store import STATE, Store

FOLDER = f"{STATE}/leases"
BEAT, EXPIRY = 10.0, 60.0  # seconds between heartbeats, and without one until a lease is nobody's
SAME = 1.0  # seconds within which two accounts of a process's start are of one process


@dataclass(frozen=True, slots=True)
class Owner:
    """A process: on which machine (and in which container there), its number and when it was started."""

    machine: str
    process: int
    started: float
    name: str  # no two have the same

    @staticmethod
    def this() -> Owner:
        """The process that asks."""
        pid = os.getpid()
        return Owner(_machine(), pid, psutil.Process(pid).create_time(), uuid.uuid4().hex)

    def is_gone(self) -> bool:
        """Whether it certainly runs no longer; False for another machine's, of which nothing is known."""
        if self.machine != _machine():
            return False
        try:
            process = psutil.Process(self.process)
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
            return bool(abs(process.create_time() - self.started) > SAME)
        except psutil.Error:
            return True


def _owner_of(content: bytes | None) -> Owner | None:
    """Whose lease it is; None where that cannot be read."""
    try:
        data = json.loads(content or b"")
        return Owner(data["machine"], data["process"], data["started"], data["name"])
    except (ValueError, KeyError, TypeError):
        return None


def _machine() -> str:
    parts = [platform.node()]
    for path, link in (("/proc/sys/kernel/random/boot_id", False), ("/proc/self/ns/pid", True)):
        if os.path.exists(path):
            parts.append(os.readlink(path) if link else Path(path).read_text("ascii").strip())
    return "/".join(parts)


class Leases:
    """The leases that one process holds on a store; for use from several threads."""

    def __init__(
        self,
        store: Store,
        owner: Owner,
        *,
        expiry: float = EXPIRY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store, self.owner, self.expiry, self.clock = store, owner, expiry, clock
        self._held: dict[str, int] = {}  # generation by key
        self._seen: dict[tuple[str, int], tuple[bytes, float]] = {}  # others': content, and since when
        self._beats = 0
        self._lock = threading.Lock()

    def take(self, key: str) -> bool:
        """Take the lease of ``key`` if nobody holds it. Raises OutputError."""
        latest = self._latest(key)
        if latest is not None and not self._is_nobodys(key, latest):
            return False
        generation = 0 if latest is None else latest + 1
        if not self.store.create(self._name(key, generation), self._content()):
            return False
        with self._lock:
            self._held[key] = generation
        return True

    def holds(self, key: str) -> bool:
        """Whether this process still has the lease: to be asked before anything is published."""
        with self._lock:
            generation = self._held.get(key)
        return self._is_mine(key, generation)

    def renew(self) -> None:
        """A heartbeat for all leases that are held. Raises OutputError."""
        with self._lock:  # one that is given back meanwhile must not be written again
            self._beats += 1
            for key, generation in self._held.items():
                if self._is_mine(key, generation):
                    self.store.write(self._name(key, generation), self._content())

    def release(self, key: str) -> None:
        """Give a lease back, and remove what is left of former ones."""
        with self._lock:
            generation = self._held.pop(key, None)
            if self._is_mine(key, generation):
                for number in self._generations(key):  # its own last: until then nobody takes it
                    self.store.remove(self._name(key, number))

    def release_all(self) -> None:
        """Give all back."""
        with self._lock:
            keys = list(self._held)
        for key in keys:
            self.release(key)

    def keys(self) -> set[str]:
        """The documents of which there is any lease, by whomever."""
        return {name.partition(".")[0] for name in self.store.names(FOLDER)}

    def _is_mine(self, key: str, generation: int | None) -> bool:
        """Whether the latest generation is that one, and not another's: once all are gone they begin anew."""
        if generation is None or self._latest(key) != generation:
            return False
        owner = _owner_of(self.store.read(self._name(key, generation)))
        return owner is not None and owner.name == self.owner.name

    def _is_nobodys(self, key: str, generation: int) -> bool:
        content = self.store.read(self._name(key, generation))
        if content is None:
            return False  # just given back: the next try sees that
        owner = _owner_of(content)
        if owner is not None and owner.is_gone():
            return True
        before, since = self._seen.setdefault((key, generation), (content, self.clock()))
        if before != content:
            self._seen[key, generation] = content, self.clock()
            return False
        return self.clock() - since > self.expiry

    def _content(self) -> bytes:
        owner = self.owner
        return json.dumps(
            {"machine": owner.machine, "process": owner.process, "started": owner.started, "name": owner.name}
            | {"beat": self._beats}
        ).encode()

    def _generations(self, key: str) -> list[int]:
        parts = [name.partition(".") for name in self.store.names(FOLDER)]
        return sorted(int(number) for name, _, number in parts if name == key and number.isdigit())

    def _latest(self, key: str) -> int | None:
        return max(self._generations(key), default=None)

    def _name(self, key: str, generation: int) -> str:
        return f"{FOLDER}/{key}.{generation}"
