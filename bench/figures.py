"""The benchmarks' pictures: figures in a light or dark theme, wide or narrow. No file is written here.

Colours are told apart by everyone: Okabe and Ito's set for runs, each with a marker of its own; for stages
blues before the verifier and oranges in it, of growing darkness.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from docspec.bench.ways import STAGES

PANEL = 4.3, 3.0  # inches
MARKERS = "os^DvPX*"
LEAST_RANGE = 4.0  # a log axis shows at least this ratio, so that it has numbers on it
TICKS = (  # up to which ratio of its ends a log axis has which numbers
    (10.0, (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)),
    (300.0, (1.0, 2.0, 5.0)),
    (math.inf, (1.0,)),
)


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a figure; ``stages`` by name."""

    name: str
    ink: str
    faint: str
    grid: str
    paper: str
    series: tuple[str, ...]
    stages: Mapping[str, str]

    def mark(self, number: int) -> dict[str, str]:
        """Colour and marker of the ``number``-th run of a plot."""
        return {
            "color": self.series[number % len(self.series)],
            "marker": MARKERS[number % len(MARKERS)],
        }


def _by_stage(*colours: str) -> dict[str, str]:
    return dict(zip(STAGES, colours, strict=True))


LIGHT = Theme(
    "light",
    ink="#1c1c1e",
    faint="#5c5c62",
    grid="#dcdcd8",
    paper="#ffffff",
    series=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#7a6a00", "#444444"),
    stages=_by_stage("#c6dbef", "#7fb3d9", "#3c86bd", "#08468a", "#fdd0a2", "#f5933f", "#b54a04", "#8a8a8a"),
)
DARK = Theme(
    "dark",
    ink="#e8e8e5",
    faint="#a5a5ab",
    grid="#3a3b3f",
    paper="#1f2023",
    series=("#56b4e9", "#f0883e", "#3fd0a0", "#e6a1c9", "#9bd0f5", "#e6d34a", "#c8c8c8"),
    stages=_by_stage("#deebf7", "#9ecae1", "#5a9fd4", "#2f6fb0", "#fee6ce", "#fdae6b", "#e0701a", "#8a8a8a"),
)


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot of a picture: ``draw`` fills its axes."""

    title: str
    draw: Callable[[Any, Theme], None]
    height: float = PANEL[1]  # inches


@dataclass(frozen=True, slots=True)
class Picture:
    """Panels under one title. ``mark`` says what was replayed; ``note`` on what it was measured.

    ``alt`` is what the picture shows, for those who cannot see it; ``columns`` of panels are side by side
    where there is room.
    """

    name: str
    title: str
    alt: str
    note: str
    panels: tuple[Panel, ...]
    columns: int
    mark: str = ""

    def figure(self, theme: Theme, *, narrow: bool = False) -> Any:
        """The matplotlib figure; narrow, as a phone shows it, panels are below each other."""
        columns = 1 if narrow else min(self.columns, len(self.panels))
        rows = [self.panels[at : at + columns] for at in range(0, len(self.panels), columns)]
        heights = [max(panel.height for panel in row) for row in rows]
        width = PANEL[0] * (columns if columns > 1 or narrow else 1.7)
        with matplotlib.rc_context(_settings(theme)):
            figure = Figure(figsize=(width, sum(heights) + 1.1), layout="constrained")
            title = [line for part in (self.mark, self.title) for line in textwrap.wrap(part, int(9 * width))]
            figure.suptitle("\n".join(title), x=0.01, ha="left", fontsize=11, fontweight="bold")
            note = "\n".join(textwrap.wrap(self.note, int(16 * width)))
            figure.supxlabel(note, x=0.01, ha="left", fontsize=7.5, color=theme.faint)
            grid = figure.subplots(len(rows), columns, squeeze=False, height_ratios=heights)
            for axes, panel in zip(grid.flat, self.panels, strict=False):
                axes.set_axisbelow(True)
                panel.draw(axes, theme)
                _head(axes, panel.title, narrow)
            for axes in list(grid.flat)[len(self.panels) :]:
                axes.remove()
        return figure


def _settings(theme: Theme) -> dict[str, Any]:
    inks = ("text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor")
    papers = ("figure.facecolor", "axes.facecolor", "savefig.facecolor")
    return {
        **dict.fromkeys(inks, theme.ink),
        **dict.fromkeys(papers, theme.paper),
        **dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), theme.faint),
        **dict.fromkeys(("axes.spines.top", "axes.spines.right"), False),
        **dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize"), 8),
        "axes.labelsize": 8.5,
        "grid.color": theme.grid,
        "grid.linewidth": 0.6,
        "font.family": "DejaVu Sans",
    }


def _head(axes: Any, title: str, narrow: bool) -> None:
    """The panel's title and its legend above it, where they hide nothing."""
    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        axes.set_title(title, loc="left", fontsize=9, fontweight="bold")
        return
    most = 3 if narrow else 4
    axes.legend(
        handles,
        labels,
        title=title,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        borderaxespad=0.2,
        ncols=2 if max(map(len, labels)) > 12 else most,
        alignment="left",
        frameon=False,
        handlelength=1.4,
        columnspacing=1.2,
        title_fontproperties={"size": 9, "weight": "bold"},
    )


def log_axis(axis: Any, values: Sequence[float], label: str, times: bool = False) -> None:
    """A log scale over ``values`` with plain numbers on it; ``times`` are ratios."""
    low, high = min(values) / 1.3, max(values) * 1.3
    spread = max(1.0, LEAST_RANGE / (high / low)) ** 0.5
    bounds = (low / spread, high * spread)
    name = axis.axis_name
    axes = axis.axes
    getattr(axes, f"set_{name}scale")("log")
    getattr(axes, f"set_{name}lim")(*bounds)
    ratio = bounds[1] / bounds[0]
    subs = next(subs for most, subs in TICKS if ratio <= most)
    axis.set_major_locator(LogLocator(10, subs=subs))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}{'×' if times else ''}"))
    axis.set_minor_locator(NullLocator())
    axis.set_label_text(label)
    axis.grid(True)


def scatter(
    points: Mapping[str, Sequence[tuple[float, float]]],
    over_all: Mapping[str, float | None],
    around: Sequence[tuple[float, float]],
    label: str,
) -> Callable[[Any, Theme], None]:
    """Ratios against output tokens, a mark for each page, and a line at each series' ratio of sums.

    ``around`` are the points that the axes have room for, those of other panels as well.
    """

    def draw(axes: Any, theme: Theme) -> None:
        for number, (name, series) in enumerate(points.items()):
            mark, sums = theme.mark(number), over_all.get(name)
            shown = name if sums is None else f"{name}: {sums:.2g}×"
            alpha = 0.85 if len(series) < 100 else 0.45
            axes.scatter(*zip(*series, strict=True), s=26, alpha=alpha, linewidths=0, label=shown, **mark)
            if sums is not None:
                axes.axhline(sums, color=mark["color"], linewidth=1, linestyle=(0, (4, 3)))
        axes.axhline(1, color=theme.ink, linewidth=0.9)
        log_axis(axes.xaxis, [x for x, _ in around], "tokens of the plain run's output (log)")
        log_axis(axes.yaxis, [*(y for _, y in around), 1.0], label, times=True)

    return draw


def stage_bars(
    bars: Sequence[tuple[str, Mapping[str, float], float]], unit: str
) -> Callable[[Any, Theme], None]:
    """Of (label, seconds by stage, wall seconds): a bar of its stages, and a mark at its wall time."""

    def draw(axes: Any, theme: Theme) -> None:
        labels = [label for label, _, _ in bars]
        left = [0.0] * len(bars)
        for stage in STAGES:
            widths = [seconds.get(stage, 0.0) for _, seconds, _ in bars]
            edge = {"edgecolor": theme.paper, "linewidth": 0.4}
            axes.barh(labels, widths, left=left, height=0.62, color=theme.stages[stage], label=stage, **edge)
            left = [start + width for start, width in zip(left, widths, strict=True)]
        walls = [wall for _, _, wall in bars]
        marks = {"marker": "|", "s": 260, "color": theme.ink, "linewidths": 1.8, "zorder": 3}
        axes.scatter(walls, labels, **marks)
        for label, end, wall in zip(labels, left, walls, strict=True):
            at = {"xytext": (5, 0), "textcoords": "offset points", "va": "center", "fontsize": 7.5}
            axes.annotate(f"{wall:.3g} s", (max(end, wall), label), **at)
        axes.set_xlim(0, 1.17 * max(*left, *walls))
        axes.invert_yaxis()
        axes.set_xlabel(unit)
        axes.grid(True, axis="x")

    return draw


def dots(rows: Sequence[str], series: Mapping[str, Mapping[str, float]]) -> Callable[[Any, Theme], None]:
    """Mean accepted lengths: a line for each of ``rows``, a mark for each run."""

    def draw(axes: Any, theme: Theme) -> None:
        for number, (name, values) in enumerate(series.items()):
            inside = [row for row in rows if row in values]
            if not inside:
                continue
            lengths = [values[row] for row in inside]
            places = [rows.index(row) for row in inside]
            axes.scatter(lengths, places, s=34, label=name, zorder=3, **theme.mark(number))
            for at in zip(lengths, places, strict=True):
                axes.annotate(f"{at[0]:.1f}", at, (6, 2), textcoords="offset points", fontsize=7.5)
        axes.set_yticks(range(len(rows)), rows)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        every = [value for values in series.values() for value in values.values()]
        log_axis(axes.xaxis, [1.0, 1.2 * max(every)], "tokens a step and sequence (log)")
        axes.yaxis.grid(True, linestyle=":")

    return draw


def lines(
    series: Mapping[str, Sequence[tuple[float, float]]], label: str, times: bool = False
) -> Callable[[Any, Theme], None]:
    """Values against output tokens, a line for each run; ``times`` are ratios, with a line at 1."""

    def draw(axes: Any, theme: Theme) -> None:
        for number, (name, points) in enumerate(series.items()):
            axes.plot(
                *zip(*points, strict=True), label=name, markersize=5, linewidth=1.6, **theme.mark(number)
            )
        if times:
            axes.axhline(1, color=theme.ink, linewidth=0.9)
        points = [point for one in series.values() for point in one]
        log_axis(axes.xaxis, [x for x, _ in points], "tokens of the document (log)")
        values = [y for _, y in points] + ([1.0] if times else [])
        log_axis(axes.yaxis, values, label, times=times)

    return draw
