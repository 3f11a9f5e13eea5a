"""The pictures and tables of benchmark results as one HTML page that loads nothing.

Every picture is in it four times, for light and dark and for wide and narrow screens; the browser takes one.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from string import Template
from typing import Any

from PIL import Image
from rich.table import Table
from rich.text import Text

from docspec.bench.figures import DARK, LIGHT, Picture, Theme
from docspec.bench.result_tables import describe

DPI = 144
COLOURS = 128  # of a picture: enough, and a third of the bytes
NARROW = "(max-width: 44rem)"
NIGHT = "(prefers-color-scheme: dark)"

STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1e; --paper: #f4f4f1; --card: #fff; --faint: #5c5c62;
  --line: #d5d5d0; --warn: #8a3b00; --warned: #fff1e0; --accent: #1d4ed8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e5; --paper: #151618; --card: #1f2023; --faint: #a5a5ab; --line: #3a3b3f;
    --warn: #ffc07a; --warned: #3a2a17; --accent: #8ab0ff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 84rem; background: var(--paper); color: var(--ink);
  font: .9375rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; margin: .25rem 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .25rem; }
h3 { font-size: .9375rem; margin: 0 0 .5rem; }
p { margin: .35rem 0; }
a { color: var(--accent); }
.faint, caption { color: var(--faint); font-size: .8125rem; }
.mark { display: inline-block; color: var(--warn); background: var(--warned); font-weight: 600;
  padding: .3rem .7rem; border-radius: .4rem; }
figure, .card { margin: .75rem 0; padding: .75rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; }
figure img { display: block; max-width: 100%; height: auto; }
.scroll { overflow-x: auto; }
.scroll:focus-visible, summary:focus-visible, a:focus-visible { outline: 3px solid var(--accent); }
table { border-collapse: collapse; font-size: .8125rem; font-variant-numeric: tabular-nums;
  overflow-wrap: normal; }
caption { text-align: left; caption-side: bottom; padding-top: .35rem; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: bottom; white-space: pre-line; }
td { vertical-align: top; }
.right { text-align: right; }
summary { cursor: pointer; padding: .3rem 0; font-weight: 600; }
"""

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>docspec benchmarks</title>
<style>$style</style>
</head>
<body>
<main>
<h1>docspec benchmarks</h1>
$contents
$sections</main>
</body>
</html>
""")


@dataclass(frozen=True, slots=True)
class Result:
    """One folder's pictures and tables, with the setup that made them."""

    name: str
    title: str
    setup: Mapping[str, Any]
    pictures: tuple[Picture, ...]
    tables: tuple[Table, ...]

    @property
    def replayed(self) -> str:
        """What the verifier's choices were taken from, empty where they were its own."""
        return str(self.setup["replayed"] or "")


def html_page(results: Sequence[Result]) -> str:
    """The page for ``results``, a section for each."""
    entries = "".join(
        f'<li><a href="#{_anchor(result)}">{escape(heading(result))}</a></li>' for result in results
    )
    contents = f"<nav><ul>{entries}</ul></nav>" if len(results) > 1 else ""
    return PAGE.substitute(
        policy=POLICY, style=STYLE, contents=contents, sections="".join(map(_section, results))
    )


def _anchor(result: Result) -> str:
    return escape("".join(letter if letter.isalnum() else "-" for letter in result.name))


def heading(result: Result) -> str:
    """What was measured."""
    replayed = f", replayed ({result.replayed})" if result.replayed else ""
    return f"{result.title}, {result.setup['verifier']}{replayed}"


def _section(result: Result) -> str:
    anchor = _anchor(result)
    notes = []
    if result.replayed:
        recorded = f"REPLAYED: the verifier’s choices are recorded ({escape(result.replayed)})"
        notes.append(f'<p class="mark">{recorded}</p>')
    if not result.setup["computed"]:
        notes.append("<p>No model ran: passes are counted, times are not shown in pictures.</p>")
    notes.append(f'<p class="faint">{escape(machine(result))}</p>')
    return "\n".join(
        (
            f'<section aria-labelledby="{anchor}">',
            f'<h2 id="{anchor}">{escape(heading(result))}</h2>',
            *notes,
            *map(_figure, result.pictures),
            *(_table(table, result) for table in result.tables),
            "</section>\n",
        )
    )


def machine(result: Result) -> str:
    """On what it was measured, and with which versions."""
    setup = result.setup
    processor = setup["gpu"] or f"{setup['cpu']}, {setup['cores']} cores, {setup['threads']} threads"
    batch = f"at most {setup['max_batch']} regions at once"
    versions = (f"{name} {number}" for name, number in setup["versions"].items())
    return f"{result.name}: {processor}, {setup['dtype']}, {batch}; {', '.join(versions)}"


def _figure(picture: Picture) -> str:
    sources = "".join(
        f'<source media="{media}" {_data(picture, theme, narrow, "srcset")}>\n'
        for media, theme, narrow in (
            (f"{NARROW} and {NIGHT}", DARK, True),
            (NARROW, LIGHT, True),
            (NIGHT, DARK, False),
        )
    )
    words = escape(f"{picture.title}. {picture.alt}")
    shown = _data(picture, LIGHT, False, "src")
    return f'<figure><picture>\n{sources}<img {shown} alt="{words}"></picture></figure>\n'


def _data(picture: Picture, theme: Theme, narrow: bool, name: str) -> str:
    """Attributes: the data URL as ``name``, and the size in CSS pixels at which a point is a point."""
    figure: Any = picture.figure(theme, narrow=narrow)
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    Image.open(drawn).convert("RGB").quantize(COLOURS).save(small, "PNG", optimize=True)
    width, height = figure.get_size_inches()
    url = f"data:image/png;base64,{base64.b64encode(small.getvalue()).decode()}"
    return f'{name}="{url}" width="{round(96 * width)}" height="{round(96 * height)}"'


def table_title(table: Table, result: Result) -> str:
    """A table's title, without the machine: it is named once."""
    mark = f"REPLAYED ({result.replayed})" if result.replayed else ""
    title = Text.from_markup(str(table.title or "")).plain
    return title.replace(describe(result.setup), mark).rstrip(" ,:")


def _table(table: Table, result: Result) -> str:
    """A terminal's table as HTML, folded."""
    heads, columns = [], []
    for column in table.columns:
        side = ' class="right"' if column.justify == "right" else ""
        heads.append(f'<th scope="col"{side}>{_plain(column.header)}</th>')
        columns.append([f"<td{side}>{_plain(cell)}</td>" for cell in column.cells])
    rows = "".join(f"<tr>{''.join(cells)}</tr>\n" for cells in zip(*columns, strict=True))
    title = escape(table_title(table, result))
    caption = _plain(table.caption or "")
    return (
        f'<details class="card"><summary>{title}</summary>\n<div class="scroll" tabindex="0" role="region" '
        f'aria-label="{title}"><table><caption>{caption}</caption>\n<thead><tr>{"".join(heads)}</tr></thead>\n'
        f"<tbody>\n{rows}</tbody></table></div></details>\n"
    )


def _plain(cell: Any) -> str:
    return escape(Text.from_markup(str(cell)).plain)
