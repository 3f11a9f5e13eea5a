"""Pictures of benchmark results: PNG files, and the tables in one HTML file and in markdown.

Of ``docspec bench omnidocbench``: speed-up against output length, time by stage, mean accepted length. Of
``docspec bench speed``: scaling, and time by stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from docspec.bench import speed_summary
from docspec.bench.figures import LIGHT
from docspec.bench.pictures_data import page_pictures, speed_pictures
from docspec.bench.pictures_html import Result, html_page
from docspec.bench.record import read_rows
from docspec.bench.result_tables import tables
from docspec.bench.summary import summarise
from docspec.bench.tables_markdown import markdown_page
from docspec.errors import UsageError

DPI = 160  # of the PNG files


def run(folders: Sequence[Path], output: Path) -> list[Path]:
    """Write the pictures of ``folders``, ``index.html`` and ``tables.md`` to ``output``; returns the files.

    Raises UsageError where a folder holds no results.
    """
    results = [read_result(folder, name) for folder, name in zip(folders, _names(folders), strict=True)]
    output.mkdir(parents=True, exist_ok=True)
    made = []
    for result in results:
        for picture in result.pictures:
            path = output / f"{result.name}-{picture.name}.png"
            picture.figure(LIGHT).savefig(path, dpi=DPI)
            made.append(path)
    for name, write in (("index.html", html_page), ("tables.md", markdown_page)):
        made.append(output / name)
        made[-1].write_text(write(results), encoding="utf-8")
    return made


def read_result(folder: Path, name: str) -> Result:
    """The pictures and tables of one folder. Raises UsageError where it holds no results."""
    rows = read_rows(folder / "runs.jsonl")
    if not rows:
        raise UsageError(f"{folder} holds no results: it has no runs.jsonl with lines")
    setup = rows[0]["setup"]
    if setup["benchmark"] == "speed":
        summary = speed_summary.read_summary(folder)
        return Result(
            name,
            "Generated documents of growing length",
            setup,
            tuple(speed_pictures(summary)),
            tuple(speed_summary.tables(summary)),
        )
    summary = {**summarise(rows), "setup": setup}
    return Result(
        name,
        f"OmniDocBench: {setup['data']}",
        setup,
        tuple(page_pictures(rows, summary)),
        tuple(tables(summary)),
    )


def _names(folders: Sequence[Path]) -> list[str]:
    """A name for each folder, its own where it is the only one of that name."""
    own = [folder.resolve().name for folder in folders]
    return [name if own.count(name) == 1 else f"{name}-{number}" for number, name in enumerate(own, 1)]
