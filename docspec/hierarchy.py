"""One hierarchy of headings over a whole document, once all of its pages are done. Pure.

In this order of trust: the PDF's outline, numbers ("3.1.2"), headings printed alike whose level these say,
and how much a heading stands out: size, capitals, weight. The title is level 1 and there is one.
A page that a model read as a whole keeps the levels that the model gave.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from docspec.heading_prints import LIKE, read_whole, with_alike
from docspec.layout.bookmarked import same_title
from docspec.layout.geometry import same_rows
from docspec.layout.headings import size
from docspec.layout.inner_headings import ABSTRACT
from docspec.markdown import DEEPEST, HEADINGS, SECTION_LEVEL
from docspec.numbering import depths, numbers
from docspec.speakers import without_speakers
from docspec.title_block import as_byline, bylines, is_centred_title
from docspec.turning import upright
from docspec.types import Bookmark, Category, PageResult, Region, RegionResult, Span

LIKE_INK = 1.1  # the same for sizes that are measured by the ink of a line's letters
LIKE_OCR = 1.18  # and for those that are guessed from the height of its box
ABOVE_TITLE = 300  # characters of text that may stand above a title that nothing but its size shows
CAPITALS = 5  # letters from which capitals are a style and no abbreviation
ONE_ROW = 0.5  # share of a heading's height that text beside it shares


@dataclass(frozen=True, slots=True)
class _Heading:
    """A heading whose level is to be found; ``place`` is the page's position and the region's."""

    place: tuple[int, int]
    region: Region
    text: str
    size: float
    alike: float  # sizes within this factor are one
    bold: bool
    italic: bool
    capitals: bool
    alone: bool  # whether its paragraph starts below it, not in its row


@dataclass(frozen=True, slots=True)
class _Style:
    """How headings of one kind are printed; the larger of two stands out more."""

    size: float
    capitals: bool
    bold: bool
    upright: bool
    alone: bool

    @property
    def rank(self) -> tuple[float, bool, bool, bool, bool]:
        return self.size, self.capitals, self.bold, self.alone, self.upright


def with_hierarchy(pages: Sequence[PageResult], bookmarks: Sequence[Bookmark] = ()) -> list[PageResult]:
    """``pages``, all of a document in order, with the level of each heading; ``bookmarks`` is its outline."""
    pages = without_speakers(with_alike(pages))
    headings = _headings(pages)
    if not headings:
        return list(pages)
    given = any(_is_title(r.region) for page in pages if read_whole(page) for r in page.regions)
    listed = _listed(headings, bookmarks)
    title = None if given else _title(pages, headings, listed, bookmarks)
    found = _levels(headings, bookmarks, listed, title)
    levels = {headings[i].place: level for i, level in found.items()}
    names = bylines(pages, levels)
    done: list[PageResult] = []
    for number, page in enumerate(pages):
        regions = tuple(
            as_byline(result) if (number, i) in names else _with_level(result, levels.get((number, i)))
            for i, result in enumerate(page.regions)
        )
        done.append(replace(page, regions=regions))
    return done


def _is_title(region: Region) -> bool:
    return region.category is Category.TITLE or (region.category in HEADINGS and region.level == 1)


def _headings(pages: Sequence[PageResult]) -> list[_Heading]:
    found: list[_Heading] = []
    for number, page in enumerate(pages):
        if read_whole(page):
            continue
        regions = upright(page).regions
        for i, result in enumerate(regions):
            text = " ".join(result.text.lstrip("#").split())
            if result.region.category in HEADINGS and text:
                alone = not any(_runs_into(result.region, after.region) for after in regions[i + 1 : i + 2])
                found.append(_heading((number, i), result.region, text, alone))
    return found


def _runs_into(heading: Region, after: Region) -> bool:
    """Whether the first line ``after`` a heading stands in its row."""
    if after.category is not Category.TEXT or not after.lines:
        return False
    box, first = heading.box, after.lines[0].box
    return first[0] >= box[2] and same_rows(box, first) > ONE_ROW


def _heading(place: tuple[int, int], region: Region, text: str, alone: bool) -> _Heading:
    spans = [span for line in region.lines for span in line.spans if span.text.strip()]
    total = sum(len(span.text) for span in spans)
    letters = [char for char in text if char.isalpha()]
    return _Heading(
        place,
        region,
        text,
        size(region),
        _alike(spans),
        2 * sum(len(span.text) for span in spans if span.bold) > total,
        2 * sum(len(span.text) for span in spans if span.italic) > total,
        len(letters) >= CAPITALS and all(char.isupper() for char in letters if char.lower() != char.upper()),
        alone,
    )


def _alike(spans: Sequence[Span]) -> float:
    """How far sizes are apart that are one, by where they are from: a font, ink, or a line's box."""
    sized = [span for span in spans if span.size > 0]
    return LIKE_OCR if not sized else LIKE if any(span.font for span in sized) else LIKE_INK


def _listed(headings: Sequence[_Heading], bookmarks: Sequence[Bookmark]) -> dict[int, int]:
    """By number of a heading, that of its entry in the outline. Entries are used once, each on its own page
    if it is there, else on the one before or after."""
    found: dict[int, int] = {}
    used: set[int] = set()
    for reach in (0, 1):
        for number, bookmark in enumerate(bookmarks):
            if number in used:
                continue
            for i, heading in enumerate(headings):
                near = abs(heading.region.page - bookmark.page) <= reach
                if i not in found and near and same_title(heading.text, bookmark.title):
                    found[i] = number
                    used.add(number)
                    break
    return found


def _title(
    pages: Sequence[PageResult],
    headings: Sequence[_Heading],
    listed: Mapping[int, int],
    bookmarks: Sequence[Bookmark],
) -> int | None:
    """The number of the heading that is the document's title; None where none is."""
    first = headings[0].place[0]
    if first > 0 and any(read_whole(page) for page in pages[:first]):
        return None
    opening = [i for i, heading in enumerate(headings) if heading.place[0] == first]
    if _root(bookmarks) is not None:
        rooted = [i for i in opening if listed.get(i) == 0]
        if rooted:
            return rooted[0]
    entitled = [i for i in opening if headings[i].region.category is Category.TITLE]
    if entitled:
        best = max(entitled, key=lambda i: headings[i].size)
        return None if _is_one_of_many(best, headings, listed) else best
    best = max(opening, key=lambda i: headings[i].size)
    rivals = [heading.size for i, heading in enumerate(headings) if i != best]
    if _is_centred_over(headings, pages[first]):
        return 0
    apart = headings[best].alike * max(rivals, default=0.0)
    if not rivals or _is_one_of_many(best, headings, listed):
        return None
    if headings[best].size < apart:
        return (
            opening[0] if _stands_over_numbers(headings) and not _above(pages[first], headings[0]) else None
        )
    return None if _above(pages[first], headings[best]) > ABOVE_TITLE else best


def _is_centred_over(headings: Sequence[_Heading], page: PageResult) -> bool:
    """Whether the first heading is the largest, no text is above it, and it alone of its size is centred."""
    opening, *others = headings
    if any(other.size > opening.size and not _near(opening, other) for other in others):
        return False
    alike = [other.region for other in others if _near(opening, other)]
    numbered = numbers([heading.text for heading in headings])[0] is not None
    return not numbered and not _above(page, opening) and is_centred_title(page, opening.region, alike)


def _above(page: PageResult, heading: _Heading) -> int:
    """How many characters of text stand above ``heading`` on its page."""
    before = page.regions[: heading.place[1]]
    return sum(len(result.text) for result in before if result.category is Category.TEXT)


def _stands_over_numbers(headings: Sequence[_Heading]) -> bool:
    """Whether the first heading is in bold capitals, no smaller than any other, and none of the others is:
    these are numbered from 1, several of them."""
    first, *others = headings
    found = numbers([heading.text for heading in headings])
    counted = [number.value for number in found[1:] if number and number.parts == 1]
    return (
        first.bold
        and first.capitals
        and found[0] is None
        and all(first.size * first.alike >= other.size for other in others)
        and not any(other.bold and other.capitals for other in others)
        and len(counted) > 1
        and counted[0] == 1
    )


def _root(bookmarks: Sequence[Bookmark]) -> Bookmark | None:
    """The outline's first entry, if all others stand below it."""
    tops = [bookmark for bookmark in bookmarks if bookmark.level == 1]
    return tops[0] if len(tops) == 1 and bookmarks[0] is tops[0] else None


def _is_one_of_many(i: int, headings: Sequence[_Heading], listed: Mapping[int, int]) -> bool:
    """Whether a heading is a numbered section as others of its size are, or in the outline as these are."""
    same = [number for number, other in enumerate(headings) if number != i and _near(headings[i], other)]
    kinds = [number and number.kind for number in numbers([heading.text for heading in headings])]
    numbered = kinds[i] is not None and any(kinds[number] == kinds[i] for number in same)
    return numbered or (i in listed and any(number in listed for number in same))


def _near(a: _Heading, b: _Heading) -> bool:
    return max(a.size, b.size) <= max(a.alike, b.alike) * min(a.size, b.size)


def _offset(listed: Mapping[int, int], title: int | None, bookmarks: Sequence[Bookmark]) -> int:
    """What levels in the outline have to be raised by: it may have the title as its root, or not at all."""
    titled = _root(bookmarks) is not None and (title is None or listed.get(title) == 0)
    return 0 if titled else SECTION_LEVEL - 1


def _levels(
    headings: Sequence[_Heading], bookmarks: Sequence[Bookmark], listed: Mapping[int, int], title: int | None
) -> dict[int, int]:
    """By number of a heading, its level. A word that heads an abstract and runs into it heads a paragraph,
    the last thing in a document's order of headings."""
    offset = _offset(listed, title, bookmarks)
    inner = {
        i for i, heading in enumerate(headings) if not heading.alone and ABSTRACT.fullmatch(heading.text)
    }
    sections = [i for i in range(len(headings)) if i != title and i not in inner]
    known = {i: _section(bookmarks[listed[i]].level + offset) for i in sections if i in listed}
    styles = dict(zip(sections, _styles([headings[i] for i in sections]), strict=True))
    numbered = _numbered([headings[i] for i in sections], [styles[i] for i in sections])
    if title is not None and numbers([headings[title].text])[0] is not None:  # a chapter by itself
        numbered = [None if level is None else level - 1 for level in numbered]
    by_number = {i: level for i, level in zip(sections, numbered, strict=True) if level is not None}
    shifts = Counter(known[i] - level for i, level in by_number.items() if i in known)
    shift = shifts.most_common(1)[0][0] if shifts else 0
    known = {i: _section(level + shift) for i, level in by_number.items()} | known
    of_style = _by_style(known, styles)
    levels = dict.fromkeys(inner, DEEPEST) | {i: known.get(i, of_style[styles[i]]) for i in sections}
    return levels if title is None else levels | {title: 1}


def _section(level: int) -> int:
    return min(max(level, SECTION_LEVEL), DEEPEST)


def _numbered(headings: Sequence[_Heading], styles: Sequence[_Style]) -> list[int | None]:
    """The level that each heading's number gives it; None where it has none.

    Numbers that start anew below larger headings count from these.
    """
    found = numbers([heading.text for heading in headings])
    deep = depths(found, [heading.size for heading in headings])
    tops = [i for i, depth in enumerate(deep) if depth == 1]
    if not tops:
        return [None if depth is None else depth + SECTION_LEVEL - 1 for depth in deep]
    largest = max(styles[i].size for i in tops)
    over = [i for i, number in enumerate(found) if number is None and styles[i].size > largest]
    inside = any(i < tops[0] for i in over) and any(i > tops[0] for i in over)
    return [None if depth is None else depth + inside + SECTION_LEVEL - 1 for depth in deep]


def _styles(headings: Sequence[_Heading]) -> list[_Style]:
    """How each heading is printed, where sizes that are nearly the same are one.

    Capitals tell two levels apart where headings of one size have them and have not, several each.
    """
    sizes: dict[int, float] = {}
    largest = 0.0
    for i in sorted(range(len(headings)), key=lambda i: -headings[i].size):
        if not sizes or headings[i].size * headings[i].alike < largest:
            largest = headings[i].size
        sizes[i] = largest
    bare = [(sizes[i], heading.bold, heading.italic) for i, heading in enumerate(headings)]
    capitals = Counter((kind, heading.capitals) for kind, heading in zip(bare, headings, strict=True))
    return [
        _Style(
            kind[0],
            heading.capitals and min(capitals[kind, True], capitals[kind, False]) > 1,
            heading.bold,
            not heading.italic,
            heading.alone,
        )
        for kind, heading in zip(bare, headings, strict=True)
    ]


def _by_style(known: Mapping[int, int], styles: Mapping[int, _Style]) -> dict[_Style, int]:
    """The level of each style: the usual one of its headings that are known, else one below what stands out
    more, but not below what stands out less."""
    votes: dict[_Style, Counter[int]] = {style: Counter() for style in styles.values()}
    for i, level in known.items():
        votes[styles[i]][level] += 1
    ranked = sorted(votes, key=lambda style: style.rank, reverse=True)
    levels: dict[_Style, int] = {}
    above = SECTION_LEVEL - 1
    for place, style in enumerate(ranked):
        if votes[style]:
            most = max(votes[style].values())
            levels[style] = min(level for level, count in votes[style].items() if count == most)
        else:
            below = [level for other in ranked[place + 1 :] for level in votes[other]]
            levels[style] = _section(min([above + 1, *below]))
        above = max(above, levels[style])
    return levels


def _with_level(result: RegionResult, level: int | None) -> RegionResult:
    if level is None:
        return result
    category = Category.TITLE if level == 1 else Category.SECTION_HEADER
    return replace(result, region=replace(result.region, level=level, category=category))
