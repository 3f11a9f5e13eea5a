"""Where in a draft the output has got to: approximate search for the output's last characters.

The distance is Levenshtein's with a free start in the draft, for an occurrence ending at every draft
character at once, by the bit-parallel recurrence of Myers (J. ACM 46, 1999) in the form of Hyyrö (2003). The
roles are the other way round than usual: the draft lies along the bits of Python's big integers and the short
tail is stepped through; endings of the tail of several lengths lie side by side in one integer, each joining
when its first character comes, so that a search costs one walk along the tail.

Mostly the output has a few other characters since the two have parted: then a few comparisons beside the
expected place do. Where they do not convince, its surroundings are searched, and the places where the draft
has some run of the tail's characters, of which an index knows all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from docspec.drafters.following.draft_index import (
    DOUBLING,
    NEAR,
    NEAREST,
    SLACK,
    DraftIndex,
    Query,
    doublings,
)
from docspec.drafters.following.written import TAIL

_LENGTHS = (8, 16, TAIL)
_ERROR = 1.5  # what one edit costs, in matching characters
_ENDING = 4  # the last characters count once more: they are the ones after the disagreement
_ENDING_WEIGHT = 0.75
_ENDINGS = (_ENDING, _ENDING - 1, _ENDING + 1)  # lengths of what may stand for them
_JUMP = 4.0  # what a jump forward costs, besides its length
_AHEAD = 40  # folded characters after the expected place in which the tail may end
_LATER = 384  # how far a jump goes
_CONVINCING = 0.8  # share of the tail that a place beside the expected one must score to end the search
_LONGEST_REPLACED = 12  # folded characters, before which at least and at most so many are compared:
_SAME = (4, 16)
_WORD = 2 * _LONGEST_REPLACED  # folded characters that signs may seem to stand for
_MARKUP = 2.0  # what it costs that the output has nothing but signs where the draft has letters
_BESIDE = 4  # characters that may have been lost or added there
_SPAN = 48  # folded characters looked through at each place, SLACK of them after it
ENOUGH = 5.0  # a score below this may be chance
CLOSE = 3.0  # places that score so much less than the best may still be right


@dataclass(frozen=True, slots=True)
class Place:
    """An end of the tail: ``at`` counts characters of the draft, the higher ``score`` the better."""

    at: int
    score: float


def distances(
    masks: dict[str, int], tail: str, lengths: Sequence[int], size: int, texts: int = 1
) -> NDArray[np.int32]:
    """Edit distance of endings of ``tail``, of so many characters, to the nearest piece of text that ends at
    each position.

    ``masks`` gives for each of the tail's characters its places in ``texts`` texts of ``size`` characters:
    character i of text t at bit ``t * (size + 1) + i + 1``. Returns ``[lengths, texts, size + 1]``: column i
    is for pieces that end before text character i.
    """
    width = size + 1  # each text has a bit below it, into which carries and shifts of the text before may go
    block = texts * width
    lowest = sum(2 << (text * width) for text in range(texts))
    lane = lowest * ((1 << size) - 1)
    everywhere = sum(1 << (i * block) for i in range(len(lengths)))
    spread = {char: mask * everywhere for char, mask in masks.items()}
    joining = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    full = first = rises = falls = 0
    for number, i in enumerate(joining):
        full |= lane << (i * block)
        first |= lowest << (i * block)
        following = lengths[joining[number + 1]] if number + 1 < len(joining) else 0
        for char in tail[len(tail) - lengths[i] : len(tail) - following]:
            equal = spread[char] & full
            down = ((((equal & rises) + rises) ^ rises) | equal | falls) & full
            grows = ((falls | (full ^ (down | rises))) << 1) | first
            rises = (((rises & down) << 1) | (full ^ (full & (down | grows)))) & full
            falls = grows & down
    count = (len(lengths) * block + 7) // 8
    raw = np.frombuffer(rises.to_bytes(count, "little") + falls.to_bytes(count, "little"), dtype=np.uint8)
    bits = np.unpackbits(raw.reshape(2, count), axis=1, count=len(lengths) * block, bitorder="little")
    changes = (bits[0].view(np.int8) - bits[1].view(np.int8)).reshape(len(lengths), texts, width)
    result = np.cumsum(changes, axis=2, dtype=np.int32)
    result += np.array(lengths, dtype=np.int32)[:, None, None]
    return result


def locate(index: DraftIndex, query: Query, parted: int, count: int = 1) -> list[Place]:
    """The ``count`` best ends of the tail in the draft, best first, where the output parted from it at the
    folded position ``parted``; none that is not CLOSE to the best.

    Scores are in characters: what matches at the tail's end, over the length where that is most, less the
    edits and a little for the displacement. The expected place is where the output replaced as many draft
    characters as it wrote, so that ties go to substitution. A jump forward from ``parted`` is a single
    event, however many lines it leaves out, so what matched before it still counts.
    """
    size = len(index.text)
    expected = min(parted + query.written, size)
    ending = query.tail[len(query.tail) - query.exact :]
    places = _replaced(index, query, parted, expected, count)
    if places and places[0].score >= _CONVINCING * len(query.tail):
        return places
    if ending and ending not in index.text:
        return []
    length = min(size, _SPAN)
    starts = [expected + SLACK - _SPAN, expected + _AHEAD - _SPAN]
    starts += [spot + SLACK - _SPAN for spot in index.spots(query, expected)]
    starts = list(dict.fromkeys(min(max(0, start), size - length) for start in starts))
    return _best(index, query, parted, expected, starts, length, count)


def _replaced(index: DraftIndex, query: Query, parted: int, expected: int, count: int) -> list[Place]:
    """The best ends next to ``expected`` where the output, all the same as the draft before ``parted``, has a
    few characters since: what it mostly is, for a fraction of a search."""
    tail, written = query.tail, query.written
    same = min(_SAME[1], len(tail) - written, parted)
    if not 0 < written <= _LONGEST_REPLACED or same < _SAME[0]:
        return []
    new = tail[len(tail) - written - same :]
    text, start = index.text, parted - same
    last, ending = tail[-_ENDING:], tail[len(tail) - query.exact :]
    lettered = _lettered(index, query, parted)
    places = []
    for end in range(max(parted, expected - _BESIDE), min(len(text), expected + _BESIDE) + 1):
        if query.exact and not text.endswith(ending, 0, end):
            continue
        edits = Levenshtein.distance(new, text[start:end])
        score = len(tail) - _ERROR * edits - DOUBLING * NEAR[NEAREST + end - expected]
        ending_edits = min(Levenshtein.distance(last, text[end - size : end]) for size in _ENDINGS)
        score += _ENDING_WEIGHT * (_ENDING - ending_edits)
        if end > lettered:
            score -= _MARKUP
        places.append((score, -end))
    places.sort(reverse=True)
    return [
        Place(index.character(-end), float(score))
        for score, end in places[:count]
        if score > places[0][0] - CLOSE
    ]


def _lettered(index: DraftIndex, query: Query, parted: int) -> int:
    """The folded position after which a place leaves out letters of the draft for which the output has only
    signs: it is markup more often, beside which the letters come after all. The text's end where there is
    none."""
    new = query.tail[len(query.tail) - query.written :]
    if not 0 < query.written <= _LONGEST_REPLACED or any(map(str.isalnum, new)):
        return len(index.text)
    coming = index.text[parted : parted + _WORD]
    return parted + next((i for i, char in enumerate(coming) if char.isalnum()), len(coming))


def _best(
    index: DraftIndex,
    query: Query,
    parted: int,
    expected: int,
    starts: Sequence[int],
    size: int,
    count: int,
) -> list[Place]:
    """The ``count`` best ends within the ``size`` folded characters from each of ``starts`` on."""
    tail, written, width = query.tail, query.written, size + 1
    lane = (1 << size) - 1
    masks = {}
    for char in set(tail):
        mask, own = 0, index.mask(char)
        for text, start in enumerate(starts):
            mask |= ((own >> start) & lane) << (text * width + 1)
        masks[char] = mask
    lengths = [length for length in _LENGTHS if length < len(tail)] + [len(tail)]
    jumping = 0 < written < len(tail)
    looked_for = [_ENDING, *lengths, *([written] if jumping else [])]
    edits = distances(masks, tail, [min(length, len(tail)) for length in looked_for], size, len(starts))
    fits = _ERROR * edits[1 : 1 + len(lengths)]
    np.subtract(np.array(lengths, dtype=np.float64)[:, None, None], fits, out=fits)
    scores = fits.max(axis=0)  # [starts, size + 1]
    if jumping:
        jumped = len(tail) - _JUMP - _ERROR * edits[-1]
        for text, start in enumerate(starts):
            onward = slice(min(max(0, parted - start), width), max(0, min(parted + _LATER - start, width)))
            np.maximum(scores[text, onward], jumped[text, onward], out=scores[text, onward])
    scores += _ENDING_WEIGHT * (_ENDING - edits[0])
    for text, start in enumerate(starts):
        scores[text] -= DOUBLING * _doublings_from(start - expected, width)
    lettered = _lettered(index, query, parted)
    for text, start in enumerate(starts):
        scores[text, max(0, lettered + 1 - start) : max(0, parted + _WORD - start)] -= _MARKUP
    if query.exact:
        scores[~_exact_ends(masks, tail[len(tail) - query.exact :], size, len(starts))] = -np.inf
    places: dict[int, Place] = {}
    flat, least = scores.reshape(-1), -np.inf
    while len(places) < count:
        best = int(flat.argmax())
        score = float(flat[best])
        if score <= least:
            break
        if not places:
            least = score - CLOSE
        text, end = divmod(best, width)
        at = index.character(starts[text] + end)
        places.setdefault(at, Place(at, score))
        flat[best] = -np.inf
    return list(places.values())


def _doublings_from(first: int, count: int) -> NDArray[np.float64]:
    """``doublings`` of ``count`` displacements from ``first`` on."""
    start = first + NEAREST
    if 0 <= start <= 2 * NEAREST + 1 - count:
        return NEAR[start : start + count]
    return doublings(np.arange(first, first + count))


def _exact_ends(masks: dict[str, int], ending: str, size: int, texts: int) -> NDArray[np.bool_]:
    """Which positions ([texts, size + 1]) ``ending`` stands before."""
    width = size + 1
    found = (1 << (texts * width)) - 1
    for back, char in enumerate(reversed(ending)):
        found &= masks[char] << back
    raw = np.frombuffer(found.to_bytes((texts * width + 7) // 8, "little"), dtype=np.uint8)
    return np.unpackbits(raw, count=texts * width, bitorder="little").reshape(texts, width).view(np.bool_)
