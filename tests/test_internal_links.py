"""Links that lead to places in a document lead to the headings there."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

import docspec
from docspec.internal_links import slug, with_links
from docspec.types import Category, Finish, PageResult, Region, RegionResult, Verdict

PROSE = "Words of the page that are printed as usual, enough of them to be a paragraph of it. " * 4


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("## 2.1 Methods & *Materials*", "21-methods--materials"),
        (r"A \_private\_ `name`", "a-_private_-name"),
        ("[Linked](https://example.org) title", "linked-title"),
        ("Über größe", "über-größe"),
    ],
)
def test_names_are_githubs(heading: str, name: str) -> None:
    """Small letters, hyphens for spaces, no other signs, no marks."""
    assert slug(heading) == name


def made() -> bytes:
    """Three pages: a paragraph that links to two sections and a figure, and sections of one name."""
    document = pymupdf.open()
    for _ in range(3):
        document.new_page()
    pages = list(document)
    pages[0].insert_textbox((60, 60, 530, 200), PROSE, fontsize=10)
    pages[0].insert_text((60, 240), "See Results [2] and the later Results and Figure 1.", fontsize=10)
    for page, top in ((pages[1], 100), (pages[2], 400)):
        page.insert_text((60, top), "Results", fontsize=18, fontname="hebo")
        page.insert_textbox((60, top + 20, 530, top + 160), PROSE, fontsize=10)
    for words, number, y in (("Results [2]", 1, 82), ("later Results", 2, 380), ("Figure 1", 1, 500)):
        frame = pages[0].search_for(words)[0]
        goto = {"kind": pymupdf.LINK_GOTO, "from": frame, "page": number, "to": pymupdf.Point(60, y)}
        pages[0].insert_link(goto)
    data: bytes = document.tobytes()
    return data


def test_links_lead_to_headings(tmp_path: Path) -> None:
    """By the heading's name, the second of one name by its number; where no heading is there is no link."""
    path = tmp_path / "a.pdf"
    path.write_bytes(made())
    markdown = docspec.parse(path, verifier="draft-only").markdown
    assert "See [Results [2]](#results) and the [later Results](#results-1) and Figure 1." in markdown


def page(number: int, *regions: tuple[Category, str, float]) -> PageResult:
    """A page of regions below each other, unverified."""
    results = tuple(
        RegionResult(
            Region(number, order, (50.0, top, 500.0, top + 20), category, level=2),
            None,
            Verdict(text, Finish.UNVERIFIED, markdown=text),
        )
        for order, (category, text, top) in enumerate(regions)
    )
    return PageResult(number, 600, 800, regions=results)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("#page=2&x=50&y=90", "[here](#one)"),
        ("#page=2&x=50&y=110", "[here](#one)"),
        ("#page=2&x=50&y=300", "here"),
        ("#page=2&x=510&y=90", "here"),
        ("#page=2&x=-250&y=90", "here"),
        ("#page=7&x=50&y=90", "here"),
        ("https://example.org/#page=2&x=50&y=90", "[here](https://example.org/#page=2&x=50&y=90)"),
    ],
)
def test_the_heading_at_or_below_a_place(place: str, expected: str) -> None:
    """One that begins at the place or a little below; in another column, or far below, there is none."""
    pages = [
        page(0, (Category.TEXT, f"See [here]({place}).", 100)),
        page(1, (Category.SECTION_HEADER, "One", 100), (Category.SECTION_HEADER, "Two", 400)),
    ]
    [result] = with_links(pages)[0].regions
    assert result.verdict.markdown == f"See {expected}."
