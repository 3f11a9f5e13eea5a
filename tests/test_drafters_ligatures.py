"""Ligatures that a font maps to punctuation."""

from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.reading.ligatures import learn, mend, mend_lines
from docspec.types import Line, Span

BROKEN = 'di!culties and e!cient, di#erent e#ects of the sta# "rst de"ned a speci"c "eld; a $ip of $ow'
WHOLE = (
    "difficulties and efficient, different effects of the staff first defined a specific field; "
    "a flip of flow"
)


def line(text: str) -> Line:
    return Line((Span(text, (0, 0, 1, 1)),), (0, 0, 1, 1), "text-layer")


def test_the_page_tells_which_sign_is_which_ligature() -> None:
    """Each sign is the ligature that makes common words of the broken ones."""
    found = learn(BROKEN)
    assert found == {"!": "ffi", "#": "ff", '"': "fi", "$": "fl"}
    assert mend(BROKEN, found) == WHOLE


def test_ordinary_punctuation_stays() -> None:
    """Quotations, prices, code and exclamations are no broken ligatures."""
    for text in (
        'He said "find it!" and "first things first".',
        "costs $five #one a!b c#sharp",
        "if (!flag) $x",
    ):
        assert learn(text) == {}
        lines = (line(text),)
        assert mend_lines(lines) is lines


def test_lines_are_mended_by_the_whole_page() -> None:
    """One line's evidence mends another line's word."""
    first, second = mend_lines((line("di#erent e#ects"), line("a bu#er")))
    assert (first.text, second.text) == ("different effects", "a buffer")


@given(st.text('abf!"#$ .', max_size=60))
def test_mending_never_fails(text: str) -> None:
    """Any text can be looked at; without findings it stays."""
    found = learn(text)
    assert found or mend(text, found) == text
