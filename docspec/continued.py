"""What goes on over a break, written as one: paragraphs and list items over columns, these, code and tables
over pages. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from docspec.drafters.reading.joining import HYPHENS, join_lines
from docspec.furniture import MARGINALS
from docspec.markdown import is_code, joined_code
from docspec.marks import ITEM, NUMBER, starts_item
from docspec.table_parts import as_one, is_one_table, says_going_on
from docspec.types import Category, RegionResult

SATELLITES = (Category.CAPTION, Category.FOOTNOTE)  # may stand beside a parent
FLOATS = (*SATELLITES, *MARGINALS, Category.PICTURE, Category.TABLE)  # may interrupt a paragraph
INDENT_STEP = 6.0  # points between one list level and the next, at least
ONE_LINE = 1.1  # heights of a line between one and the next of a paragraph, at most
SAME_HEIGHT = 0.15  # of a line's height: how far another of the paragraph may be from it


@dataclass(slots=True)
class Written:
    """A piece of the output: the page and region that it starts from, and its markdown."""

    page: int
    result: RegionResult | None
    text: str
    plain: str = ""  # the same without marks: what shows whether it goes on

    @property
    def category(self) -> Category | None:
        return self.result.region.category if self.result else None


def with_whole_tables(
    blocks: Sequence[Written], heights: Mapping[int, float]
) -> tuple[list[Written], set[tuple[int, int]], list[Written]]:
    """``blocks`` with tables joined that go on over page breaks, and the pages and orders of later parts.

    Last come the blocks that only say that a table goes on. ``heights`` are the pages'.
    """
    done: list[Written] = []
    going_on: set[tuple[int, int]] = set()
    notes: list[Written] = []
    last: Written | None = None  # the block that ``done`` ends with, or its last part
    pending: list[Written] = []  # what says so since then
    for block in blocks:
        if last and last.category is block.category is Category.TABLE and block.page == last.page + 1:
            assert last.result is not None
            assert block.result is not None
            above, below = last.result.region, block.result.region
            if is_one_table(done[-1].text, block.text, above.box, below.box, heights[last.page]):
                done[-1] = replace(done[-1], text=as_one(done[-1].text, block.text))
                going_on.add((block.page, below.order))
                notes += pending
                last, pending = block, []
                continue
        if last and last.category is Category.TABLE and block.result and says_going_on(block.plain):
            pending.append(block)
            continue
        done += [*pending, block]
        last, pending = block, []
    return [*done, *pending], going_on, notes


def continued(blocks: Sequence[Written]) -> list[Written]:
    """``blocks`` with paragraphs joined that a break cuts, over floats between the two parts."""
    done: list[Written] = []
    item: list[Written] = []  # the blocks of the list item just written
    open_text: Written | None = None  # the last paragraph, while only floats came after it
    last: Written | None = None  # the block whose region ends the open paragraph
    for block in blocks:
        over = open_text is not None and done[-1] is not open_text  # only floats since then
        if open_text and last and _continues(last, block, over):
            open_text.text = _seamless(open_text.text, block.text)
            last = block
            continue
        if item and _wraps(item[0], item[-1], block):
            done[-1].text = _seamless(done[-1].text, block.text.removeprefix("- "))
            item.append(block)
            continue
        if item and _rest_of_item(item[-1], block):
            first, _, rest = block.text.partition("\n")
            done[-1].text = _seamless(done[-1].text, first.removeprefix("- "))
            if rest:
                block = replace(block, text=rest)
                done.append(replace(block))
            item.append(block)
            continue
        if last and block.page == last.page + 1 and is_code(block.text) and is_code(done[-1].text):
            done[-1].text = joined_code(done[-1].text, block.text)
            last = block
            continue
        copy = replace(block)
        done.append(copy)
        item = [block] if block.category is Category.LIST_ITEM else []
        if block.category is Category.TEXT:
            open_text, last = copy, block
        elif block.category not in FLOATS:
            open_text = last = None
    return done


def _continues(first: Written, second: Written, over: bool) -> bool:
    """Whether ``second`` goes on with the sentence of ``first`` in another column or on the next page, or
    ``over`` floats below it."""
    if first.category is not Category.TEXT or second.category is not Category.TEXT:
        return False
    assert first.result is not None
    assert second.result is not None
    if first.page == second.page:
        above, below = first.result.region.box, second.result.region.box
        next_column = below[1] < above[3] and below[0] >= (above[0] + above[2]) / 2
        if not next_column and not _is_just_below(first.result, second.result, over):
            return False
    elif second.page != first.page + 1:
        return False
    if is_code(first.text) or is_code(second.text):
        return False
    end, start = first.plain[-1], second.plain[0]
    return start.islower() and (end.isalpha() or end in f",;{HYPHENS}")


def _is_just_below(first: RegionResult, second: RegionResult, over: bool) -> bool:
    """Whether the two are what was detected of one paragraph: set alike, a line's distance apart, or further
    where it goes on ``over`` floats."""
    if not first.region.lines or not second.region.lines:
        return False
    last, start = first.region.lines[-1].box, second.region.lines[0].box
    height = last[3] - last[1]
    gap, aside = start[1] - last[3], abs(start[0] - first.region.box[0])
    alike = abs(start[3] - start[1] - height) <= SAME_HEIGHT * height
    return alike and -0.5 * height < gap and (over or gap < ONE_LINE * height) and aside <= height


def _seamless(before: str, after: str) -> str:
    """Two parts of a paragraph as one; emphasis that goes on over the break is one as well."""
    for mark in ("***", "**", "*"):
        inner = before[: -len(mark)]
        if (
            before.endswith(mark)
            and after.startswith(mark)
            and inner[-1:].isalpha() | (inner[-1:] in HYPHENS)
        ):
            return join_lines([inner, after[len(mark) :]])
    return join_lines([before, after])


def _wraps(item: Written, last: Written, block: Written) -> bool:
    """Whether ``block`` goes on after ``last`` in the list item ``item``, though detected as an item."""
    if block.category is not Category.LIST_ITEM or not same_list(last, block):
        return False
    assert item.result is not None
    assert last.result is not None
    assert block.result is not None
    above, below = last.result.region.box, block.result.region.box
    text = _printed(block.result)
    close = below[1] - above[3] < 0.6 * (below[3] - below[1])
    indented = below[0] > item.result.region.box[0] + INDENT_STEP
    unmarked = not is_marked(text)
    going_on = text[:1].islower() or text[:1].isdigit() or last.plain[-1] in f",{HYPHENS}"
    return close and indented and unmarked and going_on


def _printed(result: RegionResult) -> str:
    """How a region starts, as printed: drafts add marks. A mark may stand apart from its text."""
    lines = result.region.lines
    return " ".join(line.text.strip() for line in lines[:2]) if lines else result.text.strip()


def is_marked(text: str) -> bool:
    """Whether a printed line begins with what marks an item."""
    return bool(ITEM.match(text) or starts_item(text) or NUMBER.match(text))


def _rest_of_item(last: Written, block: Written) -> bool:
    """Whether ``block`` starts with the rest of the item ``last``, in another column or on the next page."""
    if block.category not in (Category.LIST_ITEM, Category.TEXT) or is_code(block.text):
        return False
    assert last.result is not None
    assert block.result is not None
    if last.page == block.page:
        above, below = last.result.region.box, block.result.region.box
        if below[1] >= above[3] or below[0] < (above[0] + above[2]) / 2:
            return False
    elif block.page != last.page + 1:
        return False
    end, start = last.plain[-1], _printed(block.result)
    return start[:1].islower() and not is_marked(start) and (end.isalpha() or end in f",;{HYPHENS}")


def same_list(first: Written, second: Written) -> bool:
    """Whether ``second`` stands below ``first``, so that their left edges can be compared."""
    if first.category is not Category.LIST_ITEM or first.page != second.page:
        return False
    assert first.result is not None
    assert second.result is not None
    above, below = first.result.region.box, second.result.region.box
    return below[1] > above[1] and below[0] < above[2] and above[0] < below[2]
