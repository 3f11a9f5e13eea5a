"""Leads one worker process through documents: opens, reads, finishes, and goes on where it is lost."""

from __future__ import annotations

import errno
import json
import threading
import time
from dataclasses import replace
from pathlib import Path

from docspec.batches.attempts import Attempts, Settings, Unusable
from docspec.batches.board import Board, Open, Unit, after_loss, ranges
from docspec.batches.content import fetch, hash_of, stamp_of
from docspec.batches.leases import Leases
from docspec.batches.manifest import PAGES, Failure, Manifest, Record, State, key_of, pages_folder
from docspec.batches.process import Lost, Message
from docspec.batches.report import BatchReport
from docspec.batches.sources import Item
from docspec.batches.store import Store
from docspec.errors import DocspecError, InputError, InputNotFound, ModelError, OutputError
from docspec.output import write_atomic
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
        scratch: Path,
    ) -> None:
        self.board, self.store, self.manifest, self.leases = board, store, manifest, leases
        self.settings, self.report, self.lock, self.scratch = settings, report, lock, scratch
        self.suffixes = [make("formats", name).suffix for name in settings.formats]
        self.attempts = Attempts(settings, report, lock, lambda: board.error)

    def lead(self) -> None:
        """Work until all is done or something stops the run: then the board has the error."""
        try:
            while (task := self.board.take()) is not None:
                if isinstance(task, Item):
                    self._begin(task)
                else:
                    self._read(task)
        except Unusable as unusable:
            self.board.stop(unusable.error)
        except BaseException as error:  # noqa: BLE001 raised again by the thread that waits
            self.board.stop(error)
        finally:
            self.attempts.end()

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
        document = Open(item, Path(item.source), self.scratch, *stamp)
        try:
            if gone is not None:
                raise gone
            document.path = fetch(item, self.scratch)
            document.sha256 = hash_of(document.path)
            if record is not None and record.sha256 == document.sha256 and self._is_settled(record):
                self.manifest.add(replace(record, size=stamp[0], stamp=stamp[1]))
                self._skip(record)
                self._leave(document)
                return
            self._open(document)
        except DocspecError as error:
            if isinstance(error, (ModelError, OutputError)):
                raise
            document.error = error
            self._finish(document)

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
        kept = pages_folder(stem, document.sha256, self.settings.version, self.settings.options)
        document.folder = (self.store.folder or self.scratch) / kept
        for name in self.store.names(PAGES):
            if name.startswith(f"{key_of(stem)}-") and f"{PAGES}/{name}" != kept:
                self.store.remove(f"{PAGES}/{name}")
        done = {int(file[:-5]) for file in self.store.names(kept) if self._is_read(document, file)}
        pages = self.attempts.ask(document, {"do": "open"})["pages"]
        left = [page for page in pages if page not in done]
        if left:
            self.board.hand_out(document, [Unit(document, part) for part in ranges(left)], first=True)
        else:
            self._finish(document)

    def _is_read(self, document: Open, file: str) -> bool:
        """Whether a file is a page that a former run read; such a page is then on this machine."""
        if not (file.endswith(".json") and file[:-5].isdigit()):
            return False
        content = self.store.read(f"{PAGES}/{document.folder.name}/{file}") or b""
        try:
            json.loads(content)
        except ValueError:  # a loss of power can leave a file without its content
            return False
        if self.store.folder is None:
            write_atomic(document.folder / file, content)
        return True

    def _read(self, unit: Unit) -> None:
        document, done = unit.document, list[int]()

        def tell(answer: Message) -> None:
            page = int(answer["page"])
            if self.store.folder is None:
                file = f"{page:06}.json"
                self.store.write(
                    f"{PAGES}/{document.folder.name}/{file}", (document.folder / file).read_bytes()
                )
            done.append(page)
            with self.lock:
                self.report.pages += 1
                self.report.tokens += answer["tokens"]
                self.report.steps += answer["steps"]
                document.read += 1
                document.tokens += answer["tokens"]
                document.steps += answer["steps"]

        if document.error is None:
            try:
                self._add(
                    document, self.attempts.call(document, {"do": "read", "pages": list(unit.pages)}, tell)
                )
            except Lost as loss:
                left = after_loss(unit, done)
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
            document.warnings += answer["warnings"]
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
            try:
                answer = self.attempts.ask(document, self._finishing(document))
                self._publish(answer["files"])
                failures = tuple(Failure(page, reason) for page, reason in answer["failures"])
                pages, state = answer["pages"], State.PARTLY if failures else State.DONE
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
            size=document.size,
            stamp=document.stamp,
            sha256=document.sha256,
            version=self.settings.version,
            options=self.settings.options,
            read_pages=document.read,
            wall=round(time.perf_counter() - document.began, 3),
            seconds=tuple(document.seconds.items()),
            tokens=document.tokens,
            steps=document.steps,
        )
        with self.lock:
            self.manifest.add(record)
            self.report.records.append(record)
            self.report.failed_pages += len(failures)
        self._leave(document)

    def _finishing(self, document: Open) -> Message:
        out = self.store.folder or self.scratch / "results"
        return {
            "do": "finish",
            "out": str(out),
            "stem": document.item.stem,
            "source": document.item.source,
            "failed": {str(page): reason for page, reason in document.failed.items()},
            "warnings": list(dict.fromkeys(document.warnings)),
        }

    def _publish(self, files: list[str]) -> None:
        """Bring results to a store that workers cannot write to."""
        if self.store.folder is None:
            for file in files:
                path = self.scratch / "results" / file
                self.store.write(file, path.read_bytes())
                path.unlink()

    def _leave(self, document: Open) -> None:
        """Remove what was kept for a document, and let it go."""
        key = key_of(document.item.stem)
        if self.leases.holds(key):
            if document.folder != self.scratch:
                self.store.remove(f"{PAGES}/{document.folder.name}")
            self.leases.release(key)
        if document.item.is_remote:
            document.path.unlink(missing_ok=True)
        self.board.finished()


def _is_fatal(error: OutputError) -> bool:
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in FATAL
