"""Pictures of benchmark results: what is shown, the marks of replays, and the page in a browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chromium_pipe import BROWSER, chromium
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure

from docspec.bench.figures import DARK, LIGHT, Picture, log_axis
from docspec.bench.pictures import read_result, run
from docspec.bench.pictures_html import html_page
from docspec.bench.tables_markdown import markdown_page
from docspec.bench.ways import STAGES
from docspec.cli import app
from docspec.errors import UsageError

MODES = ("region", "page")
COUNTS = {"tokens": 100, "accepted": 90, "drafted": 95, "steps": 10}
HOSTILE = "<script>alert(1)</script> & [red]so"


def _setup(**more: Any) -> dict[str, Any]:
    return {
        "benchmark": "omnidocbench",
        "data": "demo",
        "verifier": "a model",
        "replayed": None,
        "computed": True,
        "dtype": "float32",
        "device": "cpu",
        "gpu": None,
        "cpu": "a processor",
        "cores": 2,
        "threads": 2,
        "max_batch": 16,
        "versions": {"python": "3.11"},
        **more,
    }


def _row(run: str, page: int, seconds: float, **setup: Any) -> dict[str, Any]:
    return {
        "page": f"page-{page}",
        "run": run,
        "concurrency": 1,
        "language": HOSTILE,
        "layout": "single_column",
        "data_source": "book",
        "seconds": dict.fromkeys(STAGES, seconds / 8),
        "total_s": seconds,
        "verifier_s": seconds / 2,
        "passes": int(10 * seconds) + 1,
        **COUNTS,
        "tokens": 100 * (page + 1),
        "categories": {"text": COUNTS, "formula": {**COUNTS, "steps": 100}},
        "sources": {"rapidocr": COUNTS, "none": {**COUNTS, "steps": 100}},
        "outputs": {"0": "text"},
        "peak_memory_mib": 100,
        "peak_gpu_mib": None,
        "quality": {"text": 0.5, "teds": None},
        "setup": _setup(**setup),
    }


def _pages(folder: Path, **setup: Any) -> Path:
    rows = [
        _row(f"{way}-{mode}", page, seconds * (page + 1), **setup)
        for page in range(3)
        for mode in MODES
        for way, seconds in (("docspec", 1.0), ("ar", 4.0), ("generate", 6.0))
    ]
    rows.append({**rows[0], "page": "page-9", "run": "ar-region", "error": "InputError: no"})
    return _write(folder, rows)


def _write(folder: Path, rows: list[dict[str, Any]]) -> Path:
    folder.mkdir(parents=True)
    (folder / "runs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


def _speed(folder: Path) -> Path:
    def read(seconds: float) -> dict[str, Any]:
        return {
            "total_s": seconds,
            "verifier_s": seconds / 2,
            "seconds": dict.fromkeys(STAGES, seconds / 8),
            "passes": 3,
            "mean_accepted_length": 9.0,
            "peak_memory_mib": 9,
        }

    ways = {"docspec": 1.0, "fused": 0.9, "ar": 3.0}
    setup = _setup(benchmark="speed", verifier="mini")
    lengths = [
        {
            "kind": kind,
            "regions": regions,
            "pages": 1,
            "found": regions,
            "tokens": 160 * regions,
            "runs": {way: read(s * regions) for way, s in ways.items() if way != "ar" or regions < 64},
            "speed_up": {"docspec": {"total_s": 3.0, "verifier_s": 3.5}} if regions < 64 else {},
            "identical": True,
        }
        for kind in ("pdf", "scan")
        for regions in (1, 8, 64)
    ]
    summary = {"benchmark": "speed", "lengths": lengths, "plain_regions": 16, "setup": setup}
    _write(folder, [{"page": "pdf-1-0", "run": "docspec", "setup": setup}])
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


def _named(pictures: tuple[Picture, ...]) -> dict[str, Picture]:
    return {picture.name: picture for picture in pictures}


def _words(figure: Any) -> str:
    """Every text in a figure."""
    return "\n".join(text.get_text() for text in figure.findobj(lambda one: hasattr(one, "get_text")))


def test_pages_give_three_pictures(tmp_path: Path) -> None:
    """Speed-up in both measures for each mode, stages, acceptance; the plain runs told apart."""
    pictures = _named(read_result(_pages(tmp_path / "a"), "a").pictures)
    assert set(pictures) == {"speed-up", "stages", "acceptance"}
    speed = pictures["speed-up"]
    assert [panel.title for panel in speed.panels] == [
        "docspec-region, end to end, against",
        "docspec-page, end to end, against",
        "docspec-region, decode only, against",
        "docspec-page, decode only, against",
    ]
    assert "docspec-region against generate-region, end to end: 6.00 times" in speed.alt
    shown = _words(speed.figure(LIGHT))
    assert "ar-region: 4×" in shown
    assert "generate-page: 6×" in shown
    assert "tokens of the plain run's output (log)" in shown
    assert "text (300)" in _words(pictures["acceptance"].figure(LIGHT))
    assert "no draft (300)" in _words(pictures["acceptance"].figure(LIGHT))


def test_counted_passes_have_no_times(tmp_path: Path) -> None:
    """Where no model ran there is no picture of times, and the ratios are of passes."""
    folder = _pages(tmp_path / "a", computed=False, replayed="annotations")
    pictures = _named(read_result(folder, "a").pictures)
    assert set(pictures) == {"speed-up", "acceptance"}
    assert {panel.title for panel in pictures["speed-up"].panels} == {
        "docspec-region, passes, against",
        "docspec-page, passes, against",
    }


def test_replays_are_marked_in_every_picture_and_table(tmp_path: Path) -> None:
    """The word stands in the figure, in its description, and with each table; elsewhere it does not."""
    result = read_result(_pages(tmp_path / "a", replayed="annotations"), "a")
    for picture in result.pictures:
        for narrow in (False, True):
            assert "REPLAYED (annotations)" in _words(picture.figure(DARK, narrow=narrow))
        assert picture.alt.startswith("REPLAYED (annotations)")
    titles = re.findall("<summary>(.*?)</summary>", html_page([replace(result, pictures=())]))
    assert len(titles) == 6
    assert all("REPLAYED (annotations)" in title for title in titles)
    real = read_result(_pages(tmp_path / "b"), "b")
    assert "REPLAYED" not in html_page([replace(real, pictures=())])
    assert "REPLAYED" not in _words(real.pictures[0].figure(LIGHT))


def test_a_run_without_plain_ones_has_no_speed_up(tmp_path: Path) -> None:
    """No empty picture: only what there is something to show of."""
    rows = [_row("docspec-region", 0, 1.0)]
    assert set(_named(read_result(_write(tmp_path / "a", rows), "a").pictures)) == {"stages", "acceptance"}
    failed = [{"page": "a", "run": "docspec-region", "error": "no", "setup": _setup()}]
    assert read_result(_write(tmp_path / "b", failed), "b").pictures == ()


def test_saturated_runs_have_their_panel(tmp_path: Path) -> None:
    """Their stages stand below those of pages read alone, and are no pages of the speed-up."""
    together = {
        **_row("docspec-region", 0, 9.0),
        "page": "3 pages",
        "concurrency": "saturated",
        "outputs": {"page-0": {"0": "text"}, "page-1": {"0": "text"}},
    }
    folder = _write(tmp_path / "a", [_row("docspec-region", 0, 1.0), _row("ar-region", 0, 4.0), together])
    pictures = _named(read_result(folder, "a").pictures)
    assert [panel.title for panel in pictures["stages"].panels] == [
        "each page alone",
        "saturated: 2 pages at once",
    ]
    assert "docspec-region against ar-region, end to end: 4.00 times" in pictures["speed-up"].alt


def test_speed_gives_scaling_and_stages(tmp_path: Path) -> None:
    """Seconds and speed-ups of both kinds; stages of the longest document that all ways have read."""
    pictures = _named(read_result(_speed(tmp_path / "s"), "s").pictures)
    assert set(pictures) == {"scaling", "stages"}
    assert len(pictures["scaling"].panels) == 4
    shown = _words(pictures["scaling"].figure(LIGHT))
    assert "page images, against ar" in shown
    assert "seconds (log)" in shown
    assert "pdf, 8 regions: ar 24 s" in pictures["stages"].alt


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(1e-3, 1e5), min_size=1, max_size=5))
def test_log_axes_have_numbers(values: list[float]) -> None:
    """However close the values are: at least one number on the axis, and all values inside."""
    axes = Figure().subplots()
    log_axis(axes.xaxis, values, "x")
    low, high = axes.get_xlim()
    assert low < min(values) <= max(values) < high
    assert any(low <= tick <= high for tick in axes.xaxis.get_major_locator()())


@pytest.mark.slow
def test_files_are_written(tmp_path: Path) -> None:
    """A PNG for each picture, named by its folder, and the page; equal names are told apart."""
    row = {
        **_row("docspec-region", 0, 1.0),
        "categories": {},
        "sources": {"none": {**COUNTS, "tokens": 0, "steps": 0}},
    }
    folders = [_write(tmp_path / "x" / "same", [row]), _speed(tmp_path / "y" / "same")]
    made = run(folders, tmp_path / "out")
    assert [path.name for path in made] == [
        "same-1-stages.png",
        "same-2-scaling.png",
        "same-2-stages.png",
        "index.html",
        "tables.md",
    ]
    for path in made[:-2]:
        with Image.open(path) as image:
            assert min(image.size) > 300
    page = made[-2].read_text("utf-8")
    assert not re.search(r"(src|srcset|href)=\"(?!data:|#)", page)


def test_hostile_words_are_words(tmp_path: Path) -> None:
    """What a benchmark's attributes hold is neither HTML nor the markup of terminals."""
    result = read_result(_pages(tmp_path / "a", data=HOSTILE), "a")
    page = html_page([replace(result, pictures=())])
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt; &amp; [red]so") > 4


def test_tables_in_markdown_are_whole(tmp_path: Path) -> None:
    """Every row of a pipe table has its head's cells, whatever stands in them, and replays say so."""
    hostile = "a | b\nc"
    results = [read_result(_pages(tmp_path / "a", data=hostile, replayed="annotations"), "a")]
    text = markdown_page(results)
    blocks = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    assert len(blocks) == len(results[0].tables)
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1
    assert text.count("REPLAYED (annotations)") == len(blocks)


def test_folders_without_results_are_refused(tmp_path: Path) -> None:
    """With words that say which folder."""
    with pytest.raises(UsageError, match="holds no results"):
        read_result(tmp_path, "a")
    answer = CliRunner().invoke(app, ["bench", "pictures", str(tmp_path), "-o", str(tmp_path / "out")])
    assert answer.exit_code == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium here (Debian: apt-get install chromium)")
def test_page_in_a_browser(tmp_path: Path) -> None:
    """No console error, nothing wider than the screen, the picture for it, tables to open."""
    results = [
        read_result(_pages(tmp_path / "a", replayed="annotations"), "a"),
        read_result(_speed(tmp_path / "s"), "s"),
    ]
    path = tmp_path / "index.html"
    path.write_text(html_page(results), encoding="utf-8")
    with chromium(tmp_path / "profile") as browser:
        chosen = set()
        for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")):
            browser.window(width, 900, scheme)
            browser.open(path)
            assert browser.value("[...document.images].every((image) => image.naturalWidth > 300)")
            chosen.add(browser.value("document.images[0].currentSrc"))
            browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true })")
            assert browser.value("document.querySelectorAll('tbody tr').length") > 10
            assert browser.value("document.documentElement.scrollWidth") <= width
        assert len(chosen) == 4
        assert browser.errors == []
