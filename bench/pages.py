"""Whole pages for the replayed acceptance benchmark: drafts from page images, and what a real VLM wrote.

The recorded outputs are markdown files named as the images. Their family puts a page in a code fence,
formulas in LaTeX's own delimiters and table cells on lines of their own: ``REPLAYED`` says so, as a profile
would.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz
from rich.progress import track

from docspec import registry
from docspec.bench.annotations import read_entries
from docspec.config import Config
from docspec.drafters.following.normalise import fold
from docspec.drafters.formats.markdown import MarkdownOptions, write
from docspec.drafters.reading.alternatives import page_alternatives
from docspec.drafting import DraftedPage, Input, Stages
from docspec.errors import UsageError
from docspec.page_pass import page_request
from docspec.types import Alternative, Category, Draft, Finish, Mode, PageRegion, Style, Verdict

DPI = 200.0
WELL_READ = 0.85  # fidelity of an output; inline formulas alone cost a page of physics a tenth
STYLE = Style(table="html", formula=("$", "$"))
REPLAYED = MarkdownOptions(
    table="html-lines",
    table_head=True,
    formula=("\\[\n", "\n\\]"),
    inline=("\\(", "\\)"),
    marginals=True,
    start="```markdown\n",
    end="\n```",
)
FORMATS = {"family": REPLAYED, "plain": MarkdownOptions()}

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


_MATHS = re.compile(r"(\$\$?\s*)([^$]+?)(\s*\$\$?)")


@dataclass(frozen=True, slots=True)
class DraftedText:
    """A region of a page's draft; ``lines`` is its text line by line, in no format."""

    region: PageRegion
    lines: str


@dataclass(frozen=True, slots=True)
class RecordedPage:
    """A page: its drafted regions in reading order, and the recorded output.

    ``fidelity`` is the share (0..1) of the annotated text that the output has: what the output has not from
    the page, no draft of the page can have.
    """

    name: str
    language: str
    regions: tuple[DraftedText, ...]
    output: str
    fidelity: float

    def draft(self, options: MarkdownOptions, *, tables: bool = True) -> Draft:
        """The page's draft; without ``tables`` their lines stand as they are."""
        regions = [
            replace(one.region, text=one.lines, category=Category.TEXT, alternatives=())
            if one.region.category is Category.TABLE and not tables
            else one.region
            for one in self.regions
        ]
        page = write(regions, options)
        return Draft(page, "regions", alternatives=page_alternatives(regions, page))


def recorded_pages(data: Path, outputs: Path, drafter: str, mode: Mode) -> Iterator[RecordedPage]:
    """The pages of an OmniDocBench folder that have a recorded output.

    In page mode the draft is what the pipeline makes of the image; in hierarchical mode the annotated text
    stands for the regions that a verifier has read. Raises UsageError where no output is found.
    """
    entries = {Path(entry["page_info"]["image_path"]): entry for entry in read_entries(data)}
    chosen = [path for path in entries if (outputs / f"{path.stem}.md").is_file()]
    if not chosen:
        raise UsageError(f"no recorded outputs (.md, named as the images) in {outputs}")
    made = _annotated(entries, chosen) if mode is Mode.HIERARCHICAL else _drafted(data, chosen, drafter)
    for path, regions in zip(chosen, made, strict=True):
        attributes = entries[path]["page_info"].get("page_attribute", {})
        output = (outputs / f"{path.stem}.md").read_text(encoding="utf-8")
        language = str(attributes.get("language", ""))
        yield RecordedPage(path.name, language, regions, output, _fidelity(entries[path], output))


def load_pages(path: Path) -> list[RecordedPage]:
    """Pages as ``save_pages`` wrote them."""
    pages = []
    for page in json.loads(path.read_text(encoding="utf-8")):
        regions = tuple(DraftedText(_region(one["region"]), one["lines"]) for one in page["regions"])
        pages.append(RecordedPage(**{**page, "regions": regions}))
    return pages


def save_pages(path: Path, pages: list[RecordedPage]) -> None:
    """Keep pages for another run: drafting takes most of the time."""
    rows = [asdict(page) for page in pages]
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")


def _region(row: dict[str, Any]) -> PageRegion:
    box = tuple(row["box"]) if row["box"] else None
    known = tuple(Alternative(**one) for one in row["alternatives"])
    return PageRegion(**{**row, "category": Category(row["category"]), "box": box, "alternatives": known})


def _drafted(data: Path, images: list[Path], drafter: str) -> Iterator[tuple[DraftedText, ...]]:
    """The pipeline's own drafting side, over page images."""
    config = Config(drafter=drafter)
    stages = Stages(
        detector=registry.make("detectors", config.detector, config),
        drafter=registry.make("drafters", config.drafter, config),
        style=STYLE,
        dpi=DPI,
        config=config,
        mode=Mode.PAGE,
    )
    for number, image in enumerate(track(images, description="drafting")):
        [drafted, _] = stages.documents([Input(number, data / "images" / image)])
        if not isinstance(drafted, DraftedPage) or drafted.result.error:
            raise UsageError(f"{image} cannot be read: {getattr(drafted, 'result', drafted)}")
        texts = [request.drafts[0].text if request.drafts else "" for request in drafted.requests]
        verdicts = {order: Verdict(text, Finish.UNVERIFIED) for order, text in enumerate(texts)}
        regions = page_request(drafted, verdicts).regions
        lines = ("\n".join(line.text for line in region.lines) for region in drafted.regions)
        yield tuple(map(DraftedText, regions, lines))


def _annotated(entries: dict[Path, dict[str, Any]], images: list[Path]) -> Iterator[tuple[DraftedText, ...]]:
    for image in images:
        found = [one for one in entries[image]["layout_dets"] if one["category_type"] in CATEGORIES]
        found.sort(key=lambda one: (one.get("order") is None, one.get("order") or 0, min(one["poly"][1::2])))
        yield tuple(_from_annotation(one) for one in found)


def _compact(maths: re.Match[str]) -> str:
    """LaTeX as models write it: annotations set every letter apart and put single ones in braces."""
    text = re.sub(r"\\(?:left|right)\b\s*|\\,", "", maths[2])
    text = re.sub(r"\s*([\^_{}()\[\]])\s*", r"\1", text)
    return maths[1] + re.sub(r"([\^_])\{(\w)\}", r"\1\2", text) + maths[3]


def _fidelity(entry: dict[str, Any], output: str) -> float:
    """The annotated text's best fit in the output, by its characters, regions weighed by length."""
    texts = [fold(one["text"]).text for one in entry["layout_dets"] if one.get("text")]
    page = fold(output).text
    fits = (len(text) * fuzz.partial_ratio(text, page) / 100 for text in texts if len(text) <= len(page))
    return round(sum(fits) / max(1, sum(map(len, texts))), 3)


def _from_annotation(found: dict[str, Any]) -> DraftedText:
    text = found.get("html") or _MATHS.sub(_compact, found.get("latex") or found.get("text") or "")
    poly = found["poly"]
    box = (min(poly[0::2]), min(poly[1::2]), max(poly[0::2]), max(poly[1::2]))
    region = PageRegion(CATEGORIES[found["category_type"]], text, box, source="annotation")
    return DraftedText(region, text)
