"""The worker of a leader: started when it is needed, and anew when it is lost or has grown."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from docspec.batches.board import Open
from docspec.batches.process import Lost, Message, WorkerProcess
from docspec.batches.report import BatchReport
from docspec.config import Config
from docspec.errors import DocspecError, InputError, ModelError

GROWN = 0.6  # share of its memory from which a worker that has grown is replaced between two tasks


@dataclass(frozen=True, slots=True)
class Settings:
    """What all leaders of a run are told. ``options`` is the digest of what decides results, ``patience``
    seconds for a page, ``memory`` bytes for a worker."""

    config: Config
    formats: tuple[str, ...]
    options: str
    version: str
    force: bool
    retry_failed: bool
    patience: float
    memory: int
    environment: Mapping[str, str]


class Unusable(Exception):
    """No worker can be had: ``error`` concerns all documents alike."""

    def __init__(self, error: DocspecError) -> None:
        super().__init__(str(error))
        self.error = error


class Attempts:
    """Asks a worker. ``error`` gives what has stopped the run, None while it goes on; ``report``, under
    ``lock``, counts workers that were lost."""

    def __init__(
        self,
        settings: Settings,
        report: BatchReport,
        lock: threading.Lock,
        error: Callable[[], BaseException | None],
    ) -> None:
        self.settings, self.report, self.lock, self.error = settings, report, lock, error
        self._worker: WorkerProcess | None = None

    def ask(self, document: Open, request: Message) -> Message:
        """As ``call``, once more where the worker is lost; InputError where it is lost again."""
        try:
            return self.call(document, request)
        except Lost:
            try:
                return self.call(document, request)
            except Lost as loss:
                raise InputError(str(loss)) from loss

    def call(
        self, document: Open, request: Message, tell: Callable[[Message], None] = lambda answer: None
    ) -> Message:
        """The worker's answer about a document (see WorkerProcess.call); one that has grown is replaced.

        Raises Lost, Unusable, the DocspecError that the worker raised, and what has stopped the run.
        """
        if self._worker is not None and self._worker.has_grown(GROWN):
            self.end()
            with self.lock:
                self.report.recycled += 1
        whole = {"path": str(document.path), "folder": str(document.folder), **request}
        worker = self._running()
        try:
            return worker.call(whole, tell)
        except Lost as loss:
            self.end()
            if (error := self.error()) is not None:
                raise error from None
            with self.lock:
                self.report.lost[str(loss)] += 1
            raise

    def _running(self) -> WorkerProcess:
        if self._worker is None:
            settings = self.settings
            try:
                self._worker = WorkerProcess(
                    settings.config,
                    settings.formats,
                    memory=settings.memory,
                    patience=settings.patience,
                    stopping=lambda: self.error() is not None,
                    environment=settings.environment,
                )
            except Lost as loss:
                if (error := self.error()) is not None:
                    raise error from None
                raise Unusable(ModelError(f"a worker could not be started: {loss}")) from loss
            except DocspecError as failure:
                raise Unusable(failure) from failure
        return self._worker

    def end(self) -> None:
        """End the worker, if there is one."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None
