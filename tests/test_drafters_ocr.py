"""OCR: decoding, missing spaces, and the engine on small rendered images."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rapidfuzz import fuzz

from docspec.bench.plain_ocr import PlainOcr
from docspec.drafters.reading.cells import LineCells
from docspec.drafters.reading.ctc import Transcript, decode
from docspec.drafters.reading.ocr import OcrDrafter, read_image, read_turned
from docspec.drafters.reading.ocr_engine import OcrEngine, cut
from docspec.drafters.reading.ocr_models import V4
from docspec.drafters.reading.spaces import as_read, ink_gaps, restore_spaces
from docspec.types import Alternative, Category, Image, Page, Region, Style

CHARACTERS = ["", "a", "b", " "]
DATA = Path(__file__).parents[1].parent / "shared" / "data"


@pytest.fixture(scope="module")
def engine() -> OcrEngine:
    return OcrEngine(threads=1)


def frames(*best: int, runner_up: float = 0.0) -> NDArray[np.float32]:
    """Frames whose best classes are ``best``; a space is second best with ``runner_up``."""
    out = np.full((len(best), 4), 0.001, dtype=np.float32)
    out[:, 3] = runner_up
    for t, c in enumerate(best):
        out[t, c] = 0.9
    return out


def rendered(*texts: str, size: float = 18, rotate: int = 0) -> Page:
    """A white page with lines of text as a Page at 144 dpi."""
    document = pymupdf.open()
    sheet = document.new_page(width=400, height=40 + 40 * len(texts))
    for i, text in enumerate(texts):
        sheet.insert_text((20, 40 + 40 * i), text, fontsize=size)
    pixmap = sheet.get_pixmap(dpi=144, alpha=False)
    image = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)
    image = np.ascontiguousarray(np.rot90(image, rotate))
    return Page(0, image.shape[1] / 2, image.shape[0] / 2, 144, image)


def test_decoding_merges_repeats_and_drops_blanks() -> None:
    """Repeated frames are one character unless a blank parts them."""
    reading = decode(frames(1, 1, 0, 1, 2, 0), CHARACTERS)
    assert reading.text == "aab"
    assert reading.places == pytest.approx((1 / 6, 3.5 / 6, 4.5 / 6))
    assert reading.confidence == pytest.approx(0.9)


def test_decoding_keeps_the_doubt_about_a_space() -> None:
    """The space that lost against a blank is remembered before the next character."""
    assert decode(frames(1, 0, 2, runner_up=0.3), CHARACTERS).spaces == pytest.approx((0.0, 0.3))


@pytest.mark.parametrize(
    ("classes", "hyphen", "space", "text"),
    [
        ("5.6", 0.02, 0.0, "5-6"),
        ("5.6", 0.004, 0.0, "56"),
        ("5.6", 0.02, 0.1, "56"),
        ("5..5", 0.3, 0.0, "5-5"),
        ("a.6", 0.02, 0.0, "a6"),
        ("56", 0.02, 0.0, "56"),
        (".5-6.", 0.02, 0.0, "5-6"),
    ],
)
def test_a_hyphen_between_figures_is_seen(classes: str, hyphen: float, space: float, text: str) -> None:
    """The recogniser hardly sees it where print is narrow: "5055647689" for a telephone number."""
    characters = ["", "5", "6", "a", "-", " "]
    probabilities = np.zeros((len(classes), len(characters)), np.float32)
    probabilities[:, 4:] = hyphen, space
    for row, sign in enumerate(classes):
        probabilities[row, characters.index(sign.strip("."))] = 0.9
    assert decode(probabilities, characters, hyphens=True).text == text


def test_decoding_keeps_second_readings() -> None:
    """Of an unsure character the class that came second, or nothing where that was the blank."""
    probabilities = np.array([[0.05, 0.9, 0.03, 0.02], [0.3, 0.02, 0.68, 0], [0.01, 0.99, 0, 0]], np.float32)
    reading = decode(probabilities, CHARACTERS)
    assert reading.text == "aba"
    assert [(i, other) for i, other, _ in reading.seconds] == [(0, ""), (1, "")]
    swapped = decode(probabilities[:, [2, 1, 0, 3]], CHARACTERS)
    place, other, probability = swapped.seconds[0]
    assert (place, other) == (0, "b")
    assert probability == pytest.approx(0.05)


def test_decoding_trims_spaces() -> None:
    """Spaces at the ends go; places are shares of the strip."""
    reading = decode(frames(3, 1, 3, 2, 3), CHARACTERS)
    assert reading.text == "a b"
    assert reading.places[0] == pytest.approx(1.5 / 5)
    assert decode(frames(0, 0), CHARACTERS) == Transcript("")
    assert decode(frames(3, 3), CHARACTERS).text == ""


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_decoding_is_consistent(best: list[int]) -> None:
    """Text, places, confidences and spaces are of one length, places ascend within 0..1."""
    reading = decode(frames(*best), CHARACTERS)
    assert len(reading.text) == len(reading.places) == len(reading.confidences) == len(reading.spaces)
    assert list(reading.places) == sorted(reading.places)
    assert all(0 <= place <= 1 for place in reading.places)
    assert reading.text == reading.text.strip()


def spaced(text: str, wide: Sequence[int] = (), sure: Sequence[int] = ()) -> str:
    """``text`` with wide gaps before the indices in ``wide`` and a likely space before those in ``sure``."""
    n = len(text)
    reading = Transcript(text, (0.5,) * n, (1.0,) * n, tuple(0.6 if i in sure else 0.0 for i in range(n)))
    return restore_spaces(reading, [0.4 if i in wide else 0.05 for i in range(n)])[0]


def test_spaces_come_back_from_blank_columns_or_from_the_recogniser() -> None:
    """A wide gap or a likely space between letters is a space."""
    assert spaced("thequick", wide=[3]) == "the quick"
    assert spaced("thequick", sure=[3]) == "the quick"
    assert spaced("thequick") == "thequick"


def test_no_spaces_where_none_can_be() -> None:
    """Not in numbers, addresses or CJK text, nor before closing or after opening punctuation."""
    assert spaced("1,234.5", wide=[2, 5]) == "1,234.5"
    assert spaced("www.example.org/a", wide=[4]) == "www.example.org/a"
    assert spaced("中文字", wide=[1, 2]) == "中文字"
    assert spaced("(a),b", wide=[1, 2, 3]) == "(a),b"
    assert spaced("a b", wide=[1, 2]) == "a b"


def test_wide_punctuation_is_made_plain_in_latin_lines() -> None:
    """The recogniser likes full-width commas; they stay in CJK text."""
    assert spaced("add（a，b）") == as_read(Transcript("add（a，b）"))[0] == "add(a,b)"
    assert spaced("加（a，b）") == as_read(Transcript("加（a，b）"))[0] == "加（a，b）"


def test_second_readings_are_alternatives_where_they_say_something_else() -> None:
    """A wide comma is the plain one in a Latin line."""
    text, alternatives = as_read(Transcript("cl,b", seconds=((0, "d", 0.3), (2, "，", 0.2), (3, "", 0.1))))
    assert text == "cl,b"
    assert alternatives == (Alternative(0, 1, "d", 0.3), Alternative(3, 4, "", 0.1))


@given(st.text("ab,.1中(- ", max_size=20), st.data())
def test_restoring_only_adds_single_spaces(text: str, data: st.DataObject) -> None:
    """Without its spaces the text is as before, and no two spaces are added in a row."""
    n = len(text)
    share = st.lists(st.floats(0, 1), min_size=n, max_size=n)
    reading = Transcript(text, (0.5,) * n, (1.0,) * n, tuple(data.draw(share)))
    restored, alternatives = restore_spaces(reading, data.draw(share))
    assert restored.replace(" ", "") == text.replace(" ", "")
    for one in alternatives:  # the decision the other way
        other = restored[: one.start] + one.text + restored[one.end :]
        assert other.replace(" ", "") == text.replace(" ", "")
        assert other != restored
    assert restored.count("  ") <= text.count("  ")


def test_gaps_are_measured_in_the_image() -> None:
    """Blank columns between two places count, in strip heights, on light and on dark paper."""
    strip = np.full((20, 100, 3), 255, np.uint8)
    strip[4:16, 10:20] = strip[4:16, 50:60] = 0
    for image in (strip, 255 - strip):
        assert ink_gaps(image, (0.15, 0.55)) == pytest.approx((0.0, 1.5))
    assert ink_gaps(strip, ()) == ()
    assert ink_gaps(np.zeros((0, 0, 3), np.uint8), (0.5,)) == (0.0,)


def test_a_page_is_read_in_order_with_its_spaces(engine: OcrEngine) -> None:
    """Rendered lines come back as they were, in page points."""
    page = rendered("The quick brown fox jumps", "over the lazy dog, twice.")
    first, second = OcrDrafter(engine=engine).read(page)
    assert (first.text, second.text) == ("The quick brown fox jumps", "over the lazy dog, twice.")
    assert first.source == "rapidocr"
    assert first.confidence > 0.8
    assert 15 < first.box[0] < 25
    assert 20 < first.box[1] < 40 < first.box[3] < 52


def test_the_wheel_alone_reads_the_same_lines() -> None:
    """The baseline without docspec's own reading finds the lines; a region's draft is these as they are."""
    page = rendered("The quick brown fox jumps", "over the lazy dog, twice.")
    plain = PlainOcr()
    lines = plain.read(page)
    assert len(lines) == 2
    assert 15 < lines[0].box[0] < 25
    region = Region(0, 0, lines[0].box, Category.TEXT, lines=tuple(lines))
    [draft] = plain.draft(page, region, Style())
    assert fuzz.ratio(draft.text.replace(" ", ""), "Thequickbrownfoxjumpsoverthelazydog,twice.") > 90


def test_a_box_of_a_page_is_read_alone(engine: OcrEngine) -> None:
    """Reading a box gives only what is inside, placed on the page."""
    page = rendered("First line here", "Second line here")
    (line,) = OcrDrafter(engine=engine).read_box(page, (0, 60, page.width, page.height))
    assert line.text == "Second line here"
    assert line.box[1] > 60


@pytest.mark.parametrize("rotate", [1, 2, 3])
def test_turned_text_is_still_read(engine: OcrEngine, rotate: int) -> None:
    """Text that runs up, down or upside down is read all the same."""
    page = rendered("Department of Transport", rotate=rotate)
    assert [line.text for line in OcrDrafter(engine=engine).read(page)] == ["Department of Transport"]


@pytest.mark.parametrize(
    "image",
    [
        np.full((1, 1, 3), 255, np.uint8),
        np.full((1, 300, 3), 255, np.uint8),
        np.full((200, 300, 3), 255, np.uint8),
        np.zeros((50, 50, 3), np.uint8),
        np.random.default_rng(0).integers(0, 255, (3, 40, 3), dtype=np.uint8),
        np.random.default_rng(0).integers(0, 255, (200, 2, 3), dtype=np.uint8),
    ],
    ids=["pixel", "row", "white", "black", "noise row", "noise column"],
)
def test_images_without_text_give_no_lines(engine: OcrEngine, image: Image) -> None:
    """Blank, tiny and noise images: no lines, no crash."""
    assert read_image(engine, image) == []


def test_empty_and_tiny_strips_do_not_crash(engine: OcrEngine) -> None:
    """A strip without area reads as nothing; one pixel is allowed."""
    strips = [np.zeros((0, 0, 3), np.uint8), np.zeros((1, 1, 3), np.uint8), np.zeros((90, 2, 3), np.uint8)]
    turned, readings, turns = read_turned(engine, strips)
    assert len(turned) == len(readings) == len(turns) == 3
    assert readings[0].text == ""
    assert engine.read([]) == []
    quad = np.array([[3, 3], [3, 3], [3, 3], [3, 3]], np.float32)
    assert cut(np.zeros((9, 9, 3), np.uint8), quad).size == 0


def test_reading_together_or_alone_is_the_same(engine: OcrEngine) -> None:
    """Batches by width give each strip what it gets alone (up to the padding's small influence)."""
    page = rendered("Alpha beta", "A much longer line of text than that", "Gamma")
    lines = OcrDrafter(engine=engine).read(page)
    strips = [page.crop(line.box) for line in lines]
    together = [reading.text for reading in engine.read(strips)]
    assert together == [engine.read([strip])[0].text for strip in strips]


def test_a_draft_is_the_regions_lines_and_their_confidence(engine: OcrEngine) -> None:
    """The draft of an OCR region carries the recogniser's confidence."""
    drafter = OcrDrafter(engine=engine)
    page = rendered("The quick brown fox", "jumps over the dog.")
    lines = tuple(drafter.read(page))
    (draft,) = drafter.draft(page, Region(0, 0, (0, 0, 400, 120), Category.TEXT, lines=lines), Style())
    assert draft.text == "The quick brown fox jumps over the dog."
    assert draft.source == "rapidocr"
    assert 0.8 < draft.confidence <= 1
    assert drafter.draft(page, Region(0, 0, (0, 0, 9, 9), Category.TEXT), Style()) == ()


def test_what_the_recogniser_can_write(engine: OcrEngine) -> None:
    """It knows Latin and Chinese, but no Korean, Arabic or Russian words."""
    assert engine.known_share("plain 中文") == 1.0
    assert engine.known_share("한국어") == 0.0
    assert engine.known_share("123") == 1.0


def test_importing_the_drafters_loads_no_model() -> None:
    """OCR libraries and torch are imported when first needed, not before."""
    code = (
        "import sys, docspec.drafters.reading.auto, docspec.drafters.reading.ocr;"
        "heavy = 'torch', 'transformers', 'rapidocr_onnxruntime', 'onnxruntime', 'cv2';"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(not DATA.exists(), reason="shared data not present")
def test_a_scan_reads_as_printed(engine: OcrEngine) -> None:
    """A scanned page of the shared data comes out word for word."""
    with pymupdf.open(DATA / "pdfs" / "ocr_test.pdf") as document:
        sheet = document[0]
        pixmap = sheet.get_pixmap(dpi=120, alpha=False)
        image = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)
        page = Page(0, sheet.rect.width, sheet.rect.height, 120, image)
    text = " ".join(line.text for line in OcrDrafter(engine=engine).read(page))
    assert (
        text
        == "Docling bundles PDF document conversion to JSON and Markdown in an easy self contained package"
    )


def test_what_the_recogniser_saw_goes_with_its_lines(engine: OcrEngine) -> None:
    """So that it need not run again: of PP-OCRv6 a cell for each character, of PP-OCRv4 the pixels."""
    image = rendered("Seen once is enough").image
    [line] = read_image(engine, image)
    for span, seen in zip(line.spans, line.strips, strict=True):
        assert isinstance(seen, LineCells)
        assert seen.text.strip() == span.text.strip()
        assert len(seen) == len(seen.text) + 1
    [before] = read_image(OcrEngine(1, V4), image)
    assert all(isinstance(seen, np.ndarray) and seen.shape[2] == 3 for seen in before.strips)
