"""PDFs and images in, pages out, one at a time in memory.

All coordinates are points of the page as it is displayed (rotation and crop box applied, origin top left),
turned where its text then stands upright (``Page.turn``).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from docspec import images
from docspec.errors import (
    CorruptInput,
    InputError,
    InputNotFound,
    PageError,
    PasswordRequired,
    UnsupportedInput,
    WrongPassword,
)
from docspec.inputs import EXPECTED, select_pages
from docspec.mupdf import pymupdf
from docspec.pdf_extras import document_notes, page_notes
from docspec.pdf_page import PdfPage, turn_upright
from docspec.pdf_text import text_lines
from docspec.turning import prevailing_turn
from docspec.types import Bookmark, Page

MAX_NOTES = 10
STORED_PAGES = 16  # after so many MuPDF forgets what it keeps of them, fonts and pictures: up to 256 MB

# MuPDF's own errors are no subclass of RuntimeError.
PDF_ERRORS = (RuntimeError, ValueError, TypeError, IndexError, pymupdf.mupdf.FzErrorBase)


@dataclass(frozen=True, slots=True)
class PageFailure:
    """A page that cannot be read; it stands in the page's place, so that the others go on."""

    index: int
    error: PageError


class Source(AbstractContextManager["Source"]):
    """An open document. Not for use from several threads (MuPDF is not safe for that)."""

    def __init__(self, name: str, selected: Sequence[int]) -> None:
        self.name = name
        self.selected = tuple(selected)
        self._notes: list[str] = []

    @property
    def page_count(self) -> int:
        """How many pages are selected."""
        return len(self.selected)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know; grows while pages are read."""
        return tuple(self._notes)

    @property
    def bookmarks(self) -> tuple[Bookmark, ...]:
        """The outline, in its order; empty where there is none."""
        return ()

    def note(self, text: str) -> None:
        """Add a note, once, up to a bound."""
        if text and text not in self._notes and len(self._notes) < MAX_NOTES:
            self._notes.append(text)

    def pages(self, dpi: float = 150.0) -> Iterator[Page | PageFailure]:
        """The selected pages in order, rendered at ``dpi`` (less where a page would pass 40 megapixels).

        Never raises for a single page: yields a PageFailure in its place. A page's ``handle`` is valid
        until the next page is taken.
        """
        for index in self.selected:
            try:
                page = self._read(index, dpi)
            except PageError as error:
                yield PageFailure(index, error)
            else:
                yield page

    def _read(self, index: int, dpi: float) -> Page:
        raise NotImplementedError

    def close(self) -> None:
        """Release the file."""
        raise NotImplementedError

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self


class PdfSource(Source):
    """A PDF through PyMuPDF."""

    def __init__(self, name: str, document: Any, selected: Sequence[int]) -> None:
        super().__init__(name, selected)
        self._document = document
        if document.is_repaired:
            self.note("the file was damaged and has been repaired; parts may be missing")
        try:
            for note in document_notes(document):
                self.note(note)
        except PDF_ERRORS as error:
            self.note(f"what the file holds besides its pages cannot be read: {_one_line(error)}")
        self._bookmarks = _bookmarks(document)
        self._pages_read = 0

    @property
    def bookmarks(self) -> tuple[Bookmark, ...]:
        return self._bookmarks

    def _read(self, index: int, dpi: float) -> Page:
        self._pages_read += 1
        if self._pages_read % STORED_PAGES == 0:
            pymupdf.TOOLS.store_shrink(100)
        try:
            page = self._document.load_page(index)
            for note in page_notes(page):
                self.note(note)
            turn_upright(page)
            lines = text_lines(page)
            if turn := prevailing_turn(lines):
                turn_upright(page, turn)
                lines = text_lines(page)
            width, height = page.rect.width, page.rect.height
            if not (width > 0 and height > 0):
                raise PageError(f"the page has no area ({width:g} x {height:g} points)")
            dpi = min(dpi, 72 * (images.MAX_PIXELS / (width * height)) ** 0.5)
            image = _render(page, dpi)
        except (*PDF_ERRORS, MemoryError) as error:
            raise PageError(f"the page cannot be rendered: {_one_line(error)}") from error
        finally:
            self._collect_warnings()
        bookmarks = tuple(bookmark for bookmark in self._bookmarks if bookmark.page == index)
        return Page(index, width, height, dpi, image, lines, PdfPage(page), turn, bookmarks)

    def _collect_warnings(self) -> None:
        for warning in dict.fromkeys(pymupdf.TOOLS.mupdf_warnings(reset=1).splitlines()):
            if not warning.startswith("..."):  # "... repeated 2 times..."
                self.note(f"MuPDF: {warning}")

    def close(self) -> None:
        self._document.close()


class ImageSource(Source):
    """An image file; a TIFF has one page for each of its frames."""

    def __init__(self, name: str, stream: Any, image: Any, selected: Sequence[int]) -> None:
        super().__init__(name, selected)
        self._stream = stream
        self._image = image
        self._kind: str = image.format if image.format in images.FORMATS else "JPEG"  # MPO is a JPEG

    def _read(self, index: int, dpi: float) -> Page:
        try:
            self._stream.seek(0)
            frame = images.open_image(self._stream, self._kind)
            if index:
                frame.seek(index)
            own = images.resolution(frame)
            width, height = (72 * side / own for side in images.displayed_size(frame))
            pixels = images.read_pixels(frame, dpi / own)
        except MemoryError as error:
            raise PageError(str(error) or "not enough memory to decode the image") from error
        except images.DECODE_ERRORS as error:
            raise PageError(f"the image is damaged: {_one_line(error)}") from error
        return Page(index, width, height, 72 * pixels.shape[1] / width, pixels)

    def close(self) -> None:
        self._stream.close()


def open_document(
    source: Path | str | bytes,
    *,
    name: str | None = None,
    password: str | None = None,
    pages: str | None = None,
) -> Source:
    """Open a PDF or an image, given as a path or as its bytes (then ``name`` labels it).

    ``pages`` selects pages, counted from 1: ``1-3,7,10-``. Raises InputNotFound, UnsupportedInput,
    CorruptInput, PasswordRequired, WrongPassword (all InputError), and UsageError for ``pages``.
    """
    if isinstance(source, bytes):
        name = name or "document"
        stream: Any = io.BytesIO(source)
    else:
        path = Path(source)
        name = name or path.name
        stream = _open_file(path)
    try:
        head = stream.read(1024)
        if not head:
            raise CorruptInput(f"{name}: the file is empty; expected {EXPECTED}")
        kind = images.identify(head)
        if kind is not None:
            return _open_image(name, stream, kind, pages)
        if b"%PDF" not in head and Path(name).suffix.lower() != ".pdf":
            raise UnsupportedInput(f"{name}: not a kind of file that docspec reads; expected {EXPECTED}")
    except BaseException:
        stream.close()
        raise
    stream.close()
    return _open_pdf(name, source, password, pages)


def _open_file(path: Path) -> Any:
    if path.is_dir():
        raise UnsupportedInput(f"{path}: is a folder; expected {EXPECTED}")
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise InputNotFound(f"{path}: no such file; expected {EXPECTED}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _open_image(name: str, stream: Any, kind: str, pages: str | None) -> ImageSource:
    stream.seek(0)
    try:
        image = images.open_image(stream, kind)
        count = int(getattr(image, "n_frames", 1)) if kind == "TIFF" else 1
    except images.DECODE_ERRORS as error:
        raise CorruptInput(f"{name}: the {kind} image is damaged: {_one_line(error)}") from error
    selected, note = select_pages(pages, count)
    source = ImageSource(name, stream, image, selected)
    source.note(note)
    return source


def _open_pdf(name: str, source: Path | str | bytes, password: str | None, pages: str | None) -> PdfSource:
    pymupdf.TOOLS.mupdf_display_errors(False)  # they become notes
    pymupdf.TOOLS.mupdf_display_warnings(False)
    pymupdf.TOOLS.reset_mupdf_warnings()
    document = _load_pdf(source)
    if document is None:
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
        end = data.rfind(b"endobj")
        # A file cut inside an object cannot be repaired; cut after the last whole one it often can.
        document = _load_pdf(data[: end + len(b"endobj")]) if end > 0 else None
    if document is None:
        raise CorruptInput(f"{name}: not a PDF, or damaged beyond repair")
    try:
        if document.needs_pass and not document.authenticate(password or ""):
            if password is None:
                raise PasswordRequired(f"{name}: encrypted; give its password (--password)")
            raise WrongPassword(f"{name}: the password does not open it")
        count = _count_pages(name, document)
        selected, note = select_pages(pages, count)
    except BaseException:
        document.close()
        raise
    opened = PdfSource(name, document, selected)
    opened.note(note)
    return opened


def _load_pdf(source: Path | str | bytes) -> Any | None:
    try:
        if isinstance(source, bytes):
            return pymupdf.open(stream=source, filetype="pdf")
        return pymupdf.open(str(source), filetype="pdf")
    except PDF_ERRORS:
        return None


def _count_pages(name: str, document: Any) -> int:
    try:
        count = int(document.page_count)
    except PDF_ERRORS as error:
        raise CorruptInput(f"{name}: its page tree is damaged beyond repair") from error
    if count < 1:
        raise CorruptInput(f"{name}: the PDF has no pages")
    return count


def _bookmarks(document: Any) -> tuple[Bookmark, ...]:
    """The outline's entries; none where it is damaged, since nothing of the text depends on it."""
    try:
        entries = document.get_toc()
    except PDF_ERRORS:
        return ()
    return tuple(Bookmark(level, " ".join(title.split()), page - 1) for level, title, page, *_ in entries)


def _render(page: Any, dpi: float) -> np.ndarray[Any, np.dtype[np.uint8]]:
    zoom = dpi / 72
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), colorspace=pymupdf.csRGB, alpha=False)
    rows = np.frombuffer(pixmap.samples, dtype=np.uint8).reshape(pixmap.height, pixmap.stride)
    return rows[:, : 3 * pixmap.width].reshape(pixmap.height, pixmap.width, 3)  # [H, W, 3]


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
