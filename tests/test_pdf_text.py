"""What the text layer of a PDF page says: characters in order, words apart, links and strokes."""

from collections.abc import Callable, Sequence
from typing import Any

import pymupdf
import pytest

from docspec.pdf_text import text_lines
from docspec.types import Line


def lines_of(draw: Callable[[Any], object]) -> tuple[Line, ...]:
    """The lines of a page that ``draw`` has written on."""
    document = pymupdf.open()
    draw(document.new_page(width=400, height=300))
    return text_lines(pymupdf.open(stream=document.tobytes())[0])


def written(draw: Callable[[Any], object]) -> list[str]:
    """Their texts."""
    return [line.text.strip() for line in lines_of(draw)]


@pytest.mark.parametrize(("dx", "dy", "size"), [(0.3, 0, 12), (0.6, 0.4, 12), (1.0, 1.0, 24), (0, 0, 10)])
def test_text_printed_twice_to_look_bold_is_there_once(dx: float, dy: float, size: float) -> None:
    """A shift of the second print, or none, makes no second line and no doubled letters."""

    def draw(page: Any) -> None:
        for x, y in ((40, 60), (40 + dx, 60 + dy)):
            page.insert_text((x, y), "Opening hours", fontsize=size)

    [line] = lines_of(draw)
    assert line.text == "Opening hours"


def test_a_repeated_word_is_no_double_print() -> None:
    """Words that are there twice beside or below each other stay."""

    def draw(page: Any) -> None:
        page.insert_text((40, 60), "bye bye")
        page.insert_text((40, 74), "bye bye")

    assert written(draw) == ["bye bye", "bye bye"]


def spaced(
    page: Any, text: str, at: float, gap: float, word_gap: float, size: float = 11, narrow: str = ""
) -> None:
    """``text`` set letter by letter, with gaps and without space glyphs; before ``narrow`` characters a gap
    between words is a tenth less wide."""
    font = pymupdf.Font("helv")
    writer = pymupdf.TextWriter(page.rect)
    x = 40.0
    for char, after in zip(text, f"{text[1:]} ", strict=True):
        if char == " ":
            x += (0.9 if after in narrow else 1.0) * word_gap - gap
            continue
        writer.append((x, at), char, font=font, fontsize=size)
        x += font.text_length(char, size) + gap
    writer.write_text(page)


@pytest.mark.parametrize(("gap", "word_gap"), [(4.5, 11.0), (3.5, 9.0)])
def test_letter_spaced_words_are_words(gap: float, word_gap: float) -> None:
    """The wider gaps part the words of a heading set with spaces between its letters."""
    assert written(lambda page: spaced(page, "THE HUMAN SIDE", 60, gap, word_gap, 14)) == ["THE HUMAN SIDE"]


def test_a_letter_spaced_word_is_a_word() -> None:
    """Where no space is printed between them, letters that stand close are one word."""
    assert written(lambda page: spaced(page, "ABSTRACT", 60, 5.0, 0)) == ["ABSTRACT"]
    assert written(lambda page: spaced(page, "ABCDEF", 60, 8.0, 0)) == ["A B C D E F"]


@pytest.mark.parametrize("word_gap", [1.3, 1.6])
def test_words_of_a_tight_line_are_apart(word_gap: float) -> None:
    """Where a line is squeezed so that its gaps are narrow, they are wider than those between letters."""
    text = "Drivers for most languages are available from their authors"
    assert written(lambda page: spaced(page, text, 60, 0.0, word_gap)) == [text]


@pytest.mark.parametrize(
    "text", ["A toy model (see below) of us", "Learn in 7 live days", "Try our first .NET program"]
)
def test_short_words_of_a_tight_line_are_apart(text: str) -> None:
    """Where no space is a glyph, the gaps that are seen say what narrower ones are, before brackets too."""

    def draw(page: Any) -> None:
        spaced(page, text, 60, 0.0, 1.75, narrow="(7l.")

    assert written(draw) == [text]


def test_signs_of_a_formula_stay_close() -> None:
    """A bracket after a letter of another font is a function's, however the two are set."""

    def draw(page: Any) -> None:
        spaced(page, "where every value of", 60, 0.0, 2.5)
        page.insert_text((155, 60), "f", fontname="tiit", fontsize=11)
        page.insert_text((159.5, 60), "(x) is known", fontname="helv", fontsize=11)

    assert "f(x)" in " ".join(written(draw))


def test_dots_of_leaders_are_no_letters() -> None:
    """A row of contents is not letter-spaced, however many dots lead to its page."""

    def draw(page: Any) -> None:
        spaced(page, "Nets and ropes . . . . . . . . . . . . . . . .", 60, 0.0, 4.5)

    [text] = written(draw)
    assert text.startswith("Nets and ropes .")


def test_a_long_word_and_a_list_of_letters_stay() -> None:
    """Nothing is cut where gaps are alike."""
    word = "Donaudampfschifffahrtsgesellschaft"
    assert written(lambda page: page.insert_text((40, 60), word)) == [word]
    assert written(lambda page: page.insert_text((40, 60), "a b c d e f")) == ["a b c d e f"]


class RawPage:
    """A page of one line of characters, each with where it starts and ends, as PyMuPDF gives them."""

    rect = pymupdf.Rect(0, 0, 400, 300)

    def __init__(self, glyphs: Sequence[tuple[str, float, float]]) -> None:
        self.glyphs = glyphs

    def get_links(self) -> list[Any]:
        """None."""
        return []

    def widgets(self) -> list[Any]:
        """None."""
        return []

    def get_text(self, kind: str, flags: int) -> dict[str, Any]:
        """The line, as MuPDF's raw dictionary has it."""
        chars = [{"c": c, "bbox": (a, 20.0, b, 32.0), "synthetic": False} for c, a, b in self.glyphs]
        span = {"size": 12, "font": "Naskh", "flags": 0, "char_flags": 16, "chars": chars}
        line = {"bbox": (0.0, 20.0, 400.0, 32.0), "dir": (1.0, 0.0), "wmode": 0, "spans": [span]}
        return {"blocks": [{"lines": [line]}]}


@pytest.mark.parametrize(
    ("glyphs", "text"),
    [
        # from right to left: kaf, alef, then one glyph for lam-alef, and the last letter
        ([("ک", 60, 64), ("ا", 57, 60), ("ا", 57, 57), ("ل", 51, 57), ("ی", 44, 51)], "کالای"),
        ([("ا", 60, 63), ("أ", 60, 60), ("ل", 54, 60), ("م", 48, 54)], "الأم"),
        ([("ب", 60, 63), ("ا", 57, 60), ("ب", 54, 57)], "باب"),
    ],
)
def test_arabic_ligatures_are_in_reading_order(glyphs: Sequence[tuple[str, float, float]], text: str) -> None:
    """The letters of lam-alef, one glyph of which the alef has no width, come lam first."""
    [line] = text_lines(RawPage(glyphs))
    assert line.text == text


def test_links_are_of_the_characters_under_them() -> None:
    """A link in the middle of a line is of its own words; one over two lines is of both."""
    address = "https://example.org/prices"

    def draw(page: Any) -> None:
        page.insert_text((40, 60), "See the price list before you order", fontname="cour", fontsize=10)
        page.insert_text((40, 74), "and write to us", fontname="cour", fontsize=10)
        for box in ((88, 50, 148, 62), (178, 50, 250, 62), (40, 64, 88, 76)):
            page.insert_link({"kind": pymupdf.LINK_URI, "from": pymupdf.Rect(box), "uri": address})

    found = [(span.text, span.link) for line in lines_of(draw) for span in line.spans]
    assert found == [
        ("See the ", ""),
        ("price list", address),
        (" befo", ""),
        ("re you order", address),
        ("and writ", address),
        ("e to us", ""),
    ]


def test_struck_words_are_known() -> None:
    """A stroke drawn through a word, and not the line under another."""

    def draw(page: Any) -> None:
        page.insert_text((40, 60), "old", fontsize=12)
        page.insert_text((100, 60), "new", fontsize=12)
        page.draw_line((40, 56), (58, 56), width=0.7)
        page.draw_line((100, 61.5), (124, 61.5), width=0.7)

    spans = [span for line in lines_of(draw) for span in line.spans if span.text.strip()]
    assert [(span.text, span.struck) for span in spans] == [("old", True), ("new", False)]


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ((" שקלים", "45 ", "המחיר הוא"), "המחיר הוא 45 שקלים"),
        ((" בלבד", "Grey Gull 7 ", "הספינה"), "הספינה Grey Gull 7 בלבד"),
        (("הספר החדש",), "הספר החדש"),
    ],
)
def test_words_of_hebrew_in_visual_order_start_at_the_right(runs: Sequence[str], text: str) -> None:
    """MuPDF turns each run of Hebrew but not their order; numbers and Latin words keep their direction."""
    glyphs: list[tuple[str, float, float]] = []
    x = 40.0
    for run in runs:
        places = [(x + 6 * n, x + 6 * n + 6) for n in range(len(run))]
        leftward = any("\u0590" <= char <= "\u05ff" for char in run)
        ordered = places[::-1] if leftward else places
        glyphs += [(char, *place) for char, place in zip(run, ordered, strict=True)]
        x += 6 * len(run)
    [line] = text_lines(RawPage(glyphs))
    assert line.text == text
