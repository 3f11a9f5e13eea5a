"""``docspec.batch``: from inputs to results on disk, by worker processes, as often as it takes."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import docspec
from docspec.batches.board import Board
from docspec.batches.leader import Leader
from docspec.batches.leases import BEAT, Leases, Owner
from docspec.batches.manifest import Manifest, deciding, digest, forget_options, settle_options
from docspec.batches.model import ModelProcess
from docspec.batches.report import BatchReport
from docspec.batches.site import Place, Settings, Site, environment_of
from docspec.batches.sources import Item, collect, collect_list
from docspec.batches.store import Store, open_store
from docspec.config import Config, Options
from docspec.errors import DocspecError, OutputError, UsageError
from docspec.output import parse_formats
from docspec.verifiers.loading import is_loaded_here

GLANCE = 0.2  # seconds between calls of ``progress``
PATIENCE, MEMORY = 600.0, 4096  # the defaults: seconds for a page, MB for a worker
ROOM, LEAST_ROOM = (
    3,
    4,
)  # requests that wait for a shared model or are in it, all workers': batches; each one's


def batch(
    inputs: Iterable[str | Path],
    output: str | Path,
    *,
    listed: Iterable[str] = (),
    formats: str = "md",
    workers: int = 1,
    ray: str | None = None,
    force: bool = False,
    retry_failed: bool = False,
    page_timeout: float = PATIENCE,
    memory_limit: int = MEMORY,
    progress: Callable[[BatchReport], None] | None = None,
    **options: Unpack[Options],
) -> BatchReport:
    """Read all documents that ``inputs`` name into ``output``, whose tree mirrors theirs.

    ``inputs`` are files, folders, globs, or addresses that fsspec opens (``s3://bucket/folder``); ``listed``
    are files and addresses, one a line. Documents that ``output`` has already are skipped, unless they or
    docspec have changed; ``force`` reads everything again, ``retry_failed`` what failed. Each of ``workers``
    processes reads, drafts and verifies, here or on the Ray cluster at the address ``ray``, whose nodes all
    have to see inputs and output. A checkpoint that is verified with here is loaded once, in a process of
    its own, which all workers ask. ``page_timeout`` (seconds) and ``memory_limit`` (MB for each) end a worker
    that a document breaks. ``progress`` is called several times a second. ``options`` are Config's fields.

    Raises UsageError where ``output`` has results of other options, OutputError where nothing can be written,
    ModelError where there is no model; what was done until then stays, and the next call goes on from there.

    >>> docspec.batch(["paper.pdf", "a.pdf"], "read", verifier="draft-only").settled
    2
    >>> docspec.batch(["paper.pdf", "a.pdf"], "read", verifier="draft-only").skipped
    2
    """
    if workers < 1 or page_timeout <= 0 or memory_limit <= 0:
        raise UsageError("workers, page_timeout and memory_limit have to be more than 0")
    config, kinds = Config(**options), parse_formats(formats)
    items, errors = _items(list(inputs), listed)
    store = open_store(output)
    decided = deciding(config, kinds)
    new = settle_options(store, decided, force=force)
    report = BatchReport(documents=len(items), unnamed=[str(error) for error in errors], workers=workers)
    settings = Settings(
        config=config,
        formats=kinds,
        options=digest(decided),
        version=docspec.__version__,
        force=force,
        retry_failed=retry_failed,
        patience=page_timeout,
        memory=memory_limit * 1_000_000,
        threads=max(1, (os.cpu_count() or 1) // workers),
    )

    def lost(reason: str) -> None:
        report.lost[reason] += 1

    def made(stopping: Callable[[], bool]) -> AbstractContextManager[list[Place]]:
        if ray is None:
            return _here(store, settings, workers, stopping, lost)
        from docspec.batches.on_ray import on_ray

        return on_ray(ray, str(output), replace(settings, threads=0), workers, stopping)

    try:
        _work(items, store, settings, report, made, progress or (lambda report: None))
    except BaseException:
        if new:  # a verifier's name that was mistyped does not stand in the way of the right one
            with suppress(DocspecError):
                forget_options(open_store(output))
        raise
    return report


@contextmanager
def _here(
    store: Store,
    settings: Settings,
    workers: int,
    stopping: Callable[[], bool],
    lost: Callable[[str], None],
) -> Iterator[list[Place]]:
    """Places on this machine; they share a checkpoint's model. ``lost`` is told of its process's ends."""
    with ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="docspec-"))
        model = None
        if is_loaded_here(settings.config):
            model = ModelProcess(
                settings.config,
                room=max(LEAST_ROOM, ROOM * settings.config.max_batch // workers),
                patience=settings.patience,
                environment=environment_of(0),
                lost=lost,
            )
            stack.callback(model.end)
        yield [Site(store, settings, Path(scratch, str(n)), stopping, model) for n in range(workers)]


def _items(inputs: Sequence[str | Path], listed: Iterable[str]) -> tuple[list[Item], Sequence[DocspecError]]:
    given, errors = collect(inputs)
    more, _ = collect_list(listed)
    places = {item.stem.casefold(): item for item in given}
    for item in more:
        other = places.setdefault(item.stem.casefold(), item)
        if other is not item and other.source != item.source:
            raise UsageError(f"{other.source} and {item.source} would both be written to {item.stem}")
    return list(places.values()), errors


def _work(
    items: Sequence[Item],
    store: Store,
    settings: Settings,
    report: BatchReport,
    made: Callable[[Callable[[], bool]], AbstractContextManager[list[Place]]],
    progress: Callable[[BatchReport], None],
) -> None:
    """Have ``items`` read at the places that ``made`` gives, told how to know that the run was stopped."""
    began = time.perf_counter()
    manifest = Manifest(store)
    if manifest.unreadable:
        report.notes.append(
            f"{manifest.unreadable} lines of the journal are damaged and count as not written"
        )
    versions = Counter(record.version for record in manifest.records.values())
    report.notes += [
        f"{count} documents were read by docspec {version}: this is {settings.version}, and reads them again"
        for version, count in versions.items()
        if version != settings.version
    ]
    board, leases, lock = Board(items), Leases(store, Owner.this()), threading.Lock()
    _tidy(store, manifest, leases)
    with _heartbeat(leases), made(lambda: board.error is not None) as places:
        leaders = [Leader(board, store, manifest, leases, settings, report, lock, place) for place in places]
        threads = [threading.Thread(target=leader.lead, daemon=True) for leader in leaders]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(GLANCE)
                    report.wall = time.perf_counter() - began
                    progress(report)
        except BaseException as error:
            board.stop(error)
            raise
        finally:
            for thread in threads:
                thread.join()
            leases.release_all()
    if board.error is not None:
        raise board.error


def _tidy(store: Store, manifest: Manifest, leases: Leases) -> None:
    """Remove what a process left that was killed after it had written a document's line of the journal."""
    written = {record.key: record for record in manifest.records.values()}
    for key in leases.keys() & written.keys():
        if leases.take(key):
            store.remove(written[key].folder)
            leases.release(key)


@contextmanager
def _heartbeat(leases: Leases) -> Iterator[None]:
    """Renews leases until the context is left."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT):
            try:
                leases.renew()
            except OutputError:
                continue  # the next beat may succeed; who writes a result asks whether it still has the lease

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
