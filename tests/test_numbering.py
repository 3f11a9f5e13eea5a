"""Numbers before headings and how deep they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec.numbering import depths, numbers


def deep(*texts: str, sizes: list[float] | None = None) -> list[int | None]:
    """The depths of headings of one size."""
    return depths(numbers(texts), sizes or [10.0] * len(texts))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1 Introduction", "2 Method", "2.1 Data", "2.1.1 Source", "3. Results"], [1, 1, 2, 3, 1]),
        (["I. INTRODUCTION", "II. MATERIALS", "A. Sensors", "B. Data", "III. RESULTS"], [1, 1, 2, 2, 1]),
        (["I Introduction", "II Materials", "III Results", "IV Work", "V Ends"], [1, 1, 1, 1, 1]),
        (["1 Start", "2 End", "A Proofs", "A.1 First", "B Tables"], [1, 1, 1, 2, 1]),
        (["1 Start", "2 End", "Appendix A", "A.1 First", "Appendix B"], [1, 1, 1, 2, 1]),
        (["Chapter 1", "1.1 Wood", "1.1.1 Oak", "Chapter 2", "2.1 Stone"], [1, 2, 3, 1, 2]),
        (["Part I", "1 Wood", "1.1 Oak", "Part II", "2 Stone"], [1, 2, 3, 1, 2]),
        (["Chapter 1 Wood", "1. Oak", "2. Elm", "Chapter 2 Stone", "1. Chalk"], [1, 2, 2, 1, 2]),
        (["H. Wood", "I. Stone", "J. Clay"], [1, 1, 1]),
        (["第一章 木材", "第一节 橡木", "第二节 榆木", "第二章 石材"], [1, 2, 2, 1]),
        (["3.1 Alone", "3.2 Beside"], [2, 2]),
    ],
)
def test_depths_follow_the_numbers_of_the_whole_document(texts: list[str], expected: list[int]) -> None:
    """Decimals say it themselves; letters and Roman numbers stand below what goes on after them."""
    assert deep(*texts) == expected


@pytest.mark.parametrize(
    "text", ["A note on wood", "I think", "Civil law", "2023 in numbers", "Partial sums", "MIX"]
)
def test_words_are_no_numbers(text: str) -> None:
    """A letter without a full stop is a word unless the document counts on from it."""
    assert deep(text, "Another heading") == [None, None]


def test_letters_below_the_last_section_are_told_by_their_size() -> None:
    """Nothing follows that shows that they are parts of it, but they are smaller."""
    texts = ["I. Start", "II. End", "A. First", "B. Second"]
    assert deep(*texts, sizes=[12.0, 12.0, 10.0, 10.0]) == [1, 1, 2, 2]
    assert deep(*texts) == [1, 1, 1, 1]


@given(st.lists(st.text(st.sampled_from("123IVXA.) BCxé§第章(一")), max_size=12))
def test_every_heading_gets_a_depth_or_none(texts: list[str]) -> None:
    """Whatever stands there, depths are positive and as many as the headings, None where no number is."""
    found = numbers(texts)
    got = depths(found, [10.0] * len(texts))
    assert len(got) == len(texts)
    assert all((number is None) == (depth is None) for number, depth in zip(found, got, strict=True))
    assert all(depth is None or depth >= 1 for depth in got)


def test_an_appendix_a_little_smaller_than_chapters_stands_beside_them() -> None:
    """Its word and its name may be of two sizes, as a chapter's are, so that sizes are only nearly one."""
    found = numbers(["Chapter 1 The Mill", "1.1 Wheels", "Chapter 2 Flour", "Appendix A Tables"])
    assert depths(found, [24.8, 14.3, 24.8, 22.7]) == [1, 2, 1, 1]
