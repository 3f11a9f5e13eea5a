"""Detections that say the same thing twice, and regions that swallow others."""

from __future__ import annotations

from collections.abc import Sequence

from docspec.layout.assign import TEXT_LIKE
from docspec.layout.geometry import Index, area, covered, inside, iou
from docspec.types import Category, Dropped, Region

SAME = 0.8  # IoU from which two detections are one
WITHIN = 0.8  # share of a region inside another from which it is part of that one
TEXT_IN_PICTURE = 0.25  # share of a picture that labels may cover; with more, its text is read as text


def resolve(regions: Sequence[Region]) -> tuple[list[Region], list[Dropped]]:
    """``regions`` without duplicates and without parts of tables and pictures, and what went and why."""
    dropped: list[Dropped] = []
    kept = list(regions)
    for rule in (_duplicates, _backgrounds, _parts):
        gone = rule(kept)
        dropped += [Dropped(kept[i].box, kept[i].category, reason) for i, reason in sorted(gone.items())]
        kept = [region for i, region in enumerate(kept) if i not in gone]
    return kept, dropped


def _duplicates(regions: Sequence[Region]) -> dict[int, str]:
    """The less certain of every two regions with nearly the same box; the later one where both are equal."""
    gone: dict[int, str] = {}
    index = Index([region.box for region in regions])
    for i in sorted(range(len(regions)), key=lambda i: (-regions[i].confidence, i)):
        if i in gone:
            continue
        for j in index.near(regions[i].box):
            if j != i and j not in gone and iou(regions[i].box, regions[j].box) >= SAME:
                gone[j] = f"same place as a {regions[i].category}"
    return gone


def _backgrounds(regions: Sequence[Region]) -> dict[int, str]:
    """Pictures behind text: their text is worth more than they are."""
    gone: dict[int, str] = {}
    index = Index([region.box for region in regions])
    for i, region in enumerate(regions):
        if region.category != Category.PICTURE:
            continue
        on_top = [
            regions[j].box
            for j in index.near(region.box)
            if regions[j].category != Category.PICTURE and inside(regions[j].box, region.box) >= WITHIN
        ]
        if on_top and covered(on_top, region.box) > TEXT_IN_PICTURE:
            gone[i] = "background of the text on it"
    return gone


def _parts(regions: Sequence[Region]) -> dict[int, str]:
    """Regions inside a table or a picture, whose text that one then owns."""
    gone: dict[int, str] = {}
    index = Index([region.box for region in regions])
    for i, region in enumerate(regions):
        for j in index.near(region.box):
            outer = regions[j]
            if j == i or j in gone or outer.category in TEXT_LIKE:
                continue
            if inside(region.box, outer.box) >= WITHIN and area(region.box) < area(outer.box):
                gone[i] = f"part of a {outer.category}"
                break
    return gone
