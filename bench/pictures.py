"""Pictures of benchmark results: PNG files, and with the tables one page of markdown and of HTML."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from pathlib import Path

from docspec.bench import speed_summary
from docspec.bench.figures import page_pictures, speed_pictures
from docspec.bench.record import read_rows
from docspec.bench.result_tables import tables
from docspec.bench.summary import summarise
from docspec.bench.tables_markdown import Result, markdown_page
from docspec.errors import UsageError
from docspec.result_html import html_page, markdown_to_html

TITLE = "docspec benchmarks"


def run(folders: Sequence[Path], output: Path) -> list[Path]:
    """Write the pictures of ``folders``, ``index.html`` and ``tables.md`` to ``output``; returns the files.

    Raises UsageError where a folder holds no results.
    """
    results = [read_result(folder, name) for folder, name in zip(folders, _names(folders), strict=True)]
    output.mkdir(parents=True, exist_ok=True)
    text = markdown_page(results)
    html = markdown_to_html(text)
    made = []
    for result in results:
        for picture in result.pictures:
            png, name = picture.png(), result.file(picture)
            made.append(output / name)
            made[-1].write_bytes(png)
            html = html.replace(
                f'src="{name}"', f'src="data:image/png;base64,{base64.b64encode(png).decode()}"'
            )
    for name, content in (("index.html", html_page(TITLE, f"<main>\n{html}</main>\n")), ("tables.md", text)):
        made.append(output / name)
        made[-1].write_text(content, encoding="utf-8")
    return made


def read_result(folder: Path, name: str) -> Result:
    """The pictures and tables of one folder. Raises UsageError where it holds no results."""
    rows = read_rows(folder / "runs.jsonl")
    if not rows:
        raise UsageError(f"{folder} holds no results: it has no runs.jsonl with lines")
    setup = rows[0]["setup"]
    if setup["benchmark"] == "speed":
        summary = speed_summary.read_summary(folder)
        title, pictures = "Generated documents of growing length", speed_pictures(summary)
        return Result(name, title, setup, tuple(pictures), tuple(speed_summary.tables(summary)))
    summary = {**summarise(rows), "setup": setup}
    title, pictures = f"OmniDocBench: {setup['data']}", page_pictures(summary)
    return Result(name, title, setup, tuple(pictures), tuple(tables(summary)))


def _names(folders: Sequence[Path]) -> list[str]:
    """A name for each folder, for files and links: its own where it is the only one of that name."""
    own = [re.sub(r"[^\w.-]+", "-", folder.resolve().name, flags=re.ASCII) for folder in folders]
    return [name if own.count(name) == 1 else f"{name}-{number}" for number, name in enumerate(own, 1)]
