"""Pictures of benchmark results: what is shown, the marks of replays, and the page in a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from chromium_pipe import BROWSER, chromium
from PIL import Image
from typer.testing import CliRunner

pytest.importorskip("matplotlib")

from docspec.bench.figures import Picture
from docspec.bench.pictures import read_result, run
from docspec.bench.tables_markdown import markdown_page
from docspec.bench.ways import STAGES
from docspec.cli import app
from docspec.errors import UsageError
from docspec.result_html import markdown_to_html

MODES = ("region", "page")
COUNTS = {"tokens": 100, "accepted": 90, "drafted": 95, "steps": 10}
HOSTILE = "<script>alert(1)</script> & [red]so *_what_* a|b"


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


def _words(picture: Picture) -> str:
    """Every text in a picture, its line breaks as spaces."""
    texts = picture.figure.findobj(lambda one: hasattr(one, "get_text"))
    return " ".join(text.get_text() for text in texts).replace("\n", " ")


def test_pages_give_a_picture_of_speed_and_one_of_quality(tmp_path: Path) -> None:
    """Seconds a page of each run with the ratios below; a bar of each run for what was measured."""
    pictures = _named(read_result(_pages(tmp_path / "a"), "a").pictures)
    assert set(pictures) == {"speed", "quality"}
    assert "docspec-region 2 s; ar-region 8 s" in pictures["speed"].alt
    shown = _words(pictures["speed"])
    assert "Seconds a page" in shown
    assert "docspec-region against generate-region: 6.00" in shown
    assert set(STAGES) <= set(shown.split())
    assert "docspec-page: text 0.500" in pictures["quality"].alt
    assert "TEDS-S" not in _words(pictures["quality"])


def test_counted_passes_have_no_times(tmp_path: Path) -> None:
    """Where no model ran, passes are shown and no times, and the ratios are of passes."""
    folder = _pages(tmp_path / "a", computed=False, replayed="annotations")
    picture = _named(read_result(folder, "a").pictures)["speed"]
    assert "docspec-region 21 passes; ar-region 81 passes" in picture.alt
    shown = _words(picture)
    assert "Passes a page" in shown
    assert "docspec-region against ar-region: 3.86" in shown
    assert "end to end" not in shown


def test_replays_are_marked_in_every_picture_and_table(tmp_path: Path) -> None:
    """The word stands in the figure, in its description, and with each table; elsewhere it does not."""
    result = read_result(_pages(tmp_path / "a", replayed="annotations"), "a")
    for picture in result.pictures:
        assert "REPLAYED (annotations)" in _words(picture)
        assert picture.alt.startswith("REPLAYED")
    titles = re.findall(r"^\*\*(.*)\*\*$", markdown_page([result]), flags=re.MULTILINE)
    assert len(titles) == len(result.tables) == 6
    assert all("REPLAYED (annotations)" in title for title in titles)
    real = read_result(_pages(tmp_path / "b"), "b")
    assert "REPLAYED" not in markdown_page([real]) + "".join(map(_words, real.pictures))


def test_nothing_read_gives_no_pictures(tmp_path: Path) -> None:
    """No empty picture: only what there is something to show of."""
    failed = [{"page": "a", "run": "docspec-region", "error": "no", "setup": _setup()}]
    assert read_result(_write(tmp_path / "b", failed), "b").pictures == ()


def test_saturated_runs_have_their_bars(tmp_path: Path) -> None:
    """Seconds a page beside those of pages read alone."""
    together = {
        **_row("docspec-region", 0, 9.0),
        "page": "3 pages",
        "concurrency": "saturated",
        "outputs": {"page-0": {"0": "text"}, "page-1": {"0": "text"}},
    }
    folder = _write(tmp_path / "a", [_row("docspec-region", 0, 1.0), _row("ar-region", 0, 4.0), together])
    picture = _named(read_result(folder, "a").pictures)["speed"]
    assert "docspec-region 1 s; ar-region 4 s; docspec-region, saturated 4.5 s" in picture.alt
    assert "docspec-region against ar-region: 4.00" in _words(picture)


def test_speed_gives_seconds_by_length(tmp_path: Path) -> None:
    """Of both kinds of documents; the runs told apart."""
    pictures = _named(read_result(_speed(tmp_path / "s"), "s").pictures)
    assert set(pictures) == {"speed"}
    shown = _words(pictures["speed"])
    assert "page images" in shown
    assert {"docspec", "fused", "ar"} <= set(shown.split())
    assert "64 s for 10240 tokens" in pictures["speed"].alt


def test_files_are_written(tmp_path: Path) -> None:
    """A PNG for each picture, named by its folder, and the page; equal names are told apart."""
    row = {**_row("docspec-region", 0, 1.0), "quality": {"text": 0.5, "teds": None}}
    folders = [_write(tmp_path / "x" / "the same", [row]), _speed(tmp_path / "y" / "the same")]
    made = run(folders, tmp_path / "out")
    assert [path.name for path in made] == [
        "the-same-1-speed.png",
        "the-same-1-quality.png",
        "the-same-2-speed.png",
        "index.html",
        "tables.md",
    ]
    for path in made[:-2]:
        with Image.open(path) as image:
            assert min(image.size) > 300
    page = made[-2].read_text("utf-8")
    assert page.count('src="data:image/png;base64,') == 3
    assert not re.search(r"(src|srcset|href)=\"(?!data:)", page)


def test_hostile_words_are_words(tmp_path: Path) -> None:
    """What a benchmark's attributes hold is neither HTML nor the markup of terminals or markdown."""
    page = markdown_to_html(markdown_page([read_result(_pages(tmp_path / "a", data=HOSTILE), "a")]))
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt; &amp; [red]so *_what_* a|b") > 4


def test_tables_in_markdown_are_whole(tmp_path: Path) -> None:
    """Every row of a pipe table has its head's cells, whatever stands in them."""
    results = [read_result(_pages(tmp_path / "a", data=HOSTILE), "a")]
    blocks = re.findall(r"(?:^\|.*\n)+", markdown_page(results), flags=re.MULTILINE)
    assert len(blocks) == len(results[0].tables)
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


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
    """No console error, nothing wider than the screen, all pictures and tables there."""
    run([_pages(tmp_path / "a", replayed="annotations"), _speed(tmp_path / "s")], tmp_path / "out")
    with chromium(tmp_path / "profile") as browser:
        for width in (1280, 390):
            browser.window(width, 900, "light")
            browser.open(tmp_path / "out" / "index.html")
            assert browser.value("[...document.images].every((image) => image.naturalWidth > 300)")
            assert browser.value("document.images.length") == 3
            assert browser.value("document.querySelectorAll('tbody tr').length") > 10
            assert browser.value("document.documentElement.scrollWidth") <= width
        assert browser.errors == []
