"""Which predicted blocks stand for which annotated ones: ``quick_match`` of OmniDocBench's toolkit. Pure.

Paragraphs may be broken elsewhere than in the annotation. So neighbours among the predicted blocks are taken
as one where that fits an annotated block better, and annotated blocks that stand inside a predicted one are
taken as one with what that block is paired with.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from scipy.optimize import linear_sum_assignment

from docspec.bench.metrics import distance

# The toolkit's own (release 1.5).
CLOSE = 0.25  # a pair that is nearer than this needs no merging
FAR = 0.7  # a pair further apart is none
INSIDE = 0.4  # of its length: an annotated block stands inside a predicted one
PART = 0.6  # of its length: a predicted block may be a part of an annotated one

Pair = tuple[tuple[int, ...], tuple[int, ...]]  # numbers of annotated and of predicted blocks
Run = tuple[float, range]  # predicted neighbours taken as one, and their distance from an annotated block


def pair_blocks(truths: Sequence[str], found: Sequence[str]) -> list[Pair]:
    """Every annotated block in one pair; a pair whose second part is empty has nothing.

    Predicted blocks in no pair are left over; one may be in two (alone, and with its neighbours).
    """
    groups = _grouped(truths, found)
    paired = {
        groups[column]: [row]
        for row, column, cost in _assigned(truths, [_joined(found, group) for group in groups])
        if cost <= FAR
    }
    given = {truth for truths_of in paired.values() for truth in truths_of}
    missing = [truth for truth in range(len(truths)) if truth not in given]
    for number, text in enumerate(found):
        inside = [truth for truth in missing if within(truths[truth], text, INSIDE) < INSIDE]
        if inside:
            paired.setdefault((number,), []).extend(truth for truth in inside if truth not in given)
            given.update(inside)
    used = {number for group in paired for number in group}
    left = [number for number in range(len(found)) if number not in used]
    missing = [truth for truth in missing if truth not in given]
    for row, column, _ in _assigned([truths[n] for n in missing], [found[n] for n in left]):
        paired[(left[column],)] = [missing[row]]
        given.add(missing[row])
    pairs: list[Pair] = [(tuple(sorted(of)), group) for group, of in paired.items() if of]
    return pairs + [((truth,), ()) for truth in missing if truth not in given]


def distances(truths: Sequence[str], found: Sequence[str]) -> npt.NDArray[np.float64]:
    """Normalised edit distances, a row for each annotated block."""
    rows = [[distance(text, truth) for text in found] for truth in truths]
    return np.array(rows, dtype=np.float64).reshape(len(truths), len(found))


def have_close(truths: Sequence[str], found: Sequence[str]) -> tuple[list[bool], list[bool]]:
    """Which annotated blocks, and which predicted ones, have one nearer than ``CLOSE`` on the other side."""
    near = np.argwhere(distances(truths, found) < CLOSE)
    rows, columns = set(near[:, 0].tolist()), set(near[:, 1].tolist())
    return [n in rows for n in range(len(truths))], [n in columns for n in range(len(found))]


def _assigned(truths: Sequence[str], found: Sequence[str]) -> Iterator[tuple[int, int, float]]:
    """The one-to-one pairs whose distances sum up to the least, with their distances."""
    costs = distances(truths, found)
    for row, column in zip(*linear_sum_assignment(costs), strict=True):
        yield int(row), int(column), float(costs[row, column])


def _joined(found: Sequence[str], group: Sequence[int]) -> str:
    return " ".join(found[number] for number in group)


def _grouped(truths: Sequence[str], found: Sequence[str]) -> list[tuple[int, ...]]:
    """The predicted blocks in order, neighbours as one where they are one annotated block."""
    has_close, settled = have_close(truths, found)
    starts = [number for number, taken in enumerate(settled) if not taken]
    alone = [truth for truth, has in zip(truths, has_close, strict=True) if not has]
    ways = ([_run(truth, found, start, settled) for start in starts] for truth in alone)
    runs = [min(options, key=lambda run: run[0]) for options in ways if options]
    merged = {run.start: run for run in _chosen(runs)}
    inside = {number for run in merged.values() for number in run[1:]}
    numbers = (number for number in range(len(found)) if number not in inside)
    return [tuple(merged.get(number, (number,))) for number in numbers]


def _run(truth: str, found: Sequence[str], start: int, settled: Sequence[bool]) -> Run:
    """As many blocks from ``start`` on as each make the whole more like ``truth``."""
    end = start + 1
    while end < len(found) and not settled[end] and _adds(truth, found[start : end + 1]):
        end += 1
        if len(" ".join(found[start:end])) > len(truth):
            break
    return distance(" ".join(found[start:end]), truth), range(start, end)


def _adds(truth: str, parts: Sequence[str]) -> bool:
    """Whether the last of ``parts`` belongs to ``truth`` together with the others."""
    *others, last = parts
    if distance(" ".join(parts), truth) > distance(" ".join(others), truth):
        return False
    return all(within(part, truth, PART) <= PART for part in others) and within(last, truth, PART) < PART


def within(part: str, whole: str, limit: float) -> float:
    """Least edits that make ``part`` of as long a piece of ``whole``, by its length.

    More than ``limit`` where they are more, infinite where ``part`` is longer. One step along ``whole``
    changes the edits by two at the most, so pieces that cannot be the nearest are passed over.
    """
    if not part or len(part) > len(whole):
        return math.inf
    best = int(limit * len(part)) + 1
    start = 0
    while start <= len(whole) - len(part):
        edits = Levenshtein.distance(part, whole[start : start + len(part)])
        best = min(best, edits)
        start += (edits - best) // 2 + 1
    return best / len(part)


def _chosen(runs: Sequence[Run]) -> list[range]:
    """Runs that do not overlap: of each cluster of overlapping ones, the way with the least mean distance."""
    chosen: list[range] = []
    ordered = sorted(runs, key=lambda run: run[1].start)
    ends = [max(run.stop for _, run in ordered[: n + 1]) for n in range(len(ordered))]
    cuts = [n for n in range(1, len(ordered)) if ordered[n][1].start >= ends[n - 1]]
    for first, last in pairwise([0, *cuts, len(ordered)]):
        ways: list[list[Run]] = []
        for run in ordered[first:last]:
            if not [way for way in ways if _joins(way, run)]:
                ways.append([run])
        best = min(ways, key=lambda way: sum(cost for cost, _ in way) / len(way), default=[])
        chosen += [run for _, run in best]
    return chosen


def _joins(way: list[Run], run: Run) -> bool:
    """Put ``run`` into ``way`` where there is room, or for a dearer twin of it; whether it has its place."""
    twins = [number for number, (_, other) in enumerate(way) if other == run[1]]
    if twins:
        way[twins[0]] = min(way[twins[0]], run, key=lambda one: one[0])
        return True
    free = all(other.stop <= run[1].start or run[1].stop <= other.start for _, other in way)
    if free:
        way.append(run)
    return free
