"""The benchmarks' pictures: one of speed and one of quality. No file is written here.

Colours are told apart by everyone: Okabe and Ito's set for runs; for stages blues before the verifier and
oranges in it, of growing darkness.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from docspec.bench import speed_summary
from docspec.bench.result_tables import MEASURES, QUALITY, describe
from docspec.bench.ways import STAGES

DPI = 160
WIDTH, BAR = 7.2, 0.34  # inches: of a picture, and of a bar's place in it
WRAP = 130  # characters of a note's line
RUNS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#7a6a00", "#444444")
BY_STAGE = ("#c6dbef", "#7fb3d9", "#3c86bd", "#08468a", "#fdd0a2", "#f5933f", "#b54a04", "#8a8a8a")
KINDS = {"pdf": "PDF with text layer", "scan": "page images"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A matplotlib figure; ``alt`` is what it shows, for those who cannot see it."""

    name: str
    alt: str
    figure: Any

    def png(self) -> bytes:
        """The picture's file."""
        drawn = io.BytesIO()
        self.figure.savefig(drawn, format="png", dpi=DPI)
        return drawn.getvalue()


def page_pictures(summary: Mapping[str, Any]) -> list[Picture]:
    """Of OmniDocBench: speed and quality of its runs; none where no page was read."""
    runs = [line for line in summary["runs"] if line["pages"]]
    together = [line for line in summary["saturated"]["runs"] if line["pages"]]
    made = [_speed(summary, runs, together)] if runs or together else []
    return [*made, _quality(summary, runs)] if runs else made


def _speed(summary: Mapping[str, Any], runs: Sequence[Any], together: Sequence[Any]) -> Picture:
    """A bar for each run: seconds a page by stage or, where no model ran, passes a page."""
    computed = summary["setup"]["computed"]
    bars = [(line["run"], line, 1) for line in runs]
    bars += [(f"{line['run']}, saturated", line, line["pages"]) for line in together]
    wide = [
        line["total_s"] / pages if computed else line["passes"] / line["pages"] for _, line, pages in bars
    ]
    unit = "s" if computed else "passes"
    figure, axes = _new(summary["setup"], f"{'Seconds' if computed else 'Passes'} a page", len(bars))
    names = [name for name, _, _ in bars]
    if computed:
        left = [0.0] * len(bars)
        for stage, colour in zip(STAGES, BY_STAGE, strict=True):
            parts = [line["seconds"].get(stage, 0.0) / pages for _, line, pages in bars]
            axes.barh(names, parts, left=left, height=0.62, color=colour, label=stage)
            left = [start + part for start, part in zip(left, parts, strict=True)]
        axes.scatter(wide, names, marker="|", s=200, color="black", zorder=3)
        axes.legend(ncols=len(STAGES), loc="lower left", bbox_to_anchor=(0, 1), frameon=False, fontsize=7)
    else:
        left = wide
        axes.barh(names, wide, height=0.62, color=RUNS[0])
    shown = [f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}" for value in wide]
    for name, end, value, words in zip(names, left, wide, shown, strict=True):
        place = (max(end, value), name)
        axes.annotate(words, place, (5, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_xlim(0, 1.17 * max(*left, *wide, 1e-9))
    axes.invert_yaxis()
    spoken = "; ".join(f"{name} {words}" for name, words in zip(names, shown, strict=True))
    note = _ratios(summary)
    note += "Mark: wall time; stages that run side by side add up to more. " if computed else ""
    return _told(figure, "speed", summary["setup"], f"A page takes: {spoken}.", note)


def _ratios(summary: Mapping[str, Any]) -> str:
    """Of all time or, where no model ran, of passes."""
    measure, words = MEASURES[0] if summary["setup"]["computed"] else MEASURES[-1]
    sums = [(line["run"], line, line[measure]["sums"]) for line in summary["speed"] if line["by"] == "all"]
    sums += [(f"saturated {line['run']}", line, line[measure]) for line in summary["saturated"]["speed"]]
    told = [f"{run} against {line['baseline']}: {value:.2f}" for run, line, value in sums if value]
    return f"Speed-up, {words}, sums over pages: {'; '.join(told)}. " if told else ""


def _quality(summary: Mapping[str, Any], runs: Sequence[Any]) -> Picture:
    """A group of bars for each measure, a bar for each run."""
    known = [name for name in QUALITY if any(line["quality"].get(name) is not None for line in runs)]
    figure, axes = _new(summary["setup"], "Quality: means over pages", 0.7 * len(known) * len(runs))
    spoken = []
    for number, line in enumerate(runs):
        found = {
            row: value for row, name in enumerate(known) if (value := line["quality"].get(name)) is not None
        }
        places = [row + 0.8 * (number + 0.5) / len(runs) - 0.4 for row in found]
        colour = RUNS[number % len(RUNS)]
        bars = axes.barh(places, list(found.values()), 0.8 / len(runs), color=colour, label=line["run"])
        axes.bar_label(bars, fmt="%.3f", padding=2, fontsize=7)
        shown = ", ".join(f"{QUALITY[known[row]]} {value:.3f}" for row, value in found.items())
        spoken.append(f"{line['run']}: {shown}")
    axes.set_yticks(range(len(known)), [QUALITY[name] for name in known])
    axes.set_xlim(0, 1.08)
    axes.invert_yaxis()
    axes.legend(ncols=4, loc="lower left", bbox_to_anchor=(0, 1), frameon=False, fontsize=7)
    note = "TEDS: 1 is best; edit distances and share of invented text: 0. "
    return _told(figure, "quality", summary["setup"], f"Quality of {'; '.join(spoken)}.", note)


def speed_pictures(summary: Mapping[str, Any]) -> list[Picture]:
    """Of ``docspec bench speed``: seconds by length, of both kinds of documents."""
    kinds = list(dict.fromkeys(line["kind"] for line in summary["lengths"]))
    figure, _ = _new(summary["setup"], "Seconds by length, drafting included", 8, len(kinds))
    for axes, kind in zip(figure.axes, kinds, strict=True):
        lines = [line for line in summary["lengths"] if line["kind"] == kind]
        for run, colour in zip(speed_summary.RUNS, RUNS, strict=False):
            points = [(line["tokens"], line["runs"][run]["total_s"]) for line in lines if run in line["runs"]]
            if points:
                axes.plot(*zip(*points, strict=True), marker="o", markersize=4, color=colour, label=run)
        axes.set_title(KINDS[kind], loc="left", fontsize=8)
        axes.set_xlabel("tokens of the document", fontsize=8)
        axes.legend(frameon=False, fontsize=7)
    last = summary["lengths"][-1]
    alt = f"Seconds by length, up to {last['runs']['docspec']['total_s']:.3g} s for {last['tokens']} tokens."
    note = f"ar: no drafts, measured up to {summary['plain_regions']} regions. "
    return [_told(figure, "speed", summary["setup"], alt, note)]


def _new(setup: Mapping[str, Any], title: str, bars: float, columns: int = 1) -> tuple[Any, Any]:
    """A figure and its first axes, with room for so many bars; replays are marked."""
    figure = Figure(figsize=(WIDTH, 1.6 + BAR * max(3, bars)), layout="constrained")
    mark = f"REPLAYED ({setup['replayed']}): " if setup["replayed"] else ""
    figure.suptitle(mark + title, x=0.01, ha="left", fontsize=10, fontweight="bold")
    for axes in figure.subplots(1, columns, squeeze=False).flat:
        axes.tick_params(labelsize=8)
        axes.grid(True, color="#dcdcd8", linewidth=0.6)
        axes.set_axisbelow(True)
    return figure, figure.axes[0]


def _told(figure: Any, name: str, setup: Mapping[str, Any], alt: str, note: str) -> Picture:
    """The picture with what was measured, on what, below it."""
    text = textwrap.fill(f"{note}{describe(setup)}", WRAP, break_on_hyphens=False)
    figure.supxlabel(text, x=0.01, ha="left", fontsize=7, color="#5c5c62")
    return Picture(name, f"REPLAYED. {alt}" if setup["replayed"] else alt, figure)
