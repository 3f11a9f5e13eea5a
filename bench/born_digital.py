"""Born-digital PDFs of benchmark pages whose own PDF is not at hand, and what a real VLM wrote of them.

A page is typeset in the annotated boxes, of several columns where it has them, with ligatures and hyphens; so
the drafts come from a real text layer. What it says is either of two:

- ``annotated``: the annotated lines, each in its place and width, with the annotation's own line ends and
  reading mistakes. The recorded output is of the page's image: where the model misread the page, or the
  annotation does, no draft can fit.
- ``recorded``: what the model wrote, typeset anew by PyMuPDF. So a model is replayed that reads the page as
  its text layer has it, and what is left is what line ends, ligatures, markup and paragraphs cost.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymupdf
from markdown_it import MarkdownIt

from docspec.bench.annotations import (
    AnnotatedRegion,
    box_of,
    page_regions,
    read_image,
    recorded_outputs,
    written_regions,
)
from docspec.bench.blocks import predicted_blocks
from docspec.bench.metrics import bare_formula, bare_text, unicode_formula, unicode_text
from docspec.bench.pairing import pair_blocks
from docspec.errors import UsageError
from docspec.source import open_document
from docspec.types import Drafter, Page, Style

FONTS = ("tiro", "cjk")  # PyMuPDF's; of a line, the first that has all its letters, else the last
# How a typeset page looks: chosen by eye on the nine demo pages.
DESCENT = 0.22  # of a line's height
HIGHEST = 1.1  # font size, of a line's height
FULL = 1.2  # font size that fills a box, over the root of the area for a letter; too large is made to fit
LIGATURES = (("ffi", "ﬃ"), ("ffl", "ﬄ"), ("fi", "ﬁ"), ("fl", "ﬂ"))
Written = tuple[tuple[int, ...], str]  # numbers of written regions, and what the model wrote of them
LOOKS = "* {{font-family: serif; font-size: {size}px; hyphens: auto; text-align: justify; margin: 0}}"


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs that are one to the model: their regions, in reading order, and what it wrote of them."""

    regions: tuple[AnnotatedRegion, ...]
    output: str

    @property
    def draft(self) -> str:
        """The regions' drafts as paragraphs."""
        return "\n\n".join(region.draft.text for region in self.regions if region.draft)


def read_prose(data: Path, outputs: Path, drafter: Drafter, text: str) -> Iterator[Prose]:
    """The running text of an OmniDocBench folder's pages that have a recorded output, typeset as ``text``.

    ``outputs`` has files named as the images, ending in .md. Raises UsageError where no page has one.
    """
    for entry, written in recorded_outputs(data, outputs):
        name = entry["page_info"]["image_path"]
        pairs = list(_pairs(entry, written))
        height, width = read_image(data, entry).shape[:2]  # listed the wrong way round, now and then
        pdf = typeset(entry, pairs if text == "recorded" else [], width, height)
        with open_document(pdf, name=f"{name}.pdf") as source:
            [sheet] = source.pages(72.0)
            if not isinstance(sheet, Page):
                raise UsageError(f"{name} cannot be typeset: {sheet}")
            regions = list(page_regions(sheet, entry, drafter, Style()))
        for numbers, output in pairs:
            yield Prose(tuple(regions[number] for number in numbers), output)


def typeset(
    entry: dict[str, Any], pairs: list[tuple[tuple[int, ...], str]], width: int, height: int
) -> bytes:
    """A page's PDF, its points the image's pixels: the outputs of ``pairs``, or all annotated lines."""
    document = pymupdf.open()
    page = document.new_page(width=width, height=height)
    boxes = [pymupdf.Rect(box_of(one)) for one in written_regions(entry)]
    for numbers, output in pairs:
        box = max((boxes[number] for number in numbers), key=lambda one: float(one.get_area()))
        size = FULL * math.sqrt(box.get_area() / len(output))
        html = MarkdownIt().render(unicode_text(output))
        page.insert_htmlbox(box, f'<div lang="en">{html}</div>', css=LOOKS.format(size=size), scale_low=0)
    if not pairs:
        writer = pymupdf.TextWriter(page.rect)
        fonts = [pymupdf.Font(name) for name in FONTS]
        for region in entry["layout_dets"]:
            for piece in region.get("merge_list") or [region]:
                for span in piece.get("line_with_spans") or ():
                    _write(writer, fonts, span)
        writer.write_text(page)
    return bytes(document.tobytes())


def _write(writer: Any, fonts: list[Any], span: dict[str, Any]) -> None:
    """A line as wide as it is annotated; formulas as far as Unicode goes."""
    text = span.get("text") or unicode_formula((span.get("latex") or "").strip(" $")) or ""
    text = " ".join(text.split())
    for letters, ligature in LIGATURES:
        text = text.replace(letters, ligature)
    font = next((font for font in fonts if all(font.has_glyph(ord(char)) for char in text)), fonts[-1])
    width = font.text_length(text, 1)
    if width > 0:
        x0, y0, x1, y1 = box_of(span)
        size = min((x1 - x0) / width, HIGHEST * (y1 - y0))
        writer.append((x0, y1 - DESCENT * (y1 - y0)), text, font=font, fontsize=size)


def _pairs(entry: dict[str, Any], markdown: str) -> Iterator[Written]:
    """What the model wrote of regions that are annotated as running text, with their numbers."""
    blocks = [block for block in predicted_blocks(markdown) if block.kind in ("text", "formula")]
    written = written_regions(entry)
    formulas = [one["latex"] for one in entry["layout_dets"] if one["category_type"] == "equation_isolated"]
    truths = [*(bare_text(one["text"]) for one in written), *map(bare_formula, formulas)]
    for of, group in pair_blocks(truths, [block.bare for block in blocks]):
        running = all(n < len(written) and written[n]["category_type"] == "text_block" for n in of)
        if running and group:
            yield of, "\n\n".join(blocks[number].text for number in group)
