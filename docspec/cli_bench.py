"""``docspec bench``: the benchmarks' command line."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.console import Console

from docspec.cli_run import NOTHING, PARTLY, print_error
from docspec.errors import DocspecError, UsageError

if TYPE_CHECKING:
    from docspec.config import DtypeName

bench_app = typer.Typer(help="Measure speed and quality.", no_args_is_help=True)


@bench_app.command()
def omnidocbench(
    data: Annotated[
        Path, typer.Option("--data", metavar="DIR", help="The benchmark: its JSON file and images/.")
    ],
    verifier: Annotated[
        str, typer.Option(metavar="NAME", help="mini, a checkpoint's folder or hub name.")
    ] = "mini",
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Pages, at most.")] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="NAME=VALUE", help="Pages with an attribute: language=english."),
    ] = None,
    modes: Annotated[
        str | None, typer.Option(metavar="LIST", help="Some of region,page,hierarchical (default: all).")
    ] = None,
    baselines: Annotated[
        str,
        typer.Option(metavar="LIST", help="Plain runs, some of these, or none."),
    ] = "ar,generate,lookup,generate-mtp",
    concurrency: Annotated[
        str, typer.Option(metavar="LIST", help="1: page by page; saturated: all pages at once. Or both.")
    ] = "1",
    replay: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="annotations, or a folder of .md files: what is chosen."),
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(
            metavar="SHAPE", help="Replay over a random model: dots.ocr, or 20x1024 (LAYERSxHIDDEN)."
        ),
    ] = None,
    vllm: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="The replay inside vLLM too, as one more table: its plain way (vllm) and some of "
            "vllm-ngram,vllm-suffix,vllm-docspec, or all. vLLM takes no recorded choices, so a small "
            "Qwen2-VL is first trained here until it writes the pages' texts by heart: minutes, once; it is "
            "kept in OUT/vllm.",
        ),
    ] = None,
    vllm_concurrency: Annotated[
        str, typer.Option(metavar="LIST", help="Requests in flight there.")
    ] = "1,4,16",
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT", help="A folder; a run there goes on.")
    ] = Path("omnidocbench-results"),
    drafter: Annotated[str, typer.Option(metavar="NAME", help="As for parse.")] = "auto",
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps.")] = "auto",
    dtype: Annotated[str, typer.Option(metavar="NAME", help="auto, float32, bfloat16 or float16.")] = "auto",
    max_batch: Annotated[int, typer.Option(metavar="N", help="Regions decoded together, at most.")] = 16,
    offline: Annotated[bool, typer.Option("--offline", help="Never use the network.")] = False,
    no_graphs: Annotated[
        bool, typer.Option("--no-graphs", help="As for parse, in all ways of this engine.")
    ] = False,
) -> None:
    """OmniDocBench: docspec beside plain decoding on the same pages. The last line is JSON."""
    from docspec.config import Config

    console = Console(stderr=True)
    try:
        bench = _benchmark("omnidocbench")
        given = Config(
            verifier=verifier,
            drafter=drafter,
            device=device,
            dtype=cast("DtypeName", dtype),  # Config says so where it is unknown
            max_batch=max_batch,
            offline=offline,
            graphs=not no_graphs,
        )
        summary = bench.run(
            bench.Options(
                data=data,
                output=output,
                config=given,
                limit=limit,
                filters=tuple(filters or ()),
                modes=_names(modes or ""),
                baselines=() if baselines == "none" else _names(baselines),
                concurrency=_names(concurrency),
                replay=replay,
                shape=shape,
                vllm=_names(vllm or ""),
                vllm_concurrency=_names(vllm_concurrency),
            )
        )
    except DocspecError as error:
        print_error(console, str(error))
        raise typer.Exit(NOTHING) from None
    raise typer.Exit(PARTLY if summary["failed"] else 0)


@bench_app.command()
def speed(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT", help="A folder; a result there is replaced.")
    ] = Path("speed-results"),
    max_regions: Annotated[
        int, typer.Option(metavar="N", min=1, help="Length of the longest document, at most 64.")
    ] = 64,
    plain_regions: Annotated[
        int, typer.Option(metavar="N", min=0, help="Longest document read without drafts as well: slow.")
    ] = 16,
    repeat: Annotated[int, typer.Option(metavar="N", min=1, help="Readings of each; medians count.")] = 1,
    against: Annotated[
        Path | None,
        typer.Option(metavar="RESULT", help="An earlier result: exit code 1 where this one is slower."),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(metavar="X", min=1.0, help="Times as long as the earlier result is not slower.")
    ] = 1.25,
) -> None:
    """Speed of the bundled verifier on documents made here, of growing length. The last line is JSON."""
    from docspec.bench import speed as bench

    try:
        options = bench.Options(output, max_regions, plain_regions, repeat, against, tolerance)
        summary = bench.run(options)
    except DocspecError as error:
        print_error(Console(stderr=True), str(error))
        raise typer.Exit(NOTHING) from None
    raise typer.Exit(PARTLY if summary.get("against", {}).get("slower") else 0)


@bench_app.command()
def pictures(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULTS...", help="Folders that the benchmarks wrote.")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="OUT", help="A folder for PNG files, index.html, tables.md."),
    ] = Path("pictures"),
) -> None:
    """Pictures and tables of results: PNG files, one HTML file that loads nothing, and markdown."""
    try:
        made = _benchmark("pictures").run(results, output)
    except DocspecError as error:
        print_error(Console(stderr=True), str(error))
        raise typer.Exit(NOTHING) from None
    for path in made:
        typer.echo(path)


def _benchmark(name: str) -> Any:
    """A module of docspec.bench. Raises UsageError where the extra that it needs is not installed."""
    try:
        return import_module(f"docspec.bench.{name}")
    except ModuleNotFoundError as error:
        raise UsageError(f"{name} needs {error.name}: pip install 'docspec-vlm[bench]'") from error


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
