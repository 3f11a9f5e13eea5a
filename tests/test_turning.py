"""Pages that are read turned, and their boxes in the page as it is displayed."""

from pathlib import Path

import numpy as np
import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

import docspec
from docspec.source import open_document
from docspec.turning import displayed, prevailing_turn, turned, turned_box, upright
from docspec.types import (
    Box,
    Category,
    Dropped,
    Finish,
    Line,
    Page,
    PageResult,
    Region,
    RegionResult,
    Span,
    Verdict,
)

PROSE = (
    "Alder wood dries slowly in a closed barn, and the joiner who buys it fresh must wait two winters.",
    "Birch takes less time, although its pale surface shows every mark that the saw has left.",
    "Cherry darkens with the light of the first summer, so finished boards are kept covered.",
)


def line(text: str, box: Box, turn: int = 0) -> Line:
    """A line of one span."""
    return Line((Span(text, box),), box, "text-layer", turn=turn)


def test_most_characters_decide_the_turn() -> None:
    """A stamp up the margin does not turn a page; a table on its side does, whatever its header says."""
    stamp, body = (
        line("arXiv 1234", (0, 0, 9, 90), 90),
        line("The body of the page is longer.", (20, 0, 90, 9)),
    )
    assert prevailing_turn([stamp, body]) == 0
    table = line("North 300 307 314 South 400 407 414", (20, 0, 29, 90), 90)
    assert prevailing_turn([table, line("page 4", (0, 0, 9, 9))]) == 90
    heads = [line(text, (20, 0, 29, 90), 90) for text in ("Swimming", "Climbing", "Rowing")]
    assert prevailing_turn([*heads, *(line("x", (0, y, 9, y + 9)) for y in range(0, 90, 10))]) == 0
    assert prevailing_turn([]) == 0


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_boxes_turn_with_the_pixels(turn: int) -> None:
    """What a box frames in the image, its turned box frames in the turned image."""
    image = np.full((40, 60, 3), 255, np.uint8)
    image[5:10, 20:50] = 0
    page = turned(Page(0, 60.0, 40.0, 72.0, image), turn)
    box = turned_box((20.0, 5.0, 50.0, 10.0), turn, 60.0, 40.0)
    assert (page.width, page.height) == ((60.0, 40.0) if turn == 180 else (40.0, 60.0))
    assert page.turn == turn
    assert page.crop(box).size == 3 * 5 * 30
    assert not page.crop(box).any()


@given(
    st.sampled_from([0, 90, 180, 270]),
    st.floats(1, 900),
    st.floats(1, 900),
    st.lists(st.tuples(*[st.floats(0, 900)] * 4), max_size=3),
)
def test_displayed_and_upright_undo_each_other(
    turn: int, width: float, height: float, boxes: list[Box]
) -> None:
    """A result comes back from the displayed page as it was, each box with its width and height."""
    regions = tuple(
        RegionResult(
            Region(0, order, box, Category.TEXT, lines=(line("x", box),)), None, Verdict("x", Finish.END)
        )
        for order, box in enumerate(boxes)
    )
    dropped = tuple(Dropped(box, None, "why") for box in boxes)
    page = PageResult(0, width, height, regions, dropped, turn=turn)
    back = upright(displayed(page))
    assert (back.width, back.height) == (width, height)
    for before, after in zip(page.regions, back.regions, strict=True):
        assert after.region.box == pytest.approx(before.region.box)
        assert after.region.lines[0].spans[0].box == pytest.approx(before.region.box)
    for was, entry in zip(page.dropped, back.dropped, strict=True):
        assert entry.box == pytest.approx(was.box)


def sheet(text_turn: int, rotation: int, path: Path) -> Path:
    """A page whose text is drawn with ``text_turn`` and which is displayed with ``rotation``."""
    document = pymupdf.open()
    page = document.new_page(width=595, height=842)
    frame = pymupdf.Rect(60, 60, 535, 782)
    page.insert_textbox(frame, "\n\n".join(PROSE), fontsize=11, rotate=text_turn)
    page.set_rotation(rotation)
    document.save(path)
    return path


@pytest.mark.parametrize(
    ("text_turn", "rotation"), [(0, 90), (0, 270), (90, 0), (180, 0), (270, 0), (90, 90)]
)
def test_turned_text_is_read_in_order(text_turn: int, rotation: int, tmp_path: Path) -> None:
    """Text that runs up, down or upside down is prose like any other; its boxes are on the displayed page."""
    path = sheet(text_turn, rotation, tmp_path / "turned.pdf")
    document = docspec.parse(path, verifier="draft-only")
    found = [document.markdown.find(text) for text in PROSE]
    assert found == sorted(found)
    assert min(found) >= 0
    [page] = document.pages
    shown = pymupdf.open(path)[0]
    assert (page.width, page.height) == (shown.rect.width, shown.rect.height)
    first = next(region for region in page.regions if region.text.startswith("Alder"))
    [place, *_] = [word for word in shown.get_text("words") if word[4] == "Alder"]
    word = pymupdf.Rect(place[:4]) * shown.rotation_matrix
    assert pymupdf.Rect(first.box).contains((word.tl + word.br) / 2)


@pytest.mark.parametrize("turn", [90, 180, 270])
@pytest.mark.parametrize("kind", ["image", "pdf"])
def test_scans_are_turned_to_be_read(turn: int, kind: str, tmp_path: Path) -> None:
    """A scan that lies on its side or stands on its head, alone or in a PDF, is read from its own top."""
    page = pymupdf.open(sheet(0, 0, tmp_path / "upright.pdf"))[0]
    page.set_rotation(turn)
    scan = page.get_pixmap(dpi=130)
    path = tmp_path / "scan.png"
    scan.save(path)
    if kind == "pdf":
        document = pymupdf.open()
        document.new_page(width=scan.width / 2, height=scan.height / 2).insert_image(
            (0, 0, scan.width / 2, scan.height / 2), pixmap=scan
        )
        path = tmp_path / "scan.pdf"
        document.save(path)
    document = docspec.parse(path, verifier="draft-only")
    found = [document.markdown.find(text[:20]) for text in PROSE]
    assert found == sorted(found)
    assert min(found) >= 0
    assert document.pages[0].turn == 360 - turn


def test_a_page_keeps_its_turn_in_the_source(tmp_path: Path) -> None:
    """The source says by how much it turned a page, and the page is that much wider or higher."""
    with open_document(sheet(90, 0, tmp_path / "up.pdf")) as source:
        page = next(source.pages(72.0))
    assert isinstance(page, Page)
    assert (page.turn, page.width, page.height) == (90, 842.0, 595.0)
