"""What the verifier changed in a draft, for people to read."""

from __future__ import annotations

import re

from rapidfuzz.distance import Levenshtein

from docspec.types import Correction

_WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|\w+(?:['’.,-]\w+)*|\s+|.", re.DOTALL)


def corrections(draft: str, text: str) -> tuple[Correction, ...]:
    """The places where ``text`` differs from ``draft``, whole words at a time, in order.

    ``Correction.start`` and ``end`` are characters of ``text``; an empty span is something left out.
    Differences in white space alone are not corrections.
    """
    ours, theirs = _WORDS.findall(draft), _WORDS.findall(text)
    starts = [0]
    for word in theirs:
        starts.append(starts[-1] + len(word))
    found: list[Correction] = []
    for change in Levenshtein.opcodes(ours, theirs):
        if change.tag == "equal":
            continue
        old = "".join(ours[change.src_start : change.src_end])
        start, end = starts[change.dest_start], starts[change.dest_end]
        last = found[-1] if found else None
        if last is not None and not text[last.end : start].strip() and last.end > last.start and end > start:
            between = text[last.end : start]
            found[-1] = Correction(last.start, end, last.draft + between + old)
        else:
            found.append(Correction(start, end, old))
    return tuple(one for one in found if one.draft.split() != text[one.start : one.end].split())


def agreement(draft: str, text: str) -> float:
    """How alike the two are: 1 for equal, 0 for nothing in common (normalised Levenshtein similarity)."""
    return float(Levenshtein.normalized_similarity(draft, text))
