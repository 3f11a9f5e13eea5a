"""Cutting a region into the parts that the mini reads, and putting them back together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from docspec.verifiers.mini.parts import foreign_share, join, split

WORDS = st.lists(st.text("abcdefgXYZ017.,", min_size=1, max_size=8), min_size=1, max_size=7)


def test_paragraphs_are_parts_of_their_own() -> None:
    """A blank line in the draft separates parts, and comes back between them."""
    lines = ["First line of one", "and its end.", "Second paragraph."]
    parts = split("First line of one and its end.\n\nSecond paragraph.", lines, max_lines=6)
    assert [(p.lines, p.before, p.draft) for p in parts] == [
        (range(0, 2), "", "First line of one and its end."),
        (range(2, 3), "\n\n", "Second paragraph."),
    ]
    assert join(parts, ["A", "B"]) == "A\n\nB"


def test_list_marks_stay_out_of_what_is_read() -> None:
    """The mark that the draft writes for a bullet replaces the glyph that the mini reads."""
    parts = split("- one item\n- another", ["• one item", "• another"])
    assert [p.draft for p in parts] == ["one item", "another"]
    assert join(parts, ["• one item", "another"]) == "- one item\n- another"
    assert join(parts, ["⁷ one item", "another¹"]) == "- one item\n- another¹"
    assert join(parts, ["➢ one item", "▫another"]) == "- one item\n- another"


def test_numbers_of_a_list_are_read() -> None:
    """Printed numbers are text of the image."""
    parts = split("1. one\n2. two", ["1. one", "2. two"])
    assert [p.draft for p in parts] == ["1. one", "2. two"]


def test_hyphenated_line_end_is_no_cut() -> None:
    """A long paragraph is not cut in the middle of a word."""
    lines = ["abc def"] * 5 + ["ghi jk-", "lm nop"] + ["abc def"] * 4
    draft = " ".join(["abc def"] * 5) + " ghi jklm nop " + " ".join(["abc def"] * 4)
    parts = split(draft, lines, max_lines=6)
    assert [p.lines for p in parts] == [range(0, 7), range(7, 11)]
    assert parts[0].draft.endswith("ghi jklm nop")


def test_no_draft_is_cut_by_lines() -> None:
    """Without a draft the parts are runs of lines."""
    parts = split("", ["x"] * 8, max_lines=6)
    assert [p.lines for p in parts] == [range(0, 6), range(6, 8)]
    assert join(parts, ["a", "b"]) == "a b"


@given(st.lists(WORDS, min_size=1, max_size=20), st.lists(st.sampled_from([" ", "\n", "\n\n", "\n- "])))
def test_every_line_and_character_is_in_one_part(lines: list[list[str]], seams: list[str]) -> None:
    """The parts cover all lines and, joined, all of the draft."""
    texts = [" ".join(words) for words in lines]
    seams = (seams + [" "] * len(texts))[: len(texts) - 1]
    draft = "".join(text + seam for text, seam in zip(texts, [*seams, ""], strict=True)).strip()
    parts = split(draft, texts)
    assert [line for part in parts for line in part.lines] == list(range(len(texts)))
    if draft:
        assert "".join(p.before + p.draft for p in parts).strip() == draft
        assert join(parts, [p.draft for p in parts]) == draft


def test_foreign_share() -> None:
    """Letters of other scripts are counted; digits and signs are not."""
    assert foreign_share("abc é 123 %") == 0
    assert foreign_share("αβ ab") == 0.5
    assert foreign_share("123") == 0
