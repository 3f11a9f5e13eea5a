"""The tables of a summary, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from docspec.bench.vllm_table import vllm_table
from docspec.bench.ways import STAGES

MEASURES = (("end_to_end", "end to end"), ("decode", "decode only"), ("passes", "passes"))
FIGURES = (("mean", "mean"), ("sums", "sums"), ("worst_decile", "worst 10%"))
QUALITY = {
    "text": "text",
    "formula": "formula",
    "teds": "TEDS",
    "teds_structure": "TEDS-S",
    "order": "order",
    "invented": "invented",
}


def tables(summary: Mapping[str, Any]) -> Iterator[Table]:
    """Speed-ups, times, acceptance, quality, losslessness, saturated runs, ways inside vLLM.

    Each says what was replayed.
    """
    label = escape(describe(summary["setup"]))
    if summary["speed"]:
        yield _speed(summary, label)
    if summary["runs"]:
        yield _times(summary, label)
    if summary["acceptance"]:
        yield _acceptance(summary, label)
    if summary["runs"]:
        yield _quality(summary, label)
    if summary["lossless"]:
        yield _lossless(summary["lossless"], label)
    if summary["saturated"]["runs"]:
        yield _together(summary["saturated"]["runs"], label)
    if summary["saturated"]["speed"]:
        yield _speed_together(summary["saturated"]["speed"], label)
        yield _lossless(summary["saturated"]["speed"], f"saturated, {label}")
    for run, found in summary["vllm"].items():
        source, where = summary["setup"]["replayed"], escape(_machine(summary["setup"]))
        title = f"inside vLLM, {run.partition('-')[2]} mode: REPLAYED ({escape(source)}), {where}"
        yield vllm_table(title, found)
    if summary["failed"]:
        yield _failed(summary, label)


def describe(setup: Mapping[str, Any]) -> str:
    """What was measured, on what; replays say so first."""
    replayed = f"REPLAYED ({setup['replayed']}), " if setup["replayed"] else ""
    timed = "" if setup["computed"] else ", passes counted and not made"
    return f"{replayed}{setup['verifier']}, {setup['dtype']}, {_machine(setup)}{timed}"


def _machine(setup: Mapping[str, Any]) -> str:
    """The machine."""
    return str(setup["gpu"]) if setup["gpu"] else f"{setup['cpu']}, {setup['threads']} threads"


def _speed(summary: Mapping[str, Any], label: str) -> Table:
    table = Table(
        title=f"speed-up: {label}",
        caption="ratios on the same page; mean of ratios, ratio of sums, worst decile; groups of one page "
        "are not listed, every page counts",
    )
    for heading in ("run", "against", "by", "value"):
        table.add_column(heading)
    table.add_column("pages", justify="right")
    measures = [pair for pair in MEASURES if pair[0] in summary["speed"][0]]
    for _, measure in measures:
        for _, figure in FIGURES:
            table.add_column(f"{measure}\n{figure}", justify="right")
    for line in summary["speed"]:
        if line["by"] != "all" and line["pages"] == 1:
            continue
        cells = [line[name] for name in ("run", "baseline", "by", "value")]
        numbers = [_number(line[measure][figure]) for measure, _ in measures for figure, _ in FIGURES]
        table.add_row(*map(escape, cells), str(line["pages"]), *numbers)
    return table


def _times(summary: Mapping[str, Any], label: str) -> Table:
    table = Table(title=f"seconds a page: {label}", caption="means over pages; the most memory of a page")
    table.add_column("run")
    for heading in ("pages", *STAGES, "total", "passes", "MAL", "window", "MiB", "GPU MiB"):
        table.add_column(heading, justify="right")
    for line in summary["runs"]:
        seconds = [_number(line["seconds"].get(stage), 3) for stage in STAGES]
        lengths = [_number(line["mean_accepted_length"]), _number(line["mean_window"], 1)]
        memory = [_number(line["peak_memory_mib"], 0), _number(line["peak_gpu_mib"], 0)]
        total = _number(line["total_s"], 3)
        table.add_row(
            line["run"], str(line["pages"]), *seconds, total, str(line["passes"]), *lengths, *memory
        )
    return table


def _acceptance(summary: Mapping[str, Any], label: str) -> Table:
    table = Table(title=f"acceptance: {label}", caption="MAL: tokens a step and sequence")
    for heading in ("run", "by", "value"):
        table.add_column(heading)
    for heading in ("tokens", "steps", "MAL", "window"):
        table.add_column(heading, justify="right")
    for line in summary["acceptance"]:
        counts = (str(line["tokens"]), str(line["steps"]))
        lengths = (_number(line["mean_accepted_length"]), _number(line["mean_window"], 1))
        table.add_row(line["run"], line["by"], escape(line["value"]), *counts, *lengths)
    return table


def _quality(summary: Mapping[str, Any], label: str) -> Table:
    table = Table(
        title=f"quality: {label}",
        caption="edit distances and share of invented text: 0 is best; TEDS: 1; means over pages",
    )
    table.add_column("run")
    for heading in QUALITY.values():
        table.add_column(heading, justify="right")
    for line in summary["runs"]:
        table.add_row(line["run"], *(_number(line["quality"].get(name), 4) for name in QUALITY))
    return table


def _lossless(lines: Sequence[Mapping[str, Any]], label: str) -> Table:
    table = Table(title=f"the plain run's own output: {label}")
    for heading in ("run", "against", "identical pages", "first difference"):
        table.add_column(heading)
    for line in lines:
        first = line["first_difference"]
        shown = (
            f"{first['page']}, {first['output']} at {first['at']}: {first['plain']!r} -> {first['docspec']!r}"
            if first
            else "none"
        )
        same = f"{line['identical']} of {line['pages']}"
        table.add_row(line["run"], line["baseline"], same, escape(shown))
    return table


def _together(lines: Sequence[Mapping[str, Any]], label: str) -> Table:
    table = Table(
        title=f"saturated, seconds for all pages at once: {label}",
        caption="docspec drafts while it verifies, so that its stages add up to more than its wall time",
    )
    table.add_column("run")
    for heading in ("pages", *STAGES, "wall", "passes", "tokens", "tokens/s", "MAL", "MiB", "GPU MiB"):
        table.add_column(heading, justify="right")
    for line in lines:
        seconds = [_number(line["seconds"].get(stage), 2) for stage in STAGES]
        memory = [_number(line["peak_memory_mib"], 0), _number(line["peak_gpu_mib"], 0)]
        rates = [_number(line["tokens_per_s"], 0), _number(line["mean_accepted_length"])]
        counted = [_number(line["total_s"]), str(line["passes"]), str(line["tokens"])]
        table.add_row(line["run"], str(line["pages"]), *seconds, *counted, *rates, *memory)
    return table


def _speed_together(lines: Sequence[Mapping[str, Any]], label: str) -> Table:
    table = Table(
        title=f"saturated, speed-up: {label}",
        caption="ratios for all pages; plain runs as if nothing before the verifier kept it waiting",
    )
    for heading in ("run", "against"):
        table.add_column(heading)
    measures = [pair for pair in MEASURES if pair[0] in lines[0]]
    for heading in ("pages", *(measure for _, measure in measures)):
        table.add_column(heading, justify="right")
    for line in lines:
        numbers = [_number(line[measure]) for measure, _ in measures]
        table.add_row(line["run"], line["baseline"], str(line["pages"]), *numbers)
    return table


def _failed(summary: Mapping[str, Any], label: str) -> Table:
    table = Table("page", "run", "error", title=f"failed: {label}")
    for line in summary["failed"]:
        table.add_row(*(escape(str(line[name])) for name in ("page", "run", "error")))
    return table


def _number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
