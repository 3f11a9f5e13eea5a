"""Categories that a region's own text and surroundings contradict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from docspec.layout.assign import TEXT_LIKE, fit
from docspec.layout.geometry import Index, height, rows, same_rows, split
from docspec.layout.headings import size
from docspec.layout.written_pictures import in_image, is_pasted, is_written
from docspec.marks import FORMULA_NUMBER, LONE_HEADING_NUMBER, SURE_BULLET, follows
from docspec.types import Box, Category, Page, Region, middle_in

CELLS, IN_CELLS = 4, 0.8  # cells of a table that was found as a picture, and the share of its text in them
CAPTION_LINES = 3  # lines of a caption that nothing but its place shows
TITLE_SIZE = 1.18  # a title's size over that of everything else: 1.2 to the sections in LaTeX's own styles
TITLE_LETTERS, TITLE_ROWS = 3, 4  # letters of a title that was found as text, at least, and rows at most
HEADS = (Category.TEXT, Category.SECTION_HEADER, Category.LIST_ITEM)
CUT_WORD = re.compile(r"[^\W\d_][-\u2010\u00ad]\s*$")
ITEM_MARK = re.compile(r"(?:\((?=\w+\)))?([a-z]|[ivx]{2,4}|(?:[A-Z]|\d{1,2}|[IVX]{2,4})(?=\)))[.)]\s+\S")
LONG_HEADING = 220  # characters beyond which a heading is a paragraph
CAPTION = re.compile(
    r"^\s*(?:fig(?:ure|\.)?|table|tab\.|chart|scheme|exhibit|abb(?:ildung|\.)|tabelle|图|圖|表)\s*"
    r"[\d０-９一二三四五六七八九十IVX]++(?!(?-i:\s+[a-zà-ÿ]{2}))",  # "Figure 1 shows" is a sentence
    re.IGNORECASE,
)


def repair(page: Page, regions: Sequence[Region]) -> list[Region]:
    """``regions`` with their categories set right."""
    repaired = [_one(page, region) for region in regions]
    repaired = _formulas(_items(_whole_words(repaired)))
    return with_title(page, _single_title(captions(repaired)))


def _one(page: Page, region: Region) -> Region:
    text = " ".join(line.text for line in region.lines).strip()
    category = region.category
    if category == Category.PICTURE and region.lines:
        if _turned_table(page, region):
            category = Category.TABLE
        elif is_written(page, region) or is_pasted(page, region):
            category = Category.TEXT
    if category == Category.TABLE and region.lines and not _tabular(region):
        category = Category.TEXT
    heading = category in (Category.TITLE, Category.SECTION_HEADER)
    if heading and (len(text) > LONG_HEADING or _sideways(region) or in_image(page, region)):
        category = Category.TEXT
    if category in (Category.PAGE_HEADER, Category.PAGE_FOOTER) and _in_the_middle(page, region):
        category = Category.TEXT
    if category == Category.TEXT and SURE_BULLET.match(text):
        category = Category.LIST_ITEM
    return region if category == region.category else fit(replace(region, category=category))


def _whole_words(regions: Sequence[Region]) -> list[Region]:
    """A heading that ends within a word, whose rest is the text just below it, is that text's first line."""
    done = dict(enumerate(regions))
    for i, head in enumerate(regions):
        if head.category is not Category.SECTION_HEADER or not head.lines:
            continue
        if not CUT_WORD.search(head.lines[-1].text):
            continue
        em = height(head.lines[-1].box)
        below = [
            j
            for j, other in done.items()
            if other.category is Category.TEXT
            and other.lines
            and other.lines[0].text.lstrip()[:1].islower()
            and -em / 2 <= other.box[1] - head.box[3] <= em
            and abs(other.box[0] - head.box[0]) <= 2 * em
        ]
        if below:
            lines = (*head.lines, *done[below[0]].lines)
            done[below[0]] = fit(replace(done[below[0]], lines=lines))
            del done[i]
    return list(done.values())


def _items(regions: Sequence[Region]) -> list[Region]:
    """Text that begins with a letter or number in brackets is an item where the next one follows somewhere
    below, as "a)" and "b)" do."""
    marks = {i: found[1].lower() for i, r in enumerate(regions) if (found := ITEM_MARK.match(_start(r)))}
    listed: set[int] = set()
    for i, mark in marks.items():
        after = [
            j for j, other in marks.items() if follows(mark, other) and regions[j].box[1] > regions[i].box[1]
        ]
        listed |= {i, *after} if after else set()
    return [
        replace(region, category=Category.LIST_ITEM)
        if i in listed and region.category is Category.TEXT
        else region
        for i, region in enumerate(regions)
    ]


def _start(region: Region) -> str:
    return region.lines[0].text.lstrip() if region.lines else ""


def _turned_table(page: Page, region: Region) -> bool:
    """Whether text that is turned as one stands in the cells of a ruled table: one that lies on its side."""
    turns = {line.turn for line in region.lines}
    if len(turns) > 1 or turns == {0} or page.handle is None:
        return False
    cells = page.handle.ruled_cells(region.box)
    texts = [span.box for line in region.lines for span in line.spans if span.text.strip()]
    held = sum(any(middle_in(box, cell) for cell in cells) for box in texts)
    return len(cells) >= CELLS and held >= IN_CELLS * len(texts)


def _sideways(region: Region) -> bool:
    """Whether a region's lines run up or down the page, as stamps in the margin do."""
    return bool(region.lines) and all(line.turn for line in region.lines)


def _tabular(region: Region) -> bool:
    """Two rows or two columns at the least."""
    boxes = [line.box for line in region.lines]
    return len(rows(boxes)) > 1 or len(split([(box[0], box[2]) for box in boxes])) > 2


def _in_the_middle(page: Page, region: Region) -> bool:
    middle = (region.box[1] + region.box[3]) / 2 / page.height if page.height else 0.5
    return 0.2 < middle < 0.8


def _formulas(regions: Sequence[Region]) -> list[Region]:
    """A text region with nothing but a number in parentheses far to its right or left is a formula."""
    repaired = list(regions)
    for i, region in enumerate(regions):
        text = "".join(line.text for line in region.lines).strip()
        if region.category not in TEXT_LIKE or not FORMULA_NUMBER.fullmatch(text):
            continue
        mates = [
            j
            for j, other in enumerate(regions)
            if j != i
            and other.category in TEXT_LIKE
            and other.lines
            and same_rows(region.box, other.box) > 0.5
            and len(rows([line.box for line in other.lines])) <= 3
        ]
        if mates:
            nearest = min(mates, key=lambda j: abs(regions[j].box[0] - region.box[0]))
            repaired[nearest] = fit(replace(repaired[nearest], category=Category.FORMULA))
            repaired[i] = fit(replace(region, category=Category.CAPTION))
    return repaired


def _single_title(regions: Sequence[Region]) -> list[Region]:
    """One title a page, the largest; the others head sections."""
    titles = [i for i, region in enumerate(regions) if region.category == Category.TITLE]
    best = max(titles, key=lambda i: (size(regions[i]), -regions[i].box[1]), default=-1)
    return [
        replace(region, category=Category.SECTION_HEADER) if i in titles and i != best else region
        for i, region in enumerate(regions)
    ]


def captions(regions: Sequence[Region]) -> list[Region]:
    """Text that names a figure or table beside it, or stands alone just below a picture, is its caption."""
    floats = [r for r in regions if r.category in (Category.PICTURE, Category.TABLE)]
    repaired = list(regions)
    if not floats:
        return repaired
    for i, region in enumerate(regions):
        if region.category not in (Category.TEXT, Category.SECTION_HEADER, Category.LIST_ITEM):
            continue
        named = CAPTION.match("".join(line.text for line in region.lines[:1])) is not None
        if (named and any(_touching(region, other) for other in floats)) or _below(region, regions):
            repaired[i] = replace(region, category=Category.CAPTION)
    return repaired


def _touching(region: Region, other: Region) -> bool:
    reach = 3 * max(size(region), 4.0)
    box, (x0, y0, x1, y1) = region.box, other.box
    return box[0] < x1 + reach and box[2] > x0 - reach and box[1] < y1 + reach and box[3] > y0 - reach


def _below(region: Region, regions: Sequence[Region]) -> bool:
    """Whether a short text stands just below a picture, no wider than it, with no text just below itself."""
    if region.category != Category.TEXT or not 0 < len(region.lines) <= CAPTION_LINES:
        return False
    em = height(region.box) / len(region.lines)
    box = region.box

    def under(a: Box, b: Box, most: float) -> bool:
        return -em <= b[1] - a[3] <= most * em and min(a[2], b[2]) > max(a[0], b[0])

    above = any(
        other.category == Category.PICTURE
        and height(other.box) > 3 * em
        and under(other.box, box, 1.5)
        and other.box[0] - em <= box[0]
        and box[2] <= other.box[2] + em
        for other in regions
    )
    return above and not any(
        other is not region
        and other.category in TEXT_LIKE
        and other.box[1] > box[1]
        and under(box, other.box, 1.2)
        for other in regions
    )


def join_numbers(regions: Sequence[Region]) -> list[Region]:
    """A heading's number and its text, where they were found apart, as one region."""
    index = Index([region.box for region in regions])
    joined: dict[int, Region] = dict(enumerate(regions))
    for i, number in enumerate(regions):
        text = " ".join(line.text for line in number.lines).strip()
        if number.category not in HEADS or not LONE_HEADING_NUMBER.fullmatch(text):
            continue
        em = height(number.box)
        mates = [
            j
            for j in index.near(number.box, 3 * em)
            if j != i
            and (other := joined.get(j)) is not None
            and other.category in HEADS
            and len(rows([line.box for line in other.lines])) == 1
            and same_rows(number.box, other.box) > 0.6
            and 0 <= other.box[0] - number.box[2] <= 3 * em
            and height(other.box) <= 1.6 * em
        ]
        if len(mates) == 1:
            mate = joined[mates[0]]
            heading = Category.SECTION_HEADER in (number.category, mate.category) or _bold(mate)
            category = Category.SECTION_HEADER if heading else mate.category
            joined[mates[0]] = fit(
                replace(mate, category=category, lines=(*joined.pop(i).lines, *mate.lines))
            )
    return list(joined.values())


def _bold(region: Region) -> bool:
    return all(span.bold for line in region.lines for span in line.spans if span.text.strip())


def with_title(page: Page, regions: Sequence[Region]) -> list[Region]:
    """On a document's first page without a title, the one header that is much larger than all text is it; so
    are a few rows of text, where the fonts say how large they are."""
    if page.index != 0 or any(region.category == Category.TITLE for region in regions):
        return list(regions)
    heads = [r for r in regions if r.box[1] < page.height / 2 and _may_be_title(r)]
    best = max(heads, key=size, default=None)
    texts = [r for r in regions if r.lines and r.category in TEXT_LIKE and not _sideways(r)]
    rivals = [size(r) for r in texts if r is not best]
    if best is None or not rivals or size(best) < TITLE_SIZE * max(rivals):
        return list(regions)
    return [fit(replace(r, category=Category.TITLE)) if r is best else r for r in regions]


def _may_be_title(region: Region) -> bool:
    if region.category == Category.SECTION_HEADER:
        return True
    text = " ".join(line.text for line in region.lines)
    words = sum(char.isalpha() for char in text) >= TITLE_LETTERS and len(text) <= LONG_HEADING
    measured = all(span.size > 0 and not line.turn for line in region.lines for span in line.spans)
    sentence = text.rstrip().endswith(".")
    return (
        region.category == Category.TEXT
        and words
        and measured
        and len(region.lines) <= TITLE_ROWS
        and not sentence
    )
