"""Page images for a report: the source document found again, rendered and packed small."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image as PILImage

from docspec.errors import InputError
from docspec.result_json import DocumentJson
from docspec.source import PageFailure, open_document
from docspec.types import Image

# Chosen by eye on pages of dense text.
DPI = 140.0  # small print is legible, and twenty pages of dense text stay under three megabytes
TOTAL_BYTES = 6_500_000  # of all images together; base64 makes them a third larger
PAGE_BYTES = (40_000, 320_000)  # the least and the most that one page is given of it
STEPS = ((1.0, 70), (1.0, 45), (0.75, 55), (0.75, 35), (0.5, 40), (0.35, 30))  # scale and WebP quality
LONG_SIDE = 8000  # pixels; WebP ends at 16,383
SAME_SIZE = 1.5  # points that a page's sides may differ from the result's

Tell = Callable[[int, int], None]


@dataclass(slots=True)
class PageImages:
    """WebP files by page number (from 1); ``notes`` say why one is not there."""

    images: dict[int, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find_source(result: DocumentJson, beside: Path | None) -> Path | None:
    """The document that ``result`` was made from: where it was, else beside the result, else None.

    Paths are as they were given to ``parse``, so a relative one is tried from here and from the folder
    ``beside``.
    """
    candidates = []
    if result["source"]:
        candidates.append(Path(result["source"]))
    if beside is not None:
        candidates += [beside / one for one in candidates]
        if result["name"]:
            candidates.append(beside / Path(result["name"]).name)
    return next((path for path in candidates if _is_file(path)), None)


def page_images(result: DocumentJson, source: Path, password: str | None, tell: Tell) -> PageImages:
    """Images of the result's pages. Raises InputError where ``source`` cannot be opened.

    A page that cannot be rendered, or whose size is not the result's, is left out with a note. ``tell`` is
    called with how many pages are done, and of how many.
    """
    sizes = {page["page"]: (page["width"], page["height"]) for page in result["pages"]}
    found = PageImages()
    with open_document(source, password=password) as opened:
        wanted = [index + 1 for index in opened.selected if index + 1 in sizes]
    if not wanted:
        raise InputError(f"{source}: has none of the result's pages")
    low, high = PAGE_BYTES
    budget = min(high, max(low, TOTAL_BYTES // len(wanted)))
    with open_document(source, password=password, pages=",".join(map(str, wanted))) as opened:
        for done, page in enumerate(opened.pages(DPI), 1):
            if isinstance(page, PageFailure):
                found.notes.append(f"page {page.index + 1}: {page.error}")
            elif not _alike(sizes[page.index + 1], (page.width, page.height)):
                found.notes.append(
                    f"page {page.index + 1} of {source.name} has another size than in the result; "
                    "it is not shown: is this the same document?"
                )
            else:
                found.images[page.index + 1] = packed(page.image, budget)
            tell(done, len(wanted))
    found.notes += _beyond(sizes, wanted, source)
    return found


def packed(image: Image, budget: int) -> bytes:
    """``image`` as a WebP of at most ``budget`` bytes, or as small as STEPS make it."""
    picture = PILImage.fromarray(image)
    fit = min(1.0, LONG_SIDE / max(picture.size))
    data = b""
    for scale, quality in STEPS:
        size = tuple(max(1, round(side * scale * fit)) for side in picture.size)
        small = picture if size == picture.size else picture.resize((size[0], size[1]))
        buffer = io.BytesIO()
        small.save(buffer, "WEBP", quality=quality, method=2)
        data = buffer.getvalue()
        if len(data) <= budget:
            break
    return data


def _alike(expected: tuple[float, float], found: tuple[float, float]) -> bool:
    # a page that failed in the parse has no size in the result
    failed = not (expected[0] > 0 and expected[1] > 0)
    return failed or all(abs(a - b) <= SAME_SIZE for a, b in zip(expected, found, strict=True))


def _beyond(sizes: Mapping[int, object], wanted: list[int], source: Path) -> list[str]:
    missing = len(sizes) - len(wanted)
    return [f"{source.name} lacks {missing} of the result's pages"] if missing else []


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False
