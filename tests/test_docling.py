"""Documents for docling: its own package reads them, and its chunker chunks them, where it is installed."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import docspec
from docspec.docling_chunks import NEEDED, Chunks
from docspec.docling_format import Docling, to_docling
from docspec.output import format_of, parse_formats
from docspec.types import Category, Draft, Finish, PageResult, Region, RegionResult, Verdict

TABLE = (
    '<table><thead><tr><th>Tea</th><th colspan="2">Minutes</th></tr></thead>'
    "<tbody><tr><td>Green</td><td>2</td><td>3</td></tr></tbody></table>"
)
BLOCKS = [
    (Category.PAGE_HEADER, "Journal of Tea", None, None),
    (Category.TITLE, "On *Tea*", 1, None),
    (Category.SECTION_HEADER, "## 1 Cooling", 2, None),
    (Category.TEXT, "It cools.", None, None),
    (Category.LIST_ITEM, "• first", None, None),
    (Category.LIST_ITEM, "2. second", None, None),
    (Category.SECTION_HEADER, "1.1 Cups", 3, None),
    (Category.CAPTION, "Table 1. Times.", None, 8),
    (Category.TABLE, TABLE, None, None),
    (Category.FORMULA, "$$T = 1$$", None, None),
    (Category.TEXT, "```\nbrew()\n```", None, None),
    (Category.PICTURE, "", None, None),
    (Category.CAPTION, "Figure 1. A cup.", None, 11),
    (Category.FOOTNOTE, "1 Or coffee.", None, None),
    (Category.TABLE, "no table at all", None, None),
    (Category.TEXT, " ", None, None),
]


def document() -> docspec.Document:
    """A page of everything, and one that failed."""
    regions = tuple(
        RegionResult(
            Region(
                0, order, (10.0, 20.0 * order, 90.0, 20.0 * order + 15), category, level=level, parent=parent
            ),
            Draft(text, "text-layer"),
            Verdict(text, Finish.UNVERIFIED),
        )
        for order, (category, text, level, parent) in enumerate(BLOCKS)
    )
    pages = (PageResult(0, 100.0, 400.0, regions), PageResult(1, 0, 0, error="broken"))
    return docspec.Document("tea.pdf", pages, "", "draft-only", "region")


def test_its_suffix_is_its_own(tmp_path: Path) -> None:
    """The longer of two suffixes counts; without the package the format is refused at once."""
    assert format_of(tmp_path / "a.docling.json") == ("docling", "a")
    assert format_of(tmp_path / "a.json") == ("json", "a")
    if find_spec("docling_core") is None:
        with pytest.raises(docspec.UsageError, match=r"docspec-vlm\[docling\]"):
            parse_formats("md,docling")
    else:
        assert parse_formats("docling,json") == ("docling", "json")


@pytest.fixture
def made() -> Any:
    """The document as docling reads it from disk."""
    types = pytest.importorskip("docling_core.types.doc")
    return types.DoclingDocument.model_validate_json(Docling().write(document()))


def test_it_validates_and_comes_back(made: Any) -> None:
    """What is read from the file is what was made, and its markdown is the page's."""
    assert made == to_docling(document())
    assert json.loads(Docling().write(document()))["schema_name"] == "DoclingDocument"
    markdown = made.export_to_markdown()
    for line in (
        "# On",
        "## 1 Cooling",
        "### 1.1 Cups",
        "It cools.",
        "brew()",
        "$$T = 1$$",
        "no table at all",
    ):
        assert line in markdown, line
    assert "Journal of Tea" not in markdown  # furniture


def test_everything_is_there_in_order(made: Any) -> None:
    """Kinds, levels, list marks, cells with spans, captions with their owners, pages and boxes."""
    texts = [(item.label.value, item.text) for item in made.texts]
    assert texts == [
        ("page_header", "Journal of Tea"),
        ("title", "On *Tea*"),
        ("section_header", "1 Cooling"),
        ("text", "It cools."),
        ("list_item", "first"),
        ("list_item", "second"),
        ("section_header", "1.1 Cups"),
        ("caption", "Table 1. Times."),
        ("formula", "T = 1"),
        ("code", "brew()"),
        ("caption", "Figure 1. A cup."),
        ("footnote", "1 Or coffee."),
        ("text", "no table at all"),
    ]
    assert [item.level for item in made.texts if item.label.value == "section_header"] == [1, 2]
    assert [(item.enumerated, item.marker) for item in made.texts if item.label.value == "list_item"][1] == (
        True, "2.",
    )  # fmt: skip
    [table] = made.tables
    assert (table.data.num_rows, table.data.num_cols) == (2, 3)
    assert [[cell.text for cell in row] for row in table.data.grid] == [
        ["Tea", "Minutes", "Minutes"],
        ["Green", "2", "3"],
    ]
    assert [cell.column_header for cell in table.data.table_cells] == [True, True, False, False, False]
    assert table.caption_text(made) == "Table 1. Times."
    [picture] = made.pictures
    assert picture.caption_text(made) == "Figure 1. A cup."
    [place] = picture.prov
    assert (place.page_no, place.bbox.as_tuple()) == (1, (10.0, 220.0, 90.0, 235.0))
    assert sorted(made.pages) == [1, 2]


def test_its_chunker_runs_on_it(made: Any) -> None:
    """Chunks know the headings that they stand under."""
    chunking = pytest.importorskip("docling_core.transforms.chunker.hierarchical_chunker")
    chunks = list(chunking.HierarchicalChunker().chunk(made))
    [cools] = [chunk for chunk in chunks if "It cools." in chunk.text]
    assert cools.meta.headings == ["On *Tea*", "1 Cooling"]
    assert any("Green" in chunk.text for chunk in chunks)


def test_chunks_are_lines() -> None:
    """Each has its text, its headings, both in one, and where it stands; the extra is asked for by name."""
    if any(find_spec(name) is None for name in NEEDED):
        with pytest.raises(docspec.UsageError, match=r"docspec-vlm\[chunks\]"):
            parse_formats("chunks")
        return
    chunks = [json.loads(line) for line in Chunks().write(document()).splitlines()]
    [cools] = [chunk for chunk in chunks if "It cools." in chunk["text"]]
    assert cools["headings"] == ["On *Tea*", "1 Cooling"]
    assert cools["context"] == "On *Tea*\n1 Cooling\nIt cools."
    assert cools["places"] == [{"page": 1, "bbox": [10.0, 60.0, 90.0, 75.0]}]
