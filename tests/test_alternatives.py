"""Second readings find their place in the draft that is written from the lines."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.following.cursor import DraftCursor
from docspec.drafters.following.draft_tokens import DraftTokens
from docspec.drafters.following.stream import Stream
from docspec.drafters.reading.alternatives import page_alternatives, placed_alternatives
from docspec.drafters.reading.ctc import Transcript
from docspec.drafters.reading.spaces import restore_spaces
from docspec.types import Alternative, Category, Line, PageRegion, Span

BOX = (0.0, 0.0, 10.0, 10.0)
END = 10**6


class Letters:
    """A character a token."""

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        return [ord(char) for char in text], list(range(len(text)))

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(map(chr, ids))


def line(*texts: str, second: tuple[int, int, int, str] | None = None) -> Line:
    """A line of spans; ``second`` is a span's number and its alternative."""
    spans = []
    for i, text in enumerate(texts):
        own = (Alternative(*second[1:], 0.2),) if second is not None and second[0] == i else ()
        spans.append(Span(text, BOX, alternatives=own))
    return Line(tuple(spans), BOX, "rapidocr")


def applied(text: str, alternatives: tuple[Alternative, ...]) -> list[str]:
    """``text`` with each alternative."""
    return [text[: one.start] + one.text + text[one.end :] for one in alternatives]


def test_alternatives_follow_the_writer() -> None:
    """Bullets, joined lines and lost hyphens move the characters; the alternatives go with them."""
    lines = [line("• the exam-"), line("ple of", " a clrcle", second=(1, 4, 5, "i")), line("end")]
    assert applied(
        "- the example of a clrcle end", placed_alternatives(lines, "- the example of a clrcle end")
    ) == ["- the example of a circle end"]


def test_an_alternative_whose_surroundings_changed_is_left_out() -> None:
    """It could not be said where it belongs."""
    lines = [line("exam-", second=(0, 4, 5, "")), line("ple")]
    assert placed_alternatives(lines, "example") == ()
    assert placed_alternatives([line("abc")], "abc") == ()


def test_alternatives_follow_their_regions_onto_the_page() -> None:
    """A page's draft puts marks before and between its regions; the alternatives go with the text."""
    heading = PageRegion(Category.SECTION_HEADER, "Resu1ts", alternatives=(Alternative(4, 5, "l", 0.3),))
    text = PageRegion(Category.TEXT, "a clrcle", alternatives=(Alternative(3, 4, "i", 0.2),))
    page = "## Resu1ts\n\n![](picture)\n\na clrcle\n"
    assert applied(page, page_alternatives((heading, text), page)) == [
        page.replace("1", "l"),
        page.replace("clr", "cir"),
    ]


@given(st.lists(st.text("ab c", max_size=6), min_size=1, max_size=4), st.data())
def test_alternatives_stay_what_they_were(texts: list[str], data: st.DataObject) -> None:
    """In a draft that joins the lines with spaces each one replaces the same characters."""
    text = data.draw(st.sampled_from(texts))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    number = texts.index(text)
    lines = [line(row, second=(0, start, end, "X") if i == number else None) for i, row in enumerate(texts)]
    for one in placed_alternatives(lines, " ".join(texts)):
        assert " ".join(texts)[one.start : one.end] == text[start:end]


def test_an_uncertain_space_is_an_alternative() -> None:
    """A gap that may or may not be a space is read both ways; a clear one is not."""
    reading = Transcript("aboutit", (0.5,) * 7, (1.0,) * 7, (0, 0, 0, 0, 0, 0.45, 0))
    text, alternatives = restore_spaces(reading, (0.05,) * 7)
    assert {text, *applied(text, alternatives)} == {"aboutit", "about it"}
    assert restore_spaces(Transcript("ab", (0.5,) * 2, (1.0,) * 2, (0, 1)), (0.0, 0.6)) == ("a b", ())


@given(st.integers(0, 120), st.integers(0, 120))
def test_what_was_written_is_compared_as_far_as_it_agrees(agreed: int, other: int) -> None:
    """However much of it there is, and where the draft ends before it does."""
    text = "a line of a draft and another one of it " * 2
    written = [*Letters().encode(text)[0][:agreed], *[Letters().encode("#")[0][0]] * other]
    assert Stream(DraftTokens(text, Letters()), 0, None).agreement(written) == min(agreed, len(text))


def test_a_draft_read_otherwise_goes_on_as_the_draft() -> None:
    """The stream with the alternative leaves the draft's own at its place and joins its text again."""
    stream = Stream(DraftTokens("the clrcle is round", Letters()), 0, None)
    main = stream.coming(12)
    found = stream.reread(5, 6, "i")
    assert found is not None
    other, shared = found
    assert shared == 5
    assert Letters().decode(other.coming(12)) == "the circle i"
    assert other.coming(5) == main[:5]
    assert stream.reread(4, 5, "c") is None  # says the same
    stream.advance(7)
    assert stream.reread(5, 6, "i") is None  # passed already


def test_the_second_reading_is_a_branch() -> None:
    """Where the output has it, the step does not end there."""
    cursor = DraftCursor(["the clrcle is round"], Letters(), END, [[Alternative(5, 6, "i", 0.3)]])
    tree = cursor.propose(19, 8)
    assert tree.branches == 1
    assert Letters().decode(tree.tokens) == "the clrcle is roundircle is"
    cursor.advance(Letters().encode("the circle is")[0])
    assert Letters().decode(cursor.propose(6, 8).tokens) == " round"
