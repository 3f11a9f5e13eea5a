"""Region lines written as a verifier would write them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.characters import clean
from docspec.drafters.reading.contents import contents
from docspec.drafters.reading.joining import join_lines
from docspec.drafters.reading.rows import paragraphs, rows_of
from docspec.drafters.reading.writer import write_region
from docspec.types import Category, Line, Region, Span, Style

WIDTH = 6.0  # of a character in these tests


def line(text: str, x: float = 0.0, y: float = 0.0, mono: bool = False, height: float = 10.0) -> Line:
    box = (x, y, x + WIDTH * len(text), y + height)
    return Line((Span(text, box, 10.0, mono=mono),), box, "text-layer")


def region(
    *texts: str | tuple[str, float],
    category: Category = Category.TEXT,
    level: int | None = None,
    mono: bool = False,
    step: float = 12.0,
) -> Region:
    lines = []
    for i, part in enumerate(texts):
        text, x = part if isinstance(part, tuple) else (part, 0.0)
        lines.append(line(text, x, i * step, mono))
    return Region(0, 0, (0, 0, 500, 500), category, lines=tuple(lines), level=level)


def write(*texts: str | tuple[str, float], style: Style | None = None, **kwargs: Any) -> str:
    return write_region(region(*texts, **kwargs), style or Style())


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ("the infor-", "mation here", "the information here"),
        ("a two-", "column page", "a two-column page"),
        ("with state-of-the-", "art results", "with state-of-the-art results"),
        ("the state-", "of-the-art", "the state-of-the-art"),
        ("trained end-", "to-end", "trained end-to-end"),
        ("a transformer-", "based model", "a transformer-based model"),
        ("our self-", "attention", "our self-attention"),
        ("the real-", "ity of it", "the reality of it"),
        ("non-", "Gaussian noise", "non-Gaussian noise"),
        ("GPU-", "bound code", "GPU-bound code"),
        ("COVID-", "19 cases", "COVID-19 cases"),
        ("pre-", "and postwar", "pre- and postwar"),
        ("soft\u00ad", "ware", "software"),
        ("a dash —", "and more", "a dash — and more"),
        ("word—", "word", "word—word"),
        ("1990–", "1995", "1990–1995"),
        ("either and/", "or", "either and/or"),
        ("see https://a.org/", "path", "see https://a.org/path"),
        ("mail me@", "a.org", "mail me@a.org"),
        ("中文", "字", "中文字"),
        ("使用", "MRI", "使用MRI"),
        ("한국 ", "말", "한국 말"),
        ("plain", "words", "plain words"),
        ("-", "5", "- 5"),
    ],
)
def test_a_seam_between_two_lines(before: str, after: str, joined: str) -> None:
    """Each kind of line end joins as print means it."""
    assert join_lines([before, after]) == joined


def test_the_page_itself_decides_about_a_hyphen() -> None:
    """A word that stands whole, or with its hyphen, elsewhere in the region is written that way."""
    assert join_lines(["a large-", "scale run, largescale indeed"]) == "a largescale run, largescale indeed"
    assert join_lines(["on co-", "operation: co-operation pays"]) == "on co-operation: co-operation pays"


def test_korean_lines_join_by_their_own_trailing_spaces() -> None:
    """Where some Korean lines end with a space, the others break inside a word."""
    assert join_lines(["관리에 관", "한 법률 ", "개정"]) == "관리에 관한 법률 개정"
    assert join_lines(["관리에 관", "한 법률"]) == "관리에 관 한 법률"


def test_hyphens_stay_where_the_verifier_keeps_them() -> None:
    """Without dehyphenation a hyphen at a line's end stands in the text."""
    assert join_lines(["infor-", "mation"], dehyphenate=False) == "infor-mation"


letters = st.text("abcdefgh-XY1 ,.中", min_size=1, max_size=12)


@given(st.lists(letters, max_size=6), st.booleans())
def test_joining_loses_nothing_but_hyphens(lines: list[str], dehyphenate: bool) -> None:
    """Every character other than white space and hyphens comes through, in order."""
    joined = join_lines(lines, dehyphenate)
    bare = [c for c in "".join(lines) if not c.isspace() and c != "-"]
    assert [c for c in joined if not c.isspace() and c != "-"] == bare
    assert joined.count("-") <= sum(text.count("-") for text in lines)
    if not dehyphenate:
        assert joined.count("-") == sum(text.count("-") for text in lines)


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=40))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """Clean text is a fixed point."""
    once = clean(text)
    assert clean(once) == once or "\u00b4" in text or any(c in text for c in "¨ˆ˜ˇ˘˚˝¯¸˛")


def test_cleaning() -> None:
    """Ligatures, odd spaces, invisible characters, accents apart, presentation forms."""
    assert clean("e\ufb03cient \ufb01le") == "efficient file"
    assert clean("a\u00a0b\u2009c\u200bd\u3000e\tf") == "a b cd e f"
    assert clean("Universit´e na¨ıve fa¸cade") == "Université naïve façade"
    assert clean("ARM R \u20ddCortex, c\u20dd 2011") == "ARM ®Cortex, © 2011"
    assert clean("non\u2011breaking") == "non-breaking"
    assert clean("\ufefb") == "لا"
    assert clean("“it’s”", ascii_quotes=True) == '"it\'s"'
    assert clean("“it’s”") == "“it’s”"


def test_a_paragraph_is_one_line() -> None:
    """Lines of a paragraph run on."""
    assert write("The first line of", "a para-", "graph.") == "The first line of a paragraph."


def test_an_indent_starts_a_paragraph() -> None:
    """A single indented line after a finished one splits the region."""
    text = write(
        "A first paragraph that runs", "over two lines.", ("Then a second one that", 12.0), "goes on here."
    )
    assert text == "A first paragraph that runs over two lines.\n\nThen a second one that goes on here."


def test_a_blank_gap_starts_a_paragraph() -> None:
    """A gap clearly wider than the usual step splits the region."""
    lines = tuple(line("words words words", 0, y) for y in (0, 12, 24, 48, 60))
    text = write_region(Region(0, 0, (0, 0, 99, 99), Category.TEXT, lines=lines), Style())
    assert text.count("\n\n") == 1


def test_a_hanging_indent_is_one_paragraph() -> None:
    """All lines but the first indented: a bibliography entry, not paragraphs."""
    text = write(
        "Author, A. A title that is long enough",
        ("to need three lines of print.", 12.0),
        ("Publisher.", 12.0),
    )
    assert "\n" not in text


def test_headings() -> None:
    """A heading is one line, with marks only for verifiers that write them."""
    assert write("A Long", "Heading", category=Category.SECTION_HEADER) == "A Long Heading"
    marks = Style(heading_marks=True)
    assert write("A", category=Category.TITLE, style=marks) == "# A"
    assert write("A", category=Category.SECTION_HEADER, level=3, style=marks) == "### A"


def test_list_items() -> None:
    """Bullets become dashes, numbers stay, a continuation joins its item, indents nest."""
    item = Category.LIST_ITEM
    assert write("• first item that", ("goes on", 10.0), category=item) == "- first item that goes on"
    assert write("no bullet", category=item) == "- no bullet"
    assert write("1. one", "2. two", category=item) == "1. one\n2. two"
    assert write("(a) one", category=item) == "(a) one"
    assert write("• a", ("◦ b", 15.0), ("◦ c", 15.0), "• d", category=item) == "- a\n  - b\n  - c\n- d"
    assert write("• a", category=item, style=Style(list_marks=False)) == "a"
    assert write("\uf0b7 a", category=item) == write("\uf06e a", category=item) == "- a"
    assert write("\ufffd\ufffd a", category=item) == "- a"


def test_a_number_in_the_text_of_an_item_is_no_new_item() -> None:
    """Decimals and years at a line's start go on."""
    assert write("1. costs", ("2.5 dollars", 10.0), category=Category.LIST_ITEM) == "1. costs 2.5 dollars"


def test_a_sign_inside_an_item_is_no_mark() -> None:
    """A dash or a dot between words stays, also in an item without a bullet."""
    assert write("1. speed - time", category=Category.LIST_ITEM) == "1. speed - time"
    assert write("2. a·b", "3. c", category=Category.LIST_ITEM) == "2. a·b\n3. c"


def test_a_list_in_a_text_region() -> None:
    """A text region of bullets is written as a list; a dash in prose or the star of a note is not a list."""
    assert write("• a", "• b") == "- a\n- b"
    assert write("\uf0fc a") == "- a"
    assert write("– so he said,", "and left.") == "– so he said, and left."
    assert write("* Corresponding", "author", category=Category.FOOTNOTE) == "* Corresponding author"
    assert write("* a", "* b") == "- a\n- b"


def test_code_keeps_its_lines_and_indents() -> None:
    """Fixed-width lines are code: breaks and indents stay."""
    text = write("def f(x):", ("return x", 4 * WIDTH), mono=True)
    assert text == "def f(x):\n    return x"


def test_pieces_side_by_side_are_one_row() -> None:
    """Parts of one visual line join with a space and are not dehyphenated."""
    lines = (line("left-", 0), line("right", 60))
    assert write_region(Region(0, 0, (0, 0, 99, 99), Category.TEXT, lines=lines), Style()) == "left- right"


def test_formulas_pictures_and_unjoined_lines() -> None:
    """Formulas are their glyphs unless LaTeX is wanted; pictures and unjoined styles keep their lines."""
    assert write("E = m", "c", category=Category.FORMULA) == "E = m c"
    assert write("E = mc", category=Category.FORMULA, style=Style(formula=("$", "$"))) == ""
    assert write("a", "b", category=Category.PICTURE) == "a\nb"
    assert write("infor-", "mation", style=Style(join_lines=False)) == "infor-\nmation"
    assert write() == ""
    assert write("  ", "\u200b") == ""


@given(
    st.lists(st.tuples(letters, st.floats(0, 60)), max_size=8),
    st.sampled_from(list(Category)),
    st.builds(
        Style,
        join_lines=st.booleans(),
        dehyphenate=st.booleans(),
        heading_marks=st.booleans(),
        list_marks=st.booleans(),
    ),
)
def test_no_category_loses_characters(
    texts: list[tuple[str, float]], category: Category, style: Style
) -> None:
    """Whatever the category and style, what shows comes out, in order (hyphens, marks and spaces aside)."""
    written = write(*texts, category=category, style=style)
    shown = [c for text, _ in texts for c in text if not c.isspace() and c != "-"]
    assert [c for c in written if not c.isspace() and c not in "-#"] == shown


@given(st.lists(st.tuples(st.text("ab ", max_size=6), st.floats(0, 99), st.floats(0, 99)), max_size=10))
def test_paragraphs_keep_every_row(places: list[tuple[str, float, float]]) -> None:
    """Cutting rows into paragraphs only cuts."""
    rows = rows_of([line(text, x, y) for text, x, y in places], Style())
    assert [row for part in paragraphs(rows) for row in part] == rows


@pytest.mark.parametrize(
    ("spans", "written"),
    [
        ([("cups.", False), ("1", True)], "cups.¹"),
        ([("authors", False), ("1,2", True), (" and", False)], "authors¹,² and"),
        ([("up to ", False), ("1", True), ("⁄4 inch", False)], "up to 1⁄4 inch"),
        ([("the 1", False), ("st", True), (" page", False)], "the 1st page"),
        ([("10", False), ("−3", True)], "10⁻³"),
    ],
)
def test_superscripts(spans: list[tuple[str, bool]], written: str) -> None:
    """Marks and exponents become superscript characters where the style has them; fractions do not."""
    box = (0.0, 0.0, 100.0, 10.0)
    made = Line(tuple(Span(text, box, superscript=raised) for text, raised in spans), box, "text-layer")
    plain = "".join(text for text, _ in spans)
    found = Region(0, 0, box, Category.TEXT, lines=(made,))
    assert write_region(found, Style(superscripts=True)) == written
    assert write_region(found, Style()) == plain


def test_labelled_lines_stay_apart() -> None:
    """Two lines or more that begin with a label each, as those below a signature do."""
    text = write("Name of buyer: Ada Quill", "Place: the lower yard", "in the old barn")
    assert text == "Name of buyer: Ada Quill\n\nPlace: the lower yard in the old barn"
    assert "\n" not in write("This is what we say to them: do not", "touch the wet boards that are here")


def test_short_lines_stay_apart() -> None:
    """Lines that end although the next word had room: of an address, of verse, or of a paragraph."""
    address = write("The Timber Yard of Ada Quill and Sons", "Barn Lane 7", "Lower Town", "Valley", "Hills")
    assert address.count("\n\n") >= 3
    two = write(
        "A paragraph that runs over all of the line",
        "and ends here.",
        "Another one that runs over all of the line",
        "and is a line longer than that, nearly so",
    )
    assert two.count("\n\n") == 1


def test_clauses_stay_apart() -> None:
    """Letters in brackets at the start of lines, after what ended; references in a sentence go on."""
    clauses = write("The harbour master must", "(a) keep the books; and", "(b) light the lamps.")
    assert clauses.split("\n\n")[-1] == "(b) light the lamps."
    assert "\n" not in write("What is said in sections 3", "(a) and 4", "(b) of this act is law")


def test_clauses_within_an_item() -> None:
    """Set further in, they are items where one counts on from the other or the text before has ended."""
    item = Category.LIST_ITEM
    two = write(
        "(b) count in particular", ("(i) those with sails; and", 20), ("(ii) those", 20), category=item
    )
    assert two == "(b) count in particular\n  (i) those with sails; and\n  (ii) those"
    lead = write("By night,", ("(a) light the lamp", 20), ("when it is dark", 35), category=item)
    assert lead == "By night,\n  (a) light the lamp when it is dark"
    assert "\n" not in write("1. as said in section 3", ("(a) of the act", 20), category=item)


def test_lines_of_an_address_stay_apart() -> None:
    """Short lines that each start anew, though all are short; those of a narrow column start as they come."""
    assert write("Maria Silva", "Rua das Flores 3", "Porto", "4050-262 Portugal").count("\n\n") == 3
    assert write("Ada Quill", "Barn Lane 7", "753 20 Uppsala") == "Ada Quill\n\nBarn Lane 7\n\n753 20 Uppsala"
    assert write("With kind regards", "Ada Quill", "Archive").count("\n\n") == 2
    assert "\n" not in write("Maria Silva lives", "in the Rua das", "Flores, number 3,", "of Porto")
    assert "\n" not in write("The Rua das Flores", "Is A Long And Narr-", "Owest Street Here", "Of Porto")


def test_a_bold_line_that_ends_early_stands_apart() -> None:
    """A card's or a paragraph's own heading, where what follows is not bold."""
    text = "Birch is dried in the long barn beside the river."
    head, body = (
        Line((Span("Lower yard", (0, 0, 60, 10), bold=True),), (0, 0, 60, 10), "x"),
        line(text, 0, 12),
    )
    made = Region(0, 0, (0, 0, 500, 500), Category.TEXT, lines=(head, body))
    assert write_region(made, Style()) == f"Lower yard\n\n{text}"


@pytest.mark.parametrize(("word", "left"), [("Word", True), ("מילה", False), ("كلمة", False)])
def test_paragraphs_end_on_the_side_that_is_read_last(word: str, left: bool) -> None:
    """A last line that is short starts at the left, or at the right where the script does."""
    long, short = " ".join([word] * 10), f"{word}."
    gap = 0.0 if left else WIDTH * (len(long) - len(short))
    parts = write(long, (short, gap), long, (short, gap), long, (short, gap)).split("\n\n")
    assert parts == [f"{long} {short}"] * 3


def test_contents_are_a_list() -> None:
    """Entries with leaders of any kind are items with their pages, nested by indent; other lines are none."""
    lines = region(
        "1 The Yard . . . . . . . . . . . 1",
        ("1.1 Gates and fences of the upper and", 20.0),
        ("the lower yard ........... 12", 20.0),
        "2. Prices \u2026\u2026\u2026\u2026\u2026 iv",
    ).lines
    assert contents(lines, Style()) == (
        "- 1 The Yard 1\n  - 1.1 Gates and fences of the upper and the lower yard 12\n- 2\\. Prices iv"
    )
    assert contents(region("Wait . . . . . . 5", "and see", "more").lines, Style()) == ""


def placed(text: str, left: float, top: float) -> Line:
    """A line that starts at ``left`` and is as wide as its text."""
    box = (left, top, left + WIDTH * len(text), top + 10)
    return Line((Span(text, box),), box, "x")


def test_contents_in_columns_are_read_column_by_column() -> None:
    """Pages that end at two places show two columns of entries; each is a list of its own."""
    names = (("The lamp", "The nets"), ("The mail", "The goats"))
    lines = [
        part
        for row in (0, 1)
        for column in (0, 1)
        for part in (
            placed(f"{names[column][row]} ".ljust(30, "."), 300.0 * column, 14.0 * row),
            placed(str(3 + 9 * column + row), 300.0 * column + 31 * WIDTH, 14.0 * row),
        )
    ]
    assert contents(lines, Style()) == "- The lamp 3\n- The nets 4\n- The mail 12\n- The goats 13"


def test_a_chapter_without_leaders_is_an_entry() -> None:
    """Its page stands where those of the entries with leaders do; a wrapped entry's first row has none."""
    lines = [
        placed("1", 0, 0),
        placed("The lamp in 1911", 15, 0),
        placed("2", 220, 0),
        *(placed("1.1", 15, 14), placed("Nets and ropes . . . . . . .", 40, 14), placed("2", 220, 14)),
        *(placed("1.2", 15, 28), placed("The mail . . . . . . . .", 40, 28), placed("3", 220, 28)),
    ]
    assert contents(lines, Style()) == "- 1 The lamp in 1911 2\n  - 1.1 Nets and ropes 2\n  - 1.2 The mail 3"


STANZA = ("The lamp is lit,", "the boats come home,", "the gulls are still", "and night is foam.")
SONG = (
    "Oh hear the harbour bell that rings across the bay,",
    "And over roofs and over masts its echo dies away;",
    "We wait beside the little gate, the lantern in hand,",
    "Until the boats with empty nets come home to land.",
)
PARAGRAPH = (
    "Teachers are assessed at the end of their studies by means of work that they carried",
    "out during these, a final project (often a kind of thesis that nobody else ever reads),",
    "and an assessment of their teaching practice, which is thought to be a part of these;",
    "all of it is done once.",
)


@pytest.mark.parametrize(("lines", "parts"), [(STANZA, 4), (SONG, 4), (PARAGRAPH, 1), (STANZA[:3], 1)])
def test_lines_of_a_poem_stay_lines(lines: tuple[str, ...], parts: int) -> None:
    """Short ones that end with marks, and longer ones that start with capitals too; a paragraph is one."""
    made = [
        Line((Span(text, box),), box, "text-layer")
        for number, text in enumerate(lines)
        for box in [(50.0, 15.0 * number, 50.0 + 5.0 * len(text), 15.0 * number + 12)]
    ]
    assert len(paragraphs(rows_of(made, Style()))) == parts
