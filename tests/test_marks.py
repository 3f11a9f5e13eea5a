"""What is a mark and what is text, on the page and in markdown."""

from __future__ import annotations

import re

import pytest

from docspec import marks


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("• a", "a"),
        ("■a", "a"),
        ("❖ a", "a"),
        ("\uf0fc a", "a"),
        ("\uf0e0a", "a"),
        ("\ufffd\ufffd a", "a"),
        ("\uf02d a", "a"),
        ("– a", "a"),
        ("*  a", "a"),
        ("–5 °C", "–5 °C"),
        ("*a note", "*a note"),
        ("a • b", "a • b"),
        ("+ a", "+ a"),
        ("•", "•"),
    ],
)
def test_bullets(text: str, bare: str) -> None:
    """Bullets stand before text, dashes and stars only with a space; a sign inside the text is none."""
    assert marks.without(marks.BULLET, text) == bare


@pytest.mark.parametrize("text", ["• a", "✔ a", "\uf0b7a", "\ufffd a"])
def test_sure_bullets(text: str) -> None:
    """These make a list by themselves."""
    assert marks.SURE_BULLET.match(text)


@pytest.mark.parametrize("text", ["- a", "* a", "— a", "\ufffda"])
def test_bullets_that_need_company(text: str) -> None:
    """An aside, a note or a letter that is not mapped may start so."""
    assert not marks.SURE_BULLET.match(text)


@pytest.mark.parametrize(
    "text",
    [
        "1. a",
        "1.a",
        "12) a",
        "(a) a",
        "（3）a",
        "（a）a",
        "iv) a",
        "[12] a",
        "1、2024 a",
        "3．a",
        "④ a",
        "100. a",
    ],
)
def test_numbers(text: str) -> None:
    """Numbers of lists, as western and eastern pages print them; they start items wherever they stand."""
    assert marks.NUMBER.match(text)
    assert marks.starts_item(text)


@pytest.mark.parametrize("text", ["2.5 dollars", "1990. a", "word) a", "(see) a", "a note", "1."])
def test_numbers_of_no_list(text: str) -> None:
    """Decimals, years, words in parentheses and numbers without text."""
    assert not marks.NUMBER.match(text)
    assert not marks.starts_item(text)


@pytest.mark.parametrize("text", ["A. Author", "b. a", "iv. a"])
def test_letters_number_items_of_known_lists_only(text: str) -> None:
    """Elsewhere they are initials."""
    assert marks.NUMBER.match(text)
    assert not marks.starts_item(text)


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("3 Name", 1),
        ("3.1.2 Name", 3),
        (" 3) Name", 1),
        ("A. Name", 1),
        ("A.1 Name", 2),
        ("III. Name", 1),
        ("IV.2 Name", 2),
        ("§ 4 Name", 1),
        ("§ B. Name", 1),
        ("A note", 0),
        ("I think", 0),
        ("II think", 0),
        ("1990 was", 0),
        ("Name", 0),
    ],
)
def test_headings_have_the_depth_of_their_number(text: str, depth: int) -> None:
    """In figures, letters and Roman numerals; a letter without a full stop is a word."""
    assert marks.heading_depth(text) == depth


@pytest.mark.parametrize(
    ("text", "found"), [("4.2", True), ("A.1", True), ("IV", True), ("A", False), ("120", False)]
)
def test_heading_numbers_alone(text: str, found: bool) -> None:
    """Labels of figures and numbers of lines are none."""
    assert bool(marks.LONE_HEADING_NUMBER.fullmatch(text)) is found


@pytest.mark.parametrize(
    ("text", "number", "sure"),
    [
        ("(12)", "12", True),
        ("( 3.1a )", "3.1a", True),
        ("（A.2）", "A.2", True),
        ("[7]", "7", True),
        ("(3–4)", "3–4", True),
        ("(a)", "a", False),
        ("(iv)", "iv", False),
    ],
)
def test_formula_numbers(text: str, number: str, sure: bool) -> None:
    """Letters are numbers only beside what is known to be a formula."""
    known = marks.KNOWN_FORMULA_NUMBER.fullmatch(text)
    assert known is not None
    assert known[1] == number
    assert bool(marks.FORMULA_NUMBER.fullmatch(text)) is sure


@pytest.mark.parametrize("text", ["(see)", "(below)", "12", "(12", "(3) and"])
def test_other_parentheses_number_no_formula(text: str) -> None:
    """A word is none."""
    assert not marks.KNOWN_FORMULA_NUMBER.fullmatch(text)


@pytest.mark.parametrize(
    ("mark", "text", "length"),
    [
        (marks.HEADING, "## a", 3),
        (marks.HEADING, "##\ta", 3),
        (marks.HEADING, "##", 2),
        (marks.HEADING, "#1 fan", 0),
        (marks.HEADING, "####### a", 0),
        (marks.ITEM, "-  a", 3),
        (marks.ITEM, "10) a", 4),
        (marks.ITEM, "1.", 2),
        (marks.ITEM, "-a", 0),
        (marks.ITEM, "(a) a", 0),
    ],
)
def test_marks_of_markdown(mark: re.Pattern[str], text: str, length: int) -> None:
    """White space after a mark belongs to it, and there is no mark without."""
    assert len(text) - len(marks.without(mark, text)) == length


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("$$ a $$", "a"),
        ("\\[a\\]", "a"),
        ("$a$", "a"),
        ("\\(a\\)", "a"),
        ("a", "a"),
        ("$a$ and $b$", "$a$ and $b$"),
        ("$$a$$\n$$b$$", "$$a$$\n$$b$$"),
        ("\\[a\\] \\[b\\]", "\\[a\\] \\[b\\]"),
        ("\\(a\\) and \\(b\\)", "\\(a\\) and \\(b\\)"),
        ("\\[a \\\\[2pt] b\\]", "a \\\\[2pt] b"),
    ],
)
def test_delimiters_of_formulas(text: str, bare: str) -> None:
    """Those around the whole are taken off; two formulas keep theirs."""
    assert marks.bare_formula(text) == bare


@pytest.mark.parametrize(
    ("text", "delimited"),
    [
        ("$a$", True),
        ("\\[a\\]", True),
        ("\\begin{align*}a\\end{align*}", True),
        ("\\begin{aligned}a\\end{aligned}", False),
        ("\\begin{array}{c}a\\end{array}", False),
        ("a", False),
    ],
)
def test_environments_that_stand_by_themselves(text: str, delimited: bool) -> None:
    """Others are parts of a formula, and without delimiters no formula at all."""
    assert marks.has_delimiters(text) is delimited
