"""A page's quality: what its blocks are, which belong together, and the figures of a page."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("apted")
pytest.importorskip("scipy")
pytest.importorskip("pylatexenc")

from docspec.bench.blocks import predicted_blocks
from docspec.bench.metrics import distance
from docspec.bench.pairing import pair_blocks, within
from docspec.bench.quality import page_quality

TABLE = "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>"
ONE, TWO = "itwasabrightcolddayinapril", "andtheclockswerestrikingthirteen"
TEXTS = st.text("abc", min_size=1, max_size=12)


def _region(kind: str, order: int | None, **content: str | int) -> dict[str, object]:
    return {"category_type": kind, "order": order, "poly": [0, 0, 9, 0, 9, 9, 0, 9], **content}


ENTRY = {
    "layout_dets": [
        _region("title", 1, text="Report"),
        _region("text_block", 2, text="The first paragraph."),
        _region("equation_isolated", 3, latex="$$ a ^ { 2 } $$"),
        _region("table", 4, html=TABLE),
        _region("text_block", 5, text="The last one."),
        _region("page_number", None, text="17"),
        _region("abandon", None),
    ]
}
MARKDOWN = f"# Report\n\nThe first paragraph.\n\n$$\na^{{2}}\n$$\n\n{TABLE}\n\nThe last one.\n"


BEST = {"text": 0.0, "formula": 0.0, "teds": 1.0, "teds_structure": 1.0, "order": 0.0, "invented": 0.0}


def test_a_perfect_page_is_perfect() -> None:
    """All distances 0 and similarities 1; a page number may stand or be left out."""
    assert page_quality(MARKDOWN, ENTRY) == BEST
    assert page_quality(MARKDOWN + "\n17\n", ENTRY) == BEST


def test_an_empty_page_is_all_wrong() -> None:
    """Everything that is annotated is missing."""
    worst = {"text": 1.0, "formula": 1.0, "teds": 0.0, "teds_structure": 0.0, "order": 1.0, "invented": None}
    assert page_quality("", ENTRY) == worst


def test_text_that_nobody_wrote_is_told_apart() -> None:
    """It is no error of the annotated text: how much of the page it is stands beside."""
    letters = len("ReportThefirstparagraphThelastone") + len("a^{2}")
    quality = page_quality(MARKDOWN + "\n\nzzzz\n", ENTRY)
    assert quality == BEST | {"invented": pytest.approx(4 / (letters + 4))}


def test_reading_order_of_a_page() -> None:
    """Paragraphs in another order are the same text in a wrong order; formulas and tables have none."""
    swapped = f"The last one.\n\n# Report\n\nThe first paragraph.\n\n$$\na^{{2}}\n$$\n\n{TABLE}\n"
    quality = page_quality(swapped, ENTRY)
    assert quality["text"] == 0.0
    assert quality["order"] == pytest.approx(2 / 3)


def test_what_a_page_has_not_has_no_figure() -> None:
    """Without annotated tables and formulas there is nothing to say of them."""
    quality = page_quality("one", {"layout_dets": [_region("text_block", 1, text="one")]})
    assert quality == BEST | {"formula": None, "teds": None, "teds_structure": None}


def test_pieces_of_a_paragraph_are_one() -> None:
    """What continues in the next column is annotated in two pieces, and read as one."""
    entry = {
        "layout_dets": [
            _region("text_block", 1, text="It begins in this column", anno_id=7),
            _region("text_block", 3, text="and ends in that.", anno_id=9),
            _region("title", 2, text="Elsewhere", anno_id=8),
        ],
        "extra": {"relation": [{"relation_type": "truncated", "source_anno_id": 7, "target_anno_id": 9}]},
    }
    quality = page_quality("It begins in this column and ends in that.\n\n# Elsewhere", entry)
    assert (quality["text"], quality["order"]) == (0.0, 0.0)


def test_a_formula_that_is_written_as_text_is_scored_as_text() -> None:
    """In Unicode: here it is one letter of six wrong, and the page has no formula's figure."""
    entry = {
        "layout_dets": [
            _region("text_block", 1, text="Some text."),
            _region("equation_isolated", 2, latex="a=b+5c"),
        ]
    }
    quality = page_quality("Some text.\n\na = b + 6c", entry)
    assert quality["formula"] is None
    assert quality["text"] == pytest.approx(1 / (len("Sometext") + len("ab5c")))


def test_a_table_too_many_is_text() -> None:
    """Its cells may be what is annotated as text."""
    regions = [_region("table", 1, html=TABLE), _region("text_block", 2, text="Left over")]
    stray = "<table><tr><td>Left over</td><td><b>no</b> text</td></tr></table>"
    quality = page_quality(f"{TABLE}\n\n{stray}", {"layout_dets": regions})
    assert (quality["text"], quality["teds"]) == (0.0, 1.0)


def test_a_page_is_cut_into_blocks() -> None:
    """Fences and pictures go; tables, formulas and paragraphs are apart; inline formulas stand last."""
    markdown = (
        "```markdown\n# A *title*\n\n![](x.png)\n\nText with $x^2$ in\nit.\n\n\\[\ny\n\\]\n\n"
        "| a | b |\n|---|---|\n| c | d |\n\n---\n\n<table><tr><td>e</td></tr></table>\n```"
    )
    blocks = predicted_blocks(markdown)
    kinds = sorted(block.kind for block in blocks)
    assert kinds == ["formula", "inline", "table", "table", "text", "text"]
    assert [block.bare for block in blocks if block.kind == "text"] == ["Atitle", "Textwithx2init"]
    assert [block.bare for block in blocks if block.kind == "formula"] == ["y"]
    assert TABLE in [block.text for block in blocks]
    assert blocks[-1].bare == "x^2"


def test_lines_of_a_formula_are_blocks() -> None:
    """In one column; an array of several columns is one."""
    assert [one.bare for one in predicted_blocks("$$\\begin{array}{l}a=b\\\\ c=d\\end{array}$$")] == [
        "a=b",
        "c=d",
    ]
    assert len(predicted_blocks("$$\\begin{array}{cc}a&b\\\\ c&d\\end{array}$$")) == 1


def test_blocks_are_paired_one_to_one() -> None:
    """In any order; what is too far apart is paired only for want of anything better."""
    assert pair_blocks([ONE, TWO], [TWO, ONE]) == [((0,), (1,)), ((1,), (0,))]
    assert pair_blocks([ONE], []) == [((0,), ())]
    assert pair_blocks([], [ONE]) == []
    assert pair_blocks([ONE, "zzz"], [ONE, "qqqqqq"]) == [((0,), (0,)), ((1,), (1,))]


def test_a_paragraph_in_pieces_is_put_together() -> None:
    """Neighbours that are one annotated paragraph; the next one stays by itself."""
    assert pair_blocks([ONE + TWO, "end"], [ONE, TWO, "end"]) == [((0,), (0, 1)), ((1,), (2,))]


def test_paragraphs_that_run_together_are_one_pair() -> None:
    """What is found inside a predicted block goes with it."""
    assert pair_blocks([ONE, TWO], [ONE + TWO]) == [((0, 1), (0,))]


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, max_size=5), st.lists(TEXTS, max_size=5))
def test_every_annotated_block_is_in_one_pair(truths: list[str], found: list[str]) -> None:
    """And predicted blocks are neighbours where they are several."""
    pairs = pair_blocks(truths, found)
    assert sorted(truth for of, _ in pairs for truth in of) == list(range(len(truths)))
    assert all(group == tuple(range(group[0], group[-1] + 1)) for _, group in pairs if group)


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.text("abc", max_size=60))
def test_nothing_nearer_is_passed_over(part: str, whole: str) -> None:
    """The nearest piece is as near as the nearest of all pieces, where that is near enough."""
    pieces = [whole[start : start + len(part)] for start in range(len(whole) - len(part) + 1)]
    nearest = min((distance(part, piece) for piece in pieces), default=2.0)
    found = within(part, whole, 0.5)
    assert (found <= 0.5) == (nearest <= 0.5)
    assert found > 0.5 or found == nearest
