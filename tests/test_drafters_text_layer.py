"""The text layer: how far it can be trusted, and what takes its place where it cannot."""

from pathlib import Path

import numpy as np
import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_parts import NoOcr

from docspec.drafters.reading import page_ink as ink
from docspec.drafters.reading.auto import TRUSTED, AutoDrafter, NoDrafter
from docspec.drafters.reading.evidence import Evidence
from docspec.drafters.reading.ocr_engine import OcrEngine
from docspec.drafters.reading.plausible import is_all_lower, plausibility
from docspec.drafters.reading.spot_check import agreement
from docspec.drafters.reading.text_layer import TextLayerDrafter, trust
from docspec.registry import load
from docspec.source import open_document
from docspec.types import Category, Line, Page, Region, Span, Style

DATA = Path(__file__).parents[1].parent / "shared" / "data"
PROSE = (
    "The concept of the word processor predates modern computers and has evolved through several "
    "technological milestones, from the typewriter to the networked editors of today."
)


@pytest.fixture(scope="module")
def engine() -> OcrEngine:
    return OcrEngine(threads=1)


def opened(document: pymupdf.Document, dpi: float = 100.0) -> Page:
    page = next(iter(open_document(document.tobytes()).pages(dpi)))
    assert isinstance(page, Page)
    return page


def prose_page(document: pymupdf.Document, lines: int = 8) -> pymupdf.Page:
    sheet = document.new_page(width=400, height=300)
    for i in range(lines):
        sheet.insert_text((30, 40 + 16 * i), PROSE[i * 9 : i * 9 + 60], fontsize=11)
    return sheet


def scanned(document: pymupdf.Document, dpi: int = 100) -> pymupdf.Document:
    """A new document whose page is only the picture of ``document``'s first page."""
    pixmap = document[0].get_pixmap(dpi=dpi)
    scan = pymupdf.open()
    sheet = scan.new_page(width=document[0].rect.width, height=document[0].rect.height)
    sheet.insert_image(sheet.rect, pixmap=pixmap)
    return scan


@pytest.mark.parametrize(
    "text",
    [
        PROSE,
        "",
        "中文文本没有问题，不需要怀疑。",
        "한국어 문장도 괜찮습니다.",
        "E = mc² + 3.14 × 10^(-5), x_1 ≤ y",
        "def f(x):\n    return x[0] + y.z  # a_b c_d e_f",
        "Müller, naïve façade; Straße – œuvre",
        "12 34 56 78 90 12 34 56",
        "------ . . . . . . . . . . . . . . . . . 12",
        "https://example.org/find?a=1&b=2&c=3&d=4",
        "\uf0b7 a bullet of a symbol font\n\uf0b7 and another",
        "\ufffd\ufffd a bullet that is not mapped\n\ufffd\ufffd and another",
    ],
)
def test_good_text_is_plausible(text: str) -> None:
    """Prose, code, formulas and other scripts have nothing wrong."""
    assert plausibility(text) > 0.95


@pytest.mark.parametrize(
    "text",
    [
        "\ufffd" * 5 + "bc" + "\ufffd" * 4,
        "T\ue001\ue002 \ue003\ue004i\ue005 \ue006",
        "(cid:12)(cid:34)(cid:56) (cid:7)",
        "/G21 /G34 /G35 /G03",
        "Qeb#cboov#ib^sbp#qeb#nr^v#^q#kllk) ^ka#qelpb#tel#^ob#i^qb#jrpq#t^fq",
        '.!#-C% -!"C& A CAB !# - C #$%-',
        "wkh frqfhsw ri wkh zrug surfhvvru suhgdwhv prghuq frpsxwhuv dqg kdv hyroyhg wkurxjk plohvwrqhv",
        "§êü†£ù¶•îüí èÜ•ÜáÜ§ê t£†¶¢s ŒÜ°x åb•cd ïêé•§e ûüéê†ab £êf•gh ij†k lm•no pq†rs tu§vw xy¢zz ab†cd",
    ],
)
def test_broken_text_is_not(text: str) -> None:
    """Unmapped characters, glyph names, shifted alphabets and signs at random: at least to be checked."""
    assert plausibility(text) < TRUSTED


@given(st.text(max_size=200))
def test_plausibility_is_a_share(text: str) -> None:
    """Any text gets a value from 0 to 1."""
    assert 0.0 <= plausibility(text) <= 1.0


def test_all_lower_case() -> None:
    """A long text without a capital is odd; a short one, or one without case, is not."""
    assert is_all_lower(PROSE.lower())
    assert not is_all_lower(PROSE)
    assert not is_all_lower("short text")
    assert not is_all_lower("中文" * 200)


def test_ink_is_dark_on_light_and_light_on_dark() -> None:
    """Text shows as ink on either ground; plain areas do not."""
    image = np.full((200, 200, 3), 255, np.uint8)
    image[100:110, 20:30] = 0
    for picture in (image, 255 - image):
        mask = ink.ink_mask(picture, 200, 200)
        assert mask[100:110, 20:30].all()
        assert mask.sum() == 100


def test_born_digital_text_is_trusted_and_read_without_ocr() -> None:
    """A plain PDF page needs no OCR, and its lines and drafts come from the text layer."""
    document = pymupdf.open()
    prose_page(document)
    page = opened(document)
    drafter = AutoDrafter(engine=NoOcr())
    lines = drafter.read(page)
    assert lines == page.lines
    assert trust(page, lines) == 1.0
    region = Region(0, 0, (20, 20, 390, 180), Category.TEXT, lines=tuple(lines))
    (draft,) = drafter.draft(page, region, Style())
    assert draft.source == "text-layer"
    assert draft.confidence > 0.9
    assert draft.text.startswith("The concept of the word processor")
    assert TextLayerDrafter().draft(page, region, Style()) == (draft,)
    assert NoDrafter(engine=NoOcr()).read(page) == lines
    assert NoDrafter(engine=NoOcr()).draft(page, region, Style()) == ()


def test_text_without_ink_is_left_out() -> None:
    """Invisible text on plain paper is not what the page shows."""
    document = pymupdf.open()
    sheet = prose_page(document)
    sheet.insert_text((30, 250), "hidden words here", fontsize=11, render_mode=3)
    page = opened(document)
    lines = AutoDrafter(engine=NoOcr()).read(page)
    assert "hidden words here" in [line.text for line in page.lines]
    assert "hidden words here" not in [line.text for line in lines]
    assert trust(page, page.lines) < 1.0


def test_a_region_whose_ink_is_elsewhere_is_not_trusted() -> None:
    """Lines that cover little of a region's ink say little about it."""
    document = pymupdf.open()
    sheet = prose_page(document, lines=1)
    for i in range(30):
        sheet.draw_rect((40 + 10 * i, 100, 43 + 10 * i, 250), fill=(0, 0, 0))
    page = opened(document)
    assert trust(page, page.lines, (0, 0, 400, 60)) > 0.9
    assert trust(page, page.lines, (0, 0, 400, 300)) < 0.3
    assert trust(page, ()) == 0.0


def test_a_scan_is_read_by_ocr(engine: OcrEngine) -> None:
    """A page that is one picture has no text layer, and its lines come from OCR."""
    document = pymupdf.open()
    prose_page(document, lines=2)
    page = opened(scanned(document))
    assert page.lines == ()
    assert Evidence(page).is_scan
    lines = AutoDrafter(engine=engine).read(page)
    assert {line.source for line in lines} == {"rapidocr"}
    assert "word processor" in lines[0].text


@pytest.mark.parametrize(("good", "source"), [(True, "text-layer"), (False, "rapidocr")])
def test_hidden_ocr_under_a_scan_is_checked(engine: OcrEngine, good: bool, source: str) -> None:
    """A hidden layer is kept where the recogniser reads the same, and replaced where it does not."""
    document = pymupdf.open()
    prose_page(document, lines=4)
    scan = scanned(document, 150)
    for i in range(4):
        text = PROSE[i * 9 : i * 9 + 60]
        text = text if good else text.translate(str.maketrans("aeotn", "o3c1u"))
        scan[0].insert_text((30, 40 + 16 * i), text, fontsize=11, render_mode=3)
    page = opened(scan, 150)
    drafter = AutoDrafter(engine=engine)
    assert (agreement(engine, page, page.lines) > 0.9) is good
    assert {line.source for line in drafter.read(page)} == {source}


def test_print_that_the_text_layer_leaves_out_is_read(engine: OcrEngine) -> None:
    """A picture of text on a page of text: OCR reads the picture only."""
    inner = pymupdf.open()
    sheet = inner.new_page(width=300, height=80)
    for i, text in enumerate(
        ("A pasted picture of some text", "that the layer knows nothing of", "in three lines.")
    ):
        sheet.insert_text((10, 20 + 20 * i), text, fontsize=14)
    document = pymupdf.open()
    outer = prose_page(document)
    outer.insert_image((30, 190, 330, 270), pixmap=inner[0].get_pixmap(dpi=150))
    page = opened(document, 150)
    lines = AutoDrafter(engine=engine).read(page)
    assert lines[: len(page.lines)] == page.lines
    read = [line.text for line in lines if line.source == "rapidocr"]
    assert read == ["A pasted picture of some text", "that the layer knows nothing of", "in three lines."]


def test_broken_lines_are_read_again(engine: OcrEngine) -> None:
    """A line that the font's mapping destroyed is read from the image, the others stay."""
    document = pymupdf.open()
    prose_page(document, lines=3)
    page = opened(document)
    first = page.lines[0]
    broken = Line((Span("\ufffd" * 40, first.box),), first.box, "text-layer")
    page = Page(0, page.width, page.height, page.dpi, page.image, (broken, *page.lines[1:]), page.handle)
    lines = AutoDrafter(engine=engine).read(page)
    assert broken not in lines
    assert first.text.split()[:4] == next(x for x in lines if x.source == "rapidocr").text.split()[:4]


def test_a_script_that_the_recogniser_does_not_know_is_left_to_the_text_layer() -> None:
    """A doubtful Korean layer is kept: OCR would be sure of nonsense."""
    box = (10.0, 10.0, 190.0, 30.0)
    image = np.full((200, 200, 3), 255, np.uint8)
    image[12:28, 20:180:4] = 0
    line = Line((Span("한국어 문장을 여기에 \ufffd 조금 더 길게 씁니다 \ufffd", box),), box, "text-layer")

    class Knows(NoOcr):
        def known_share(self, text: str) -> float:
            return 0.0

    assert AutoDrafter(engine=Knows()).read(Page(0, 200, 200, 72, image, (line,))) == (line,)


def test_blank_pages_have_no_lines(engine: OcrEngine) -> None:
    """Nothing there, nothing read, nothing drafted."""
    page = Page(0, 1, 1, 72, np.full((1, 1, 3), 255, np.uint8))
    drafter = AutoDrafter(engine=engine)
    assert tuple(drafter.read(page)) == ()
    assert drafter.draft(page, Region(0, 0, (0, 0, 1, 1), Category.TEXT), Style()) == ()


def test_the_drafters_are_registered() -> None:
    """Each registered name loads a class that needs no arguments."""
    for name in ("auto", "text-layer", "rapidocr", "none"):
        assert load("drafters", name)()


@pytest.mark.skipif(not DATA.exists(), reason="shared data not present")
@pytest.mark.parametrize(
    "name", ["2305.03393v1-pg9.pdf", "multi_page.pdf", "right_to_left_01.pdf", "amt_handbook_sample.pdf"]
)
def test_real_born_digital_pages_need_no_ocr(name: str) -> None:
    """Pages as users have them are read without OCR, all their lines kept."""
    for page in open_document(DATA / "pdfs" / name).pages(100):
        assert isinstance(page, Page)
        assert AutoDrafter(engine=NoOcr()).read(page) == page.lines


def test_words_under_a_bar_of_the_papers_colour_are_hidden() -> None:
    """A bar that no ink shows, over two words of a line; the dots of leaders are not taken for such."""
    document = pymupdf.open()
    sheet = prose_page(document)
    text, hidden = "The keeper showed the secret ledger to nobody.", "secret ledger"
    sheet.insert_text((30, 220), text, fontsize=11)
    sheet.insert_text((30, 250), "The lamp " + ". " * 40 + "12", fontsize=11)
    start = 30 + pymupdf.get_text_length(text[: text.index(hidden)], fontsize=11)
    end = start + pymupdf.get_text_length(hidden, fontsize=11)
    sheet.draw_rect(pymupdf.Rect(start - 0.5, 209, end + 0.5, 224), color=None, fill=(1, 1, 1))
    page = opened(document)
    read = [" ".join(line.text.split()) for line in AutoDrafter(engine=NoOcr()).read(page)]
    assert "The keeper showed the to nobody." in read
    assert any(line.startswith("The lamp . . .") and line.endswith(". 12") for line in read)
    assert len(read) == len(page.lines)
