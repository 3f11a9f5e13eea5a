"""The journal: a line of JSON for each document that a batch is done with, and what the batch was told.

A later line about a document counts instead of an earlier one. Lines that cannot be read (cut off by a kill,
a full disk) count as not written: their documents are read again.
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from hashlib import sha256
from typing import Any

from docspec.batches.leases import FOLDER as LEASES
from docspec.batches.store import STATE, Store
from docspec.config import Config
from docspec.errors import UsageError

OPTIONS, PAGES = f"{STATE}/options.json", f"{STATE}/pages"
# Fields of Config that say how or where results are made, not what is in them; a secret is never written.
FREE = frozenset({"password", "server", "device", "max_batch", "token_budget", "offline"})


class State(StrEnum):
    """What became of a document."""

    DONE = "done"
    PARTLY = "partly"  # written, but some of its pages failed
    FAILED = "failed"  # it cannot be read at all
    MISSING = "missing"  # it was not there when it was to be read


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a page, counted from 1, failed."""

    page: int
    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """A line of the journal.

    ``size`` (bytes), ``stamp`` (a date or tag that changes with the content) and ``sha256`` are the input's,
    ``version`` is docspec's, and ``options`` a digest of them. ``read_pages`` are the pages that the run read
    which wrote the line, in ``seconds`` by stage of its workers; the model wrote ``tokens`` in ``steps``
    passes.
    """

    stem: str
    source: str
    state: State
    error: str = ""
    pages: int = 0
    failures: tuple[Failure, ...] = ()
    size: int = 0
    stamp: str = ""
    sha256: str = ""
    version: str = ""
    options: str = ""
    read_pages: int = 0
    wall: float = 0.0
    seconds: tuple[tuple[str, float], ...] = ()
    tokens: int = 0
    steps: int = 0

    @property
    def key(self) -> str:
        """A name for the document that any file system takes."""
        return key_of(self.stem)

    @property
    def folder(self) -> str:
        """Where the pages were kept until the document was done."""
        return pages_folder(self.stem, self.sha256, self.version, self.options)

    def line(self) -> bytes:
        """As JSON, without an end of line."""
        shown = asdict(self) | {"seconds": {stage: round(value, 3) for stage, value in self.seconds}}
        return json.dumps(shown, ensure_ascii=False).encode("utf-8", errors="replace")


def key_of(stem: str) -> str:
    """A name for a document that any file system takes, however long its path is."""
    return sha256(stem.encode("utf-8", errors="surrogatepass")).hexdigest()[:24]


def pages_folder(stem: str, content: str, version: str, options: str) -> str:
    """The folder of the pages of a document with that ``content`` (its hash), read so."""
    return f"{PAGES}/{key_of(stem)}-{digest(content, version, options)}"


def parse_line(line: bytes) -> Record | None:
    """The record of a line; None where it is none, such as half of one."""
    try:
        data = json.loads(line)
        data = {field.name: data[field.name] for field in fields(Record) if field.name in data}
        data["state"] = State(data["state"])
        data["failures"] = tuple(Failure(**failure) for failure in data.get("failures", ()))
        data["seconds"] = tuple((str(k), float(v)) for k, v in data.get("seconds", {}).items())
        return Record(**data)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


class Manifest:
    """The journal of a store, as far as it is known; other processes write to it as well.

    For use from several threads."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.records: dict[str, Record] = {}
        self._lock = threading.Lock()
        self.unreadable = 0  # lines
        for line in store.entries():
            self._take(line)

    def _take(self, line: bytes) -> None:
        record = parse_line(line)
        if record is None:
            self.unreadable += 1
        else:
            self.records[record.stem] = record

    def latest(self, stem: str) -> Record | None:
        """The record of a document, asking the store for news."""
        with self._lock:
            for line in self.store.news(key_of(stem)):
                self._take(line)
            return self.records.get(stem)

    def add(self, record: Record) -> None:
        """Write a line. Raises OutputError."""
        with self._lock:
            self.store.append(record.key, record.line())
            self.records[record.stem] = record


def deciding(config: Config, formats: tuple[str, ...]) -> dict[str, Any]:
    """What decides a batch's results, as plain data: the options of one output folder."""
    options = {name: value for name, value in asdict(config).items() if name not in FREE}
    return json.loads(json.dumps(options | {"formats": list(formats)}))  # type: ignore[no-any-return]


def digest(*parts: object) -> str:
    """A short name for what ``parts`` say."""
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def settle_options(store: Store, options: dict[str, Any], *, force: bool) -> bool:
    """Write ``options`` where the store has none, which is then true; with ``force`` in any case.

    Raises UsageError, which says what differs, where the store's results were made with others.
    """
    content = json.dumps(options, indent=1).encode()
    if store.create(OPTIONS, content):
        return True
    found = store.read(OPTIONS)
    try:
        known = json.loads(found or b"{}")
    except ValueError:
        known = {}
    if known == options:
        return False
    if not force and known:
        raise UsageError(
            f"the output has results of other options ({differences(known, options)}): use the same, another "
            "output, or --force to read everything again"
        )
    store.write(OPTIONS, content)
    return False


def forget_options(store: Store) -> None:
    """Remove the options where nobody has read anything with them, or is about to."""
    begun = any(store.names(folder) for folder in (PAGES, LEASES))
    if not begun and next(store.entries(), None) is None:
        store.remove(OPTIONS)


def differences(before: dict[str, Any], now: dict[str, Any]) -> str:
    """What differs, in words: ``verifier: mini there, draft-only now``."""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return "; ".join(
        f"{name}: {_shown(before.get(name))} there, {_shown(now.get(name))} now" for name in names
    )


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
