"""Layout against OmniDocBench annotations: ``python -m docspec.bench.layout --data FOLDER``.

Counted: annotated text blocks, titles, tables, figures and isolated equations that the annotation does not
ignore. Found: a region of any category overlaps with an IoU over 0.5. Captions, footnotes and lists are
printed beside them and do not enter the overall share; headers, footers, page numbers and what the
annotators abandoned are not counted. Reading order: normalised Levenshtein distance between the annotated
order of the regions found (captions included) and docspec's order of them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer
from rapidfuzz.distance import Levenshtein
from rich.console import Console
from rich.table import Table

from docspec import registry
from docspec.bench.annotations import box_of, read_entries, read_image
from docspec.layout import analyse
from docspec.layout.geometry import iou, scaled
from docspec.types import Box, Category, Detector, Line, Page, Region

COUNTED = {
    "text_block": "text",
    "title": "title",
    "table": "table",
    "figure": "figure",
    "equation_isolated": "formula",
}
BESIDE = {
    "figure_caption": "caption",
    "table_caption": "caption",
    "equation_caption": "caption",
    "figure_footnote": "footnote",
    "table_footnote": "footnote",
    "page_footnote": "footnote",
    "list_group": "list",
    "reference": "list",
}
AGREES = {
    "text": {Category.TEXT, Category.LIST_ITEM},
    "title": {Category.TITLE, Category.SECTION_HEADER},
    "table": {Category.TABLE},
    "figure": {Category.PICTURE},
    "formula": {Category.FORMULA},
    "caption": {Category.CAPTION},
    "footnote": {Category.FOOTNOTE, Category.CAPTION},
    "list": {Category.LIST_ITEM, Category.TEXT},
}
KINDS = tuple(dict.fromkeys(COUNTED.values()))
FOUND = 0.5  # IoU above which an annotated region counts as found: the usual one
IMAGE_DPI = 144.0  # pixels per inch that page images are taken to have


@dataclass(frozen=True, slots=True)
class Truth:
    """One annotated region; ``box`` in pixels of the page image, ``order`` None where it has no place."""

    kind: str
    box: Box
    order: int | None


@dataclass(frozen=True, slots=True)
class PageScore:
    """One page's figures; ``found``, ``agreed`` and ``total`` by kind, ``distance`` in 0..1."""

    name: str
    total: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    agreed: Counter[str] = field(default_factory=Counter)
    distance: float | None = None
    regions: int = 0
    seconds: float = 0.0


def share(scores: Iterable[PageScore], kinds: Sequence[str] = KINDS, agreed: bool = False) -> float:
    """Found (or found with an agreeing category) over annotated; nan where nothing is annotated."""
    scores = list(scores)
    total = sum(score.total[kind] for score in scores for kind in kinds)
    hits = sum((score.agreed if agreed else score.found)[kind] for score in scores for kind in kinds)
    return hits / total if total else float("nan")


def truths(annotation: dict[str, Any]) -> list[Truth]:
    """The regions of one page of OmniDocBench's JSON that this benchmark looks at."""
    known = COUNTED | BESIDE
    found = []
    for item in annotation["layout_dets"]:
        if item["category_type"] not in known or item.get("ignore"):
            continue
        found.append(Truth(known[item["category_type"]], box_of(item), item.get("order")))
    return found


def score(name: str, expected: Sequence[Truth], regions: Sequence[Region], scale: float) -> PageScore:
    """``regions`` (in page points, ``scale`` pixels each) against ``expected``."""
    boxes = [scaled(region.box, scale) for region in regions]
    total, found, agreed = Counter[str](), Counter[str](), Counter[str]()
    places: list[tuple[int, int]] = []
    for truth in expected:
        total[truth.kind] += 1
        best, index = max(((iou(truth.box, box), i) for i, box in enumerate(boxes)), default=(0.0, -1))
        if best <= FOUND:
            continue
        found[truth.kind] += 1
        agreed[truth.kind] += regions[index].category in AGREES[truth.kind]
        if truth.order is not None:
            places.append((truth.order, regions[index].order))
    return PageScore(name, total, found, agreed, order_distance(places), len(regions))


def order_distance(places: Sequence[tuple[int, int]]) -> float | None:
    """Normalised edit distance between two orders of the same regions; None without any."""
    if not places:
        return None
    annotated = [ours for _, ours in sorted(places)]
    return float(Levenshtein.normalized_distance(annotated, sorted(annotated)))


def pages(data: Path) -> Iterator[tuple[str, Page, list[Truth]]]:
    """Name, page and annotated regions of every page image in an OmniDocBench folder.

    Raises UsageError where the folder holds no annotation.
    """
    for number, annotation in enumerate(read_entries(data)):
        image = read_image(data, annotation)
        name = annotation["page_info"]["image_path"]
        height, width = (side * 72 / IMAGE_DPI for side in image.shape[:2])
        yield name, Page(number, width, height, IMAGE_DPI, image), truths(annotation)


def measure(
    data: Path, read: Callable[[Page], Sequence[Line]], detector: Detector, limit: int | None = None
) -> Iterator[PageScore]:
    """Scores page by page; ``seconds`` is the layout stage alone, without reading the lines."""
    for number, (name, page, expected) in enumerate(pages(data)):
        if limit is not None and number >= limit:
            return
        lines = read(page)
        start = perf_counter()
        layout = analyse(page, lines, detector)
        seconds = perf_counter() - start
        result = score(name, expected, layout.regions, page.image.shape[1] / page.width)
        yield replace(result, seconds=seconds)


def summary(scores: Sequence[PageScore]) -> dict[str, Any]:
    """Figures over all pages, JSON-ready; shares are over all regions, order distance over pages."""
    distances = [score.distance for score in scores if score.distance is not None]
    kinds = [*KINDS, *dict.fromkeys(BESIDE.values())]
    annotated = [kind for kind in kinds if any(score.total[kind] for score in scores)]
    return {
        "pages": len(scores),
        "counted": list(COUNTED),
        "found": round(share(scores), 4),
        "category_agreement": round(share(scores, agreed=True) / share(scores), 4) if share(scores) else None,
        "found_by_kind": {kind: round(share(scores, [kind]), 4) for kind in annotated},
        "annotated_by_kind": {kind: sum(s.total[kind] for s in scores) for kind in annotated},
        "order_distance": round(sum(distances) / len(distances), 4) if distances else None,
        "layout_seconds_per_page": round(sum(s.seconds for s in scores) / max(1, len(scores)), 3),
    }


def show(scores: Sequence[PageScore], console: Console) -> None:
    """A table with one row a page and one for all."""
    table = Table(title="layout against OmniDocBench", caption="found / annotated; order: edit distance")
    table.add_column("page", max_width=36, no_wrap=True)
    for heading in (*KINDS, "all", "found", "category", "order", "regions", "s"):
        table.add_column(heading, justify="right")
    for row in (*scores, None):
        group = scores if row is None else [row]
        distances = [s.distance for s in group if s.distance is not None]
        cells = [f"{sum(s.found[kind] for s in group)}/{sum(s.total[kind] for s in group)}" for kind in KINDS]
        counts = [
            sum(s.found[k] for s in group for k in KINDS),
            sum(s.total[k] for s in group for k in KINDS),
        ]
        table.add_row(
            "all pages" if row is None else row.name,
            *cells,
            f"{counts[0]}/{counts[1]}",
            f"{share(group):.2f}",
            f"{share(group, agreed=True):.2f}",
            f"{sum(distances) / len(distances):.2f}" if distances else "-",
            str(sum(s.regions for s in group)),
            f"{sum(s.seconds for s in group):.2f}",
        )
    console.print(table)


def main(
    data: Annotated[Path, typer.Option(help="folder with OmniDocBench*.json and images/")],
    detector: Annotated[str, typer.Option(help="registered detector")] = "pymupdf",
    drafter: Annotated[str, typer.Option(help="registered drafter that reads the lines")] = "rapidocr",
    limit: Annotated[int | None, typer.Option(help="at most so many pages")] = None,
) -> None:
    """Share of annotated regions found and reading-order distance, per page and overall."""
    reader = registry.load("drafters", drafter)()
    scores = list(measure(data, reader.read, registry.load("detectors", detector)(), limit))
    show(scores, Console(width=170))
    print(json.dumps({"bench": "layout", "detector": detector, "drafter": drafter} | summary(scores)))


if __name__ == "__main__":
    typer.run(main)
