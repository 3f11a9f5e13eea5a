"""Regions from PyMuPDF's layout model, for pages with a text layer and for recognised pages alike.

The model groups the lines of a PDF page. A page image has none, so its recognised lines are laid on a page
of their own as invisible text, each stretched to its box's exact width: with natural widths the gaps
between columns close and the model sees one column.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from PIL import Image as PillowImage

from docspec.errors import ModelError
from docspec.layout.geometry import area, clip, height, scaled, width
from docspec.layout.layout_model import load_layout_model
from docspec.layout.order import reading_order
from docspec.types import TEXT_LAYER, Box, Category, Line, Page, Region

MODEL_SIDE = 842.0  # points; the model was trained on pages of paper, images come in any size
ASCENT = 0.8  # share of a recognised line's box above the base line
SHOWN, INVISIBLE = 0, 3  # PDF's modes of printing text
MARGIN = 0.1  # line heights that recognisers' boxes reach over the letters at either end
RECOGNISED = 0.2  # share of recognised characters from which the page's own text layer is not enough
NUMBERED = 5  # numbers of lines, of which the model would make a list, from which its page is made without


class PyMuPDFDetector:
    """PyMuPDF's layout model as a detector. Not for use by two threads at once.

    Raises ModelError where the model cannot be loaded.
    """

    def __init__(self) -> None:
        try:
            self._model = load_layout_model()
        except (ImportError, OSError, RuntimeError) as error:
            raise ModelError(
                f"PyMuPDF's layout model cannot be loaded ({error}): pip install pymupdf-layout"
            ) from error

    def detect(self, page: Page, lines: Sequence[Line]) -> Sequence[Region]:
        """The model's regions in page points; none where the page has no text."""
        if not lines:
            return ()
        own = recognised_share(lines) < RECOGNISED and _numbers(page.lines) - _numbers(lines) < NUMBERED
        if page.handle is not None and own:
            read = [line for line in lines if line.source != TEXT_LAYER]
            if not read:
                return self._regions(page, page.handle.native, 1.0)
            with copy_with_lines(page.handle.native, read) as document:
                return self._regions(page, document[0], 1.0)
        document, scale = page_of_lines(page, lines)
        with document:
            return self._regions(page, document[0], 1 / scale)

    def _regions(self, page: Page, native: object, scale: float) -> list[Region]:
        frame = (0.0, 0.0, page.width, page.height)
        found: list[Region] = []
        for x0, y0, x1, y1, name in self._model.predict(native):
            box = clip(scaled((float(x0), float(y0), float(x1), float(y1)), scale), frame)
            if area(box) > 0:
                found.append(Region(page.index, len(found), box, Category(name)))
        return found


def _numbers(lines: Sequence[Line]) -> int:
    """How many lines begin with a number by itself."""
    return sum(bool(line.spans) and line.spans[0].text.strip().isdigit() for line in lines)


def recognised_share(lines: Sequence[Line]) -> float:
    """Share of the characters of ``lines`` (0..1) that do not come from a text layer."""
    total = sum(len(line.text) for line in lines)
    read = sum(len(line.text) for line in lines if line.source != TEXT_LAYER)
    return read / total if total else 0.0


def copy_with_lines(native: Any, lines: Sequence[Line]) -> Any:
    """A one-page PyMuPDF document: the PDF page ``native`` with ``lines`` printed over it.

    Beside text that is seen, the model takes no notice of invisible text. The caller closes the document.
    """
    from docspec.mupdf import pymupdf

    document = pymupdf.open()
    document.insert_pdf(native.parent, from_page=native.number, to_page=native.number)
    for line in lines:
        for span in line.spans:
            _write(document[0], span.text.strip(), span.box, SHOWN)
    return document


def page_of_lines(page: Page, lines: Sequence[Line]) -> tuple[Any, float]:
    """A one-page PyMuPDF document with ``page``'s image and ``lines`` as invisible text, and its scale.

    The scale is that document's points per point of ``page``. The caller closes the document.
    """
    from docspec.mupdf import pymupdf

    scale = MODEL_SIDE / max(page.width, page.height)
    document = pymupdf.open()
    sheet = document.new_page(width=page.width * scale, height=page.height * scale)
    sheet.insert_image(sheet.rect, pixmap=_pixmap(page, scale))
    # MuPDF joins neighbours of one row that follow one another: written by column, columns stay apart.
    spans = [span for line in lines for span in line.spans]
    for i in reading_order([span.box for span in spans], [Category.TEXT] * len(spans)):
        _write(sheet, spans[i].text.strip(), scaled(spans[i].box, scale))
    return document, scale


def _pixmap(page: Page, scale: float) -> Any:
    from docspec.mupdf import pymupdf

    size = (max(1, round(page.width * scale)), max(1, round(page.height * scale)))
    image = np.asarray(PillowImage.fromarray(page.image).resize(size, PillowImage.Resampling.BOX))
    return pymupdf.Pixmap(pymupdf.csRGB, size[0], size[1], image.tobytes(), False)


def _write(sheet: Any, text: str, box: Box, mode: int = INVISIBLE) -> None:
    """``text`` as characters that fill the width of ``box``, less the recogniser's margin."""
    from docspec.mupdf import pymupdf

    font = _font(all(ord(character) < 0x250 for character in text))
    size = height(box)
    margin = MARGIN * min(size, width(box))
    natural = font.text_length(text, size) if size > 0 else 0.0
    if natural <= 0 or width(box) <= 0:
        return
    start = pymupdf.Point(box[0] + margin, box[1] + ASCENT * size)
    writer = pymupdf.TextWriter(sheet.rect)
    writer.append(start, text, font=font, fontsize=size)
    stretch = pymupdf.Matrix((width(box) - 2 * margin) / natural, 1)
    writer.write_text(sheet, render_mode=mode, morph=(start, stretch))


@cache
def _font(latin: bool) -> Any:
    from docspec.mupdf import pymupdf

    return pymupdf.Font("helv" if latin else "cjk")
