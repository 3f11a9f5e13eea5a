"""Which region of a page's output is which of its layout."""

from __future__ import annotations

from docspec.alignment import OutputRegion, contains, match
from docspec.types import Box, Category, Draft, Finish, Region, RegionResult, Verdict

FRAME = (0.0, 0.0, 600.0, 800.0)
ONE = "The quick brown fox jumps over the lazy dog."
TWO = "Sphinx of black quartz, judge my vow."


def laid_out(
    order: int, text: str, category: Category = Category.TEXT, box: Box | None = None
) -> RegionResult:
    """A region of the layout, by default below the one before."""
    region = Region(0, order, box or (50, 100.0 * order, 500, 100.0 * order + 80), category)
    return RegionResult(region, Draft(text, "test"), Verdict(text, Finish.UNVERIFIED))


def output(text: str, category: Category = Category.TEXT, box: Box | None = None) -> OutputRegion:
    """A region of the output, with or without a place."""
    return OutputRegion(Region(0, 0, box or FRAME, category), text, placed=box is not None)


def test_by_text() -> None:
    """Order and small errors do not matter; several may be parts of one."""
    ours = [laid_out(0, ONE), laid_out(1, TWO), laid_out(2, "Nothing like it anywhere here.")]
    assert match(ours, [output(TWO.replace("q", "g")), output(ONE)]) == [1, 0, None]
    assert match(ours[:2], [output(f"{ONE} {TWO}")]) == [0, 0]


def test_by_place() -> None:
    """A box says which, whatever was read; the same text elsewhere on the page is another region."""
    ours = [laid_out(0, "Tbe qvick"), laid_out(1, ONE)]
    found = [output(ONE, box=(50, 2, 505, 79)), output("gone", box=(50, 600, 500, 700))]
    assert match(ours, found) == [0, None]


def test_by_neighbours() -> None:
    """Formulas and pictures have no text to compare; what stands between the same neighbours is the same."""
    ours = [
        laid_out(0, ONE),
        laid_out(1, "", Category.FORMULA),
        laid_out(2, "0 5 10", Category.PICTURE),
        laid_out(3, TWO),
        laid_out(4, "", Category.FORMULA),
    ]
    found = [output(ONE), output("x^2", Category.FORMULA), output("", Category.PICTURE), output(TWO)]
    assert match(ours, found) == [0, 1, 2, 3, None]


def test_short_texts_match_as_a_whole_only() -> None:
    """A page number stands in every other number."""
    ours = [laid_out(0, "12", Category.PAGE_FOOTER)]
    assert match(ours, [output("In 1212 the town was sold.")]) == [None]
    assert match(ours, [output("Text."), output("12")]) == [1]


def test_containment_looks_through_markup() -> None:
    """Table tags, marks and a formula's number in LaTeX hide nothing."""
    assert contains("<table><tr><td>one</td><td>two three</td></tr></table>", "one two three")
    assert contains("\\[ a = b \\tag{14} \\]", "(14)")
    assert contains("# The **big** title", "The big title")
    assert not contains(ONE, TWO)
    assert contains("", "")


def test_large_pages_compare_neighbours_only() -> None:
    """Hundreds of regions are matched in good time."""
    texts = [f"Row number {n} of {n * n} and more" for n in range(300)]
    ours = [laid_out(i, text) for i, text in enumerate(texts)]
    assert match(ours, [output(text) for text in texts]) == list(range(300))
