"""The command line: the only place that prints (the benchmarks aside).

Exit codes: 0 everything done; 1 some pages or documents failed, the rest is written; 2 wrong usage, or
nothing could be read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, cast

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from docspec.cli_batch import batch
from docspec.cli_bench import bench_app
from docspec.cli_options import (
    DECODING,
    MACHINE,
    Accept,
    DetectorName,
    Device,
    DrafterName,
    Dtype,
    Images,
    KeepHeaders,
    MaxBatch,
    MaxNewTokens,
    NoGraphs,
    Offline,
    Pages,
    Password,
    Plain,
    ReadingMode,
    Server,
    VerifierName,
    Verify,
)
from docspec.cli_run import NOTHING, ParseRun, print_error
from docspec.config import (
    MAX_BATCH,
    MAX_NEW_TOKENS,
    AcceptName,
    DtypeName,
    ModeName,
    OnLoop,
    VerifyName,
)
from docspec.errors import DocspecError, UsageError
from docspec.verifiers.vllm_plugin.arguments import WINDOW

if TYPE_CHECKING:
    from docspec.doctor import Check

app = typer.Typer(
    help="PDFs and page images to markdown: a cheap pipeline drafts, a vision-language model verifies.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(bench_app, name="bench")
app.command()(batch)


def main() -> None:
    """The ``docspec`` command."""
    # OCR and the model work side by side: threads that wait by spinning would take the cores from the others.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    app()


def _print_version(wanted: bool) -> None:
    if wanted:
        import docspec

        typer.echo(f"docspec {docspec.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def parse(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT...", help="PDFs, images, folders or globs; - reads standard input."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="OUT", help="Write to this folder; for a single document also a file."
        ),
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="LIST",
            help="What to write: some of md,json,html,docling,chunks and what plug-ins add. Default: md.",
        ),
    ] = None,
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
    trade: Annotated[
        float | None,
        typer.Option(
            metavar="LAMBDA",
            help="How much a draft weighs in fused acceptance: 0 is exact, inf takes every draft.",
            rich_help_panel=DECODING,
        ),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            metavar="T",
            help="The temperature of sampled acceptance, more than 0. Default: 1.",
            rich_help_panel=DECODING,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="The seed of sampled acceptance. Default: 0.", rich_help_panel=DECODING
        ),
    ] = None,
    on_loop: Annotated[
        str,
        typer.Option(
            "--on-loop",
            metavar="NAME",
            help="Where the model repeats itself for ever: keep the text before, take the draft, or off (let "
            "it).",
            rich_help_panel=DECODING,
        ),
    ] = "keep",
    max_new_tokens: MaxNewTokens = MAX_NEW_TOKENS,
    device: Device = "auto",
    dtype: Dtype = "auto",
    max_batch: MaxBatch = MAX_BATCH,
    offline: Offline = False,
    no_check: Annotated[
        bool,
        typer.Option(
            "--no-check",
            help="Use a checkpoint without checking that it decodes here as in transformers.",
            rich_help_panel=MACHINE,
        ),
    ] = False,
    no_graphs: NoGraphs = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print errors only: no progress, notes or summary.")
    ] = False,
) -> None:
    """Parse documents into markdown, JSON or HTML.

    Without -o a single document goes to standard output. Exit code 0: all done; 1: some pages or
    documents failed, the rest is written; 2: wrong usage, or nothing could be read.
    """
    from docspec.config import Config
    from docspec.inputs import parse_ranges
    from docspec.plan import make_plan

    console = Console(stderr=True)
    try:
        config = Config(  # which says what names are unknown
            verifier=verifier,
            server=server,
            drafter=drafter,
            detector=detector,
            mode=cast(ModeName, mode),
            verify=cast(VerifyName, verify),
            accept=cast(AcceptName, accept),
            trade=trade,
            **_sampling(accept, temperature, seed),
            on_loop=cast(OnLoop, on_loop),
            device=device,
            dtype=cast(DtypeName, dtype),
            pages=pages,
            password=password,
            keep_headers=keep_headers,
            plain=plain,
            images=images,
            max_batch=max_batch,
            max_new_tokens=max_new_tokens,
            offline=offline,
            check=not no_check,
            graphs=not no_graphs,
        )
        if pages is not None:
            parse_ranges(pages)
        run = ParseRun(console, make_plan(inputs, output, formats, images), config, quiet)
        run.work()
    except DocspecError as error:
        print_error(console, str(error))
        raise typer.Exit(NOTHING) from None
    raise typer.Exit(run.exit_code)


def _sampling(accept: str, temperature: float | None, seed: int | None) -> dict[str, Any]:
    """The settings of sampled acceptance that were given; they would be ignored with any other."""
    given = {"temperature": temperature, "seed": seed}
    settings = {name: value for name, value in given.items() if value is not None}
    if settings and accept != "sampled":
        raise UsageError(f"--{next(iter(settings))} is of sampled acceptance: add --accept sampled")
    return settings


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def serve(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A checkpoint's folder or hub name.")],
    window: Annotated[
        int,
        typer.Option("--draft-tokens", metavar="N", help="At most so many in a step and request: 1 to 128."),
    ] = WINDOW,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print vLLM's command and end: for a deployment of your own.")
    ] = False,
) -> None:
    """Serve a model with vLLM and docspec's drafts in it: OpenAI's API, faster where drafts come along.

    All other options are vLLM's and go to it as they are: --port, --max-model-len, --data-parallel-size ...
    The server takes this process's place: signals reach it, and the exit code is its own; 2: wrong usage.
    """
    from docspec.serve import run, serve_command, shown

    try:
        command = serve_command(model, context.args, window)
        typer.echo(shown(command), err=not dry_run)
        sys.stderr.flush()
        if not dry_run:
            run(command)
    except DocspecError as error:
        print_error(Console(stderr=True), str(error))
        raise typer.Exit(NOTHING) from None


@app.command()
def report(
    result: Annotated[
        Path, typer.Argument(metavar="RESULT.json", help="Of docspec parse --format json; - reads stdin.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT.html", help="Default: RESULT.report.html beside it."),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The parsed document, where it is no longer where it was."),
    ] = None,
    password: Annotated[str | None, typer.Option(metavar="TEXT", help="Of an encrypted document.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress or notes.")] = False,
) -> None:
    """Show a result: one HTML page with page images, regions in order, drafts and corrections.

    The page loads nothing and needs no network. Exit code 0: written; 2: nothing could be read or written.
    """
    from docspec.output import write_atomic
    from docspec.report import make_report, report_path
    from docspec.result_read import parse_result, read_result

    console = Console(stderr=True)
    stdin = str(result) == "-"
    try:
        content = parse_result(sys.stdin.buffer.read(), "stdin") if stdin else read_result(result)
        path = None if stdin and output is None else report_path(Path("stdin") if stdin else result, output)
        if path is not None and not stdin and path.resolve() == result.resolve():
            raise UsageError(f"-o {path} would overwrite the result itself")
        with console.status("pages", spinner="dots") if not quiet else nullcontext() as status:
            made = make_report(
                content,
                source=source,
                beside=None if stdin else result.parent,
                password=password,
                tell=lambda done, pages: status.update(f"page {done} of {pages}") if status else None,
            )
        if path is None:
            sys.stdout.buffer.write(made.html)
            sys.stdout.flush()
        else:
            write_atomic(path, made.html)
    except DocspecError as error:
        print_error(console, str(error))
        raise typer.Exit(NOTHING) from None
    if not quiet:
        for note in made.notes:
            console.print(f"[dim]note: {escape(note)}[/]", highlight=False, soft_wrap=True)
        if path is not None:
            console.print(
                f"{path}: {len(made.html) / 1e6:.1f} MB", highlight=False, markup=False, soft_wrap=True
            )


@app.command()
def doctor(
    profiles: Annotated[
        bool, typer.Option("--profiles", help="List the families of VLMs that can verify instead.")
    ] = False,
    server: Annotated[
        str | None,
        typer.Option(
            metavar="URL[,URL...]",
            help="Check servers instead: do they answer, with which model, and what does a draft save there.",
        ),
    ] = None,
) -> None:
    """Show what is installed and active, what is missing, and the command that fixes it."""
    from docspec.doctor import examine

    if profiles:
        _print_profiles()
        return
    if server is None:
        _print_checks(examine(os.environ), "docspec is ready", "needed part(s) missing")
        return
    from docspec.doctor_servers import examine_servers

    try:
        checks = examine_servers(server, os.environ)
    except DocspecError as error:
        print_error(Console(stderr=True), str(error))
        raise typer.Exit(NOTHING) from None
    _print_checks(checks, "docspec parse --server can use what was asked", "check(s) failed")


def _print_checks(checks: Sequence[Check], ready: str, failed: str) -> NoReturn:
    """A table, what would mend what, and a last line; exit code 1 where something needed is missing."""
    from docspec.doctor import Status

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "part", "state"):
        table.add_column(heading, overflow="fold")
    marks = {Status.OK: "[green]ok[/]", Status.NOTE: "[yellow]note[/]", Status.MISSING: "[red]missing[/]"}
    for check in checks:
        table.add_row(marks[check.status], escape(check.name), escape(check.detail))
    console = Console()
    console.print(table, highlight=False)
    for check in checks:
        if check.fix:
            console.print(
                f"to fix {escape(check.name)}: [bold]{escape(check.fix)}[/]", soft_wrap=True, highlight=False
            )
    missing = sum(check.status is Status.MISSING for check in checks)
    console.print(f"{missing} {failed}" if missing else ready, highlight=False)
    raise typer.Exit(1 if missing else 0)


def _print_profiles() -> None:
    from docspec.doctor import profiles
    from docspec.verifiers.profiles.catalogue import LEGEND

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("family", "model type", "native", "page output", "tables", "tested", "note"):
        table.add_column(heading, overflow="fold")
    for card in profiles():
        cells = (card.name, ", ".join(card.model_types), card.native, card.page, card.table, card.tested)
        table.add_row(*map(escape, (*cells, card.note)))
    console = Console()
    console.print(table, highlight=False)
    for line in LEGEND:
        console.print(f"\n{line}", highlight=False)


if __name__ == "__main__":
    main()
