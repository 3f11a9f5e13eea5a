"""Page headers and footers: what a document repeats over its pages, or counts them with.

A detector sees one page and takes any line that stands alone near its edge for a header. Whether it is one,
the other pages say. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from docspec.drafters.reading.text_layer import SOURCE
from docspec.markdown import HEADINGS
from docspec.types import Category, Finish, PageResult, RegionResult
from docspec.watermarks import across

MARGINALS = {Category.PAGE_HEADER: "page header", Category.PAGE_FOOTER: "page footer"}

NEIGHBOURS = 4  # pages before and after that are compared: heads of left and right pages differ
SAME_PLACE = 0.03  # of the page's height
ALIKE = 88.0  # similarity (0..100) of two recognised readings of one running head
EDGE = 0.1  # of the page's height: where what repeats is furniture, whatever its category
WIDE_EDGE = 0.16  # the same for what has nothing above it, or below at the foot: margins may be wide
OFTEN = 3  # pages that what no detector took for a header must stand on, and on half of those compared;
ALWAYS = 4  # a heading on all of them, and there are so many at the least

_PAGE_WORD = r"(?:page|seite|pagina|página|p\.|s\.|pg\.?)"
_COUNT = r"(?:\d{1,4}|[ivxlc]{1,7})"
# A page's number and nothing else: "7", "- 7 -", "Page 7 of 12", "[iv]".
PAGE_NUMBER = re.compile(
    rf"[\W_]*(?:{_PAGE_WORD}\s*)?{_COUNT}(?:\s*(?:of|von|de|/|\|)\s*\d{{1,4}})?[\W_]*", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+")
# A number by itself at either end, which is no document's: "Invoice 117", "No. 5", "2024-117".
_AT_END = re.compile(
    r"^\W*(\d{1,4})(?=\s|\W*$)|(?<!no\.)(?<!nr\.)(?<!invoice)(?<!receipt)(?<!order)(?:\s|^)(\d{1,4})\W*$",
    re.IGNORECASE,
)
_OF = re.compile(rf"{_PAGE_WORD}\s*(\d{{1,4}})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A region near an edge: its text, whether a text layer has it, and how far from which edge it stands."""

    sheet: int  # place among the pages that were read
    order: int
    category: Category
    text: str
    exact: bool
    slanted: bool  # or printed over others
    refused: bool  # a verifier that read the whole page has left it out as well
    top: float  # 0..1 of the page's height
    bottom: float
    numbers: frozenset[int]  # those that may count pages, less the page's index
    edge: bool  # whether it is so near that repeating is enough


def furniture(pages: Sequence[PageResult]) -> Mapping[tuple[int, int], str]:
    """Which regions, by page index and order, are headers or footers that the text can go without, and what.

    That are regions which a detector took for one and which are alike at the same place of another page,
    or count pages, there and on another page or (a bare number) alone, or stand beside such a number; lines
    at the very edge that repeat on most pages, or number them, or repeat beside such a number; what lies
    slanted across two pages alike, a watermark; and headers that a verifier which read the whole page has
    left out as well. A page that would have nothing left keeps what is more than its number and no header
    of a page beside it; a document keeps everything if it would have nothing left.
    """
    pieces = [list(_pieces(sheet, page)) for sheet, page in enumerate(pages)]
    gone: list[list[_Piece]] = []
    near: list[list[int]] = []
    for sheet in range(len(pages)):
        near.append([n for n in range(sheet - NEIGHBOURS, sheet + NEIGHBOURS + 1) if 0 <= n < len(pages)])
        near[sheet].remove(sheet)
        around = [other for n in near[sheet] for other in pieces[n]]
        gone.append(
            [
                piece
                for piece in pieces[sheet]
                if piece.refused
                or _is_furniture(piece, around, len(near[sheet]), _is_beside(piece, pieces[sheet], around))
            ]
        )
    full = [_has_more(page, gone[sheet]) for sheet, page in enumerate(pages)]
    found: dict[tuple[int, int], str] = {}
    for sheet, page in enumerate(pages):
        heads = [other for n in near[sheet] if full[n] for other in gone[n]]
        for piece in gone[sheet]:
            repeated = any(_same_place(piece, other) and _alike(piece, other) for other in heads)
            if full[sheet] or repeated or piece.refused or PAGE_NUMBER.fullmatch(piece.text):
                found[page.index, piece.order] = _kind(piece)
    if all((page.index, r.region.order) in found for page in pages for r in page.regions if _says(r)):
        return {}
    return found


def _has_more(page: PageResult, gone: Sequence[_Piece]) -> bool:
    """Whether a page has anything besides what is ``gone``."""
    orders = {piece.order for piece in gone}
    return any(
        result.region.order not in orders and (_says(result) or result.region.category is Category.PICTURE)
        for result in page.regions
    )


def _pieces(sheet: int, page: PageResult) -> Iterator[_Piece]:
    height = page.height or 1.0
    upright = [r for r in page.regions if not any(line.turn for line in r.region.lines)]
    tops = [r.region.box[3] for r in upright if _says(r)]  # what a line at the head must not be below
    feet = [r.region.box[1] for r in upright if _says(r)]
    lines = [line for r in page.regions for line in r.region.lines]
    marks = {id(lines[n]) for n in across(lines)}
    for result in page.regions:
        box, category = result.region.box, result.region.category
        text = " ".join(result.text.split())
        if not text or category in (Category.PICTURE, Category.TABLE):
            continue
        slanted = any(id(line) in marks for line in result.region.lines)
        edge = box[1] <= EDGE * height or box[3] >= (1 - EDGE) * height
        outermost = (box[1] <= WIDE_EDGE * height and min(tops, default=0.0) > box[1]) or (
            box[3] >= (1 - WIDE_EDGE) * height and max(feet, default=height) < box[3]
        )
        if not (slanted or edge or outermost or category in MARGINALS):
            continue
        counts = {int(found[1] or found[2]) for found in _AT_END.finditer(text)}
        counts |= {int(found[1]) for found in _OF.finditer(text)}
        yield _Piece(
            sheet,
            result.region.order,
            category,
            text,
            bool(result.region.lines) and all(line.source == SOURCE for line in result.region.lines),
            slanted,
            _is_refused(page, result),
            box[1] / height,
            box[3] / height,
            frozenset(count - page.index for count in counts),
            edge,
        )


def _is_refused(page: PageResult, result: RegionResult) -> bool:
    whole = page.verdict is not None and page.verdict.finish is not Finish.UNVERIFIED
    return whole and result.region.category in MARGINALS and result.verdict.finish is Finish.UNVERIFIED


def _is_furniture(piece: _Piece, around: Sequence[_Piece], compared: int, beside: bool) -> bool:
    """``around`` are the pieces of the pages ``compared``; ``beside`` is whether a page's number is."""
    alike = {other.sheet for other in around if _same_place(piece, other) and _alike(piece, other)}
    if piece.slanted:
        return bool(alike)
    if beside and (alike or piece.category in MARGINALS):
        return True
    if piece.category in HEADINGS:
        return len(alike) == compared and compared + 1 >= ALWAYS
    counted = _is_counted(piece, around)
    number = PAGE_NUMBER.fullmatch(piece.text) is not None
    if piece.category not in MARGINALS:
        often = len(alike) + 1 >= OFTEN and 2 * len(alike) >= compared
        return (number and counted) or (piece.edge and often)
    return bool(alike) or counted or number


def _is_counted(piece: _Piece, around: Sequence[_Piece]) -> bool:
    """Whether a number of ``piece`` grows with the pages."""
    return any(piece.numbers & other.numbers and _same_place(piece, other) for other in around)


def _is_beside(piece: _Piece, sheet: Sequence[_Piece], around: Sequence[_Piece]) -> bool:
    """Whether a number by itself that counts pages stands in the row of ``piece``."""
    return any(
        other is not piece
        and min(piece.bottom, other.bottom) - max(piece.top, other.top) > 0.5 * (other.bottom - other.top)
        and PAGE_NUMBER.fullmatch(other.text)
        and _is_counted(other, around)
        for other in sheet
    )


def _same_place(a: _Piece, b: _Piece) -> bool:
    return abs(a.top - b.top) < SAME_PLACE or abs(a.bottom - b.bottom) < SAME_PLACE


def _alike(a: _Piece, b: _Piece) -> bool:
    """Whether two pieces say the same, but for numbers that count pages. Recognition may misread letters; the
    numbers of two invoices are none of its errors."""
    texts = [_NUMBER.sub("0", piece.text.lower()) for piece in (a, b)]
    numbers = [_NUMBER.findall(piece.text) for piece in (a, b)]
    if numbers[0] != numbers[1] and not a.numbers & b.numbers:
        return False
    if texts[0] == texts[1]:
        return True
    if a.exact or b.exact or min(map(len, texts)) <= 5:
        return False
    return bool(fuzz.ratio(texts[0], texts[1]) >= ALIKE)


def _kind(piece: _Piece) -> str:
    if piece.slanted:
        return "watermark"
    other = MARGINALS[Category.PAGE_HEADER if piece.top < 0.5 else Category.PAGE_FOOTER]
    return MARGINALS.get(piece.category, other)


def _says(result: RegionResult) -> bool:
    return bool(result.text.strip())
