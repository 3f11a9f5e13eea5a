"""The replayed acceptance benchmark, on a folder made here and a drafter that only pretends to read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from docspec.bench.acceptance import Case, measure, read_cases
from docspec.errors import UsageError
from docspec.types import Draft, Line, Page, Region, Span, Style


class Letters:
    """A codec of single characters."""

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        """One token for each character."""
        return [ord(char) for char in text], list(range(len(text)))

    def decode(self, ids: Sequence[int]) -> str:
        """The characters."""
        return "".join(map(chr, ids))


class TwoLineDrafter:
    """Reads the same two lines on every page."""

    def read(self, page: Page) -> Sequence[Line]:
        """One at the top left, one at the bottom right."""
        assert page.image.shape == (page.height, page.width, 3)
        boxes = [(12.0, 6.0, 28.0, 14.0), (50.0, 42.0, 78.0, 50.0)]
        return [Line((Span(str(number), box),), box, "test") for number, box in enumerate(boxes)]

    def draft(self, page: Page, region: Region, style: Style) -> Sequence[Draft]:
        """The region's lines."""
        return [Draft("+".join(line.text for line in region.lines), "test")]


def write_folder(folder: Path, regions: list[dict[str, object]]) -> None:
    """An OmniDocBench folder of one page."""
    (folder / "images").mkdir()
    PIL.Image.fromarray(np.zeros((60, 80, 3), dtype=np.uint8)).save(folder / "images" / "page.png")
    page = {"page_info": {"image_path": "page.png", "width": 80, "height": 60}, "layout_dets": regions}
    (folder / "list.json").write_text(json.dumps([page]), encoding="utf-8")


def test_regions_are_drafted_from_the_lines_inside(tmp_path: Path) -> None:
    """Boxes are pixels; regions without text and those to ignore are left out."""
    english = {"text_language": "text_english"}
    write_folder(
        tmp_path,
        [
            {"poly": [10, 5, 30, 5, 30, 15, 10, 15], "text": "one", "attribute": english},
            {"poly": [60, 40, 99, 40, 99, 70, 60, 70], "text": "two"},
            {"poly": [0, 0, 99, 0, 99, 99, 0, 99], "text": "both"},
            {"poly": [30, 20, 40, 20, 40, 30, 30, 30], "text": "neither"},
            {"poly": [0, 0, 5, 0, 5, 5, 0, 5], "text": "no", "ignore": True},
            {"poly": [0, 0, 5, 0, 5, 5, 0, 5], "latex": "x"},
        ],
    )
    assert list(read_cases(tmp_path, TwoLineDrafter())) == [
        Case("page.png", "english", "one", "0"),
        Case("page.png", "other", "two", "1"),
        Case("page.png", "other", "both", "0+1"),
        Case("page.png", "other", "neither", ""),
    ]


def test_a_folder_without_annotations_is_refused(tmp_path: Path) -> None:
    """With what was expected."""
    with pytest.raises(UsageError, match="one JSON file"):
        list(read_cases(tmp_path, TwoLineDrafter()))


def test_figures_are_by_group_and_matching() -> None:
    """A perfect draft takes whole windows; characters beat tokens when spaces are lost; formulas apart."""
    text = "It was a bright cold day in April and the clocks were striking thirteen."
    cases = [
        Case("a", "english", text, text.replace("day in", "dayin").replace("clocks", "cl0cks")),
        Case("a", "english", "$ x $", ""),
        Case("a", "chinese", "美人焦植株高度", "美人蕉植株高度"),
    ]
    figures = {kind: measure(Letters(), cases, 128, kind) for kind in ("characters", "tokens", "perfect")}
    assert figures["perfect"]["all"]["steps"] == 3
    assert figures["perfect"]["chinese"]["mean_accepted_length"] == 8
    assert [figures["characters"][group]["regions"] for group in figures["characters"]] == [2, 1, 1, 3]
    plain = "english without formulas"
    assert figures["characters"][plain]["steps"] <= figures["tokens"][plain]["steps"]
