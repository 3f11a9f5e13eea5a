"""The replayed acceptance benchmark, on a folder made here and a drafter that only pretends to read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import PIL.Image
import pytest

pytest.importorskip("scipy")
pytest.importorskip("pylatexenc")

from docspec.bench.acceptance import measure
from docspec.bench.acceptance_cases import Case, read_cases, read_pdf_cases
from docspec.bench.annotations import read_entries
from docspec.bench.born_digital import Written, typeset
from docspec.drafters.reading.text_layer import TextLayerDrafter
from docspec.errors import UsageError
from docspec.source import open_document
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


def write_folder(folder: Path, regions: list[dict[str, object]], size: tuple[int, int] = (80, 60)) -> None:
    """An OmniDocBench folder of one page."""
    (folder / "images").mkdir()
    PIL.Image.new("RGB", size).save(folder / "images" / "page.png")
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


LINES = ("The first efficient lines of a col-", "umn that goes on beside the others;", "here it ends.")
SAID = "The first efficient lines of a column that goes on beside the others; here it ends."


def write_columns(folder: Path, output: str) -> None:
    """A page of two columns, a title and what a model is said to have written."""
    regions: list[dict[str, object]] = [annotated(0, "title", 10, ("A title",))]
    regions += [annotated(order, "text_block", 20 + 250 * (order - 1), LINES) for order in (1, 2)]
    write_folder(folder, regions, (520, 200))
    (folder / "vlm_outputs").mkdir()
    (folder / "vlm_outputs" / "page.md").write_text(output, encoding="utf-8")


def annotated(order: int, category: str, left: int, lines: Sequence[str]) -> dict[str, object]:
    """A region of lines under each other, twelve pixels high."""
    top = 20 if category == "title" else 60

    def poly(first: int, last: int, width: int = 210) -> list[int]:
        y0, y1 = top + 15 * first, top + 15 * last + 12
        return [left, y0, left + width, y0, left + width, y1, left, y1]

    spans = [{"text": line, "poly": poly(n, n, 6 * len(line))} for n, line in enumerate(lines)]
    text = " ".join(lines).replace("- ", "")
    box = poly(0, len(lines) - 1)
    return {"category_type": category, "order": order, "text": text, "poly": box, "line_with_spans": spans}


@pytest.mark.parametrize("text", ["annotated", "recorded"])
def test_running_text_is_drafted_from_a_typeset_text_layer(tmp_path: Path, text: str) -> None:
    """Columns stay apart, hyphens and ligatures are undone, titles are no running text."""
    write_columns(tmp_path, f"# A title\n\n{SAID}\n\n{SAID}")
    cases = list(read_pdf_cases(tmp_path, tmp_path / "vlm_outputs", TextLayerDrafter(), text))
    assert cases == [Case("page.png", "other", SAID, SAID)] * 2


def test_a_typeset_page_has_ligatures_and_hyphens(tmp_path: Path) -> None:
    """As born-digital pages have them; lines are as wide as they are annotated."""
    write_columns(tmp_path, SAID)
    [entry] = read_entries(tmp_path)
    both: list[list[Written]] = [[], [((1,), SAID)]]
    for pairs in both:
        with open_document(typeset(entry, pairs, 520, 200)) as source:
            [page] = source.pages(72.0)
        assert isinstance(page, Page)
        text = "\n".join(line.text for line in page.lines)
        assert pairs or "-\n" in text
        assert {"ﬁ", "ﬃ"} & set(text)


def test_a_pdf_says_what_is_annotated_or_what_was_read(tmp_path: Path) -> None:
    """Of a model that read something else, the draft has what is there, or what the model read."""
    read = SAID.replace("first efficient", "worst official")
    write_columns(tmp_path, f"{read}\n\n{SAID}")
    drafts = {
        text: next(read_pdf_cases(tmp_path, tmp_path / "vlm_outputs", TextLayerDrafter(), text))
        for text in ("annotated", "recorded")
    }
    assert [case.truth for case in drafts.values()] == [read, read]
    assert (drafts["annotated"].draft, drafts["recorded"].draft) == (SAID, read)


def test_pdfs_need_recorded_outputs(tmp_path: Path) -> None:
    """With what was expected."""
    write_columns(tmp_path, SAID)
    with pytest.raises(UsageError, match="recorded outputs"):
        list(read_pdf_cases(tmp_path, tmp_path, TextLayerDrafter(), "recorded"))
