"""Many pages at once: the machine is never without work.

docspec reads the pages as one batch of documents; the plain ways as docspec.bench.plain and
docspec.bench.generate say. Each way is run once over all pages and has one line in the journal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from docspec.bench.memory import PeakMemory
from docspec.bench.record import Journal, Row, measured
from docspec.bench.subject import Subject
from docspec.bench.summary import SATURATED
from docspec.bench.warm_up import warm_up
from docspec.bench.ways import Way, label
from docspec.errors import DocspecError
from docspec.source import PageFailure, open_document

DPI = 72.0  # to see whether an image can be read
Entry = Mapping[str, Any]


def batch_name(entries: Sequence[Entry]) -> str:
    """What stands in the place of a page's name in a line that is of all of ``entries``."""
    names = "\n".join(_name(entry) for entry in entries)
    return f"{len(entries)} pages {hashlib.sha256(names.encode()).hexdigest()[:12]}"


def read_together(
    subject: Subject, images: Path, entries: Sequence[Entry], ways: Sequence[Way], journal: Journal
) -> None:
    """All of ``entries``, whose images are in ``images``, in every way that is not done."""
    name = batch_name(entries)
    to_do = [way for way in ways if (name, label(way)) not in journal.done]
    if not to_do:
        return
    failed = {_name(entry): error for entry in entries if (error := _unreadable(subject, images, entry))}
    sound = [entry for entry in entries if _name(entry) not in failed]
    warm_up(subject, to_do)
    for way in track(to_do, description="measuring, saturated", console=Console(stderr=True)):
        row = {"page": name, "run": label(way), "concurrency": SATURATED}
        journal.add({**row, **_read(subject, images, sound, way, failed)})


def _read(
    subject: Subject, images: Path, entries: Sequence[Entry], way: Way, failed: Mapping[str, str]
) -> Row:
    """What a line says of one way: its outputs by page, and why pages could not be read."""
    memory = PeakMemory(subject.device)
    try:
        if subject.recording is not None:
            subject.recording.begin(entries)
        outcome = way.read([images / _name(entry) for entry in entries])
    except Exception as error:  # noqa: BLE001 a way that fails must not keep the others from being measured
        return {"error": f"{type(error).__name__}: {error}"}
    errors = {name: page.error for name, page in outcome.pages.items() if page.error is not None}
    outputs = {name: page.outputs for name, page in outcome.pages.items() if page.error is None}
    return {**measured(outcome, memory), "outputs": outputs, "failed": {**failed, **errors}}


def _unreadable(subject: Subject, images: Path, entry: Entry) -> str | None:
    """Why a page can be read in no way; the recording counts on every page's being read."""
    try:
        if subject.recording is not None:
            subject.recording.begin([entry])
        with open_document(images / _name(entry)) as source:
            [page] = source.pages(DPI)
    except DocspecError as error:
        return f"{type(error).__name__}: {error}"
    return str(page.error) if isinstance(page, PageFailure) else None


def _name(entry: Entry) -> str:
    return str(entry["page_info"]["image_path"])
