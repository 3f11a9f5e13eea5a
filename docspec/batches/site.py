"""Where documents are read: a worker process, and the files that it needs beside it.

The worker is started when it is needed, and anew when it was lost or has grown. What the store and the inputs
have elsewhere is brought here, and what is made here is brought there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from docspec.batches.content import fetch, hash_of
from docspec.batches.messages import Message
from docspec.batches.model import ModelProcess
from docspec.batches.process import Lost, WorkerProcess
from docspec.batches.sources import Item
from docspec.batches.store import Store
from docspec.config import Config
from docspec.errors import DocspecError, InputError, ModelError

GROWN = 0.6  # share of its memory from which a worker that has grown is replaced between two tasks
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Settings:
    """What all who take part in a run are told. ``options`` is the digest of what decides results,
    ``patience`` seconds for a page, ``memory`` bytes for a worker, ``threads`` what each may have of the
    cores, 0 where its surroundings say it."""

    config: Config
    formats: tuple[str, ...]
    options: str
    version: str
    force: bool
    retry_failed: bool
    patience: float
    memory: int
    threads: int = 0


class Unusable(Exception):
    """No worker can be had: ``error`` concerns all documents alike."""

    def __init__(self, error: DocspecError) -> None:
        super().__init__(str(error))
        self.error = error


class Place(Protocol):
    """Where a leader has its documents read."""

    def ready(self) -> bool:
        """Whether it can be asked, after waiting for a moment. Raises Unusable."""
        ...

    def answers(self, request: Message) -> Iterator[Message]:
        """What is answered (see Site). Raises Lost, Unusable, and DocspecErrors of the document."""
        ...

    def end(self) -> None:
        """End what is being done there."""
        ...


def environment_of(threads: int) -> dict[str, str]:
    """What processes that are started here are given: this process's own, ``threads`` of the cores (0: what
    the surroundings say), and where docspec is."""
    shared = {"OMP_WAIT_POLICY": "passive", **os.environ, "TQDM_DISABLE": "1"}  # bars that nobody would see
    if threads:
        shared.setdefault("OMP_NUM_THREADS", str(threads))
    if (path := search_path()) is not None:
        shared["PYTHONPATH"] = path
    return shared


def search_path() -> str | None:
    """PYTHONPATH for others that have to import this docspec, where it is a checkout; else None."""
    if not (ROOT / "pyproject.toml").exists():
        return None
    return os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))


class Site:
    """One worker process, and a folder of its own, ``scratch``; ``model`` is the process that the worker has
    verify, where it does not itself. Requests are about a document, whose
    ``source`` and ``stem`` they say:

    | request | answers |
    |---|---|
    | ``fetch`` | ``sha256`` of the document's file |
    | others | as docspec/batches/worker.py has them, ``folder`` and results being in the store |

    The last answer's ``replaced`` says that another worker took the place of one that had grown.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        scratch: Path,
        stopping: Callable[[], bool],
        model: ModelProcess | None = None,
    ) -> None:
        self.store, self.settings, self.scratch, self.stopping = store, settings, scratch, stopping
        self.model = model
        self._worker: WorkerProcess | None = None
        self._source, self._path = "", Path()  # the document whose files are here

    def ready(self) -> bool:
        """At once: the worker is started by the first request that needs it."""
        return True

    def answers(self, request: Message) -> Iterator[Message]:
        """Raises Lost, Unusable, InputError, OutputError, and the DocspecError that the worker raised."""
        item = Item(request["source"], request["stem"])
        found = self._bring(item)
        if request["do"] == "fetch":
            yield {"sha256": found or hash_of(self._path)}
            return
        if found and found != request["sha256"]:
            raise InputError(f"{item.source}: it has changed while it was read")
        replaced = self._worker is not None and self._worker.has_grown(GROWN)
        if replaced:
            self.end()
        root = self.store.folder or self.scratch
        paths = {"path": str(self._path), "folder": str(root / request["folder"]), "out": str(root)}
        if request["do"] == "finish":
            self._bring_pages(request["folder"])
        try:
            for answer in self._running().answers(request | paths):
                if "page" in answer:
                    self._publish(f"{request['folder']}/{answer['page']:06}.json", keep=True)
                for file in answer.get("files", ()):
                    self._publish(file)
                yield answer if "page" in answer else answer | {"replaced": replaced}
        except ModelError:
            if self.model is not None and self.model.error is not None:
                raise Unusable(self.model.error) from None  # which says more
            raise

    def end(self) -> None:
        """End the worker, if there is one."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def _running(self) -> WorkerProcess:
        if self._worker is None or self._worker.has_ended:
            self._worker = None
            settings = self.settings
            try:
                if self.model is not None:
                    self.model.ready(self.stopping)
                self._worker = WorkerProcess(
                    settings.config,
                    settings.formats,
                    memory=settings.memory,
                    patience=settings.patience,
                    stopping=self.stopping,
                    environment=environment_of(settings.threads),
                    model=self.model.address if self.model else "",
                )
            except Lost as loss:
                raise Unusable(ModelError(f"a worker could not be started: {loss}")) from loss
            except DocspecError as failure:
                raise Unusable(failure) from failure
        return self._worker

    def _bring(self, item: Item) -> str:
        """Have the document's file here; its hash if it had to be fetched. The former document's files go."""
        if self._source == item.source:
            return ""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self._source = ""
        self._path = fetch(item, self.scratch)
        self._source = item.source
        return hash_of(self._path) if item.is_remote else ""

    def _bring_pages(self, folder: str) -> None:
        """Have the pages here that others have read."""
        if self.store.folder is not None:
            return
        here = self.scratch / folder
        here.mkdir(parents=True, exist_ok=True)
        for name in self.store.names(folder):
            if not (here / name).exists():
                (here / name).write_bytes(self.store.read(f"{folder}/{name}") or b"")

    def _publish(self, file: str, *, keep: bool = False) -> None:
        """Bring a file to a store that workers cannot write to."""
        if self.store.folder is None:
            path = self.scratch / file
            self.store.write(file, path.read_bytes())
            if not keep:
                path.unlink()
