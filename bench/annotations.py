"""OmniDocBench's annotations (arXiv 2412.07626): a folder with one JSON file and ``images/``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from docspec.errors import UsageError
from docspec.types import Category, Draft, Drafter, Image, Page, Region, Style


@dataclass(frozen=True, slots=True)
class AnnotatedRegion:
    """A text region of a page: its ``image`` crop, what is written there, and in which language."""

    page: str
    number: int
    language: str
    text: str
    image: Image


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


def text_regions(data: Path, page: str = "") -> Iterator[AnnotatedRegion]:
    """The text regions that count, in reading order, of pages whose image name contains ``page``."""
    for entry in read_entries(data):
        name = entry["page_info"]["image_path"]
        if page not in name:
            continue
        pixels = read_image(data, entry)
        wanted = [found for found in entry["layout_dets"] if found.get("text") and not found.get("ignore")]
        wanted.sort(key=lambda found: found.get("order") or 0)
        for number, found in enumerate(wanted):
            crop = _crop(pixels, found["poly"])
            if crop.size:
                yield AnnotatedRegion(name, number, _language(found), found["text"], crop)


def draft(drafter: Drafter, region: AnnotatedRegion, style: Style) -> Draft | None:
    """What ``drafter`` makes of the region from its own pixels."""
    height, width = region.image.shape[:2]
    page = Page(0, width, height, 72.0, region.image)  # at 72 dpi a point is a pixel
    found = Region(0, 0, (0, 0, width, height), Category.TEXT, lines=tuple(drafter.read(page)))
    drafts = drafter.draft(page, found, style)
    return drafts[0] if drafts else None


def _language(found: dict[str, Any]) -> str:
    label = str(found.get("attribute", {}).get("text_language", ""))
    return "english" if label == "text_english" else "chinese" if "chinese" in label else "other"


def _crop(pixels: Image, poly: Sequence[float]) -> Image:
    height, width = pixels.shape[:2]
    x0, x1 = max(0, int(min(poly[0::2]))), min(width, int(max(poly[0::2])) + 1)
    y0, y1 = max(0, int(min(poly[1::2]))), min(height, int(max(poly[1::2])) + 1)
    return pixels[y0 : max(y0, y1), x0 : max(x0, x1)]
