"""The report on a JSON result: what it shows, that it is safe, and what happens with bad input."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Callable
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from docspec.assemble import to_json
from docspec.cli import app
from docspec.errors import InputError, InputNotFound
from docspec.report import make_report, report_path
from docspec.report_images import PAGE_BYTES, packed
from docspec.report_items import corrected_parts, page_items
from docspec.report_page import report_html
from docspec.result_json import DocumentJson
from docspec.result_read import LATER, parse_result, read_result
from docspec.types import (
    Category,
    Correction,
    DecodeStats,
    Document,
    Draft,
    Dropped,
    Finish,
    Mode,
    PageResult,
    Region,
    RegionResult,
    Verdict,
)

HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>"
TABLE = '<table onclick="alert(3)"><tr><td>Cup</td><td>90 g</td></tr></table>'


def region(order: int, text: str, category: Category = Category.TEXT, **verdict: Any) -> RegionResult:
    """A verified region whose draft began otherwise."""
    box = (72.0, 72.0 + 40 * order, 300.0, 100.0 + 40 * order)
    corrections = (Correction(0, min(2, len(text)), "xx"),) if text else ()
    given = {
        "stats": DecodeStats(20, 16, 18, 4),
        "corrections": corrections,
        "agreement": 0.9 - order / 100,
    } | verdict
    return RegionResult(
        Region(0, order, box, category, 0.75, level=2, parent=0),
        Draft("xx" + text[2:], "rapidocr", 0.625),
        Verdict(text, Finish.END, **given),
    )


def example(texts: tuple[str, ...] = ("Hello world", "Second"), pages: int = 2, **more: Any) -> Document:
    """Pages with a region for each text, a table and something dropped, and a failed page at the end."""
    regions = tuple(region(n, text) for n, text in enumerate(texts))
    regions += (region(len(texts), TABLE, Category.TABLE),)
    dropped = (
        Dropped((72, 72, 300, 100), Category.TEXT, "said twice", texts[0]),
        Dropped((10, 800, 20, 810), None, "too small", HOSTILE),
    )
    good = [PageResult(n, 595, 842, regions, dropped, {"layout": 0.25}) for n in range(pages)]
    failed = PageResult(pages, 0, 0, error=f"damaged {HOSTILE}")
    return Document(
        f"a {HOSTILE}.pdf",
        (*good, failed),
        "",
        "mini",
        "region",
        {"layout": 0.5, HOSTILE: 1.0, "total": 2.0},
        (HOSTILE,),
        **more,
    )


def result(**options: Any) -> DocumentJson:
    """The example as it is read back from disk."""
    return parse_result(json.dumps(to_json(example(**options))).encode(), "example.json")


def pdf(path: Path, pages: int = 3) -> Path:
    """A PDF with that many A4 pages."""
    document = pymupdf.open()
    for number in range(pages):
        page = document.new_page(width=595, height=842)
        page.insert_text((72, 90), f"Page {number + 1} says hello")
    document.save(str(path))
    return path


class Elements(HTMLParser):
    """Start tags with attributes, and the text of scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self._script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._script = tag == "script"
        if self._script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        if self._script:
            self.scripts[-1] += data
        else:
            self.words.append(data)

    def of_class(self, name: str) -> list[dict[str, str | None]]:
        """The attributes of the elements with a class."""
        return [attrs for _, attrs in self.tags if name in (attrs.get("class") or "").split()]

    @property
    def data(self) -> list[dict[str, Any]]:
        """The items in the page."""
        rows: list[dict[str, Any]] = json.loads(self.scripts[0])
        return rows


def page_of(content: DocumentJson, images: dict[int, bytes] | None = None) -> Elements:
    """The report's elements."""
    return Elements(report_html(content, images or {}, ["a note"]))


def test_every_region_and_every_dropped_thing_appears() -> None:
    """Each has an item in the data, a line in the list and a box on its page."""
    content = result()
    page = page_of(content)
    regions = sum(len(one["regions"]) for one in content["pages"])
    assert [item["kind"] for item in page.data].count("region") == regions == 6
    assert [item["kind"] for item in page.data].count("dropped") == 2  # the other two are regions
    keys = [item["key"] for item in page.data]
    assert len(set(keys)) == len(keys)
    assert [attrs["data-key"] for attrs in page.of_class("box")] == keys
    assert [attrs["data-key"] for _, attrs in page.tags if attrs.get("role") == "option"] == keys
    texts = ["".join(part[0] for part in item["parts"]) for item in page.data if item["kind"] == "region"]
    assert texts == [one["text"] for page in content["pages"] for one in page["regions"]]


def test_items_tell_what_the_result_says() -> None:
    """Draft, source, confidence, agreement, tokens, steps, accepted length, correction, and why left out."""
    first = next(iter(page_items(0, result()["pages"][0])))
    facts = dict(first.facts)
    assert first.parts == (("He", "xx"), ("llo world",))
    assert (first.draft, first.agreement, first.corrections) == ("xxllo world", 0.9, 1)
    assert (facts["Draft’s source"], facts["Draft’s confidence"]) == ("rapidocr", "0.625")
    assert (facts["Tokens"], facts["Steps"], facts["Mean accepted length"]) == ("20", "4", "5.00")
    assert first.left_out == "said twice"


def test_boxes_stand_where_the_regions_are() -> None:
    """In per cent of the page, inside it whatever the result says, named for who cannot see them."""
    content = result()
    content["pages"][0]["regions"][1]["bbox"] = [-50.0, 421.0, 10_000.0, 842.0]
    first, second = page_of(content).of_class("box")[:2]
    assert "left:12.101%;top:8.551%;width:38.319%;height:3.325%" in str(first["style"])
    assert "left:0.000%;top:50.000%;width:100.000%;height:50.000%" in str(second["style"])
    assert "Region 1, page 1: text, agreement 0.9, 1 correction, left out: said twice" in str(
        first["aria-label"]
    )
    assert "Hello world" in str(first["aria-label"])
    table = page_of(content).of_class("box")[2]
    assert str(table["aria-label"]).endswith("Cup 90 g")  # without the tags


def test_header_says_how_the_result_was_made() -> None:
    """Verifier, mode, device, versions, failed pages and the notes."""
    words = " ".join(page_of(result(device="cuda:0 (NVIDIA H200, bfloat16)")).words)
    for expected in ("mini", "region", "cuda:0 (NVIDIA H200, bfloat16)", "pymupdf", "3 (1 failed)", "a note"):
        assert expected in words
    assert "5.0 in 24 steps" in words


def test_page_pass_can_be_looked_at() -> None:
    """In page mode the verifier's whole output is an item with its own figures."""
    verdict = Verdict("whole output", Finish.END, DecodeStats(30, 20, 25, 3), agreement=0.5)
    page = PageResult(0, 595, 842, mode=Mode.PAGE, verdict=verdict, region_pass=DecodeStats(8, 4, 6, 2))
    content = to_json(Document("a.pdf", (page,), "", "v", "page"))
    [item] = page_of(content).data
    assert (item["kind"], item["parts"], item["agreement"]) == ("page", [["whole output"]], 0.5)
    assert ["Regions before: tokens", "8"] in item["facts"]
    assert "9.5" not in " ".join(page_of(content).words)
    assert "7.6 in 5 steps" in " ".join(page_of(content).words)


def test_hostile_text_stays_text() -> None:
    """What documents say ends no element, opens none, and runs nowhere."""
    page = page_of(result(texts=(HOSTILE, "]]> {{7*7}} ${x} \u2028 \x00")))
    names = [name for name, _ in page.tags]
    assert names.count("script") == 2
    assert "img" not in names
    assert not any(key.startswith("on") for _, attrs in page.tags for key in attrs)
    assert "<" not in page.scripts[0]
    assert page.data[0]["parts"] == [["</", "xx"], [HOSTILE[2:]]]
    assert names.count("template") == names.count("table") - 1 == 2


def test_only_the_own_script_may_run() -> None:
    """The policy names the script's digest, and nothing may be loaded."""
    html = report_html(result(), {}, [])
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "script-src 'sha256-" in policy[1]
    script = html.rpartition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy[1]
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", html)
    assert "http:" not in html
    assert "https:" not in html


@given(
    st.text(max_size=20),
    st.lists(st.tuples(st.integers(-5, 30), st.integers(-5, 30), st.text(max_size=3)), max_size=4),
)
def test_corrections_never_change_the_text(text: str, spans: list[tuple[int, int, str]]) -> None:
    """Whatever the offsets are, the parts are the text, and each correction is one of them."""
    parts = corrected_parts(text, [{"start": a, "end": b, "draft": draft} for a, b, draft in spans])
    assert "".join(part[0] for part in parts) == text
    assert sum(len(part) == 2 for part in parts) == len(spans)


def test_images_come_from_the_source(tmp_path: Path) -> None:
    """The document is found by the path in the result, or beside it, and rendered into the page."""
    source = pdf(tmp_path / "paper.pdf")
    content = result(source=str(source))
    made = make_report(content)
    images = [attrs for name, attrs in Elements(made.html.decode()).tags if name == "img"]
    assert [attrs["alt"] for attrs in images] == ["Image of page 1", "Image of page 2", "Image of page 3"]
    data = str(images[0]["src"]).removeprefix("data:image/webp;base64,")
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    assert picture.width / picture.height == pytest.approx(595 / 842, rel=0.01)
    assert made.notes == ()
    elsewhere = result(source="gone/paper.pdf")
    elsewhere["name"] = "paper.pdf"
    assert b"data:image" in make_report(elsewhere, beside=tmp_path).html
    assert b"data:image" in make_report(elsewhere, source=source).html


def test_without_the_source_pages_are_blank_and_it_is_said() -> None:
    """Boxes are there all the same."""
    made = make_report(result(source="gone/paper.pdf"))
    page = Elements(made.html.decode())
    assert len(page.of_class("box")) == 8
    assert len(page.of_class("blank")) == 2
    assert "gone/paper.pdf was not found" in made.notes[0]
    assert any("was not found" in words for words in page.words)


def test_a_wrong_source_is_noticed(tmp_path: Path) -> None:
    """A document with other pages is not drawn under the regions; one that was asked for must open."""
    other = pymupdf.open()
    other.new_page(width=300, height=300)
    other.save(str(tmp_path / "other.pdf"))
    made = make_report(result(), source=tmp_path / "other.pdf")
    assert b"data:image" not in made.html
    assert "another size" in made.notes[0]
    assert "lacks 2" in made.notes[1]
    (tmp_path / "bad.pdf").write_bytes(b"nonsense")
    with pytest.raises(InputError):
        make_report(result(), source=tmp_path / "bad.pdf")
    with pytest.raises(InputNotFound):
        make_report(result(), source=tmp_path / "none.pdf")
    assert "No page images" in make_report(result(source=str(tmp_path / "bad.pdf"))).notes[0]


def test_page_images_are_kept_small() -> None:
    """Even noise, which nothing compresses, comes near the budget."""
    noise = np.random.default_rng(0).integers(0, 256, (1600, 1100, 3), dtype=np.uint8)
    assert len(packed(noise, PAGE_BYTES[1])) <= PAGE_BYTES[1]
    assert len(packed(noise, 1)) < PAGE_BYTES[1]
    assert packed(np.zeros((1, 1, 3), dtype=np.uint8), 1000)


def test_results_of_older_versions_are_read() -> None:
    """What was added later may be missing."""
    old: Any = json.loads(json.dumps(to_json(example())))
    for name in LATER:
        old.pop(name, None)
        for page in old["pages"]:
            page.pop(name, None)
    old["schema"] = "docspec/1.0"
    read = parse_result(json.dumps(old).encode(), "old.json")
    assert (read["source"], read["device"]) == (None, "")
    assert page_of(read).data


def spoiled(change: Callable[[Any], object]) -> bytes:
    """The example with something wrong in it."""
    data = json.loads(json.dumps(to_json(example())))
    change(data)
    return json.dumps(data).encode()


BAD = {
    "not JSON": (b"{", "not JSON"),
    "nothing": (b"", "not JSON"),
    "bytes": (b"\xff\xfe\x00", "not JSON"),
    "nested": (b"[" * 100_000, "not JSON"),
    "a list": (b"[]", "no JSON result"),
    "other JSON": (b'{"schema": 3}', "no JSON result"),
    "newer": (spoiled(lambda data: data.update(schema="docspec/2.0")), "docspec/2.0"),
    "a missing key": (spoiled(lambda data: data.pop("pages")), "pages is missing"),
    "a wrong type": (
        spoiled(lambda data: data["pages"][0]["regions"][1].update(text=4)),
        "pages[0].regions[1].text is not text",
    ),
    "a short box": (
        spoiled(lambda data: data["pages"][0]["regions"][0].update(bbox=[1, 2])),
        "bbox is not four numbers",
    ),
    "infinity": (spoiled(lambda data: data["pages"][0].update(width=float("inf"))), "width is not a number"),
    "a boolean": (spoiled(lambda data: data["pages"][0].update(page=True)), "page is not a whole number"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_bad_json_is_one_clear_line(content: bytes, message: str, tmp_path: Path) -> None:
    """Exit code 2, what is wrong where, and nothing written."""
    path = tmp_path / "result.json"
    path.write_bytes(content)
    done = CliRunner().invoke(app, ["report", str(path)])
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_command_writes_beside_the_result_or_where_it_is_told(tmp_path: Path) -> None:
    """Never over the page for reading, never over the result; standard input gives standard output."""
    path = tmp_path / "paper.json"
    path.write_text(json.dumps(to_json(example())))
    done = CliRunner().invoke(app, ["report", str(path)])
    assert done.exit_code == 0, done.stderr
    assert "was not found" in done.stderr
    assert (tmp_path / "paper.report.html").read_text().startswith("<!doctype html>")
    assert CliRunner().invoke(app, ["report", str(path), "-o", str(tmp_path / "x.html"), "-q"]).stderr == ""
    assert (tmp_path / "x.html").exists()
    refused = CliRunner().invoke(app, ["report", str(path), "-o", str(path)])
    assert (refused.exit_code, read_result(path)["verifier"]) == (2, "mini")
    piped = CliRunner().invoke(app, ["report", "-"], input=path.read_bytes())
    assert piped.stdout.startswith("<!doctype html>")
    assert CliRunner().invoke(app, ["report", str(tmp_path / "none.json")]).exit_code == 2
    assert report_path(path, tmp_path) == tmp_path / "paper.report.html"


@settings(deadline=None, max_examples=25)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.just(10**400) | st.text(max_size=3),
        st.lists,
        max_leaves=4,
    )
)
def test_any_value_in_any_place_is_refused_or_drawn(value: object) -> None:
    """No JSON makes the report fail in a way of its own."""
    data: Any = json.loads(json.dumps(to_json(example(pages=1))))
    for holder in (data, data["pages"][0], data["pages"][0]["regions"][0]):
        for name in list(holder):
            kept = holder[name]
            holder[name] = value
            with suppress(InputError):
                report_html(parse_result(json.dumps(data).encode(), "x"), {}, [])
            holder[name] = kept
