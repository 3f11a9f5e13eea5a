"""What the lines of a benchmark say together. Pure.

Speed-ups are ratios on the same page: a plain run's seconds over docspec's. ``end_to_end`` is everything that
either needs, drafting included; ``decode`` is the verifier alone (vision, prefill and decode: docspec's first
windows ride in the prefill); ``passes`` are target forward passes. Every page counts. A page that failed in
either run has no ratio and is counted as failed. Saturated runs, of all pages at once, stand by themselves.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

SATURATED = "saturated"  # marks a line that is of many pages at once
IN_VLLM = "in vLLM"  # and one of these in which vLLM decoded, in all of its ways
Row = Mapping[str, Any]
Pair = tuple[Row, Row]  # a plain run's line, and docspec's of the same page

WORST = 0.1  # the share of pages that the worst decile is the best of
AROUND = 20  # characters shown on either side of a first difference
MEASURES: dict[str, Callable[[Row], float]] = {
    "end_to_end": lambda row: float(row["total_s"]),
    "decode": lambda row: float(row["verifier_s"]),
    "passes": lambda row: float(row["passes"]),
}
COUNTS = ("tokens", "accepted", "drafted", "steps")
GROUPS = ("language", "layout", "data_source")


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """Speed-ups, losslessness, acceptance, stages and quality of the lines, and what failed."""
    many = [row for row in rows if row.get("concurrency") == SATURATED]
    in_vllm = {row["run"]: row for row in rows if row.get("concurrency") == IN_VLLM}  # the last of each mode
    rows = [row for row in rows if row.get("concurrency") not in (SATURATED, IN_VLLM)]
    good = [row for row in rows if "error" not in row]
    runs = list(dict.fromkeys(str(row["run"]) for row in rows))
    computed = all(row["setup"]["computed"] for row in rows)
    by_run = {run: [row for row in good if row["run"] == run] for run in runs}
    pairs = {
        (run, baseline): paired(by_run[run], by_run[baseline])
        for run in runs
        for baseline in runs
        if comparable(run, baseline)
    }
    return {
        "pages": len({row["page"] for row in rows}),
        "failed": [*failures(rows), *failures(many)],
        "speed": [
            {"run": run, "baseline": baseline, **line}
            for (run, baseline), found in pairs.items()
            for line in speed(found, computed)
        ],
        "lossless": [
            {"run": run, "baseline": baseline, **lossless(found)} for (run, baseline), found in pairs.items()
        ],
        "acceptance": [line for run in runs for line in acceptance(run, by_run[run])],
        "runs": [run_line(run, by_run[run]) for run in runs],
        "saturated": saturated([row for row in many if "error" not in row]),
        "vllm": {
            run: {name: row[name] for name in ("asked", "training", "runs", "refused")}
            for run, row in in_vllm.items()
        },
    }


def failures(rows: Sequence[Row]) -> list[dict[str, str]]:
    """What could not be read, by page and run."""
    found = []
    for row in rows:
        marked = f"{row['run']}, {SATURATED}" if row.get("concurrency") == SATURATED else row["run"]
        errors = {row["page"]: row["error"]} if "error" in row else row.get("failed", {})
        found += [{"page": page, "run": marked, "error": error} for page, error in errors.items()]
    return found


def saturated(rows: Sequence[Row]) -> dict[str, Any]:
    """A line for each run over all pages at once, and the ratios of those that read the same pages."""
    computed = all(row["setup"]["computed"] for row in rows)
    measures = [name for name in MEASURES if computed or name == "passes"]
    pairs = [
        (plain, ours)
        for ours in rows
        for plain in rows
        if comparable(ours["run"], plain["run"]) and plain["outputs"].keys() == ours["outputs"].keys()
    ]
    return {
        "runs": [_together(row) for row in rows],
        "speed": [
            {"run": ours["run"], "baseline": plain["run"]}
            | {name: ratios([(MEASURES[name](plain), MEASURES[name](ours))])["sums"] for name in measures}
            | lossless(list(zip(_by_page(plain), _by_page(ours), strict=True)))
            for plain, ours in pairs
        ],
    }


def _together(row: Row) -> dict[str, Any]:
    names = ("run", "seconds", "total_s", "passes", "peak_memory_mib", "peak_gpu_mib")
    pages, seconds = len(row["outputs"]), float(row["total_s"])
    return {
        "pages": pages,
        **{name: row[name] for name in names},
        **_lengths({name: row[name] for name in COUNTS}),
        "tokens_per_s": row["tokens"] / seconds if seconds else None,
    }


def _by_page(row: Row) -> list[Row]:
    return [{"page": page, "outputs": row["outputs"][page]} for page in sorted(row["outputs"])]


def comparable(run: str, baseline: str) -> bool:
    """Whether a plain run reads what docspec's run does: regions, or the page."""
    way, _, mode = run.partition("-")
    other, _, its_mode = baseline.partition("-")
    return way == "docspec" != other and (mode == "region") == (its_mode == "region")


def paired(ours: Sequence[Row], plain: Sequence[Row]) -> list[Pair]:
    """The lines of two runs that are of the same page."""
    known = {row["page"]: row for row in plain}
    return [(known[row["page"]], row) for row in ours if row["page"] in known]


def speed(pairs: Sequence[Pair], computed: bool = True) -> list[dict[str, Any]]:
    """A line for all pages, and one for each value of each attribute and each quarter of output lengths.

    Without a model (``computed`` False) there are ratios of passes only.
    """
    measures = [name for name in MEASURES if computed or name == "passes"]
    return [
        {"by": by, "value": value, "pages": len(found)}
        | {name: ratios([(MEASURES[name](a), MEASURES[name](b)) for a, b in found]) for name in measures}
        for (by, value), found in _grouped(pairs).items()
    ]


def _grouped(pairs: Sequence[Pair]) -> dict[tuple[str, str], list[Pair]]:
    groups: defaultdict[tuple[str, str], list[Pair]] = defaultdict(list)
    quarters = quartiles([int(plain["tokens"]) for plain, _ in pairs])
    for pair in pairs:
        groups["all", ""].append(pair)
    for by in GROUPS:
        for pair in sorted(pairs, key=lambda pair: str(pair[0][by])):
            groups[by, str(pair[0][by])].append(pair)
    for low, high in quarters:
        inside = [pair for pair in pairs if low <= pair[0]["tokens"] <= high]
        groups["output tokens", f"{low}-{high}"] = inside
    return dict(groups)


def quartiles(lengths: Sequence[int]) -> list[tuple[int, int]]:
    """The ranges of the quarters of some lengths, both ends inside; equal lengths are in one range."""
    ranges: list[tuple[int, int]] = []
    ordered = sorted(lengths)
    for quarter in range(4):
        part = ordered[len(ordered) * quarter // 4 : len(ordered) * (quarter + 1) // 4]
        part = [length for length in part if not ranges or length > ranges[-1][1]]
        if part:
            ranges.append((part[0], part[-1]))
    return ranges


def ratios(pairs: Sequence[tuple[float, float]]) -> dict[str, float | None]:
    """Of (plain, ours): the mean of ratios, the ratio of sums, and the worst decile.

    The worst decile is the ratio that a tenth of the pages, rounded up, do not exceed. Pages on which a run
    took nothing have no ratio of their own.
    """
    each = sorted(plain / ours for plain, ours in pairs if ours > 0)
    ours = sum(ours for _, ours in pairs)
    return {
        "mean": sum(each) / len(each) if each else None,
        "sums": sum(plain for plain, _ in pairs) / ours if ours > 0 else None,
        "worst_decile": each[math.ceil(WORST * len(each)) - 1] if each else None,
    }


def lossless(pairs: Sequence[Pair]) -> dict[str, Any]:
    """How many pages have the plain run's outputs, and the first place where one has not."""
    differing = [pair for pair in pairs if pair[0]["outputs"] != pair[1]["outputs"]]
    first = first_difference(*differing[0]) if differing else None
    same = len(pairs) - len(differing)
    return {
        "pages": len(pairs),
        "identical": same,
        "share": same / len(pairs) if pairs else None,
        "first_difference": first,
    }


def first_difference(plain: Row, ours: Row) -> dict[str, Any]:
    """The first place where the outputs of a page part; ``output`` is a region's order, or ``page``."""
    keys = [*plain["outputs"], *(key for key in ours["outputs"] if key not in plain["outputs"])]
    key = next(key for key in keys if plain["outputs"].get(key) != ours["outputs"].get(key))
    one, other = plain["outputs"].get(key, ""), ours["outputs"].get(key, "")
    shorter = min(len(one), len(other))
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), shorter)
    window = slice(max(0, at - AROUND), at + AROUND)
    return {"page": ours["page"], "output": key, "at": at, "plain": one[window], "docspec": other[window]}


def acceptance(run: str, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """A run's counts by category and by draft source."""
    lines = []
    for by, field in (("category", "categories"), ("source", "sources")):
        sums: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        for row in rows if run.startswith("docspec") else ():
            for name, counts in row[field].items():
                for count in COUNTS:
                    sums[name][count] += counts[count]
        lines += [{"run": run, "by": by, "value": name, **_lengths(sums[name])} for name in sorted(sums)]
    return lines


def _lengths(counts: Mapping[str, int]) -> dict[str, Any]:
    steps = counts["steps"]
    return {
        **counts,
        "mean_accepted_length": counts["tokens"] / steps if steps else None,
        "mean_window": counts["drafted"] / steps if steps else None,
    }


def run_line(run: str, rows: Sequence[Row]) -> dict[str, Any]:
    """A run's means over pages: seconds by stage, memory, quality; and its counts."""
    stages = rows[0]["seconds"] if rows else {}
    measures = rows[0]["quality"] if rows else {}
    sums = {name: sum(row[name] for row in rows) for name in COUNTS}
    return {
        "run": run,
        "pages": len(rows),
        "seconds": {stage: _mean([row["seconds"][stage] for row in rows]) for stage in stages},
        "total_s": _mean([row["total_s"] for row in rows]),
        "passes": sum(row["passes"] for row in rows),
        **_lengths(sums),
        **{
            name: max((row[name] for row in rows if row[name] is not None), default=None)
            for name in ("peak_memory_mib", "peak_gpu_mib")
        },
        "quality": {
            name: _mean([row["quality"][name] for row in rows if row["quality"][name] is not None])
            for name in measures
        },
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
