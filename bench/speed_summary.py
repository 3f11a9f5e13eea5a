"""What the lines of ``docspec bench speed`` say together, and beside an earlier run's summary."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from docspec.bench.result_tables import describe
from docspec.errors import UsageError

RUNS = ("docspec", "fused", "ar")
DRAFTED = RUNS[:2]  # those that a regression shows in
SAME_MACHINE = ("cpu", "cores", "threads", "device")
Row = Mapping[str, Any]


def summarise(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """A line for each kind and length of document: medians over repeats, speed-ups, the lossless check."""
    documents = dict.fromkeys((row["kind"], row["regions"]) for row in rows)
    return [_length([row for row in rows if (row["kind"], row["regions"]) == one]) for one in documents]


def _length(rows: Sequence[Row]) -> dict[str, Any]:
    by_run = {run: [row for row in rows if row["run"] == run] for run in RUNS}
    by_run = {run: found for run, found in by_run.items() if found}
    runs = {run: _medians(found) for run, found in by_run.items()}
    plain = by_run.get("ar")
    return {
        **{name: rows[0][name] for name in ("kind", "regions", "pages", "found")},
        "tokens": by_run["docspec"][0]["tokens"],
        "runs": runs,
        "speed_up": {
            run: {name: _ratio(runs["ar"][name], runs[run][name]) for name in ("total_s", "verifier_s")}
            for run in DRAFTED
            if plain and run in runs
        },
        "identical": by_run["docspec"][0]["outputs"] == plain[0]["outputs"] if plain else None,
    }


def _medians(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        **{name: statistics.median(row[name] for row in rows) for name in ("total_s", "verifier_s")},
        "seconds": {
            stage: statistics.median(row["seconds"][stage] for row in rows) for stage in rows[0]["seconds"]
        },
        "passes": statistics.median(row["passes"] for row in rows),
        "mean_accepted_length": statistics.median(row["mean_accepted_length"] for row in rows),
    }


def _ratio(plain: float, ours: float) -> float | None:
    return plain / ours if ours else None


def read_summary(path: Path) -> dict[str, Any]:
    """An earlier run's summary, or that of a folder of results. Raises UsageError where it is none."""
    path = path / "summary.json" if path.is_dir() else path
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be compared with: {error}") from error
    if not isinstance(summary, dict) or summary.get("benchmark") != "speed":
        raise UsageError(f"{path} is no summary of docspec bench speed")
    return summary


def compare(summary: Mapping[str, Any], earlier: Mapping[str, Any], tolerance: float) -> dict[str, Any]:
    """This run's seconds over the earlier one's, by length, and over all lengths that both have.

    ``slower`` are the kinds and ways that took more than ``tolerance`` times as long over all: single short
    documents are too noisy to decide. ``changed`` is what differs between the machines.
    """
    before = {(line["kind"], line["regions"]): line["runs"] for line in earlier["lengths"]}
    pairs = [
        (line["kind"], line["regions"], run, line["runs"][run]["total_s"], old[run]["total_s"])
        for line in summary["lengths"]
        for old in [before.get((line["kind"], line["regions"]), {})]
        for run in DRAFTED
        if run in line["runs"] and run in old
    ]
    over_all = []
    for kind, run in dict.fromkeys((kind, run) for kind, _, run, _, _ in pairs):
        same = [(now, then) for *what, now, then in pairs if (what[0], what[2]) == (kind, run)]
        ratio = sum(now for now, _ in same) / sum(then for _, then in same)
        over_all.append({"kind": kind, "run": run, "ratio": ratio, "slower": ratio > tolerance})
    return {
        "tolerance": tolerance,
        "lengths": [
            {"kind": kind, "regions": regions, "run": run, "ratio": now / then}
            for kind, regions, run, now, then in pairs
        ],
        "over_all": over_all,
        "slower": [f"{line['kind']}, {line['run']}" for line in over_all if line["slower"]],
        "changed": [
            name for name in SAME_MACHINE if summary["setup"].get(name) != earlier["setup"].get(name)
        ],
    }


def tables(summary: Mapping[str, Any]) -> Iterator[Table]:
    """Seconds and speed-ups by length, and how they compare with an earlier run's."""
    table = Table(
        title=f"speed on generated documents: {escape(describe(summary['setup']))}",
        caption="seconds end to end, and speed-ups over ar; ar, which is slow, was measured up to "
        f"{summary['plain_regions']} regions (--plain-regions); MAL: tokens a step and sequence",
    )
    table.add_column("document")
    seconds = [f"{run}\nseconds" for run in RUNS]
    ratios = [f"{run}\n{what}" for run in DRAFTED for what in ("end to end", "verifier")]
    for heading in ("regions", "pages", "tokens", *seconds, *ratios, "MAL", "same\ntext"):
        table.add_column(heading, justify="right")
    for line in summary["lengths"]:
        found = [line["runs"].get(run, {}).get("total_s") for run in RUNS]
        found += [
            line["speed_up"].get(run, {}).get(name) for run in DRAFTED for name in ("total_s", "verifier_s")
        ]
        table.add_row(
            line["kind"],
            *(str(line[name]) for name in ("regions", "pages", "tokens")),
            *("-" if value is None else f"{value:.2f}" for value in found),
            f"{line['runs']['docspec']['mean_accepted_length']:.1f}",
            {None: "-", True: "yes", False: "no"}[line["identical"]],
        )
    yield table
    if "against" in summary:
        yield _comparison(summary["against"])


def _comparison(against: Mapping[str, Any]) -> Table:
    changed = f"; other {', '.join(against['changed'])} then" if against["changed"] else ""
    table = Table(
        title=f"seconds, this run over the earlier one{changed}",
        caption=f"by regions; slower: over all lengths more than {against['tolerance']:g} times as long",
    )
    table.add_column("document")
    lengths = list(dict.fromkeys(line["regions"] for line in against["lengths"]))
    for heading in ("run", *(f"{length}" for length in lengths), "all", ""):
        table.add_column(heading, justify="right")
    for one in against["over_all"]:
        known = {
            line["regions"]: f"{line['ratio']:.2f}"
            for line in against["lengths"]
            if (line["kind"], line["run"]) == (one["kind"], one["run"])
        }
        verdict = "slower" if one["slower"] else ""
        cells = [known.get(length, "-") for length in lengths]
        table.add_row(one["kind"], one["run"], *cells, f"{one['ratio']:.2f}", verdict)
    return table
