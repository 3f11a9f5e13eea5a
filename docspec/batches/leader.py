"""Leads one worker process through documents: opens, reads, finishes, and goes on where it is lost."""

from __future__ import annotations

import errno
import json
import threading
from dataclasses import replace
from typing import Any

from docspec.batches.attempts import Attempts
from docspec.batches.board import Board, Open, Unit, after_departure, after_loss, ranges
from docspec.batches.content import stamp_of
from docspec.batches.leases import Leases
from docspec.batches.manifest import PAGES, Failure, Manifest, Record, State, key_of, pages_folder
from docspec.batches.messages import Message
from docspec.batches.process import Gone, Lost
from docspec.batches.report import BatchReport
from docspec.batches.site import Place, Settings, Unusable
from docspec.batches.sources import Item
from docspec.batches.store import Store
from docspec.errors import DocspecError, InputError, InputNotFound, ModelError, OutputError
from docspec.registry import make

# Errors of writing that the next document would have as well: they end the run.
FATAL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EFBIG}


class Leader:
    """Takes from ``board`` until there is nothing more; ``report`` is shared with the other leaders."""

    def __init__(
        self,
        board: Board,
        store: Store,
        manifest: Manifest,
        leases: Leases,
        settings: Settings,
        report: BatchReport,
        lock: threading.Lock,
        place: Place,
    ) -> None:
        self.board, self.store, self.manifest, self.leases = board, store, manifest, leases
        self.settings, self.report, self.lock, self.place = settings, report, lock, place
        self.suffixes = [make("formats", name).suffix for name in settings.formats]
        self.attempts = Attempts(place, report, lock, lambda: board.error)

    def lead(self) -> None:
        """Work until all is done or something stops the run: then the board has the error."""
        try:
            while not self.board.is_over:
                if self.place.ready() and (task := self.board.take()) is not None:
                    self._work(task)
        except Unusable as unusable:
            self.board.stop(unusable.error)
        except BaseException as error:  # noqa: BLE001 raised again by the thread that waits
            self.board.stop(error)
        finally:
            self.place.end()

    def _work(self, task: Unit | Item) -> None:
        if not self.place.ready():  # its machine went while it waited
            self.board.put_back(task)
        elif isinstance(task, Item):
            self._begin(task)
        else:
            self._read(task)

    # A document, from its place in the list to the journal

    def _begin(self, item: Item) -> None:
        gone, stamp = None, (0, "")
        try:
            stamp = stamp_of(item)
        except InputError as error:
            gone = error
        record = self.manifest.latest(item.stem)
        if record is not None and (record.size, record.stamp) == stamp and self._is_settled(record):
            self._skip(record)
            self.board.finished()
            return
        if not self.leases.take(key_of(item.stem)):
            self.board.ask_later(item)
            return
        record = self.manifest.latest(item.stem)  # another process may have finished it just now
        document = Open(item, "", *stamp)
        try:
            if gone is not None:
                raise gone
            document.sha256 = str(self.attempts.ask(self._request(document, "fetch"))["sha256"])
            if record is not None and record.sha256 == document.sha256 and self._is_settled(record):
                self.manifest.add(replace(record, size=stamp[0], stamp=stamp[1]))
                self._skip(record)
                self._leave(document)
                return
            self._open(document)
        except Gone:
            self.leases.release(key_of(item.stem))
            self.board.ask_later(item)
        except DocspecError as error:
            if isinstance(error, (ModelError, OutputError)):
                raise
            document.error = error
            self._finish(document)

    def _request(self, document: Open, what: str, **more: Any) -> Message:
        item = document.item
        about = {"source": item.source, "stem": item.stem, "folder": document.folder}
        return {"do": what, "sha256": document.sha256, **about, **more}

    def _is_settled(self, record: Record) -> bool:
        """Whether nothing more is to be done for a document, if it is still the same."""
        if record.options != self.settings.options or record.version != self.settings.version:
            return False
        if self.settings.force and all(known is not record for known in self.report.records):
            return False
        if record.state is State.MISSING:
            return False
        if record.state is not State.DONE and self.settings.retry_failed:
            return False
        if record.state is State.FAILED or self.store.folder is None:
            return True
        return all((self.store.folder / f"{record.stem}{suffix}").exists() for suffix in self.suffixes)

    def _skip(self, record: Record) -> None:
        with self.lock:
            if record.state is State.DONE:
                self.report.skipped += 1
            else:
                self.report.before.append(record)

    def _open(self, document: Open) -> None:
        """Find out what is left to read, and hand it out."""
        stem = document.item.stem
        document.folder = pages_folder(stem, document.sha256, self.settings.version, self.settings.options)
        for name in self.store.names(PAGES):
            if name.startswith(f"{key_of(stem)}-") and f"{PAGES}/{name}" != document.folder:
                self.store.remove(f"{PAGES}/{name}")
        names = self.store.names(document.folder)
        done = {int(name[:-5]) for name in names if self._is_page(document.folder, name)}
        pages = self.attempts.ask(self._request(document, "open"))["pages"]
        left = [page for page in pages if page not in done]
        if left:
            self.board.hand_out(document, [Unit(document, part) for part in ranges(left)], first=True)
        else:
            self._finish(document)

    def _is_page(self, folder: str, name: str) -> bool:
        """Whether a file is a page that a former run read."""
        if not (name.endswith(".json") and name[:-5].isdigit()):
            return False
        try:
            json.loads(self.store.read(f"{folder}/{name}") or b"")
        except ValueError:  # a loss of power can leave a file without its content
            return False
        return True

    def _read(self, unit: Unit) -> None:
        document, done = unit.document, list[int]()

        def tell(answer: Message) -> None:
            done.append(int(answer["page"]))
            with self.lock:
                self.report.pages += 1
                self.report.tokens += answer["tokens"]
                self.report.steps += answer["steps"]
                document.read += 1
                document.tokens += answer["tokens"]
                document.steps += answer["steps"]

        if document.error is None and unit.pages:
            request = self._request(document, "read", pages=list(unit.pages))
            try:
                self._add(document, self.attempts.call(request, tell))
            except Lost as loss:
                left = (after_departure if isinstance(loss, Gone) else after_loss)(unit, done)
                self.board.hand_out(document, left, first=True)
                if not left and len(done) < len(unit.pages):
                    document.failed[unit.pages[0]] = str(loss)
                    with self.lock:
                        self.report.pages += 1
            except (ModelError, OutputError):
                raise
            except DocspecError as error:
                document.error = error
        if self.board.settle(unit):
            self._finish(document)

    def _add(self, document: Open, answer: Message) -> None:
        with self.lock:
            for stage, seconds in answer["seconds"].items():
                document.seconds[stage] = document.seconds.get(stage, 0.0) + seconds
                self.report.seconds[stage] += seconds

    def _finish(self, document: Open) -> None:
        """Write the document and its line of the journal, unless another process has it by now."""
        key = key_of(document.item.stem)
        if not self.leases.holds(key):
            self._leave(document)
            return
        state, error, pages, failures = State.DONE, "", 0, tuple[Failure, ...]()
        if document.error is None:
            failed = {str(page): reason for page, reason in document.failed.items()}
            try:
                answer = self.attempts.ask(self._request(document, "finish", failed=failed))
                failures = tuple(Failure(page, reason) for page, reason in answer["failures"])
                pages, state = answer["pages"], State.PARTLY if failures else State.DONE
            except Gone:
                self.board.hand_out(document, [Unit(document, ())], first=True)
                return
            except DocspecError as failure:
                if isinstance(failure, OutputError) and _is_fatal(failure):
                    raise
                document.error = failure
        if document.error is not None:
            gone = isinstance(document.error, InputNotFound)
            state, error = State.MISSING if gone else State.FAILED, str(document.error)
        record = Record(
            stem=document.item.stem,
            source=document.item.source,
            state=state,
            error=error,
            pages=pages,
            failures=failures,
            version=self.settings.version,
            options=self.settings.options,
            **document.known(),
        )
        with self.lock:
            self.manifest.add(record)
            self.report.records.append(record)
            self.report.failed_pages += len(failures)
        self._leave(document)

    def _leave(self, document: Open) -> None:
        """Remove what was kept for a document, and let it go."""
        key = key_of(document.item.stem)
        if self.leases.holds(key):
            if document.folder:
                self.store.remove(document.folder)
            self.leases.release(key)
        self.board.finished()


def _is_fatal(error: OutputError) -> bool:
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in FATAL
