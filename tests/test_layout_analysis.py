"""The layout stage on made-up pages: nothing is lost, and each rule does what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from docspec.layout import Layout, analyse
from docspec.types import Box, Category, Line, Page, Region, Span

WIDTH, HEIGHT = 300.0, 400.0


class Fixed:
    """A detector that finds what it is told to."""

    def __init__(self, *found: tuple[Box, Category]) -> None:
        self.found = found

    def detect(self, page: Page, lines: Sequence[Line]) -> Sequence[Region]:
        """The given regions."""
        return [Region(page.index, i, box, category) for i, (box, category) in enumerate(self.found)]


def line(text: str, box: Box, source: str = "text-layer", size: float = 0.0, bold: bool = False) -> Line:
    """A line of one span."""
    return Line((Span(text, box, size, bold=bold),), box, source)


def page(*ink: Box, index: int = 0) -> Page:
    """A white page with black boxes on it, at 72 dpi."""
    image = np.full((int(HEIGHT), int(WIDTH), 3), 255, np.uint8)
    for x0, y0, x1, y1 in ink:
        image[int(y0) : int(y1), int(x0) : int(x1)] = 0
    return Page(index, WIDTH, HEIGHT, 72.0, image)


def texts(layout: Layout) -> list[str]:
    """Each region's text."""
    return [" ".join(line.text for line in region.lines) for region in layout.regions]


boxes = st.builds(
    lambda x, y, w, h: (float(x), float(y), float(x + w), float(y + h)),
    st.integers(-20, 320),
    st.integers(-20, 420),
    st.integers(0, 200),
    st.integers(0, 60),
)
words = st.sampled_from(["", " ", "•", "1", "(3)", "Figure 1: all", "2.1", "word", "a longer line of text."])


@st.composite
def any_lines(draw: st.DrawFn) -> Line:
    """Lines of one to three spans from any source, on the page or off it."""
    pieces = draw(st.lists(st.tuples(words, boxes), min_size=1, max_size=3))
    source = draw(st.sampled_from(["text-layer", "rapidocr"]))
    xs0, ys0, xs1, ys1 = zip(*(box for _, box in pieces), strict=True)
    spans = tuple(Span(text, box) for text, box in pieces)
    return Line(spans, (min(xs0), min(ys0), max(xs1), max(ys1)), source)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(any_lines(), max_size=15),
    st.lists(st.tuples(boxes, st.sampled_from(list(Category))), max_size=8),
)
def test_nothing_is_lost(lines: list[Line], found: list[tuple[Box, Category]]) -> None:
    """Every span of every line is in exactly one region or dropped with a reason, and orders count up."""
    layout = analyse(page((20, 20, 200, 200)), lines, Fixed(*found))
    kept = Counter(span for region in layout.regions for own in region.lines for span in own.spans)
    given_spans = Counter(span for own in lines for span in own.spans)
    assert not kept - given_spans
    missing = "".join(sorted("".join(span.text for span in (given_spans - kept).elements())))
    assert missing == "".join(sorted("".join(dropped.text for dropped in layout.dropped)))
    assert all(dropped.reason for dropped in layout.dropped)
    assert [region.order for region in layout.regions] == list(range(len(layout.regions)))
    assert all(r.parent is None or 0 <= r.parent < len(layout.regions) for r in layout.regions)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(words, boxes), max_size=15),
    st.lists(st.tuples(boxes, st.sampled_from(list(Category))), max_size=8),
)
def test_lines_of_one_piece_stay_whole(
    pieces: list[tuple[str, Box]], found: list[tuple[Box, Category]]
) -> None:
    """A line of one span is itself, once, in one region or among the dropped."""
    lines = [line(text, box) for text, box in pieces]
    layout = analyse(page(), lines, Fixed(*found))
    kept = Counter(own for region in layout.regions for own in region.lines)
    dropped = Counter(d.text for d in layout.dropped if d.category is None)
    assert sum(kept.values()) + sum(dropped.values()) == len(lines)
    assert not kept - Counter(lines)


def test_lines_outside_all_regions_become_paragraphs() -> None:
    """Orphans below one another are one text region, distant ones another."""
    lines = [line("one", (20, 20, 200, 30)), line("two", (20, 32, 200, 42)), line("far", (20, 200, 200, 210))]
    layout = analyse(page(), lines, Fixed())
    assert texts(layout) == ["one two", "far"]
    assert {region.category for region in layout.regions} == {Category.TEXT}


def test_nested_regions_give_the_line_to_the_smaller() -> None:
    """A group's bounding box does not take its neighbour's lines."""
    lines = [line("inner", (20, 50, 100, 60)), line("outer", (20, 20, 280, 30))]
    found = Fixed(((10, 10, 290, 100), Category.TEXT), ((20, 50, 100, 60), Category.LIST_ITEM))
    layout = analyse(page(), lines, found)
    assert [(r.category, r.lines[0].text) for r in layout.regions] == [
        (Category.TEXT, "outer"),
        (Category.LIST_ITEM, "inner"),
    ]


def test_a_line_across_two_columns_is_cut_at_its_spans() -> None:
    """What a source joined across the gutter is given back to both columns."""
    left, right = Span("left", (20, 20, 130, 30)), Span(" right", (170, 20, 280, 30))
    strips = (np.zeros((9, 9, 3), np.uint8), np.ones((9, 9, 3), np.uint8))
    joined = Line((left, right), (20, 20, 280, 30), "rapidocr", strips=strips)
    found = Fixed(((20, 20, 130, 100), Category.TEXT), ((170, 20, 280, 100), Category.TEXT))
    layout = analyse(page(), [joined], found)
    assert texts(layout) == ["left", " right"]
    pieces = [line for region in layout.regions for line in region.lines]
    assert [piece.box for piece in pieces] == [left.box, right.box]
    for piece, strip in zip(pieces, strips, strict=True):
        [kept] = piece.strips
        assert kept is strip


def test_merged_columns_are_cut_on_white_space() -> None:
    """A region over two columns becomes one region for each."""
    lines = [
        line(f"{x}{i}", (x, 20 + 12 * i, x + 120, 30 + 12 * i), "rapidocr")
        for i in range(9)
        for x in (20, 150)
    ]
    layout = analyse(page(), lines, Fixed(((20, 20, 270, 130), Category.TEXT)))
    assert texts(layout) == [" ".join(f"{x}{i}" for i in range(9)) for x in (20, 150)]


def test_recognised_paragraphs_are_cut_where_a_line_ends_early() -> None:
    """A line with room for the next one's first word ends its paragraph."""
    rows = [("Some words that fill the line", 280), ("and end.", 90), ("The next paragraph starts here", 280)]
    lines = [
        line(text, (20, 20 + 12 * i, right, 30 + 12 * i), "rapidocr") for i, (text, right) in enumerate(rows)
    ]
    layout = analyse(page(), lines, Fixed(((20, 20, 280, 60), Category.TEXT)))
    assert [len(region.lines) for region in layout.regions] == [2, 1]


def test_text_inside_a_picture_belongs_to_it() -> None:
    """Labels stay with their figure."""
    found = Fixed(((20, 20, 280, 200), Category.PICTURE), ((40, 40, 80, 50), Category.TEXT))
    layout = analyse(page((100, 60, 250, 180)), [line("label", (40, 40, 80, 50))], found)
    assert [(region.category, len(region.lines)) for region in layout.regions] == [(Category.PICTURE, 1)]
    assert [dropped.reason for dropped in layout.dropped] == ["part of a picture"]


def test_a_picture_behind_text_is_dropped() -> None:
    """A coloured background does not swallow the paragraphs on it."""
    found = Fixed(((0, 0, 300, 400), Category.PICTURE), ((20, 20, 280, 300), Category.TEXT))
    lines = [line("text", (20, 20 + 20 * i, 280, 38 + 20 * i)) for i in range(14)]
    layout = analyse(page((0, 0, 300, 400)), lines, found)
    assert [region.category for region in layout.regions] == [Category.TEXT]
    assert [dropped.reason for dropped in layout.dropped] == ["background of the text on it"]


def test_a_picture_of_nothing_but_text_is_text() -> None:
    """Without ink outside its lines a picture is none."""
    box = (20.0, 20.0, 200.0, 32.0)
    layout = analyse(page(box), [line("words", box)], Fixed(((15, 15, 205, 37), Category.PICTURE)))
    assert [region.category for region in layout.regions] == [Category.TEXT]


def test_text_on_a_drawn_ground_is_text_and_labels_are_not() -> None:
    """What lines cover a good part of is text, whatever is drawn around it; a chart has more ink."""
    rules = [(15.0, y, 205.0, y + 3.0) for y in (14.0, 35.0, 58.0)]
    rows = [(20.0, 20.0, 200.0, 32.0), (20.0, 42.0, 190.0, 54.0)]
    found = Fixed(((15, 14, 205, 61), Category.PICTURE))
    written = analyse(
        page(*rules, *rows), [line(f"2. words of row {i}", box) for i, box in enumerate(rows)], found
    )
    assert [region.category for region in written.regions] == [Category.TEXT]
    labels = [(20.0, 20.0, 40.0, 28.0), (160.0, 42.0, 190.0, 50.0)]
    drawn = analyse(page(*rules, *labels), [line(f"{i}0 %", box) for i, box in enumerate(labels)], found)
    assert [region.category for region in drawn.regions] == [Category.PICTURE]


def test_empty_regions_go_and_drawn_ones_stay() -> None:
    """Blank finds are dropped with a reason, pictures with ink are kept."""
    found = Fixed(((20, 20, 100, 40), Category.TEXT), ((20, 200, 200, 300), Category.PICTURE))
    layout = analyse(page((50, 220, 150, 280)), [], found)
    assert [region.category for region in layout.regions] == [Category.PICTURE]
    assert [dropped.reason for dropped in layout.dropped] == ["nothing is there"]


def test_duplicates_are_dropped_once() -> None:
    """Of two finds in one place, one is left."""
    box = (20.0, 20.0, 200.0, 60.0)
    found = Fixed((box, Category.TEXT), ((20, 20, 200, 59), Category.TITLE))
    layout = analyse(page(), [line("words", box)], found)
    assert len(layout.regions) == 1
    assert [dropped.reason for dropped in layout.dropped] == ["same place as a text"]


def test_heading_levels_follow_numbers_and_sizes() -> None:
    """The title is 1, numbered headers go by their depth, the others by the size that they share."""
    heads = [
        ("Paper", 20.0),
        ("1 Method", 14.0),
        ("1.1 Detail", 12.0),
        ("1.1.1 More", 10.0),
        ("Thanks", 14.0),
    ]
    lines, found = [], []
    for i, (text, size) in enumerate(heads):
        box = (20.0, 20.0 + 40 * i, 200.0, 40.0 + 40 * i)
        lines.append(line(text, box, size=size))
        found.append((box, Category.SECTION_HEADER if i else Category.TITLE))
    layout = analyse(page(), lines, Fixed(*found))
    assert [region.level for region in layout.regions] == [1, 2, 3, 4, 2]


def test_a_title_that_was_found_as_text_is_one() -> None:
    """Where the fonts say that it is the largest; a stamp that runs up the margin is no rival."""
    stamp = replace(line("arXiv:2206", (5, 100, 25, 300), size=20), turn=90)
    title = line("Halos around Galaxies", (40, 20, 200, 38), size=17.2)
    text = line("The presence of gas is a prediction.", (40, 80, 250, 90), size=10)
    found = Fixed((stamp.box, Category.TITLE), (title.box, Category.TEXT), (text.box, Category.TEXT))
    layout = analyse(page(), [stamp, title, text], found)
    assert {" ".join(own.text for own in region.lines): region.category for region in layout.regions} == {
        "arXiv:2206": Category.TEXT,
        "Halos around Galaxies": Category.TITLE,
        "The presence of gas is a prediction.": Category.TEXT,
    }


def test_a_heading_number_found_apart_is_joined() -> None:
    """A number just left of bold text is the heading's own."""
    parts = [line("4", (20, 20, 28, 32), bold=True), line("RESULTS", (45, 20, 150, 32), bold=True)]
    found = Fixed(*((part.box, Category.TEXT) for part in parts))
    layout = analyse(page(), parts, found)
    assert [(region.category, len(region.lines), region.level) for region in layout.regions] == [
        (Category.SECTION_HEADER, 2, 2)
    ]


def test_a_number_of_an_appendix_is_a_headings() -> None:
    """A letter with figures is no label of anything else."""
    parts = [line("A.1", (20, 20, 36, 32), bold=True), line("Proofs", (45, 20, 150, 32), bold=True)]
    layout = analyse(page(), parts, Fixed(*((part.box, Category.TEXT) for part in parts)))
    assert [(region.category, len(region.lines), region.level) for region in layout.regions] == [
        (Category.SECTION_HEADER, 2, 3)
    ]


def test_text_with_a_bullet_is_an_item() -> None:
    """Any bullet that can be nothing else."""
    for text, category in (
        ("❖ a", Category.LIST_ITEM),
        ("\uf0b7 a", Category.LIST_ITEM),
        ("– a", Category.TEXT),
    ):
        layout = analyse(page(), [line(text, (20, 20, 90, 32))], Fixed(((20, 20, 90, 32), Category.TEXT)))
        assert [region.category for region in layout.regions] == [category]


def test_numbers_at_an_axis_belong_to_the_chart() -> None:
    """A tick that the detector left outside is the chart's; a price below a photograph stays text."""
    ticks = [line("20", (52, 100, 60, 106)), line("30", (52, 80, 60, 86)), line("10", (52, 120, 60, 126))]
    top, left = line("40", (52, 61, 60, 67)), line("-1", (44, 90, 48, 96))
    chart = Fixed(((50, 70, 200, 140), Category.PICTURE))
    found = analyse(page((50, 70, 51, 140)), [*ticks, top, left], chart)
    assert [len(region.lines) for region in found.regions] == [5]
    photograph = analyse(page((50, 70, 51, 140)), [line("40", (52, 142, 60, 148))], chart)
    assert len(photograph.regions) == 2
    large = analyse(page((50, 70, 51, 140)), [*ticks, line("2026", (52, 142, 80, 156))], chart)
    assert len(large.regions) == 2


def test_a_sentence_about_a_figure_is_no_caption() -> None:
    """What goes on in small letters after the number tells of it; a caption names it."""
    for text, category in (
        ("Figure 12 shows the mill", Category.TEXT),
        ("Figure 12: The mill", Category.CAPTION),
        ("Figure 12 The mill", Category.CAPTION),
        ("FIG. 12 the mill", Category.TEXT),
        ("图 12 水磨", Category.CAPTION),
    ):
        lines = [line(text, (20, 30, 150, 40))]
        boxes = ((10, 50, 290, 140), Category.PICTURE), ((20, 30, 150, 40), Category.TEXT)
        found = analyse(page((10, 50, 290, 90)), lines, Fixed(*boxes))
        assert found.regions[0].category is category, text


def paragraph_that_starts(start: str, gap: float, under: float, bold: bool = True) -> list[str]:
    """The texts of a paragraph whose first row begins with ``start`` and a gap, and goes on at ``under``."""
    lines = [
        line(start, (20, 50, 60, 60), size=10, bold=bold),
        line("the mill is closed from March to May, when", (60 + gap, 50, 280, 60), size=10),
        line("the river is too high for it, and the miller", (under, 62, 280, 72), size=10),
    ]
    return texts(analyse(page(), lines, Fixed(((15, 45, 290, 75), Category.TEXT))))


def test_a_heading_that_runs_into_its_paragraph_is_one() -> None:
    """Bold words with a wide gap after them, under which the text goes on; no stressed words, no labels."""
    assert paragraph_that_starts("Closing times", 10, 20)[0] == "Closing times"
    assert len(paragraph_that_starts("Closing times", 10, 20)) == 2
    assert len(paragraph_that_starts("Closing times", 3, 20)) == 1  # stressed
    assert len(paragraph_that_starts("Closing times", 10, 70)) == 1  # a term before its definition
    assert len(paragraph_that_starts("Closing times:", 10, 20)) == 1
    assert len(paragraph_that_starts("Closing times", 10, 20, bold=False)) == 1


def test_larger_bold_rows_in_a_paragraph_are_a_heading() -> None:
    """Though the detector saw one region; a bold row of the text's own size stays in it."""

    def made(size: float) -> list[str]:
        lines = [
            line("The mill stands by the river.", (20, 30, 280, 40), size=10),
            line("Of the sluices", (20, 46, 160, 58), size=size, bold=True),
            line("and the lower weir", (20, 60, 160, 72), size=size, bold=True),
            line("They are opened in spring by two", (20, 76, 280, 86), size=10),
            line("men, who are paid in flour.", (20, 88, 200, 98), size=10),
            line("Both of them are from the valley.", (20, 100, 200, 110), size=10),
        ]
        return texts(analyse(page(), lines, Fixed(((15, 25, 290, 115), Category.TEXT))))

    assert made(12)[1] == "Of the sluices and the lower weir"
    assert len(made(10)) == 1


def test_a_page_of_clauses_and_notes_is_no_table() -> None:
    """Where most rows are one piece and nothing is ruled; small notes beside them stand apart."""
    clauses = [line("(a) the harbour master keeps the books;", (20, y, 220, y + 10), size=10)
               for y in range(20, 140, 12)]  # fmt: skip
    note = line("amended 2019", (240, 45, 280, 52), size=7)
    sheet = Fixed(((15, 15, 290, 145), Category.TABLE))
    found = analyse(page(), [*clauses[:3], note, *clauses[3:]], sheet)
    assert {region.category for region in found.regions} == {Category.TEXT}
    assert sorted(len(region.lines) for region in found.regions) == [1, 10]
    typed = [line("0.99 .......   800   880", (20, y, 220, y + 10), size=10) for y in range(20, 140, 12)]
    assert analyse(page(), typed, sheet).regions[0].category is Category.TABLE
    amounts = [line("12", (240, y, 280, y + 10), size=10) for y in range(20, 140, 12)]
    assert analyse(page(), [*clauses, *amounts], sheet).regions[0].category is Category.TABLE


def test_a_stamp_in_the_margin_is_read_first() -> None:
    """A sideways line beside the text does not come between two of its paragraphs."""
    stamp = replace(line("arXiv:2401.00001v1", (4, 40, 14, 140)), turn=90)
    rows = [line(f"Paragraph {n}", (40, y, 280, y + 10)) for n, y in enumerate((20, 80, 150))]
    boxes = (((38, y - 2, 282, y + 12), Category.TEXT) for y in (20, 80, 150))
    found = analyse(page(), [*rows, stamp], Fixed(*boxes))
    assert texts(found) == ["arXiv:2401.00001v1", *(row.text for row in rows)]


def test_bullets_in_a_smaller_font_are_no_notes() -> None:
    """They stay with their items."""
    lines = []
    for y in (20, 32):
        lines += [
            line("\uf0b7", (20, y + 2, 24, y + 8), size=7),
            line("An item of it", (40, y, 200, y + 10), size=10),
        ]
    found = analyse(page(), lines, Fixed(((15, 15, 210, 70), Category.LIST_ITEM)))
    assert len(found.regions) == 1


def test_captions_point_at_their_figures() -> None:
    """A caption's parent is the order of its figure."""
    found = Fixed(((20, 20, 280, 200), Category.PICTURE), ((20, 205, 280, 217), Category.TEXT))
    layout = analyse(page((40, 40, 260, 180)), [line("Figure 3: a box", (20, 205, 280, 217))], found)
    assert [(region.category, region.parent) for region in layout.regions] == [
        (Category.PICTURE, None),
        (Category.CAPTION, 0),
    ]


def test_a_numbered_formula_is_told_from_text() -> None:
    """A short text with a number in parentheses at the margin is a formula, the number its caption."""
    lines = [line("a = b + c", (60, 50, 150, 62), "rapidocr"), line("(12)", (260, 50, 280, 62), "rapidocr")]
    layout = analyse(page(), lines, Fixed(((60, 50, 280, 62), Category.TEXT)))
    assert [(region.category, region.parent) for region in layout.regions] == [
        (Category.FORMULA, None),
        (Category.CAPTION, 0),
    ]


def test_right_to_left_rows_start_on_the_right() -> None:
    """Pieces of an Arabic row are in reading order."""
    lines = [line("ثانيا", (20, 20, 100, 32)), line("أولا", (110, 20, 200, 32))]
    layout = analyse(page(), lines, Fixed(((20, 20, 200, 32), Category.TEXT)))
    assert [own.text for own in layout.regions[0].lines] == ["أولا", "ثانيا"]


def test_tables_beside_each_other_have_captions_of_their_own() -> None:
    """What was found as one table under two captions is two; under one caption it stays one."""
    cells = [
        line(text, (x, 40.0 + 15 * row, x + 20, 50.0 + 15 * row))
        for row in range(3)
        for x, text in ((10, "a"), (50, "1"), (180, "b"), (220, "2"))
    ]
    captions = [line("Table 1. Ships", (10, 20, 80, 30)), line("Table 2. Loads", (180, 20, 250, 30))]
    found = Fixed(((10.0, 20.0, 240.0, 80.0), Category.TABLE))
    regions = analyse(page(), [*captions, *cells], found).regions
    assert [region.category for region in regions].count(Category.TABLE) == 2
    assert all("2" not in line.text for region in regions[:2] for line in region.lines)
    [whole] = [r for r in analyse(page(), cells, found).regions if r.category is Category.TABLE]
    assert len(whole.lines) == 12


def test_a_heading_that_ends_within_a_word_is_text() -> None:
    """A short first line that a detector took for a heading is the start of the paragraph below."""
    head = line("The lighthouse-", (40, 40, 120, 50))
    rest = line("keeper counts all of the ships before breakfast.", (40, 52, 280, 62))
    found = Fixed((head.box, Category.SECTION_HEADER), (rest.box, Category.TEXT))
    [whole] = analyse(page(), [head, rest], found).regions
    assert (whole.category, whole.lines) == (Category.TEXT, (head, rest))


def test_letters_that_follow_each_other_are_items() -> None:
    """Text with "a)" is an item where "b)" follows, also in Roman numbers; a lone one is text."""
    listed = [
        line(text, (40, y, 200, y + 10)) for text, y in (("a) wind", 40), ("b) tide", 60), ("i. noon", 80))
    ]
    more = line("ii. night", (40, 100, 200, 110))
    lone = line("f. 1900, as they say", (40, 200, 200, 210))
    lines = [*listed, more, lone]
    regions = analyse(page(), lines, Fixed(*((one.box, Category.TEXT) for one in lines))).regions
    assert [region.category for region in regions] == [Category.LIST_ITEM] * 4 + [Category.TEXT]


def test_small_text_with_a_raised_mark_at_the_foot_is_a_note() -> None:
    """It is read after the text of both columns; the same with text below it is none."""

    def note(y: float) -> Line:
        mark = Span("1", (40, y, 43, y + 5), 5.0, superscript=True)
        return Line(
            (mark, Span("A slate is cheap.", (43, y, 120, y + 8), 7.0)), (40, y, 120, y + 8), "text-layer"
        )

    left = line("The keeper counts the ships before break-", (40, 60, 140, 70), size=10)
    right = line("fast and writes their names on a slate.", (160, 60, 260, 70), size=10)

    def kinds(foot: Line, *more: Line) -> list[Category]:
        lines = [left, right, foot, *more]
        found = Fixed(*((one.box, Category.TEXT) for one in lines))
        return [region.category for region in analyse(page(), lines, found).regions]

    assert kinds(note(360)) == [Category.TEXT, Category.TEXT, Category.FOOTNOTE]
    below = line("What follows is text again, as before.", (40, 380, 140, 390), size=10)
    assert Category.FOOTNOTE not in kinds(note(360), below)


def test_labels_with_values_are_a_table() -> None:
    """Rows of a label with a colon and its value are read by row; two columns of text are not."""

    def rows(labels: Sequence[str], values: Sequence[str]) -> list[Category]:
        lines = [
            line(text, (x, 40.0 + 18 * row, x + 80, 50.0 + 18 * row))
            for row, pair in enumerate(zip(labels, values, strict=True))
            for x, text in zip((20, 150), pair, strict=True)
        ]
        found = Fixed(((20.0, 40.0, 230.0, 40.0 + 18 * len(labels)), Category.TEXT))
        return [region.category for region in analyse(page(), lines, found).regions]

    assert rows(["Number:", "Date:", "Paid:"], ["4711", "3 May", "no"]) == [Category.TABLE]
    assert Category.TABLE not in rows(["of the", "upper", "yard"], ["as they", "said", "there"])


def test_a_caption_in_a_tables_first_row_is_apart() -> None:
    """Also where the table stands on its side; a cell that only names a table stays in its row."""
    cells = [line(text, (x, y, x + 20, y + 10)) for y in (60.0, 75.0) for x, text in ((10, "a"), (60, "1"))]
    caption = line("Table 3: Boats in each month", (10, 40, 150, 50))
    found = Fixed(((10.0, 40.0, 150.0, 90.0), Category.TABLE))
    kinds = [region.category for region in analyse(page(), [caption, *cells], found).regions]
    assert kinds == [Category.CAPTION, Category.TABLE]
    turned = [
        replace(one, box=(one.box[1], one.box[0], one.box[3], one.box[2]), turn=90)
        for one in (caption, *cells)
    ]
    sideways = Fixed(((40.0, 10.0, 90.0, 150.0), Category.TABLE))
    regions = analyse(page(), turned, sideways).regions
    assert [len(region.lines) for region in regions if region.category is Category.CAPTION] == [1]
    beside = line("1", (160, 40, 180, 50))
    wider = Fixed(((10.0, 40.0, 180.0, 90.0), Category.TABLE))
    whole = analyse(page(), [caption, beside, *cells], wider).regions
    assert Category.CAPTION not in [region.category for region in whole]
