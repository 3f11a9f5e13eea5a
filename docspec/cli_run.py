"""One run of ``docspec parse``, as a person sees it: what is written, progress, errors, exit code."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from docspec.errors import CorruptInput, DocspecError

if TYPE_CHECKING:
    from docspec.config import Config
    from docspec.plan import Item, Plan
    from docspec.types import Document

PARTLY, NOTHING = 1, 2  # exit codes
MAX_PAGE_ERRORS = 20  # printed for each document; its JSON has all
MAX_PROBED = 100  # documents opened beforehand, to fail early and to know how many pages there are

Advance = Callable[[int], None]


class ParseRun:
    """One ``docspec parse``: reads, writes and reports, a document at a time; a failed one stops nothing."""

    def __init__(self, console: Console, plan: Plan, config: Config, quiet: bool) -> None:
        self.console, self.plan, self.config, self.quiet = console, plan, config, quiet
        self.done = 0  # documents with at least one good page
        self.failures = 0  # documents that failed, wholly or in part

    @property
    def exit_code(self) -> int:
        """0, PARTLY or NOTHING."""
        if not self.done:
            return NOTHING
        return PARTLY if self.failures else 0

    def work(self) -> None:
        """Do it all. Raises DocspecError for what concerns all documents alike, such as a missing model."""
        from docspec.planned import outcomes
        from docspec.run_summary import Summary

        for error in self.plan.errors:
            self._fail(str(error))
        items, pages = self._openable()
        if not items:
            return
        summary, started, to_stdout = Summary(), time.perf_counter(), b""
        with self._progress(pages) as advance:
            for item, outcome in outcomes(items, self.config, lambda page: advance(1)):
                if isinstance(outcome, DocspecError):
                    self._fail(str(outcome), item)
                    continue
                try:
                    to_stdout = self._finish(item, outcome)
                except DocspecError as error:
                    self._fail(str(error))
                else:
                    summary.add(outcome)
        if to_stdout:  # after the progress display, which would garble it
            sys.stdout.buffer.write(to_stdout)
            sys.stdout.flush()
        if not self.quiet and summary.documents:
            self.console.print(summary.tables(time.perf_counter() - started), highlight=False)

    def _openable(self) -> tuple[list[Item], int | None]:
        """The documents that can be opened and their pages in all (None: unknown); reports the others."""
        from docspec.planned import probe

        if len(self.plan.items) > MAX_PROBED:
            return list(self.plan.items), None
        good: list[Item] = []
        pages: int | None = 0
        for item in self.plan.items:
            found = probe(item, self.config)
            if isinstance(found, DocspecError):
                self._fail(str(found), item)
            else:
                good.append(item)
                pages = None if found is None or pages is None else pages + found
        return good, pages

    def _finish(self, item: Item, document: Document) -> bytes:
        """Write a document and report its failed pages; what is for standard output is returned."""
        from docspec.output import render, write_document

        for error in document.errors[:MAX_PAGE_ERRORS]:
            print_error(self.console, f"{item.label}: {error}")
        if len(document.errors) > MAX_PAGE_ERRORS:
            print_error(
                self.console, f"{item.label}: and {len(document.errors) - MAX_PAGE_ERRORS} pages more"
            )
        drafted = any(page.regions for page in document.pages)  # where only the verifier failed, drafts stand
        if document.pages and len(document.errors) == len(document.pages) and not drafted:
            raise CorruptInput(f"{item.label}: none of its pages could be read; nothing written")
        to_stdout = b""
        if self.plan.folder is None:
            to_stdout = render(document, self.plan.formats[0])
        else:
            write_document(document, self.plan.folder, item.stem, self.plan.formats)
        self.done += 1
        self.failures += bool(document.errors)
        for note in () if self.quiet else document.notes:
            self.console.print(
                f"[dim]note: {escape(f'{item.label}: {note}')}[/]", soft_wrap=True, highlight=False
            )
        return to_stdout

    def _fail(self, message: str, item: Item | None = None) -> None:
        """Report a failed document, named once."""
        self.failures += 1
        if item and not message.startswith((item.label, Path(item.label).name)):
            message = f"{item.label}: {message}"
        print_error(self.console, message)

    @contextmanager
    def _progress(self, pages: int | None) -> Iterator[Advance]:
        """A bar over pages on a terminal, nothing elsewhere."""
        if self.quiet or not self.console.is_terminal:
            yield lambda count: None
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Speed(),
            TimeElapsedColumn(),
        )
        with Progress(
            *columns, console=self.console, transient=True, redirect_stdout=False, redirect_stderr=False
        ) as bar:
            task = bar.add_task("pages", total=pages)
            yield lambda count: bar.advance(task, count)


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.2f} pages/s" if speed else "", style="progress.data.speed")


def print_error(console: Console, message: str) -> None:
    """One red line."""
    line = " ".join(message.split())
    console.print(f"[red]error:[/] {escape(line)}", soft_wrap=True, highlight=False)
