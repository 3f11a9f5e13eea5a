"""OmniDocBench's annotations (arXiv 2412.07626): a folder with one JSON file and ``images/``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from docspec.errors import UsageError
from docspec.types import Box, Category, Draft, Drafter, Image, Page, Region, Style


@dataclass(frozen=True, slots=True)
class AnnotatedRegion:
    """A text region of a page: its pixels, what is written there, in which language, and the page's draft."""

    page: str
    number: int
    language: str
    text: str
    image: Image
    draft: Draft | None


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
    """The text regions that count, in reading order, of pages whose image name contains ``page``.

    As in the pipeline, the drafter reads the page as a whole; a region's draft is written from the lines
    whose middle lies in the annotated box.
    """
    for entry in read_entries(data):
        name = entry["page_info"]["image_path"]
        if page not in name:
            continue
        pixels = read_image(data, entry)
        height, width = pixels.shape[:2]
        sheet = Page(0, width, height, 72.0, pixels)  # at 72 dpi a point is a pixel, as in the annotations
        lines = drafter.read(sheet)
        wanted = [found for found in entry["layout_dets"] if found.get("text") and not found.get("ignore")]
        wanted.sort(key=lambda found: found.get("order") or 0)
        for number, found in enumerate(wanted):
            poly = found["poly"]
            box = (min(poly[0::2]), min(poly[1::2]), max(poly[0::2]), max(poly[1::2]))
            inside = tuple(line for line in lines if _holds(box, line.box))
            region = Region(0, number, box, Category.TEXT, lines=inside)
            drafts = drafter.draft(sheet, region, style) if inside else ()
            yield AnnotatedRegion(
                name, number, _language(found), found["text"], sheet.crop(box), drafts[0] if drafts else None
            )


def _language(found: dict[str, Any]) -> str:
    label = str(found.get("attribute", {}).get("text_language", ""))
    return "english" if label == "text_english" else "chinese" if "chinese" in label else "other"


def _holds(outer: Box, inner: Box) -> bool:
    """Whether the middle of ``inner`` is in ``outer``."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]
