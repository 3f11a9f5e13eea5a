"""``docspec report``: a JSON result as one self-contained HTML page to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from docspec.errors import DocspecError, InputNotFound
from docspec.report_images import PageImages, Tell, find_source, page_images
from docspec.report_page import report_html
from docspec.result_json import DocumentJson

SUFFIX = ".report.html"


@dataclass(frozen=True, slots=True)
class Report:
    """The page as UTF-8, and what whoever made it should know: images that are not there."""

    html: bytes
    notes: tuple[str, ...]


def make_report(
    result: DocumentJson,
    *,
    source: Path | None = None,
    beside: Path | None = None,
    password: str | None = None,
    tell: Tell = lambda done, pages: None,
) -> Report:
    """The report on ``result``, with page images from ``source``.

    Without ``source`` the document is looked for where it was parsed, then in the folder ``beside``; where it
    is not found, or cannot be opened, regions are drawn on blank pages and the report says so. Raises
    InputError where the ``source`` that was asked for cannot be opened. ``tell`` is called with the pages
    rendered so far, and how many there are.
    """
    if source is not None and not source.exists():
        raise InputNotFound(f"{source}: no such file; expected the document that the result was made from")
    found = source or find_source(result, beside)
    pages = PageImages()
    if not result["pages"]:
        pages.notes.append("The result has no pages.")
    elif found is None:
        name = result["source"] or result["name"]
        pages.notes.append(f"No page images: {name} was not found (--source FILE). The pages are blank.")
    else:
        try:
            pages = page_images(result, found, password, tell)
        except DocspecError as error:
            if source is not None:
                raise
            pages.notes.append(f"No page images: {error}. The pages are blank.")
    html = report_html(result, pages.images, pages.notes)
    return Report(html.encode("utf-8", errors="replace"), tuple(pages.notes))


def report_path(result: Path, output: Path | None) -> Path:
    """Where the report on the file ``result`` goes: ``output``, or inside it if that is a folder, or beside
    ``result``; never over the page that ``parse --format html`` writes."""
    if output is None:
        return result.with_name(result.stem + SUFFIX)
    return output / (result.stem + SUFFIX) if output.is_dir() else output
