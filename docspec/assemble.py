"""Verified regions to one markdown text, and the account of what it leaves out.

Every region's text is in the markdown exactly once, or in ``Assembly.dropped`` with a reason. The other
output formats are written from the assembled document: ``to_json`` and ``to_html``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from docspec.continued import INDENT_STEP, SATELLITES, Written, continued, same_list, with_whole_tables
from docspec.drafters.formats.markdown import unfenced
from docspec.furniture import furniture
from docspec.heading_prints import read_whole
from docspec.item_paragraphs import item_paragraphs
from docspec.markdown import (
    HEADINGS,
    Block,
    formula,
    heading,
    is_code,
    joined,
    list_items,
    paragraph,
    paragraphs,
)
from docspec.marks import HEADING, has_delimiters
from docspec.result_html import to_html
from docspec.result_json import to_json
from docspec.turning import displayed, upright
from docspec.types import Category, Dropped, Finish, PageResult, RegionResult

__all__ = ["Assembly", "assemble", "image_links", "image_name", "to_html", "to_json", "to_markdown"]

# A picture's text is kept as a paragraph when it reads like one: charts and photographs carry short labels.
PROSE_CHARACTERS = 150
PROSE_LINE = 20


@dataclass(frozen=True, slots=True)
class Assembly:
    """The markdown, and the same pages with what it leaves out added to their ``dropped``.

    ``silent`` are the indices of pages that have text, none of which is in the markdown.
    """

    markdown: str
    pages: tuple[PageResult, ...]
    dropped: Mapping[int, tuple[Dropped, ...]]  # by page index: left out here, not by the layout
    silent: tuple[int, ...] = ()


def to_markdown(
    pages: Sequence[PageResult],
    *,
    keep_headers: bool = False,
    image_links: Mapping[tuple[int, int], str] | None = None,
) -> str:
    """The markdown of ``assemble`` alone."""
    return assemble(pages, keep_headers=keep_headers, image_links=image_links).markdown


def assemble(
    pages: Sequence[PageResult],
    *,
    keep_headers: bool = False,
    image_links: Mapping[tuple[int, int], str] | None = None,
) -> Assembly:
    """Markdown of ``pages`` in reading order.

    Page headers and footers are left out unless ``keep_headers``, if the pages show that they are some (see
    ``furniture``). ``image_links`` gives a picture's link by (page index, region order). Text inside a
    picture is left out unless it reads like a paragraph or nothing else on the page is text.
    A heading has the level of its region; only where a model read the whole page, the one that it wrote.
    Captions and table notes stand beside their parent. A paragraph that a column or page break cuts in
    the middle of a sentence is joined, and the hyphen of a word cut there removed. A table that goes on over
    a page break is one, its repeated head once. A page pass's output that is markdown already stands as it
    is, a code fence around it aside. A failed page leaves a comment.
    """
    links = image_links or {}
    blocks: list[Written] = []
    dropped: dict[int, list[Dropped]] = {}
    headers = {} if keep_headers else furniture([upright(page) for page in pages])
    silent: list[int] = []
    for page in map(upright, pages):
        before = len(blocks)
        if page.error:
            message = " ".join(page.error.split()).replace("--", "- -")
            blocks.append(Written(page.index, None, f"<!-- page {page.index + 1} failed: {message} -->"))
        boxes = {result.region.order: result.region.box for result in displayed(page).regions}
        written = _written_markdown(page)
        pictured = _is_pictured(page, headers)
        for result in _families(sorted(page.regions, key=lambda item: item.region.order)):
            if written is not None and result.verdict.finish is not Finish.UNVERIFIED:
                if written:
                    blocks.append(Written(page.index, None, written))
                written = ""  # the first of the output's regions stands for all of them
                continue
            place = page.index, result.region.order
            if not read_whole(page) and result.region.level:
                result = _unmarked(result)
            text, left_out = _write(result, links.get(place), headers.get(place, ""), pictured)
            if text:
                blocks.append(Written(page.index, result, text, result.text.strip() or text))
            if left_out:
                region = result.region
                entry = Dropped(boxes[result.region.order], region.category, left_out, result.text.strip())
                dropped.setdefault(page.index, []).append(entry)
        if len(blocks) == before and any(result.text.strip() for result in page.regions):
            silent.append(page.index)
    blocks, going_on, notes = with_whole_tables(
        blocks, {page.index: page.height for page in map(upright, pages)}
    )
    shown = {page.index: displayed(upright(page)).regions for page in pages} if notes else {}
    for note in notes:
        assert note.result is not None
        region = note.result.region
        [box] = [one.region.box for one in shown[note.page] if one.region.order == region.order]
        entry = Dropped(box, region.category, "says that a table goes on", note.plain)
        dropped.setdefault(note.page, []).append(entry)
    account = {index: tuple(entries) for index, entries in dropped.items()}
    return Assembly(
        markdown=f"{text}\n" if (text := joined(_blocks(continued(blocks)))) else "",
        pages=tuple(
            replace(_with_parts(p, going_on), dropped=(*p.dropped, *account.get(p.index, ()))) for p in pages
        ),
        dropped=account,
        silent=tuple(silent),
    )


def _is_pictured(page: PageResult, headers: Mapping[tuple[int, int], str]) -> bool:
    """Whether all text of a page, headers aside, is inside pictures: then a detector saw a drawing in it."""
    return not any(
        result.text.strip()
        for result in page.regions
        if result.region.category is not Category.PICTURE and (page.index, result.region.order) not in headers
    )


def _written_markdown(page: PageResult) -> str | None:
    """The page pass's output where it is markdown; None where its regions have to be put together.

    A format that says where things are on the page is no markdown.
    """
    if page.verdict is None or page.verdict.finish is Finish.UNVERIFIED:
        return None
    if any(region.box is not None for region in page.verdict.regions):
        return None
    return unfenced(page.verdict.text).strip()


def image_name(page: int, order: int) -> str:
    """The file name of a picture: page counted from 1, then the region's place in reading order."""
    return f"page-{page + 1:03d}-{order:03d}.png"


def image_links(stem: str, pages: Iterable[PageResult]) -> dict[tuple[int, int], str]:
    """Links to the pictures of ``pages`` by (page index, region order), as written beside ``stem.md``."""
    return {
        (page.index, order): f"{stem}_images/{image_name(page.index, order)}"
        for page in pages
        for order in page.images
    }


def _families(results: Sequence[RegionResult]) -> Iterator[RegionResult]:
    """``results`` with captions and footnotes of a parent moved beside it, on the side they were on."""
    parents = {r.region.order for r in results if r.region.category not in SATELLITES}
    children: dict[int, list[RegionResult]] = {}
    for result in results:
        parent = result.region.parent
        if result.region.category in SATELLITES and parent is not None and parent in parents:
            children.setdefault(parent, []).append(result)
    moved = {id(child) for group in children.values() for child in group}
    for result in results:
        if id(result) in moved:
            continue
        family = children.pop(result.region.order, [])
        yield from (child for child in family if child.region.order < result.region.order)
        yield result
        yield from (child for child in family if child.region.order >= result.region.order)


def _write(result: RegionResult, link: str | None, header: str, pictured: bool) -> tuple[str, str]:
    """A region's markdown, and the reason why its text (or the picture itself) is left out, or "".

    ``header`` is such a reason already; ``pictured`` is whether text in pictures is all that the page has.
    """
    category, text = result.region.category, (result.verdict.markdown or result.text).strip()
    if category is Category.PICTURE:
        return _picture(result, link, pictured)
    if not text:
        return "", "no text"
    if header:
        return "", header
    if is_code(text):
        return text, ""
    if category in HEADINGS:
        return heading(text, category, result.region.level), ""
    if category is Category.LIST_ITEM:
        return list_items(text), ""
    if category is Category.FORMULA and not has_delimiters(text):
        return formula(text), ""
    drafted = result.verdict.finish is Finish.UNVERIFIED
    if drafted and category in (Category.TEXT, Category.FORMULA):
        return paragraphs(text), ""
    return paragraph(text), ""


def _unmarked(result: RegionResult) -> RegionResult:
    """A heading without marks of its own: who reads a region by itself cannot know its level."""
    if result.region.category not in HEADINGS:
        return result
    verdict = result.verdict
    text, shown = (HEADING.sub("", text.lstrip(), count=1) for text in (verdict.text, verdict.markdown))
    return replace(result, verdict=replace(verdict, text=text, markdown=shown)) if text.strip() else result


def _picture(result: RegionResult, link: str | None, pictured: bool) -> tuple[str, str]:
    text = result.text.strip()
    image = f"![picture on page {result.region.page + 1}]({link})" if link else ""
    if text and (pictured or _is_prose(text, len(result.region.lines))):
        shown = paragraph(result.verdict.markdown or text)
        return "\n\n".join(part for part in (image, shown) if part), ""
    if text:
        return image, "inside a picture"
    return image, "" if image else "picture, no image written"


def _is_prose(text: str, pieces: int) -> bool:
    """Whether a picture's text has long lines; ``pieces`` are those it was read in, several in a row."""
    lines = sum(bool(line.strip()) for line in text.splitlines())
    characters = sum(not c.isspace() for c in text)
    return characters >= PROSE_CHARACTERS and characters / max(lines, pieces) >= PROSE_LINE


def _with_parts(page: PageResult, going_on: Collection[tuple[int, int]]) -> PageResult:
    """``page`` with its tables that go on from the page before marked as such."""
    if not any(index == page.index for index, _ in going_on):
        return page
    return replace(
        page,
        regions=tuple(
            replace(result, region=replace(result.region, continues=True))
            if (page.index, result.region.order) in going_on
            else result
            for result in page.regions
        ),
    )


def _blocks(blocks: Sequence[Written]) -> Iterator[Block]:
    """``blocks`` as markdown has them, items of lists and further paragraphs in these with their places."""
    previous: Written | None = None
    for block, inside in zip(blocks, item_paragraphs(blocks), strict=True):
        if inside and block.result is not None:
            yield Block(block.text, left=block.result.region.box[0], step=INDENT_STEP, inside=True)
            continue
        if block.category is Category.LIST_ITEM and block.result is not None:
            restarts = previous is None or not same_list(previous, block)
            yield Block(block.text, True, block.result.region.box[0], INDENT_STEP, restarts)
        else:
            yield Block(block.text)
        previous = block
