"""The page pass: a page's regions as one request, and its output put back on the page's layout.

The output decides what the page says. The layout gives what the output does not have: places where the
format has no coordinates, drafts to compare with, and the pictures, headers and footers that formats leave
out. Text that the layout has and the output has not is listed as dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from docspec.alignment import OutputRegion, contains, match
from docspec.drafters.following.comparison import agreement, corrections
from docspec.drafting import DraftedPage, RequestKey
from docspec.types import (
    Box,
    Category,
    DecodeStats,
    Draft,
    Dropped,
    Finish,
    Image,
    Mode,
    PageRegion,
    PageResult,
    Region,
    RegionResult,
    Request,
    Verdict,
)

SURE = 0.97  # confidence from which a draft needs no region pass before the page pass (a trusted text layer)
NOT_IN_OUTPUT = "not in the page output"
LEFT_OUT = (Category.PICTURE, Category.PAGE_HEADER, Category.PAGE_FOOTER)  # by many page formats
# What markdown cannot say of a paragraph; the layout knows it.
KINDS_OF_TEXT = (Category.CAPTION, Category.FOOTNOTE, Category.PAGE_HEADER, Category.PAGE_FOOTER)


def is_sure(requests: Sequence[Request]) -> bool:
    """Whether every region is drafted so surely that reading regions one by one is not worth its time."""
    return all(request.drafts and request.drafts[0].confidence >= SURE for request in requests)


def page_request(drafted: DraftedPage, verdicts: Mapping[int, Verdict]) -> Request:
    """The request for a whole page, from the verdicts on its regions by order."""
    assert drafted.image is not None
    regions = []
    for region, request in zip(drafted.regions, drafted.requests, strict=True):
        verdict, draft = verdicts[region.order], request.drafts[0] if request.drafts else None
        read = verdict.finish is not Finish.UNVERIFIED
        regions.append(
            PageRegion(
                category=region.category,
                text=verdict.text or _characters(region),
                box=_pixels(region.box, drafted.result, drafted.image),
                level=region.level,
                source="verifier" if read else draft.source if draft else "",
                confidence=1.0 if read else draft.confidence if draft else 0.0,
                alternatives=draft.alternatives if draft and verdict.text == draft.text else (),
            )
        )
    key = RequestKey(drafted.document, drafted.result.index, None)
    return Request(key=key, image=drafted.image, category=None, regions=tuple(regions))


def _characters(region: Region) -> str:
    """A formula's bare characters, where it is not drafted as LaTeX: some of them are in the output too."""
    if region.category is not Category.FORMULA:
        return ""
    return " ".join(line.text.strip() for line in region.lines)


def region_results(drafted: DraftedPage, verdicts: Mapping[int, Verdict]) -> tuple[RegionResult, ...]:
    """The layout's regions with their verdicts, in the layout's order."""
    return tuple(
        RegionResult(region, request.drafts[0] if request.drafts else None, verdicts[region.order])
        for region, request in zip(drafted.regions, drafted.requests, strict=True)
    )


def page_result(
    drafted: DraftedPage, verdicts: Mapping[int, Verdict], page: Verdict, mode: Mode
) -> PageResult:
    """The page as its output has it.

    Its regions come from the output, in its order; regions of the layout that are in none of them follow the
    one before them, unverified, if the format leaves their kind out or the output broke off, and are dropped
    otherwise.
    """
    laid_out = region_results(drafted, verdicts)
    spent = sum((result.verdict.stats for result in laid_out), DecodeStats())
    result = replace(drafted.result, mode=mode, verdict=page, region_pass=spent)
    instead = page.finish is Finish.LOOP and page.regions == page_request(drafted, verdicts).regions
    if page.finish is Finish.UNVERIFIED or instead:  # no output: the regions stand, as far as they were read
        bare = tuple(replace(one, verdict=replace(one.verdict, stats=DecodeStats())) for one in laid_out)
        error = None if instead else page.reason or "the page could not be read"
        return replace(result, regions=bare, error=error)
    found = _output_regions(page, drafted)
    owners = match(laid_out, found)
    placed = [_Placed((n, 0, 0), _output_result(n, found, laid_out, owners, page)) for n in range(len(found))]
    left, dropped = _not_in_output(laid_out, owners, page)
    ordered = sorted([*placed, *left], key=lambda item: item.place)
    orders = _new_orders(ordered, owners)
    return replace(
        result,
        regions=tuple(_numbered(item.result, order, orders) for order, item in enumerate(ordered)),
        images={orders[old]: png for old, png in drafted.result.images.items() if old in orders},
        dropped=(*drafted.result.dropped, *dropped),
    )


@dataclass(frozen=True, slots=True)
class _Placed:
    """A region of the result. ``place`` sorts: the output's region, then the layout's that follow it."""

    place: tuple[int, int, int]
    result: RegionResult


def _output_regions(page: Verdict, drafted: DraftedPage) -> list[OutputRegion]:
    """The output's regions in page points; those without a box get the page's."""
    assert drafted.image is not None
    texts = page.regions
    if not texts and page.text.strip():
        texts = (PageRegion(Category.TEXT, page.text.strip()),)
    result = drafted.result
    frame = (0.0, 0.0, result.width, result.height)
    return [
        OutputRegion(
            Region(
                page=result.index,
                order=number,
                box=_points(region.box, result, drafted.image) if region.box else frame,
                category=region.category,
                level=region.level,
            ),
            region.text,
            placed=region.box is not None,
        )
        for number, region in enumerate(texts)
    ]


def _output_result(
    number: int,
    found: Sequence[OutputRegion],
    laid_out: Sequence[RegionResult],
    owners: Sequence[int | None],
    page: Verdict,
) -> RegionResult:
    """A region of the output, with what the layout knows of it: draft, lines and, where it has none, box."""
    output = found[number]
    own = [one for one, owner in zip(laid_out, owners, strict=True) if owner == number]
    region, draft = output.region, _joint_draft(own)
    if own:
        first = own[0].region
        box, category = region.box, region.category
        if not output.placed:
            box = _union([one.region.box for one in own])
            if category is Category.TEXT and len(own) == 1 and first.category in KINDS_OF_TEXT:
                category = first.category
        region = replace(
            region,
            box=box,
            category=category,
            confidence=min(one.region.confidence for one in own),
            lines=tuple(line for one in own for line in one.region.lines),
            level=region.level or first.level,
            parent=first.parent,
        )
    verdict = Verdict(output.text, page.finish, reason=page.reason)
    if page.finish is Finish.LOOP and number < len(found) - 1:  # only the last one ran away
        verdict = Verdict(output.text, Finish.END)
    if draft is not None:
        verdict = replace(
            verdict,
            corrections=corrections(draft.text, output.text),
            agreement=agreement(draft.text, output.text),
        )
    return RegionResult(region, draft, verdict)


def _joint_draft(own: Sequence[RegionResult]) -> Draft | None:
    drafts = [one.draft for one in own if one.draft is not None]
    if len(drafts) < 2:
        return drafts[0] if drafts else None
    weights = [max(1, len(draft.text)) for draft in drafts]
    sure = sum(draft.confidence * weight for draft, weight in zip(drafts, weights, strict=True))
    sources = dict.fromkeys(draft.source for draft in drafts)
    return Draft("\n".join(draft.text for draft in drafts), "+".join(sources), sure / sum(weights))


def _not_in_output(
    laid_out: Sequence[RegionResult], owners: Sequence[int | None], page: Verdict
) -> tuple[list[_Placed], list[Dropped]]:
    """The layout's regions that no region of the output is: those that stay, unverified, and the others."""
    left: list[_Placed] = []
    dropped: list[Dropped] = []
    last, end = -1, len(page.regions)
    for number, (one, owner) in enumerate(zip(laid_out, owners, strict=True)):
        kind, text = one.region.category, one.text.strip()
        if owner is not None:
            last = owner
        elif kind is not Category.PICTURE and text and contains(page.text, text):
            continue  # there, though in no single region
        elif kind in LEFT_OUT or page.finish is not Finish.END:
            unread = Verdict(one.text, Finish.UNVERIFIED, reason=NOT_IN_OUTPUT, markdown=one.verdict.markdown)
            place = (last if kind in LEFT_OUT else end, 1, number)
            left.append(_Placed(place, replace(one, verdict=unread)))
        else:
            dropped.append(Dropped(one.region.box, kind, NOT_IN_OUTPUT, text))
    return left, dropped


def _new_orders(ordered: Sequence[_Placed], owners: Sequence[int | None]) -> dict[int, int]:
    """By order in the layout, the order in the result."""
    of_output = {item.place[0]: order for order, item in enumerate(ordered) if not item.place[1]}
    orders = {number: of_output[owner] for number, owner in enumerate(owners) if owner is not None}
    return orders | {item.place[2]: order for order, item in enumerate(ordered) if item.place[1]}


def _numbered(result: RegionResult, order: int, orders: Mapping[int, int]) -> RegionResult:
    parent = None if result.region.parent is None else orders.get(result.region.parent)
    region = replace(result.region, order=order, parent=None if parent == order else parent)
    return replace(result, region=region)


def _pixels(box: Box, result: PageResult, image: Image) -> Box:
    height, width = image.shape[:2]
    return _scaled(box, width / result.width, height / result.height)


def _points(box: Box, result: PageResult, image: Image) -> Box:
    height, width = image.shape[:2]
    return _scaled(box, result.width / width, result.height / height)


def _scaled(box: Box, x: float, y: float) -> Box:
    return box[0] * x, box[1] * y, box[2] * x, box[3] * y


def _union(boxes: Sequence[Box]) -> Box:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
