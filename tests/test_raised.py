"""Note marks and exponents of scans, told from figures by where their ink stands."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.reading.ctc import Transcript
from docspec.drafters.reading.ocr_engine import OcrEngine
from docspec.drafters.reading.raised import with_raised
from docspec.mupdf import pymupdf
from docspec.types import Image

SIZE, SMALL, HIGH = 11.0, 0.6, 0.36  # points; of it: a raised figure's size, and how high it stands


def drawn(before: str, mark: str = "", after: str = "", *, font: str = "tiro", dpi: int = 150) -> Image:
    """A strip of ``before``, a raised ``mark``, and ``after``, with a margin as the detector leaves it."""
    document = pymupdf.open()
    sheet = document.new_page(width=400, height=20)
    metrics = pymupdf.Font(font)
    at = 6.0
    for text, size, rise in ((before, SIZE, 0.0), (mark, SMALL * SIZE, HIGH * SIZE), (after, SIZE, 0.0)):
        sheet.insert_text((at, 14 - rise), text, fontname=font, fontsize=size)
        at += metrics.text_length(text, size)
    sheet.set_cropbox(pymupdf.Rect(2, 1, at + 4, 19))
    pixmap = sheet.get_pixmap(dpi=dpi, alpha=False)
    image = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.stride)
    return image[:, : 3 * pixmap.width].reshape(pixmap.height, pixmap.width, 3)


@pytest.fixture(scope="module")
def engine() -> OcrEngine:
    return OcrEngine(threads=1)


def read(engine: OcrEngine, strip: Image) -> str:
    [reading] = engine.read([strip])
    return with_raised(reading, strip).text


@pytest.mark.parametrize("font", ["tiro", "helv"])
@pytest.mark.parametrize(
    ("before", "mark", "after", "text"),
    [
        ("They brought two cups.", "1", "", "They brought two cups.¹"),
        ("as Miller and Jones", "12", " have shown", "as Miller and Jones¹² have shown"),
        ("an area of 45 m", "2", " or more", "an area of 45 m² or more"),
        ("the grid is 10", "6", " times larger", "the grid is 10⁶ times larger"),
        ("", "3", " See the report of 2004, page 12.", "³ See the report of 2004, page 12."),
    ],
)
def test_raised_figures_are_superscripts(
    engine: OcrEngine, font: str, before: str, mark: str, after: str, text: str
) -> None:
    """Small figures that stand clear of the line are written raised, wherever they stand in it."""
    assert read(engine, drawn(before, mark, after, font=font)).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("font", ["tiro", "helv", "cour"])
@pytest.mark.parametrize("dpi", [100, 150])
@pytest.mark.parametrize(
    "text",
    [
        "Figure 10 shows 15 of 20 cases",
        "in 1990, 1,234 were left",
        "Table 2.1 and section 1",
        "2468 13579 470",
    ],
)
def test_figures_on_the_line_stay(engine: OcrEngine, font: str, dpi: int, text: str) -> None:
    """Figures among letters, among figures and at either end are written as they are printed."""
    assert not set(read(engine, drawn(text, font=font, dpi=dpi))) & set("⁰¹²³⁴⁵⁶⁷⁸⁹")


@pytest.mark.parametrize("font", ["tiro", "helv", "cour"])
@pytest.mark.parametrize("text", ["the workers' party", "it is the readers' turn", "don't say 'never'"])
def test_apostrophes_stay(engine: OcrEngine, font: str, text: str) -> None:
    """What is taken for a raised 1 is taller than any apostrophe."""
    assert "¹" not in read(engine, drawn(text, font=font))


@given(st.text("ab1 .2/", max_size=12), st.integers(0, 2**32 - 1))
def test_no_character_is_added_or_lost(text: str, seed: int) -> None:
    """Whatever the pixels, only figures change, and only to themselves raised."""
    chance = np.random.default_rng(seed)
    strip = chance.integers(0, 256, (24, 8 + 12 * len(text), 3), dtype=np.uint8)
    places = tuple((i + 0.5) / len(text) for i in range(len(text)))
    raised = with_raised(Transcript(text, places), strip).text
    assert raised.translate(str.maketrans("¹²", "12")) == text
