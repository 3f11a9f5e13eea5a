"""OmniDocBench's annotations (arXiv 2412.07626): a folder with one JSON file and ``images/``."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from docspec.errors import UsageError
from docspec.types import Box, Category, Draft, Drafter, Image, Line, Page, Region, Request, Style


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
        inside = tuple(part for line in lines for part in _inside(box, line))
        region = Region(0, number, box, Category.TEXT, lines=inside)
        drafts = drafter.draft(sheet, region, style) if inside else ()
        x0, y0, _, _ = sheet.pixels(box)
        yield AnnotatedRegion(
            page=entry["page_info"]["image_path"],
            number=number,
            category=found.get("category_type", ""),
            language=_language(found),
            text=found["text"],
            image=sheet.crop(box),
            draft=drafts[0] if drafts else None,
            lines=tuple(replace(line, box=_moved(line.box, -x0, -y0)) for line in inside),
        )


def written_regions(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The annotations that are text and count, in reading order."""
    found = [one for one in entry["layout_dets"] if one.get("text") and not one.get("ignore")]
    return sorted(found, key=lambda one: one.get("order") or 0)


def box_of(found: dict[str, Any]) -> Box:
    """The upright box around an annotated polygon."""
    poly = found["poly"]
    return min(poly[0::2]), min(poly[1::2]), max(poly[0::2]), max(poly[1::2])


def _language(found: dict[str, Any]) -> str:
    label = str(found.get("attribute", {}).get("text_language", ""))
    return "english" if label == "text_english" else "chinese" if "chinese" in label else "other"


def _moved(box: Box, x: float, y: float) -> Box:
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y


def _inside(box: Box, line: Line) -> Iterator[Line]:
    """``line``, or the pieces of it that stand in ``box``: OCR joins lines of columns that are close."""
    numbers = [number for number, span in enumerate(line.spans) if _holds(box, span.box)]
    if numbers:
        yield line.part(numbers)


def _holds(outer: Box, inner: Box) -> bool:
    """Whether the middle of ``inner`` is in ``outer``."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]
