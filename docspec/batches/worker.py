"""A worker process: reads pages of documents, and writes them, for the process that started it.

Requests come as lines of JSON on standard input, answers go to standard output, so that a worker needs
nothing of who started it, and its end is seen at once by either side. What libraries print goes to standard
error.

| request | answers |
|---|---|
| ``start``: options, formats, who has the model | ``ready`` once the model is loaded |
| ``open``: a file | ``pages``: the indexes that are to be read |
| ``read``: a file, pages, a folder | ``page`` for each that now stands in the folder, then ``done`` |
| ``finish``: a file, its pages' folder, what failed | ``done``: what was written |

Instead of an answer there may be ``error``: what a DocspecError says, and its kind. Before one there may be
``waiting``, again and again: not this process is at work but the one with the model.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from docspec.batches.messages import Message, requests, said, speaker
from docspec.batches.plain import from_plain, to_plain
from docspec.config import Config
from docspec.drafting import DocumentEnd
from docspec.errors import CorruptInput, DocspecError
from docspec.output import sweep, write_atomic, write_document
from docspec.pipeline import Parser, load_parts
from docspec.run import put_together
from docspec.source import Source, open_document
from docspec.types import PageResult
from docspec.verifiers.shared.client import SharedVerifier


class Worker:
    """Answers requests; ``say`` sends an answer."""

    def __init__(self, request: Message, say: Callable[[Message], None]) -> None:
        self.config = Config(**request["config"])
        self.formats = tuple(request["formats"])
        asked = request["model"]  # the address of the process that has it
        verifier = SharedVerifier(asked, lambda: say({"waiting": True})) if asked else None
        self.parts = load_parts(self.config, verifier)
        self.mode = Parser(self.config, parts=self.parts).mode
        self.say = say

    def answer(self, request: Message) -> Message:
        """The last answer to a request. Raises DocspecError."""
        answers: Mapping[str, Callable[[Message], Message]] = {
            "open": self.open,
            "read": self.read,
            "finish": self.finish,
        }
        return answers[request["do"]](request)

    def open(self, request: Message) -> Message:
        """Which pages a document has for us."""
        with self._document(request) as source:
            return {"pages": list(source.selected)}

    def read(self, request: Message) -> Message:
        """Read pages; each stands in ``folder`` as soon as it is done, and is then told."""
        folder = Path(request["folder"])

        def keep(page: PageResult) -> None:
            write_atomic(page_path(folder, page.index), json.dumps(to_plain(page)).encode())
            stats = page.stats
            self.say({"page": page.index, "tokens": stats.tokens, "steps": stats.steps})

        pages = ",".join(str(index + 1) for index in request["pages"])
        parser = Parser(replace(self.config, pages=pages), parts=self.parts)
        document = parser.parse(request["path"], progress=keep)
        seconds = {stage: value for stage, value in document.timings.items() if stage != "total"}
        return {"done": True, "seconds": seconds}

    def finish(self, request: Message) -> Message:
        """Put a document together of its pages, and write it."""
        folder, out = Path(request["folder"]), Path(request["out"])
        failed = {int(index): str(reason) for index, reason in request["failed"].items()}
        with self._document(request) as source:
            pages = [page_of(folder, index, failed.get(index)) for index in source.selected]
            for page in pages:
                for note in page.notes:
                    source.note(note)
            end = DocumentEnd(0, source.name, source.notes, bookmarks=source.bookmarks)
        document = put_together(pages, end, request["source"], self.parts.verifier, self.mode, self.config)
        failures = [(page.index + 1, page.error) for page in document.pages if page.error]
        if len(failures) == len(document.pages) and not any(page.regions for page in document.pages):
            raise CorruptInput(f"none of its pages could be read, the first because: {failures[0][1]}")
        place = out / request["stem"]
        written = write_document(document, place.parent, place.name, self.formats)
        for path in written:
            sweep(path)
        names = [path.relative_to(out).as_posix() for path in written]
        return {"done": True, "files": names, "pages": len(document.pages), "failures": failures}

    def _document(self, request: Message) -> Source:
        return open_document(Path(request["path"]), password=self.config.password, pages=self.config.pages)


def page_path(folder: Path, index: int) -> Path:
    """The file of a page that is done."""
    return folder / f"{index:06}.json"


def page_of(folder: Path, index: int, failure: str | None) -> PageResult:
    """A page that was read, or that failed in a way which took its process along."""
    if failure is not None:
        return PageResult(index, 0, 0, error=failure)
    return from_plain(PageResult, json.loads(page_path(folder, index).read_bytes()))


def main() -> None:
    """Serve until standard input ends."""
    say = speaker()
    worker: Worker | None = None
    with contextlib.suppress(BrokenPipeError):
        for request in requests():
            try:
                if worker is None:
                    worker = Worker(request, say)
                    say({"ready": True})
                else:
                    say(worker.answer(request))
            except DocspecError as error:
                say(said(error))
            except Exception as error:  # noqa: BLE001 the document's, not the run's
                say({"error": f"{type(error).__name__}: {error}", "kind": "Exception"})


if __name__ == "__main__":
    main()
