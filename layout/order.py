"""Reading order: a recursive XY-cut that takes columns before rows, on boxes and categories alone.

A set of boxes is cut into columns where white space runs through all of it and the columns stand side by
side. Where nothing separates columns, it is cut into bands: runs of rows, as long as possible, that share a
column gap, so that a spanning heading or figure divides the page and the columns above and below it
stay whole (classic XY-cut, Nagy & Seth 1984, tears columns apart at every aligned paragraph gap).
"""

from __future__ import annotations

from collections.abc import Sequence

from docspec.layout.captions import FLOATS, caption_parents
from docspec.layout.geometry import height, same_rows, split, width
from docspec.types import Box, Category, union

PATIENCE = 40  # rows without columns after which a band is not looked for any further
SHRINK = (0.0, 0.02, 0.06, 0.12, 0.2, 0.3)  # how far overlapping boxes are shrunk until a cut is found
SIDE_NOTE_WIDTH = 0.4  # a side column is at most this share of its neighbour's width,
SIDE_NOTE_FILL = 0.6  # and its text covers at most this share of the neighbour's height
SAME_ROW = 0.25  # a column is at most this share of its neighbour's height where it only ends rows
SPARSE, STAGGERED = 0.65, 0.25  # share of a letter's two columns that is filled; of its height, left is lower
LINED = 0.3  # of a heading's height: how far headings of a row may be from each other
GRID, FLAT = 3, 2.0  # columns of a grid of short texts, at the least, and its width over its height
APART = 1.5  # heights of a heading that are blank above it where a card begins, at the least
LABELLED = 0.3  # of a label's height: how far it may be from the top of the text at its right
LOWER = 0.2  # share of a text column's height by which a column of figures starts below its top
FLOATING = (*FLOATS, Category.CAPTION)
HEADS = (Category.TITLE, Category.SECTION_HEADER)


def reading_order(
    boxes: Sequence[Box], categories: Sequence[Category], right_to_left: bool = False
) -> list[int]:
    """Indices of ``boxes`` in the order in which a person reads them: always a permutation.

    Page headers first, then the body, footnotes, page footers. The result does not change when all boxes
    are moved or scaled together. ``right_to_left`` reads columns from the right, as for Arabic.
    """
    if right_to_left:
        boxes = [(-box[2], box[1], -box[0], box[3]) for box in boxes]
    ends = {Category.PAGE_HEADER: 0, Category.FOOTNOTE: 2, Category.PAGE_FOOTER: 3}
    parts: list[list[int]] = [[], [], [], []]
    for index, category in enumerate(categories):
        parts[ends.get(category, 1)].append(index)
    ordered = [_take(part, boxes, categories) for part in parts]
    ordered[1] = _captions_to_floats(ordered[1], boxes, categories)
    return [index for part in ordered for index in part]


def _take(part: Sequence[int], boxes: Sequence[Box], kinds: Sequence[Category]) -> list[int]:
    """The indices in ``part``, ordered among themselves."""
    return [part[i] for i in _cut([boxes[j] for j in part], [kinds[j] for j in part])]


def _cut(boxes: Sequence[Box], kinds: Sequence[Category], level: int = 0) -> list[int]:
    """The order of ``boxes``; ``level`` counts how often they have been shrunk in vain."""
    if len(boxes) < 2:
        return list(range(len(boxes)))
    shrunk = [_shrink(box, SHRINK[level]) for box in boxes]
    columns = _columns(shrunk)
    if _is_staggered(boxes, columns):
        parts = split([(box[1], box[3]) for box in boxes])
    elif tiles := _tiles(boxes, kinds, columns) or _grid(boxes, kinds, columns):
        parts = tiles
    elif len(columns) > 1:
        notes = _side_notes(boxes, columns)
        if notes is not None and not _has_sections(notes[1], kinds):
            return _beside(boxes, kinds, *notes)
        parts = _text_first(boxes, kinds, columns) if notes is None else _entitled(kinds, columns)
    else:
        parts = _bands(shrunk, kinds)
    if len(parts) > 1:
        return [i for part in parts for i in _take(part, boxes, kinds)]
    if level + 1 < len(SHRINK):
        return _cut(boxes, kinds, level + 1)
    return sorted(range(len(boxes)), key=lambda i: (boxes[i][1], boxes[i][0]))


def _shrink(box: Box, share: float) -> Box:
    dx, dy = width(box) * share, height(box) * share
    return box[0] + dx, box[1] + dy, box[2] - dx, box[3] - dy


def _columns(boxes: Sequence[Box]) -> list[list[int]]:
    """Columns from the left; one where no white space runs through, or none stand side by side."""
    groups = split([(box[0], box[2]) for box in boxes])
    if len(groups) < 2:
        return groups
    merged = [groups[0]]
    extent = union(boxes[i] for i in groups[0])
    for group in groups[1:]:
        other = union(boxes[i] for i in group)
        if same_rows(extent, other) < 0.3:
            # one above the other (a date over a heading): rows, whatever the white space says
            merged[-1] = merged[-1] + group
            extent = union((extent, other))
        else:
            merged.append(group)
            extent = other
    return merged


def _bands(boxes: Sequence[Box], kinds: Sequence[Category]) -> list[list[int]]:
    """Runs of rows from the top, each as long as its rows share a gap between columns of text.

    What is only beside figures, as the parts of a chart are, does not make the rows below a column.
    """
    rows = split([(box[1], box[3]) for box in boxes])
    left, _, right, _ = union(boxes)
    bands: list[list[int]] = []
    start = 0
    while start < len(rows):
        best, members = start + 1, list(rows[start])
        spans = _merge([(boxes[i][0], boxes[i][2]) for i in members])
        most = 0  # columns of the best run so far: a row that goes over one of their gaps starts anew
        for stop in range(start + 1, len(rows)):
            if spans == [(left, right)] or stop - best > PATIENCE:
                break  # nothing can be beside a row that spans everything
            members = members + rows[stop]
            spans = _merge(spans + [(boxes[i][0], boxes[i][2]) for i in rows[stop]])
            if len(spans) < most:
                break
            if len(spans) > 1 and _are_columns(members, boxes, kinds):
                best, most = stop + 1, len(spans)
        while best > start + 1 and best < len(rows) and _heads(rows[best - 1], rows[best], boxes, kinds):
            best -= 1
        bands.append([i for row in rows[start:best] for i in row])
        start = best
    return bands


def _heads(row: list[int], below: list[int], boxes: Sequence[Box], kinds: Sequence[Category]) -> bool:
    """Whether a row is only a heading, at the left edge or in the middle of the wider text below: its own."""
    if len(row) > 1 or len(below) > 1 or kinds[row[0]] not in HEADS or kinds[below[0]] in FLOATING:
        return False
    box, text = boxes[row[0]], boxes[below[0]]
    aside = min(abs(box[0] - text[0]), abs(box[0] + box[2] - text[0] - text[2]) / 2)
    return aside <= height(box) and width(text) > width(box)


def _are_columns(members: Sequence[int], boxes: Sequence[Box], kinds: Sequence[Category]) -> bool:
    columns = _columns([boxes[i] for i in members])
    texts = sum(not all(kinds[members[i]] in FLOATING for i in column) for column in columns)
    return len(columns) > 1 and (texts > 1 or all(kinds[i] in FLOATING for i in members))


def _merge(intervals: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [
        (min(intervals[i][0] for i in group), max(intervals[i][1] for i in group))
        for group in split(intervals)
    ]


def _side_notes(boxes: Sequence[Box], columns: list[list[int]]) -> tuple[list[int], list[int]] | None:
    """(body, notes) where one of two columns is narrow and sparse, or only ends rows of the other one.

    None where both are columns of text.
    """
    if len(columns) != 2:
        return None
    extents = [union(boxes[i] for i in column) for column in columns]
    low, tall = (0, 1) if height(extents[0]) <= height(extents[1]) else (1, 0)
    if height(extents[low]) <= SAME_ROW * height(extents[tall]) and all(
        any(_one_row(boxes[i], boxes[j]) for j in columns[tall]) for i in columns[low]
    ):
        return columns[tall], columns[low]
    note, body = (0, 1) if width(extents[0]) <= width(extents[1]) else (1, 0)
    filled = sum(height(boxes[i]) for i in columns[note])
    narrow = width(extents[note]) <= SIDE_NOTE_WIDTH * width(extents[body])
    if not narrow or filled > SIDE_NOTE_FILL * height(extents[body]) or len(columns[body]) < 2:
        return None
    return columns[body], columns[note]


def _is_staggered(boxes: Sequence[Box], columns: list[list[int]]) -> bool:
    """Whether two sparse columns, the right one higher, are the addresses and the date of a letter."""
    if len(columns) != 2:
        return False
    left, right = (union(boxes[i] for i in column) for column in columns)
    sparse = all(
        sum(height(boxes[i]) for i in column) <= SPARSE * height(extent)
        for column, extent in zip(columns, (left, right), strict=True)
    )
    return sparse and left[1] - right[1] > STAGGERED * height(right) and left[3] > right[3]


def _tiles(boxes: Sequence[Box], kinds: Sequence[Category], columns: list[list[int]]) -> list[list[int]]:
    """The rows of columns whose headings all stand in common rows, two at the least, as on a slide's cards;
    none where they do not, or what they form is no slide: columns' sections may begin at one height too."""
    heads = [
        sorted((i for i in column if kinds[i] is Category.SECTION_HEADER), key=lambda i: boxes[i][1])
        for column in columns
    ]
    count, extent = len(heads[0]), union(boxes)
    if len(columns) < 2 or count < 2 or any(len(column) != count for column in heads):
        return []
    if width(extent) < height(extent):
        return []
    tops = [min(boxes[column[row]][1] for column in heads) for row in range(count)]
    lined = all(
        boxes[column[row]][1] - tops[row] <= LINED * height(boxes[column[row]])
        for column in heads
        for row in range(count)
    )
    row_of = [sum(box[1] >= top for top in tops) for box in boxes]
    parts = [[i for i, row in enumerate(row_of) if row == n] for n in range(count + 1)]
    apart = [0.0] + [APART * height(boxes[heads[0][row]]) for row in range(1, count)]
    whole = all(
        boxes[i][3] + blank <= top
        for n, (top, blank) in enumerate(zip(tops, apart, strict=True))
        for part in parts[: n + 1]
        for i in part
    )
    return [part for part in parts if part] if lined and whole else []


def _grid(boxes: Sequence[Box], kinds: Sequence[Category], columns: list[list[int]]) -> list[list[int]]:
    """The rows of columns, three at the least, of short texts side by side: authors below a title."""
    if len(columns) < GRID or any(kind is not Category.TEXT for kind in kinds):
        return []
    rows = [sorted(row, key=lambda i: boxes[i][0]) for row in split([(box[1], box[3]) for box in boxes])]
    whole = all(len(row) == len(columns) for row in rows[:-1]) and len(rows[-1]) <= len(columns)
    level = all(
        max(boxes[i][1] for i in row) - min(boxes[i][1] for i in row)
        <= LINED * min(height(boxes[i]) for i in row)
        for row in rows
    )
    extent = union(boxes)
    return rows if len(rows) > 1 and whole and level and width(extent) >= FLAT * height(extent) else []


def _has_sections(column: Sequence[int], kinds: Sequence[Category]) -> bool:
    """Whether a column has headings and what stands below them: then it is read by itself."""
    return any(kinds[i] in HEADS for i in column) and any(kinds[i] not in (*HEADS, *FLOATING) for i in column)


def _entitled(kinds: Sequence[Category], columns: list[list[int]]) -> list[list[int]]:
    """``columns``, the one with the title first: a bar beside it, as in a curriculum vitae, comes after."""
    return sorted(columns, key=lambda column: all(kinds[i] is not Category.TITLE for i in column))


def _text_first(boxes: Sequence[Box], kinds: Sequence[Category], columns: list[list[int]]) -> list[list[int]]:
    """``columns``, one of figures only after the next one where that has text and starts above it."""
    ordered = list(columns)
    for i in range(len(ordered) - 1):
        this, after = ordered[i], ordered[i + 1]
        tops = [min(boxes[j][1] for j in column) for column in (this, after)]
        higher = tops[0] - tops[1] > LOWER * height(union(boxes[j] for j in after))
        figures, others = (all(kinds[j] in FLOATING for j in column) for column in (this, after))
        if figures and not others and higher:
            ordered[i], ordered[i + 1] = after, this
    return ordered


def _one_row(a: Box, b: Box) -> bool:
    """Whether two boxes are alike in height and stand in one row, as a reference and a date do."""
    return same_rows(a, b) > 0.6 and max(height(a), height(b)) <= 1.5 * min(height(a), height(b))


def _beside(boxes: Sequence[Box], kinds: Sequence[Category], body: list[int], notes: list[int]) -> list[int]:
    """The body's order, each note after the block that it stands beside, or before the one that it heads."""
    ordered = _take(body, boxes, kinds)
    for note in reversed(_take(notes, boxes, kinds)):
        middle = (boxes[note][1] + boxes[note][3]) / 2
        above = [place for place, i in enumerate(ordered) if i not in notes and boxes[i][1] <= middle]
        place = max(above, default=-1)
        mate = boxes[ordered[place]] if above else boxes[note]
        level = abs(boxes[note][1] - mate[1])
        heads = level < height(boxes[note]) * (1.0 if kinds[note] in HEADS else LABELLED)
        leads = above and boxes[note][2] <= mate[0] and (heads or _one_row(boxes[note], mate))
        ordered.insert(place if leads else place + 1, note)
    return ordered


def _captions_to_floats(order: list[int], boxes: Sequence[Box], categories: Sequence[Category]) -> list[int]:
    """``order`` with every caption directly before or after the figure or table that it belongs to."""
    parents = caption_parents([boxes[i] for i in order], [categories[i] for i in order])
    moved = list(order)
    for child, parent in sorted(parents.items()):
        caption, owner = order[child], order[parent]
        first, last = sorted((moved.index(caption), moved.index(owner)))
        between = moved[first + 1 : last]
        if all(categories[i] == Category.CAPTION or i in (caption, owner) for i in between):
            continue
        moved.remove(caption)
        below = boxes[caption][1] + boxes[caption][3] >= boxes[owner][1] + boxes[owner][3]
        moved.insert(moved.index(owner) + below, caption)
    return moved
