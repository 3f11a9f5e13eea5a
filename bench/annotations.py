"""OmniDocBench's annotations (arXiv 2412.07626): a folder with one JSON file and ``images/``."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from docspec.errors import UsageError
from docspec.layout.geometry import scaled
from docspec.types import (
    Box,
    Category,
    Draft,
    Drafter,
    Image,
    Line,
    Page,
    PageRegion,
    Region,
    Request,
    Style,
    middle_in,
)

# OmniDocBench's category types; its others (abandoned text, masks) are not part of a page's text.
CATEGORIES = {
    "title": Category.SECTION_HEADER,
    "text_block": Category.TEXT,
    "equation_isolated": Category.FORMULA,
    "equation_caption": Category.TEXT,
    "figure": Category.PICTURE,
    "figure_caption": Category.CAPTION,
    "figure_footnote": Category.FOOTNOTE,
    "table": Category.TABLE,
    "table_caption": Category.CAPTION,
    "table_footnote": Category.FOOTNOTE,
    "header": Category.PAGE_HEADER,
    "footer": Category.PAGE_FOOTER,
    "page_number": Category.PAGE_FOOTER,
    "page_footnote": Category.FOOTNOTE,
    "code_txt": Category.TEXT,
    "reference": Category.TEXT,
}


@dataclass(frozen=True, slots=True)
class AnnotatedRegion:
    """A text region of a page: what is written there, in which language, and what the drafter makes of it.

    ``category`` is the benchmark's; ``image`` are its pixels, ``lines`` the page's lines inside it, in pixels
    of ``image``.
    """

    page: str
    number: int
    category: str
    language: str
    text: str
    image: Image
    draft: Draft | None
    lines: tuple[Line, ...]

    @property
    def request(self) -> Request:
        """The region as a verifier is asked to read it."""
        return Request(
            key=(self.page, self.number),
            image=self.image,
            category=Category.TEXT,
            drafts=(self.draft,) if self.draft else (),
            line_boxes=tuple((int(a), int(b), math.ceil(c), math.ceil(d)) for a, b, c, d in self._boxes()),
            line_texts=tuple(line.text for line in self.lines),
            line_strips=tuple(line.strips for line in self.lines),
        )

    def _boxes(self) -> Iterator[Box]:
        height, width = self.image.shape[:2]
        for x0, y0, x1, y1 in (line.box for line in self.lines):
            yield max(0.0, x0), max(0.0, y0), min(float(width), x1), min(float(height), y1)


def read_entries(data: Path) -> list[dict[str, Any]]:
    """The pages' annotations as they stand. Raises UsageError where the folder is not in the format."""
    listings = sorted(data.glob("*.json"))
    if len(listings) != 1:
        raise UsageError(f"expected one JSON file of annotations in {data}, found {len(listings)}")
    entries: list[dict[str, Any]] = json.loads(listings[0].read_text(encoding="utf-8"))
    return entries


def recorded_outputs(data: Path, outputs: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """The pages that have a file in ``outputs``, named as the image and ending in .md, with what it says.

    Raises UsageError where no page has one.
    """
    entries = {Path(entry["page_info"]["image_path"]).stem: entry for entry in read_entries(data)}
    chosen = [stem for stem in entries if (outputs / f"{stem}.md").is_file()]
    if not chosen:
        raise UsageError(f"no recorded outputs (.md, named as the images) in {outputs}")
    for stem in chosen:
        yield entries[stem], (outputs / f"{stem}.md").read_text(encoding="utf-8")


def read_image(data: Path, entry: dict[str, Any]) -> Image:
    """A page's pixels."""
    with PIL.Image.open(data / "images" / entry["page_info"]["image_path"]) as image:
        return np.asarray(image.convert("RGB"))


def text_regions(data: Path, drafter: Drafter, style: Style, page: str = "") -> Iterator[AnnotatedRegion]:
    """The text regions that count, in reading order, of pages whose image name contains ``page``."""
    for entry in read_entries(data):
        if page in entry["page_info"]["image_path"]:
            pixels = read_image(data, entry)
            height, width = pixels.shape[:2]
            # at 72 dpi a point is a pixel, as in the annotations
            yield from page_regions(Page(0, width, height, 72.0, pixels), entry, drafter, style)


def page_regions(
    sheet: Page, entry: dict[str, Any], drafter: Drafter, style: Style
) -> Iterator[AnnotatedRegion]:
    """The text regions that count of one page, whose points are the annotation's pixels.

    As in the pipeline, the drafter reads the page as a whole; a region's draft is written from the pieces of
    lines whose middle lies in the annotated box.
    """
    lines = drafter.read(sheet)
    for number, found in enumerate(written_regions(entry)):
        box = box_of(found)
        region = region_in(box, number, Category.TEXT, lines)
        x0, y0, _, _ = sheet.pixels(box)
        yield AnnotatedRegion(
            page=entry["page_info"]["image_path"],
            number=number,
            category=found.get("category_type", ""),
            language=_language(found),
            text=found["text"],
            image=sheet.crop(box),
            draft=first_draft(drafter, sheet, region, style),
            lines=tuple(replace(line, box=_moved(line.box, -x0, -y0)) for line in region.lines),
        )


def written_regions(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The annotations that are text and count, in reading order."""
    found = [one for one in entry["layout_dets"] if one.get("text") and not one.get("ignore")]
    return sorted(found, key=lambda one: one.get("order") or 0)


def box_of(found: Mapping[str, Any]) -> Box:
    """The upright box around an annotated polygon."""
    poly = [float(value) for value in found["poly"]]
    return min(poly[0::2]), min(poly[1::2]), max(poly[0::2]), max(poly[1::2])


def ordered(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A page's annotated regions in reading order; those without a place in it come first."""
    known = [one for one in entry["layout_dets"] if one["category_type"] in CATEGORIES]
    return sorted(known, key=lambda one: (one.get("order") or 0, min(one["poly"][1::2])))


def content(annotated: Mapping[str, Any]) -> str:
    """What is annotated to stand in a region."""
    return str(annotated.get("html") or annotated.get("latex") or annotated.get("text") or "").strip()


def page_region(annotated: Mapping[str, Any], scale: float) -> PageRegion:
    """An annotated region as a page has it, of whose pixels there are ``scale`` to an annotated one."""
    category = CATEGORIES[annotated["category_type"]]
    return PageRegion(category, content(annotated), scaled(box_of(annotated), scale))


def _language(found: dict[str, Any]) -> str:
    label = str(found.get("attribute", {}).get("text_language", ""))
    return "english" if label == "text_english" else "chinese" if "chinese" in label else "other"


def _moved(box: Box, x: float, y: float) -> Box:
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y


def region_in(box: Box, number: int, category: Category, lines: Sequence[Line]) -> Region:
    """An annotated region with what of a page's ``lines`` stands in its ``box``."""
    parts = tuple(part for line in lines for part in _inside(box, line))
    return Region(0, number, box, category, lines=parts)


def first_draft(drafter: Drafter, page: Page, region: Region, style: Style) -> Draft | None:
    """What ``drafter`` has first for a region; nothing of one without lines."""
    drafts = drafter.draft(page, region, style) if region.lines else ()
    return drafts[0] if drafts else None


def _inside(box: Box, line: Line) -> Iterator[Line]:
    """``line``, or the pieces of it that stand in ``box``: OCR joins lines of columns that are close."""
    numbers = [number for number, span in enumerate(line.spans) if middle_in(span.box, box)]
    if numbers:
        yield line.part(numbers)
