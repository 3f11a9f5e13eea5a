"""Whole pages for the replayed acceptance benchmark: drafts from page images, and what a real VLM wrote.

The recorded outputs are markdown files named as the images. Their family puts a page in a code fence,
formulas in LaTeX's own delimiters and table cells on lines of their own: ``REPLAYED`` says so, as a profile
would.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz
from rich.progress import track

from docspec import registry
from docspec.bench.acceptance_cases import Case
from docspec.bench.annotations import CATEGORIES, page_region, recorded_outputs
from docspec.config import Config
from docspec.drafters.following.normalise import fold
from docspec.drafters.formats.markdown import MarkdownOptions, write
from docspec.drafters.reading.alternatives import page_alternatives
from docspec.drafting import DraftedPage, Input, Stages
from docspec.errors import UsageError
from docspec.page_pass import page_request
from docspec.types import Finish, Mode, PageRegion, Style, Verdict

DPI = 200.0
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

_MATHS = re.compile(r"(\$\$?\s*)([^$]+?)(\s*\$\$?)")


def recorded_pages(data: Path, outputs: Path, drafter: str, mode: Mode) -> Iterator[Case]:
    """The pages of an OmniDocBench folder that have a recorded output, each as one case.

    In page mode the draft is what the pipeline makes of the image; in hierarchical mode the annotated text
    stands for the regions that a verifier has read. Raises UsageError where no output is found.
    """
    pages = list(recorded_outputs(data, outputs))
    images = [data / "images" / entry["page_info"]["image_path"] for entry, _ in pages]
    annotated = (_annotated(entry) for entry, _ in pages)
    made = annotated if mode is Mode.HIERARCHICAL else _drafted(images, drafter)
    for (entry, output), regions in zip(pages, made, strict=True):
        info, draft = entry["page_info"], write(regions, REPLAYED)
        yield Case(
            Path(info["image_path"]).name,
            str(info.get("page_attribute", {}).get("language", "")),
            output.strip(),
            draft,
            tuple(map(astuple, page_alternatives(regions, draft))),
            _fidelity(entry, output),
        )


def _drafted(images: Sequence[Path], drafter: str) -> Iterator[Sequence[PageRegion]]:
    """The pipeline's own drafting side, over page images."""
    stages = Stages(
        detector=registry.load("detectors", Config().detector)(),
        drafter=registry.load("drafters", drafter)(),
        style=STYLE,
        dpi=DPI,
        config=Config(),
        mode=Mode.PAGE,
    )
    for number, image in enumerate(track(images, description="drafting")):
        [drafted, _] = stages.documents([Input(number, image)])
        if not isinstance(drafted, DraftedPage) or drafted.result.error:
            raise UsageError(f"{image} cannot be read: {getattr(drafted, 'result', drafted)}")
        texts = [request.drafts[0].text if request.drafts else "" for request in drafted.requests]
        verdicts = {order: Verdict(text, Finish.UNVERIFIED) for order, text in enumerate(texts)}
        yield page_request(drafted, verdicts).regions


def _annotated(entry: Mapping[str, Any]) -> Sequence[PageRegion]:
    """Regions without a place in the reading order come last; formulas as models write them."""
    found = [one for one in entry["layout_dets"] if one["category_type"] in CATEGORIES]
    found.sort(key=lambda one: (one.get("order") is None, one.get("order") or 0, min(one["poly"][1::2])))
    regions = [replace(page_region(one, 1.0), source="annotation") for one in found]
    return [
        region if one.get("html") else replace(region, text=_MATHS.sub(_compact, region.text))
        for one, region in zip(found, regions, strict=True)
    ]


def _compact(maths: re.Match[str]) -> str:
    """LaTeX as models write it: annotations set every letter apart and put single ones in braces."""
    text = re.sub(r"\\(?:left|right)\b\s*|\\,", "", maths[2])
    text = re.sub(r"\s*([\^_{}()\[\]])\s*", r"\1", text)
    return maths[1] + re.sub(r"([\^_])\{(\w)\}", r"\1\2", text) + maths[3]


def _fidelity(entry: Mapping[str, Any], output: str) -> float:
    """The annotated text's best fit in the output, by its characters, regions weighed by length."""
    texts = [fold(one["text"]).text for one in entry["layout_dets"] if one.get("text")]
    page = fold(output).text
    fits = (len(text) * fuzz.partial_ratio(text, page) / 100 for text in texts if len(text) <= len(page))
    return round(sum(fits) / max(1, sum(map(len, texts))), 3)
