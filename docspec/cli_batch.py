"""``docspec batch``: the command, its progress and its summary."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from docspec.cli_options import (
    MACHINE,
    RESULTS,
    Accept,
    DetectorName,
    Device,
    DrafterName,
    Dtype,
    Images,
    KeepHeaders,
    MaxBatch,
    MaxNewTokens,
    Offline,
    Pages,
    Password,
    Plain,
    ReadingMode,
    Server,
    VerifierName,
    Verify,
)
from docspec.cli_run import NOTHING, PARTLY, print_error
from docspec.config import MAX_BATCH, MAX_NEW_TOKENS
from docspec.errors import DocspecError, InputError, UsageError

if TYPE_CHECKING:
    from docspec.batches.report import BatchReport

SHOWN = 100  # failures that are printed; the journal has all
INTERRUPTED = 130  # exit code, as of a shell


def batch(
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="OUT", help="Write to this folder or address.")
    ],
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT...", help="Folders, globs, files, or addresses such as s3://bucket/folder."
        ),
    ] = None,
    listed: Annotated[
        Path | None,
        typer.Option("--list", metavar="FILE", help="Read the files named in FILE, one a line; - is stdin."),
    ] = None,
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="LIST",
            help="What to write: some of md,json,html,docling,chunks.",
            rich_help_panel=RESULTS,
        ),
    ] = "md",
    force: Annotated[
        bool,
        typer.Option("--force", help="Read everything again, whatever OUT has.", rich_help_panel=RESULTS),
    ] = False,
    retry_failed: Annotated[
        bool,
        typer.Option("--retry-failed", help="Read again what failed before.", rich_help_panel=RESULTS),
    ] = False,
    pages: Pages = None,
    password: Password = None,
    keep_headers: KeepHeaders = False,
    plain: Plain = False,
    images: Images = False,
    verifier: VerifierName = "mini",
    server: Server = None,
    mode: ReadingMode = "auto",
    verify: Verify = "auto",
    drafter: DrafterName = "auto",
    detector: DetectorName = "pymupdf",
    accept: Accept = "auto",
    max_new_tokens: MaxNewTokens = MAX_NEW_TOKENS,
    device: Device = "auto",
    dtype: Dtype = "auto",
    max_batch: MaxBatch = MAX_BATCH,
    offline: Offline = False,
    workers: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Processes that read; a checkpoint's model is shared, or is that of --server.",
            rich_help_panel=MACHINE,
        ),
    ] = 1,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Have the workers on a Ray cluster (auto: this node's), whose nodes all see inputs and OUT.",
            rich_help_panel=MACHINE,
        ),
    ] = None,
    page_timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            help="End a worker that finishes no page for so long, or a shared model that reads nothing.",
            rich_help_panel=MACHINE,
        ),
    ] = 600.0,
    memory_limit: Annotated[
        int,
        typer.Option(metavar="MB", help="End a worker that needs more.", rich_help_panel=MACHINE),
    ] = 4096,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print errors only: no progress or summary.")
    ] = False,
) -> None:
    """Read many documents, in several processes, as often as it takes: what OUT has is not read again.

    A document that breaks its process costs itself alone. Several docspec batch on one OUT share the work.
    OUT/manifest.jsonl says what became of each document. Exit code 0: all done; 1: some pages or documents
    failed, the rest is written; 2: wrong usage, or nothing could be read.
    """
    console = Console(stderr=True)
    settled = 0

    def told(report: BatchReport) -> None:
        nonlocal settled
        settled = report.settled
        show(report)

    try:
        if not inputs and listed is None:
            raise UsageError("name documents, folders or globs, or a --list of them")
        from docspec.batches.run import batch as run

        options: dict[str, Any] = {
            "pages": pages,
            "password": password,
            "keep_headers": keep_headers,
            "plain": plain,
            "images": images,
            "verifier": verifier,
            "mode": mode,
            "verify": verify,
            "drafter": drafter,
            "detector": detector,
            "accept": accept,
            "max_new_tokens": max_new_tokens,
            "server": server,
            "device": device,
            "dtype": dtype,
            "max_batch": max_batch,
            "offline": offline,
        }
        with _progress(console, quiet) as show:
            report = run(
                inputs or [],
                output,
                listed=_lines(listed),
                formats=formats,
                workers=workers,
                ray=ray,
                force=force,
                retry_failed=retry_failed,
                page_timeout=page_timeout,
                memory_limit=memory_limit,
                progress=told,
                **options,
            )
    except DocspecError as error:
        print_error(console, str(error))
        raise typer.Exit(PARTLY if settled else NOTHING) from None
    except KeyboardInterrupt:
        console.print("interrupted; the same command goes on from here", highlight=False)
        raise typer.Exit(INTERRUPTED) from None
    _print(console, report, quiet)
    raise typer.Exit(report.exit_code)


def _lines(path: Path | None) -> list[str]:
    """The lines of a list. Raises InputError."""
    if path is None:
        return []
    try:
        return (sys.stdin.read() if str(path) == "-" else path.read_text("utf-8-sig")).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the list cannot be read: {error}") from error


def _print(console: Console, report: BatchReport, quiet: bool) -> None:
    for line in islice(report.failures(), SHOWN):
        print_error(console, line)
    more = sum(1 for _ in report.failures()) - SHOWN
    if more > 0:
        print_error(console, f"and {more} more: see manifest.jsonl in the output")
    if not quiet:
        for note in report.notes:
            console.print(f"note: {note}", style="dim", highlight=False, markup=False, soft_wrap=True)
        console.print(report.tables(), highlight=False)


@contextmanager
def _progress(console: Console, quiet: bool) -> Iterator[Callable[[BatchReport], None]]:
    """A bar over documents on a terminal, nothing elsewhere."""
    if quiet or not console.is_terminal:
        yield lambda report: None
        return
    columns = (
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("documents", total=None)

        def show(report: BatchReport) -> None:
            rate = report.pages / report.wall if report.wall else 0.0
            failed = sum(record.state != "done" for record in report.records)
            said = f"documents, {report.pages} pages, {rate:.2f} pages/s, {failed} failed"
            bar.update(task, total=report.documents, completed=report.settled, description=said)

        yield show
