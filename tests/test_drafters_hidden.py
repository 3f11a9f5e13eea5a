"""What a page does not show, or shows otherwise than its text layer says: bars, narrow layers, drop caps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest

import docspec
from docspec.drafters.reading.drop_caps import with_drop_caps
from docspec.drafters.reading.line_numbers import without_line_numbers
from docspec.types import Box, Line, Span


def parsed(draw: Callable[[Any], object], path: Path) -> str:
    """The markdown of a page that ``draw`` has written on."""
    document = pymupdf.open()
    draw(document.new_page(width=420, height=420))
    document.save(path)
    return docspec.parse(path, verifier="draft-only").markdown


@pytest.mark.parametrize("colour", [(0, 0, 0), (0.6, 0, 0), (0.3, 0.3, 0.3)])
def test_words_under_a_bar_are_left_out(colour: tuple[float, float, float], tmp_path: Path) -> None:
    """A whole line and the middle of another, whatever colour the bar has; words beside it stay."""

    def draw(page: Any) -> None:
        page.insert_text((40, 60), "The first line of the page is for all to read.")
        page.insert_text((40, 90), "Nobody may see what stands in this line.")
        page.insert_text((40, 120), "The keeper's name is Bartholomew Quill, and he is tall.")
        for frame in (pymupdf.Rect(38, 79, 262, 94), _words(page, "Bartholomew", "Quill,")):
            page.draw_rect(frame, color=colour, fill=colour)

    markdown = parsed(draw, tmp_path / "bar.pdf")
    assert "for all to read" in markdown
    assert "Nobody" not in markdown
    assert "Bartholomew" not in markdown
    assert "The keeper's name is" in markdown
    assert "and he is tall." in markdown


def _words(page: Any, *texts: str) -> Any:
    """The box around these words."""
    frame = pymupdf.Rect(pymupdf.EMPTY_RECT())
    for word in page.get_text("words"):
        if word[4] in texts:
            frame.include_rect(word[:4])
    return pymupdf.Rect(frame.x0 - 1, frame.y0, frame.x1 + 1, frame.y1)


def test_words_on_a_dark_ground_are_no_covered_words(tmp_path: Path) -> None:
    """White print on a bar shows."""

    def draw(page: Any) -> None:
        page.draw_rect((38, 45, 300, 66), fill=(0, 0, 0))
        page.insert_text((40, 60), "White words of a heading", color=(1, 1, 1))
        page.insert_text((40, 90), "Black words below it, of a paragraph.")

    assert "White words of a heading" in parsed(draw, tmp_path / "white.pdf")


LINES = ("Seven geese crossed the frozen pond at noon,", "and the fox watched them from the reeds.")


@pytest.mark.parametrize(("share", "off"), [(0.8, 0), (0.9, 0), (1.0, 0), (0.7, 12)])
def test_a_hidden_layer_narrower_than_the_print_is_its_text(share: float, off: float, tmp_path: Path) -> None:
    """A scan's layer that is set narrower than the print, or somewhat above it, is all of the text, once."""
    print_ = pymupdf.open()
    page = print_.new_page(width=420, height=300)
    for number, text in enumerate(LINES):
        page.insert_text((30, 60 + 30 * number), text, fontsize=16)
    scan = page.get_pixmap(dpi=150)

    def draw(page: Any) -> None:
        page.insert_image(page.rect, pixmap=scan, keep_proportion=False)
        for number, text in enumerate(LINES):
            y = (60 + 30 * number) * 420 / 300
            page.insert_text((30, y - off), text, fontsize=16 * share, render_mode=3)

    markdown = parsed(draw, tmp_path / "scan.pdf")
    assert " ".join(markdown.split()) == " ".join(LINES)


def made(text: str, box: Box) -> Line:
    """A line of one span."""
    return Line((Span(text, box),), box, "text-layer")


@pytest.mark.parametrize(
    ("letter", "rest", "joined"),
    [
        ("R", "ealised through", "Realised through"),
        ("T", "HE BARN rose", "THE BARN rose"),
        ("\u201cW", "hen snow fell", "\u201cWhen snow fell"),
        ("A", " barn rose", "A barn rose"),
    ],
)
def test_a_drop_cap_joins_its_word(letter: str, rest: str, joined: str) -> None:
    """Whatever case the word goes on in, and with a quotation mark before it."""
    lines = (
        made(letter, (60, 70, 88, 120)),
        made(rest, (91, 84, 490, 100)),
        made("more", (91, 100, 490, 116)),
    )
    assert [line.text for line in with_drop_caps(lines)] == [joined, "more"]


def test_other_letters_are_no_drop_caps() -> None:
    """A label as tall as the lines beside it, and a letter below a paragraph's top."""
    label = (made("A", (60, 84, 70, 100)), made("first answer", (75, 84, 490, 100)))
    assert with_drop_caps(label) == label
    below = (made("B", (60, 50, 88, 100)), made("last line", (91, 90, 490, 104)))
    assert with_drop_caps(below) == below


def numbered(step: int, count: int, wide: float) -> list[Line]:
    """Lines of ``wide`` points, every ``step`` of which has its number in the margin."""
    lines = []
    for row in range(1, count + 1):
        y = 80.0 + 18 * row
        if row % step == 0:
            lines.append(made(str(row), (60 - 5.0 * len(str(row)), y, 60, y + 9)))
        lines.append(made(f"Words of line {row}", (90, y, 90 + wide, y + 12)))
    return lines


@pytest.mark.parametrize(("step", "count"), [(1, 12), (5, 40)])
def test_numbers_in_the_margin_are_no_text(step: int, count: int) -> None:
    """They count all lines or some; those of a table's rows, whose cells are narrow, stay."""
    lines = numbered(step, count, 400.0)
    assert [line.text for line in without_line_numbers(lines, 595)] == [
        f"Words of line {n + 1}" for n in range(count)
    ]
    table = numbered(step, count, 60.0)
    assert without_line_numbers(table, 595) == tuple(table)


def test_numbers_that_do_not_count_stay() -> None:
    """A column of amounts, or of years with a gap."""
    lines = [line for line in numbered(1, 12, 400.0) if line.text != "7"]
    assert without_line_numbers(lines, 595) == tuple(lines)


def boxed(page: Any, y: float, tick: str, side: float) -> None:
    """A check box with its label."""
    box = pymupdf.Rect(40, y - side, 40 + side, y)
    page.draw_rect(box, width=0.8)
    if tick == "cross":
        inner = pymupdf.Rect(box.x0 + 2, box.y0 + 2, box.x1 - 2, box.y1 - 2)
        page.draw_line(inner.tl, inner.br)
        page.draw_line(inner.tr, inner.bl)
    elif tick == "tick":
        corners = ((2, side / 2), (side / 3, side - 2), (side - 1, 2))
        page.draw_polyline([(box.x0 + x, box.y0 + y) for x, y in corners])
    elif tick == "square":
        page.draw_rect((box.x0 + 2.2, box.y0 + 2.2, box.x1 - 2.2, box.y1 - 2.2), fill=(0, 0, 0))
    page.insert_text((40 + side + 8, y), f"Label with {tick}")


@pytest.mark.parametrize("side", [9.0, 11.0, 14.0])
def test_drawn_check_boxes_are_signs(side: float, tmp_path: Path) -> None:
    """A cross, a tick or a square in a drawn box is one, nothing is none, in a PDF and in its image."""

    def draw(page: Any) -> None:
        page.insert_text((40, 50), "Please tick what the yard has to do for you.")
        for number, tick in enumerate(("cross", "tick", "nothing", "square")):
            boxed(page, 90 + 30 * number, tick, side)

    markdown = parsed(draw, tmp_path / "boxes.pdf")
    assert "\u2611 Label with cross" in markdown
    assert "\u2611 Label with tick" in markdown
    assert "\u2611 Label with square" in markdown
    assert "\u2610 Label with nothing" in markdown


def test_a_letter_o_is_no_check_box(tmp_path: Path) -> None:
    """Text, bullets and the cells of a table are not."""

    def draw(page: Any) -> None:
        page.insert_text((40, 60), "O is the letter of the day in this lesson.")
        page.draw_rect((40, 80, 48, 88), fill=(0, 0, 0))
        page.insert_text((56, 88), "a square bullet that is filled")

    markdown = parsed(draw, tmp_path / "none.pdf")
    assert not set("\u2611\u2610") & set(markdown)
    assert np.all([word in markdown for word in ("letter", "bullet")])


COLUMNS = (
    "\u6625\u306e\u5ddd\u306f\u9759\u304b\u306b",
    "\u53e4\u3044\u6a4b\u306e\u4e0a\u306b",
    "\u767d\u3044\u9ce5\u304c\u98db\u3093\u3060",
)


@pytest.mark.parametrize(("pitch", "apart"), [(20, 40), (24, 60)])
def test_columns_of_characters_are_read_from_the_right(pitch: float, apart: float, tmp_path: Path) -> None:
    """Characters set one below the other are a line, and the column at the right is the first."""

    def draw(page: Any) -> None:
        for column, text in enumerate(COLUMNS):
            for row, char in enumerate(text):
                place = (340 - apart * column, 60 + pitch * row)
                page.insert_text(place, char, fontname="japan", fontsize=18)

    assert "".join(parsed(draw, tmp_path / "columns.pdf").split()) == "".join(COLUMNS)


@pytest.mark.parametrize(("angle", "y"), [(0, 130), (30, 280), (45, 280)])
def test_a_watermark_is_no_part_of_the_text(angle: float, y: float, tmp_path: Path) -> None:
    """Large words across the text of every page go; on a single page they stay, apart from the text."""
    path = tmp_path / "marked.pdf"
    document = pymupdf.open()
    for number in range(2):
        page = document.new_page(width=420, height=420)
        text = f"Sheet {number} of the ledger has the words that follow, line by line. " * 8
        page.insert_textbox((40, 60, 380, 300), text)
        turn = (pymupdf.Point(90, y), pymupdf.Matrix(angle))
        page.insert_text((90, y), "DRAFT", fontsize=60, color=(0.8, 0.8, 0.8), morph=turn)
    document.save(path)
    whole = docspec.parse(path, verifier="draft-only")
    assert "DRAFT" not in whole.markdown
    assert whole.pages[0].dropped[-1].reason == "watermark"
    blocks = docspec.parse(path, verifier="draft-only", pages="1").markdown.split("\n\n")
    assert len(blocks) == 2
    assert [block.strip(" #\n") for block in blocks if "DRAFT" in block] == ["DRAFT"]
