"""Which pictures a benchmark's results give, and what is in them. What was replayed is marked so in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from docspec.bench import speed_summary
from docspec.bench.figures import Panel, Picture, dots, lines, scatter, stage_bars
from docspec.bench.result_tables import MEASURES as MEASURE_NAMES
from docspec.bench.result_tables import describe
from docspec.bench.summary import MEASURES, SATURATED, Pair, comparable, paired

BAR = 0.36  # inches for one bar or row
RATIOS = {
    "end_to_end": "speed-up on the page (log)",
    "decode": "speed-up on the page (log)",
    "passes": "times fewer passes (log)",
}
SOURCE_NAMES = {"none": "no draft"}
KIND_NAMES = {"pdf": "PDF with text layer", "scan": "page images"}
Row = Mapping[str, Any]
Bar = tuple[str, Mapping[str, float], float]  # label, seconds by stage, wall seconds


def page_pictures(rows: Sequence[Row], summary: Mapping[str, Any]) -> Iterator[Picture]:
    """Of OmniDocBench: those for which there is something to show."""
    for picture in (_speed_up(rows, summary), _stages(summary), _acceptance(summary)):
        if picture and picture.panels:
            yield picture


def _speed_up(rows: Sequence[Row], summary: Mapping[str, Any]) -> Picture:
    computed = summary["setup"]["computed"]
    measures = [(key, words) for key, words in MEASURE_NAMES if (key == "passes") is not computed]
    against = _pairs([row for row in rows if "error" not in row and row.get("concurrency") != SATURATED])
    sums = {
        (line["run"], line["baseline"], key): line[key]["sums"]
        for line in summary["speed"]
        if line["by"] == "all"
        for key, _ in measures
    }
    panels = []
    for key, words in measures:
        points = {
            run: {other: series for other, pairs in others.items() if (series := _points(pairs, key))}
            for run, others in against.items()
        }
        around = [point for others in points.values() for series in others.values() for point in series]
        for run, others in points.items():
            over_all = {other: sums[run, other, key] for other in others}
            if others:
                drawn = scatter(others, over_all, around, RATIOS[key])
                panels.append(Panel(f"{run}, {words}, against", drawn))
    spoken = "; ".join(
        f"{run} against {other}, {dict(measures)[key]}: {value:.2f} times"
        for (run, other, key), value in sums.items()
        if value
    )
    return _picture(
        summary["setup"],
        "speed-up",
        f"{'Speed-up' if computed else 'Fewer passes'} against output length, page by page",
        f"Ratios on each page against the tokens of its output. Ratios of sums: {spoken}.",
        "Dashed, and in the legend: ratio of sums over all pages",
        panels,
        len(against) if len(against) > 1 else 2,
    )


def _pairs(rows: Sequence[Row]) -> dict[str, dict[str, list[Pair]]]:
    """By docspec's run and the plain one: the lines of both that are of the same page."""
    by_run: dict[str, list[Row]] = {}
    for row in rows:
        by_run.setdefault(str(row["run"]), []).append(row)
    found = {
        run: {other: paired(ours, by_run[other]) for other in by_run if comparable(run, other)}
        for run, ours in by_run.items()
    }
    return {run: others for run, others in found.items() if any(others.values())}


def _points(pairs: Sequence[Pair], measure: str) -> list[tuple[float, float]]:
    """Tokens and ratio of each page that has both: on some a run has nothing to do."""
    of = MEASURES[measure]
    have = [(plain, ours) for plain, ours in pairs if of(ours) and of(plain) and plain["tokens"]]
    return [(plain["tokens"], of(plain) / of(ours)) for plain, ours in have]


def _stages(summary: Mapping[str, Any]) -> Picture | None:
    if not summary["setup"]["computed"]:
        return None  # times of passes that were not made
    panels = []
    alone = [(line["run"], line["seconds"], line["total_s"]) for line in summary["runs"] if line["pages"]]
    if alone:
        panels.append(_stage_panel("each page alone", alone, "seconds a page (mean)"))
    together = [(line["run"], line["seconds"], line["total_s"]) for line in summary["saturated"]["runs"]]
    if together:
        pages = summary["saturated"]["runs"][0]["pages"]
        panels.append(_stage_panel(f"saturated: {pages} pages at once", together, "seconds for all pages"))
    return _stage_picture(summary["setup"], [*alone, *together], panels)


def _stage_panel(title: str, bars: Sequence[Bar], unit: str) -> Panel:
    return Panel(title, stage_bars(bars, unit), 1.1 + BAR * len(bars))


def _stage_picture(setup: Mapping[str, Any], bars: Sequence[Bar], panels: Sequence[Panel]) -> Picture:
    spoken = "; ".join(
        f"{' '.join(label.split())} {wall:.3g} s, most of it {max(seconds, key=lambda stage: seconds[stage])}"
        for label, seconds, wall in bars
    )
    return _picture(
        setup,
        "stages",
        "Time by stage",
        f"Seconds by stage of each run: {spoken}.",
        "Mark and figure: wall time. Stages that run side by side add up to more",
        panels,
        1,
    )


def _acceptance(summary: Mapping[str, Any]) -> Picture:
    panels, spoken = [], []
    for by, words in (("category", "by category"), ("source", "by source of the draft")):
        found = [line for line in summary["acceptance"] if line["by"] == by and line["tokens"]]
        if not found:
            continue
        tokens: dict[str, int] = {}
        series: dict[str, dict[str, float]] = {}
        for line in found:
            tokens[line["value"]] = max(tokens.get(line["value"], 0), line["tokens"])
        names = {
            value: f"{SOURCE_NAMES.get(value, value)} ({count:,})"
            for value, count in sorted(tokens.items(), key=lambda one: -one[1])
        }
        for line in found:
            series.setdefault(line["run"], {})[names[line["value"]]] = line["mean_accepted_length"]
            spoken.append(f"{line['run']}, {line['value']}: {line['mean_accepted_length']:.1f}")
        panels.append(Panel(words, dots(list(names.values()), series), 1.2 + BAR * len(names)))
    return _picture(
        summary["setup"],
        "acceptance",
        "Mean accepted length",
        f"Tokens a verify step and sequence: {'; '.join(spoken)}.",
        "In brackets: tokens decoded",
        panels,
        1,
    )


def speed_pictures(summary: Mapping[str, Any]) -> Iterator[Picture]:
    """Of ``docspec bench speed``: seconds and speed-up by length; stages of the longest read in all ways."""
    by_kind: dict[str, list[Any]] = {}
    for line in summary["lengths"]:
        by_kind.setdefault(line["kind"], []).append(line)
    panels = [_seconds_panel(kind, found) for kind, found in by_kind.items()]
    ratios = [
        _ratio_panel(kind, found) for kind, found in by_kind.items() if any(x["speed_up"] for x in found)
    ]
    longest = summary["lengths"][-1]
    yield _picture(
        summary["setup"],
        "scaling",
        "Scaling: documents of growing length",
        f"Seconds and speed-up by length, up to {longest['tokens']} tokens, which docspec read in "
        f"{longest['runs']['docspec']['total_s']:.3g} s.",
        "End to end, drafting included. docspec: exact acceptance; fused: the verifier's default; "
        f"ar: no drafts, measured up to {summary['plain_regions']} regions",
        [*panels, *ratios],
        len(by_kind),
    )
    bars = []
    for kind, found in by_kind.items():
        line = next((one for one in reversed(found) if "ar" in one["runs"]), found[-1])
        bars += [
            (f"{kind}, {line['regions']} regions:\n{run}", values["seconds"], values["total_s"])
            for run, values in line["runs"].items()
        ]
    yield _stage_picture(summary["setup"], bars, [_stage_panel("one document", bars, "seconds")])


def _seconds_panel(kind: str, found: Sequence[Row]) -> Panel:
    series = {
        run: [(line["tokens"], line["runs"][run]["total_s"]) for line in found if run in line["runs"]]
        for run in speed_summary.RUNS
    }
    shown = {run: points for run, points in series.items() if points}
    return Panel(KIND_NAMES[kind], lines(shown, "seconds (log)"))


def _ratio_panel(kind: str, found: Sequence[Row]) -> Panel:
    series = {
        run: [
            (line["tokens"], ratio)
            for line in found
            if (ratio := line["speed_up"].get(run, {}).get("total_s"))
        ]
        for run in speed_summary.DRAFTED
    }
    shown = {run: points for run, points in series.items() if points}
    return Panel(f"{KIND_NAMES[kind]}, against ar", lines(shown, "speed-up end to end (log)", times=True))


def _picture(
    setup: Mapping[str, Any],
    name: str,
    title: str,
    alt: str,
    note: str,
    panels: Sequence[Panel],
    columns: int,
) -> Picture:
    mark = f"REPLAYED ({setup['replayed']})" if setup["replayed"] else ""
    said = f"{mark}. {alt}" if mark else alt
    return Picture(name, title, said, f"{note}. {describe(setup)}", tuple(panels), columns, mark)
