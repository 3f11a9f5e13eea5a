"""Further paragraphs of an item of a list, and roots within text."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from docspec import parse
from docspec.markdown import Block, joined
from docspec.root_signs import standing, with_root_signs
from docspec.types import Box, Line, Span

FIRST = "Open the gate with the small key, and leave it open until noon, when the goats come home."
MORE = (
    "The key hangs beside the door, below the lamp. Whoever takes it writes his name on the slate, and "
    "whoever brings it back strikes it out again."
)
AFTER = (
    "Nobody remembers who planted the only apple tree, yet everybody claims a share of its forty small "
    "apples, which are sour."
)


def read(path: Path, left: float, mark: str, gap: float) -> str:
    """A list between two paragraphs whose first item has a second paragraph at ``left``."""
    document = pymupdf.open()
    page = document.new_page(width=480, height=640)
    top = 50.0

    def put(text: str, x: float) -> None:
        nonlocal top
        room = pymupdf.Rect(x, top, 430, top + 300)
        top += 300 - page.insert_textbox(room, text, fontsize=11, fontname="tiro") + gap

    put(AFTER, 60)
    for number, text in enumerate((FIRST, "Feed the goats, first the kids and then the others.")):
        page.insert_text((72, top + 12), mark.replace("1", str(number + 1)), fontsize=11, fontname="tiro")
        put(text, 90)
        if not number:
            put(MORE, left)
    top += 6
    put(AFTER, 60)
    document.save(path)
    return parse(path, verifier="draft-only").markdown


@pytest.mark.parametrize("mark", ["1.", "\u2022"])
@pytest.mark.parametrize("gap", [5, 14])
def test_a_second_paragraph_stays_in_its_item(tmp_path: Path, mark: str, gap: float) -> None:
    """It is set in below its item, a blank line between them, whether or not they were found as one."""
    written = read(tmp_path / "a.pdf", 90, mark, gap)
    start = "1. " if mark == "1." else "- "
    assert f"{start}{FIRST}\n\n{' ' * len(start)}{MORE}\n" in written
    assert f"\n{AFTER}" in written


def test_a_paragraph_at_the_edge_of_the_text_is_none_of_an_item(tmp_path: Path) -> None:
    """Text between two items that starts where the page's text does stands by itself."""
    assert f"\n\n{MORE}\n" in read(tmp_path / "a.pdf", 60, "1.", 14)


def test_paragraphs_inside_are_set_in_by_the_levels_above_them() -> None:
    """One stands below the item whose mark is left of it; the items after it go on the list."""
    blocks = [
        Block("1. a", True, 10.0, 6.0),
        Block("- b", True, 30.0, 6.0),
        Block("of b", left=40.0, step=6.0, inside=True),
        Block("of a", left=22.0, step=6.0, inside=True),
        Block("2. c", True, 10.0, 6.0),
    ]
    assert joined(blocks) == "1. a\n   - b\n\n     of b\n\n   of a\n\n2. c"


def line(text: str, box: Box) -> Line:
    """A line of one span."""
    return Line((Span(text, box, 10, "F"),), box, "text-layer")


def test_a_roots_sign_stands_with_what_is_under_its_bar() -> None:
    """It reaches into the row above, where a PDF's lines have it by itself; other short lines stay."""
    sign, rest = line("3\u221a", (100, 90, 110, 103)), line("2 metres", (110, 101, 160, 111))
    other = line("of all", (50, 88, 90, 98))
    found = with_root_signs([other, sign, rest])
    assert [one.text for one in found] == ["of all", "3\u221a2 metres"]
    assert standing(found[1]) == rest.box
    far = line("2 metres", (130, 101, 180, 111))
    assert with_root_signs([sign, far]) == [sign, far]
