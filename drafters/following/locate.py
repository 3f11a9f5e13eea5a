"""Where in a draft the output has got to: approximate search for the output's last characters.

Mostly the output has a few other characters since the two have parted: then a few comparisons beside the
expected place do. Where they do not convince, further places are compared: what stands about there, where the
tail's last characters stand, and where most of its runs of characters do, of which an index knows all.

The distance is Levenshtein's, of the tail's last characters and as many of the draft; several lengths are
compared, so that what was written before something else does not count against a place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

from docspec.drafters.following.draft_index import DOUBLING, DraftIndex, Query, doublings
from docspec.drafters.following.written import TAIL

_SHORT = 8  # the tail's last characters that are compared at least,
_LENGTHS = (16, TAIL)  # and at most
_MOVED = (0, 3, -3)  # characters that the draft may have more, or fewer, in a longer one
_ERROR = 1.25  # what one edit costs, in matching characters
_ENDING = 4  # the last characters count once more: they are the ones after the disagreement
_ENDING_WEIGHT = 1.0
_ENDINGS = (_ENDING, _ENDING - 1, _ENDING + 1)  # lengths of what may stand for them
_JUMP = 4.0  # what a jump forward costs, besides its length
_AHEAD = 40  # folded characters after the expected place in which the tail may end
_LATER = 384  # how far a jump goes
_CONVINCING = 0.9  # share of the tail that a place beside the expected one must score to end the search
_LONGEST_REPLACED = 12  # folded characters, before which at least and at most so many are compared:
_SAME = (4, 16)
_WORD = 2 * _LONGEST_REPLACED  # folded characters that signs may seem to stand for
_MARKUP = 2.0  # what it costs that the output has nothing but signs where the draft has letters
_BESIDE = 6  # characters that may have been lost or added beside the expected place
_PROMISING = 6  # ends of which more than the last few characters is compared
_LAST = 2  # characters that end at further places
ENOUGH = 5.0  # a score below this may be chance
CLOSE = 3.0  # places that score so much less than the best may still be right


class Place(NamedTuple):
    """An end of the tail: ``at`` counts characters of the draft, the higher ``score`` the better."""

    at: int
    score: float


def locate(index: DraftIndex, query: Query, parted: int, count: int = 1) -> list[Place]:
    """The ``count`` best ends of the tail in the draft, best first, where the output parted from it at the
    folded position ``parted``; none that is not CLOSE to the best.

    Scores are in characters: what matches at the tail's end, over the length where that is most, less the
    edits and a little for the displacement. The expected place is where the output replaced as many draft
    characters as it wrote, so that ties go to substitution. A jump forward from ``parted`` is a single
    event, however many lines it leaves out, so what matched before it still counts.
    """
    expected = min(parted + query.written, len(index.text))
    places = _best(index, _replaced(index, query, parted, expected, count), count)
    if places and places[0].score >= _CONVINCING * len(query.tail):
        return places
    if query.exact and query.tail[len(query.tail) - query.exact :] not in index.text:
        return []
    return _best(index, _scored(index, query, parted, expected, _ends(index, query, expected)), count)


def _best(index: DraftIndex, scored: Iterable[tuple[float, int]], count: int) -> list[Place]:
    """Of scores of folded ends, the best as places; of equal ones the first end."""
    ordered = sorted(scored, key=lambda one: (-one[0], one[1]))
    places: dict[int, Place] = {}
    for score, end in ordered:
        if len(places) == count or score <= ordered[0][0] - CLOSE:
            break
        at = index.character(end)
        places.setdefault(at, Place(at, score))
    return list(places.values())


def _replaced(
    index: DraftIndex, query: Query, parted: int, expected: int, count: int
) -> Iterator[tuple[float, int]]:
    """Scores of ends next to ``expected`` where the output, all the same as the draft before ``parted``, has
    a few characters since: what it mostly is, for a fraction of a search. Not of those that are too far off
    to be the best, or CLOSE to it where more than one counts."""
    tail, text, written = query.tail, index.text, query.written
    same = min(_SAME[1], len(tail) - written, parted)
    if not 0 <= written <= _LONGEST_REPLACED or same < _SAME[0]:
        return
    start = parted - same
    new, ending = tail[len(tail) - written - same :], tail[len(tail) - query.exact :]
    lettered = _lettered(index, query, parted)
    enough = -CLOSE if count > 1 else 0.0
    best, most = -100.0, len(tail) + _ENDING_WEIGHT * _ENDING
    for moved in range(_BESIDE + 1):
        if most - _ERROR * moved <= best + enough:  # as many edits at least
            break
        for end in (expected + moved, expected - moved) if moved else (expected,):
            if not parted <= end <= len(text) or (query.exact and not text.endswith(ending, 0, end)):
                continue
            edits = Levenshtein.distance(new, text[start:end])
            score = len(tail) - _ERROR * edits - DOUBLING * doublings(moved) + _ending_score(tail, text, end)
            if end > lettered:
                score -= _MARKUP
            best = max(best, score)
            yield score, end


def _ending_score(tail: str, text: str, end: int) -> float:
    """What the tail's last characters add to the score of an end."""
    last, distance = tail[-_ENDING:], Levenshtein.distance
    if text.endswith(last, 0, end):
        return _ENDING_WEIGHT * _ENDING
    edits = min([distance(last, text[max(0, end - size) : end]) for size in _ENDINGS])
    return _ENDING_WEIGHT * (_ENDING - edits)


def _ends(index: DraftIndex, query: Query, expected: int) -> set[int]:
    """Folded positions where the tail may end."""
    text, last = index.text, query.tail[-_LAST:]
    ends = set(range(max(0, expected - _BESIDE), min(len(text), expected + _BESIDE) + 1))
    at, most = max(0, expected - _AHEAD), expected + _AHEAD
    while (at := text.find(last, at, most)) >= 0:
        at += 1
        ends.add(at + len(last) - 1)
    for spot in index.spots(query, expected):
        ends.update(range(max(0, spot - 1), min(len(text), spot + 1) + 1))
    return ends


def _scored(
    index: DraftIndex, query: Query, parted: int, expected: int, ends: Iterable[int]
) -> Iterator[tuple[float, int]]:
    """Scores of the most promising of the tail's ``ends`` that have what must agree exactly."""
    tail, text, written, distance = query.tail, index.text, query.written, Levenshtein.distance
    short, ending = tail[-_SHORT:], tail[len(tail) - query.exact :]
    size, lettered = len(short), _lettered(index, query, parted)
    first = []
    for end in ends:
        if query.exact and not text.endswith(ending, 0, end):
            continue
        fits = size - _ERROR * distance(short, text[max(0, end - size) : end])
        apart = -DOUBLING * doublings(end - expected)
        if lettered < end < parted + _WORD:
            apart -= _MARKUP
        first.append((fits + apart, fits, end))
    first = _promising(tail, text, first)
    longer = [(tail[-length:], length) for length in _LENGTHS if length <= len(tail)]
    new = tail[len(tail) - written :] if 0 < written < len(tail) else ""
    for score, fits, end in first:
        fit = fits
        for part, length in longer:
            start = end - length
            edits = min([distance(part, text[max(0, start - moved) : end]) for moved in _MOVED])
            fit = max(fit, length - _ERROR * edits)
        if new and parted <= end < parted + _LATER:
            edits = distance(new, text[max(0, end - written) : end])
            fit = max(fit, len(tail) - _JUMP - _ERROR * edits)
        yield score - fits + fit, end


def _promising(tail: str, text: str, ends: list[tuple[float, float, int]]) -> list[tuple[float, float, int]]:
    """The best of ``ends``, which come with their score but for the tail's last characters (and another
    number), with the whole score; those that cannot be among them are not compared further."""
    ends.sort(reverse=True)
    best: list[tuple[float, float, int]] = []
    for score, fits, end in ends:
        if len(best) == _PROMISING and score + _ENDING_WEIGHT * _ENDING < best[-1][0]:
            break
        best.append((score + _ending_score(tail, text, end), fits, end))
        best.sort(reverse=True)
        del best[_PROMISING:]
    return best


def _lettered(index: DraftIndex, query: Query, parted: int) -> int:
    """The folded position after which a place leaves out letters of the draft for which the output has only
    signs: it is markup more often, beside which the letters come after all. The text's end where there is
    none."""
    new = query.tail[len(query.tail) - query.written :]
    if not 0 < query.written <= _LONGEST_REPLACED or any(map(str.isalnum, new)):
        return len(index.text)
    coming = index.text[parted : parted + _WORD]
    return parted + next((i for i, char in enumerate(coming) if char.isalnum()), len(coming))
