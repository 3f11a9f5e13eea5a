"""Which text layers are trusted unverified: their sample, what it changes, and reading without a verifier."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont
from rich.console import Console
from small_parts import SmallVerifier
from test_run import OneBlock

import docspec
from docspec.config import Config
from docspec.drafters.reading.auto import AutoDrafter
from docspec.pipeline import Parts
from docspec.report import make_report
from docspec.result_read import parse_result
from docspec.run_summary import Summary
from docspec.trust import AGREES, SAMPLED, UNSAMPLED, doubted
from docspec.types import Category, Draft, Finish, Request, Sample

PRINTED = [f"Line {number} of this page says what is printed on it" for number in range(6)]


class Reader(SmallVerifier):
    """A verifier for what is doubtful."""

    doubtful_only = True


def parse(path: Path, verify: str = "auto") -> docspec.PageResult:
    """The page, read with the real drafter."""
    parts = Parts(Reader(Config()), OneBlock(), AutoDrafter())
    [page] = docspec.Parser(Config(verify=verify), parts=parts).parse(path).pages  # type: ignore[arg-type]
    assert page.error is None
    return page


def page_saying(path: Path, text: list[str], printed: list[str], size: float = 11) -> Path:
    """A page on which ``printed`` is to be seen while its text layer has ``text``."""
    document = pymupdf.open()
    page = document.new_page(width=420, height=595)
    font = ImageFont.load_default(30)
    for number, (layer, shown) in enumerate(zip(text, printed, strict=True)):
        strip = PillowImage.new("RGB", (900, 42), "white")
        ImageDraw.Draw(strip).text((2, 2), shown, font=font, fill="black")
        pixmap = pymupdf.Pixmap(pymupdf.csRGB, 900, 42, np.asarray(strip).tobytes(), False)
        top, scale = 60 + 30 * number, size / 11
        page.insert_image(pymupdf.Rect(40, top, 40 + 300 * scale, top + 14 * scale), pixmap=pixmap)
        page.insert_text((41, top + size), layer, fontsize=size, render_mode=3)
    document.save(path)
    return path


def test_a_sound_text_layer_is_sampled_and_stands(tmp_path: Path) -> None:
    """Nothing is verified, and the result says what that rests on, in all that is made of it."""
    document = pymupdf.open()
    document.new_page(width=420, height=595).insert_text((40, 60), PRINTED, fontsize=11)
    document.save(tmp_path / "sound.pdf")
    page = parse(tmp_path / "sound.pdf")
    assert {region.verdict.reason for region in page.regions} == {SAMPLED}
    assert all(region.verdict.finish is Finish.UNVERIFIED for region in page.regions)
    assert page.sample is not None
    assert page.sample.lines == 2
    assert page.sample.agreement >= AGREES


def test_a_text_layer_that_says_something_else_is_read(tmp_path: Path) -> None:
    """The recogniser sees other words in the sample, so that the verifier is asked."""
    lies = [f"Nothing of number {number} can be seen here at all" for number in range(6)]
    page = parse(page_saying(tmp_path / "lies.pdf", lies, PRINTED))
    assert page.sample is not None
    assert page.sample.lines == 6  # the few did not agree
    assert page.sample.agreement < AGREES
    assert [region.verdict.finish for region in page.regions] == [Finish.END]
    assert page.regions[0].draft is not None
    assert page.regions[0].draft.confidence <= page.sample.agreement


def test_print_in_pictures_that_the_text_layer_has_is_trusted(tmp_path: Path) -> None:
    """The same page with a text layer that is right."""
    page = parse(page_saying(tmp_path / "true.pdf", PRINTED, PRINTED))
    assert page.sample is not None
    assert page.sample.agreement >= AGREES
    assert {region.verdict.reason for region in page.regions} == {SAMPLED}


def test_what_the_recogniser_cannot_read_is_not_sampled(tmp_path: Path) -> None:
    """Lines too short to say something are trusted as they are, and the result says so."""
    document = pymupdf.open()
    document.new_page(width=420, height=595).insert_text((40, 60), "Page 7", fontsize=11)
    document.save(tmp_path / "short.pdf")
    page = parse(tmp_path / "short.pdf")
    assert page.sample is None
    assert {region.verdict.reason for region in page.regions} == {UNSAMPLED}


@pytest.mark.parametrize("verify", ["all", "none"])
def test_without_trust_there_is_no_sample(tmp_path: Path, verify: str) -> None:
    """Where all is read, or nothing is, no line is read twice."""
    page = parse(page_saying(tmp_path / "true.pdf", PRINTED, PRINTED), verify)
    assert page.sample is None


def test_none_needs_no_model(tmp_path: Path) -> None:
    """No verifier is loaded, whatever its name, and every region says that none was asked."""
    path = page_saying(tmp_path / "true.pdf", PRINTED, PRINTED)
    with docspec.Parser(verifier="nobody/has-this-model", verify="none", offline=True) as parser:
        document = parser.parse(path)
    assert (document.verifier, document.device) == ("draft-only", "")
    assert {region.verdict.reason for region in document.pages[0].regions} == {"no verifier was asked for"}
    [page] = json.loads(document.to_json())["pages"]
    assert page["sample"] is None
    assert PRINTED[0] in document.markdown


def test_only_drafts_of_the_text_layer_are_doubted() -> None:
    """A sample that does not agree takes from their confidence, and from no other's."""
    drafts = (Draft("layer", "text-layer", 0.96), Draft("read", "rapidocr", 0.9))
    request = Request("key", np.zeros((1, 1, 3), np.uint8), Category.TEXT, drafts=drafts)
    [changed] = doubted([request], Sample(8, 0.5))
    assert [draft.confidence for draft in changed.drafts] == [0.48, 0.9]
    assert doubted([request], Sample(2, 1.0)) == (request,)
    assert doubted([request], None) == (request,)


@pytest.mark.parametrize(("lines", "size"), [(3, 11), (6, 5)])
def test_few_lines_and_fine_print_accuse_nobody(tmp_path: Path, lines: int, size: int) -> None:
    """Two or three lines that read otherwise may be hard to read, and so may the smallest print."""
    lies = [f"Nothing of number {number} can be seen here at all" for number in range(6)]
    path = page_saying(tmp_path / "lies.pdf", lies[:lines], PRINTED[:lines], size)
    page = parse(path)
    assert page.sample is None
    assert {region.verdict.reason for region in page.regions} == {UNSAMPLED}


def test_the_sample_is_shown(tmp_path: Path) -> None:
    """In the summary and the report, beside the counts of what was verified."""
    parts = Parts(Reader(Config()), OneBlock(), AutoDrafter())
    document = docspec.Parser(Config(), parts=parts).parse(page_saying(tmp_path / "a.pdf", PRINTED, PRINTED))
    summary = Summary()
    summary.add(document)
    console = Console(file=StringIO(), width=100)
    console.print(summary.tables(1.0))
    assert isinstance(console.file, StringIO)
    assert "trusted text layer, sampled: 2 lines of 1 page read again" in console.file.getvalue()
    report = make_report(parse_result(document.to_json().encode(), "made here")).html.decode()
    assert "Text layer, sampled" in report
    assert "2 lines of the text layer read again, agreement" in report
    assert f"Not verified: {SAMPLED}" in report
