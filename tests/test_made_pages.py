"""Pages made for the project, with what stands on them: read, laid out, drafted and replayed anywhere."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

import pytest

pytest.importorskip("apted")
pytest.importorskip("scipy")
pytest.importorskip("pylatexenc")

from made_pages import FIELDS, MadePage, annotation, made_pages, markdown, write_folder
from random_models import core_tokenizer, token_id
from rapidfuzz.distance import Levenshtein
from small_parts import NoOcr
from test_page_mode import MarkdownPages
from test_toolkit_figures import halved, joined

import docspec
from docspec.bench import layout as bench
from docspec.bench.acceptance import measure
from docspec.bench.acceptance_cases import Case
from docspec.bench.annotations import page_regions
from docspec.bench.quality import page_quality
from docspec.config import Config
from docspec.drafters.reading.auto import AutoDrafter
from docspec.drafting import RequestKey
from docspec.layout import analyse
from docspec.layout.pymupdf_detector import PyMuPDFDetector
from docspec.pipeline import Parts
from docspec.source import open_document
from docspec.types import Document, Line, Page, Span, Style
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.draft_only import DraftOnly
from docspec.verifiers.replay import ReplayModel, ReplayVerifier

PROSE = ("paper", "tables", "lists")  # what the layout can be measured on
DIGITAL = (*PROSE, "form")
SCAN = "paper-scan"
DPI = 150.0


class ReadOnce(AutoDrafter):
    """Knows a page that it has read: OCR takes seconds."""

    def __init__(self) -> None:
        super().__init__(threads=1)
        self.known: dict[bytes, Sequence[Line]] = {}

    def read(self, page: Page) -> Sequence[Line]:
        """The page's lines."""
        key = page.image.tobytes()
        if key not in self.known:
            self.known[key] = super().read(page)
        return self.known[key]


@pytest.fixture(scope="module")
def made() -> dict[str, MadePage]:
    """The pages by name."""
    return made_pages()


@pytest.fixture(scope="module")
def detector() -> PyMuPDFDetector:
    """One model for all tests."""
    return PyMuPDFDetector()


@pytest.fixture(scope="module")
def drafter() -> ReadOnce:
    """One reader for all tests."""
    return ReadOnce()


@pytest.fixture(scope="module")
def parsed(made: dict[str, MadePage], detector: PyMuPDFDetector, drafter: ReadOnce) -> dict[str, Document]:
    """What the drafts alone make of each page."""
    config = Config(verifier="draft-only")
    parser = docspec.Parser(config, parts=Parts(DraftOnly(config), detector, drafter))
    return {name: parser.parse(page.pdf, name=f"{name}.pdf") for name, page in made.items()}


def opened(page: MadePage, dpi: float = DPI) -> Page:
    """The page as the pipeline has it, without its file."""
    with open_document(page.pdf, name=f"{page.name}.pdf") as source:
        [sheet] = source.pages(dpi)
    assert isinstance(sheet, Page)
    return Page(0, sheet.width, sheet.height, sheet.dpi, sheet.image, sheet.lines)


def quality(text: str, page: MadePage) -> Mapping[str, float | None]:
    """OmniDocBench's measures."""
    return page_quality(text, annotation(page))


def test_the_pages_are_the_same_each_time(made: dict[str, MadePage]) -> None:
    """To the byte, pictures included; together they are small."""
    assert made_pages() == made
    assert sum(len(page.pdf) for page in made.values()) < 600_000


@pytest.mark.parametrize("name", DIGITAL)
def test_born_digital_pages_need_no_ocr(name: str, made: dict[str, MadePage]) -> None:
    """They are read without OCR, all their lines kept."""
    with open_document(made[name].pdf) as source:
        for page in source.pages(100):
            assert isinstance(page, Page)
            assert tuple(AutoDrafter(engine=NoOcr()).read(page)) == page.lines


@pytest.mark.parametrize("name", DIGITAL)
def test_born_digital_pages_are_read_without_a_mistake(
    name: str, made: dict[str, MadePage], parsed: dict[str, Document]
) -> None:
    """Every letter, the order, and the tables' cells, whether they have rules or not."""
    assert parsed[name].errors == ()
    figures = quality(parsed[name].markdown, made[name])
    assert (figures["text"], figures["order"], figures["invented"]) == (0, 0, 0)
    assert (figures["teds"], figures["teds_structure"]) == ((1, 1) if name == "tables" else (None, None))


def test_a_scan_is_read_nearly_without_a_mistake(
    made: dict[str, MadePage], parsed: dict[str, Document]
) -> None:
    """OCR of a slightly noisy page: one letter in a hundred may be wrong, none out of its place."""
    [page] = parsed[SCAN].pages
    assert {result.draft.source for result in page.regions if result.draft} == {"rapidocr"}
    figures = quality(parsed[SCAN].markdown, made[SCAN])
    assert figures["text"] is not None
    assert figures["text"] < 0.01
    assert (figures["order"], figures["invented"]) == (0, 0)


def test_a_scan_reads_as_printed(made: dict[str, MadePage], drafter: ReadOnce) -> None:
    """Line by line, nearly all are word for word what was set; a page number may be overlooked."""
    read = [line.text for line in drafter.read(opened(made[SCAN]))]
    blocks = [block for block in made[SCAN].blocks if block.kind != "page_number"]
    wrong = [text for block in blocks for text, _ in block.lines if text not in read]
    assert len(wrong) <= 4
    assert all(min(Levenshtein.distance(text, other) for other in read) <= 2 for text in wrong)


@pytest.mark.parametrize("name", [*PROSE, SCAN])
@pytest.mark.parametrize("given", [True, False])
def test_layout_is_found_in_order(
    name: str, given: bool, made: dict[str, MadePage], detector: PyMuPDFDetector, drafter: ReadOnce
) -> None:
    """With the lines as they were set, or as they are read: most regions, none out of its place."""
    page = opened(made[name])
    lines = set_lines(made[name]) if given else drafter.read(page)
    truths = bench.truths(annotation(made[name], 72))
    result = bench.score(name, truths, analyse(page, lines, detector).regions, 1.0)
    assert bench.share([result]) > 0.8  # list items of two lines are two to a layout without the file
    assert result.distance == 0


def set_lines(page: MadePage) -> list[Line]:
    """The lines that were set, as if OCR had read them."""
    return [Line((Span(text, box),), box, "rapidocr") for block in page.blocks for text, box in block.lines]


def test_a_form_in_two_columns_is_read_line_by_line(parsed: dict[str, Document]) -> None:
    """A label and its value are a row."""
    rows = [f"<tr><td>{label}:</td><td>{value}</td></tr>" for label, value in FIELDS]
    assert f"<table>{''.join(rows)}</table>" in parsed["form-columns"].markdown


def cases(page: MadePage, drafter: ReadOnce) -> list[Case]:
    """The page's regions, what a verifier would write there, and what is drafted for it."""
    sheet = opened(page)
    entry = annotation(page, 72)  # a point is a pixel
    return [
        Case(page.name, region.language, region.text, region.draft.text if region.draft else "")
        for region in page_regions(sheet, entry, drafter, Style())
    ]


@pytest.mark.parametrize(
    ("name", "length"), [("paper", 40), ("tables", 45), ("lists", 20), ("form", 18), (SCAN, 25)]
)
def test_drafts_are_accepted_on_replay(
    name: str, length: int, made: dict[str, MadePage], drafter: ReadOnce
) -> None:
    """Tokens a step of the regions' own text with their drafts; never fewer than by tokens alone."""
    codec = TokenizerCodec(core_tokenizer())
    found = cases(made[name], drafter)
    assert len(found) == sum(block.kind != "table" for block in made[name].blocks)
    figures = {kind: measure(codec, found, 64, kind)["all"] for kind in ("characters", "tokens", "perfect")}
    lengths = {kind: figure["mean_accepted_length"] for kind, figure in figures.items()}
    assert lengths["tokens"] <= lengths["characters"] <= lengths["perfect"]
    assert lengths["characters"] > length


@pytest.mark.parametrize("name", [*DIGITAL, SCAN])
def test_a_replayed_page_comes_out_as_recorded_in_few_passes(
    name: str, made: dict[str, MadePage], detector: PyMuPDFDetector, drafter: ReadOnce
) -> None:
    """The whole flow in page mode: the recorded text to the letter, many tokens a step."""
    recorded = markdown(made[name])
    config = Config(mode="page")
    keyed: dict[Hashable, str] = {RequestKey(0, 0, None): recorded}
    loaded = ReplayModel(core_tokenizer(), token_id("<|im_end|>"), page=MarkdownPages())
    parts = Parts(ReplayVerifier(loaded, keyed, config), detector, drafter)
    document = docspec.Parser(config, parts=parts).parse(made[name].pdf, name=f"{name}.pdf")
    assert document.errors == ()
    assert document.markdown == recorded
    assert document.pages[0].stats.mean_accepted_length > 10


@pytest.mark.parametrize("name", DIGITAL)
def test_a_faultless_reading_has_perfect_figures(name: str, made: dict[str, MadePage]) -> None:
    """Also with paragraphs broken elsewhere, where there are no tables; and every wrong letter counts."""
    page, text = made[name], markdown(made[name])
    for reading in (text,) if name == "tables" else (text, halved(text), joined(text)):
        figures = quality(reading, page)
        assert (figures["text"], figures["order"]) == (0, 0)
    wrong = quality(text.replace("a", "ä"), page)["text"]
    assert wrong is not None
    assert 0.02 < wrong < 0.15


def test_the_folder_is_one_that_the_benchmarks_read(
    made: dict[str, MadePage], detector: PyMuPDFDetector, tmp_path: Path
) -> None:
    """Its layout is found from the lines that were set."""
    write_folder(tmp_path, {name: made[name] for name in PROSE})
    known = iter([set_lines(made[name]) for name in PROSE])
    scores = list(bench.measure(tmp_path, lambda _: next(known), detector))
    assert [score.name for score in scores] == [f"{name}.png" for name in PROSE]
    assert bench.summary(scores)["found"] > 0.9
