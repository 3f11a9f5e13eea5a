"""Text folded for matching: what two readers may write differently for the same ink becomes equal.

Only for comparing; the text itself is never changed. Every folded character knows where it came from.
White space is left out: it is what readers disagree on most (lost spaces, line breaks), and says least.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from docspec.drafters.characters import bare

_QUOTES = dict.fromkeys("`´‘’‚‛′ʹʼ＇", "'") | dict.fromkeys("“”„‟″«»〝〞", '"')
_DASHES = dict.fromkeys("‐‑‒–—―−﹣－─", "-")
_NOTHING = dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", "")
_FOLDS = _QUOTES | _DASHES | _NOTHING

_MARKS = "\u0300-\u036f\u3099\u309a"
# Characters that do not just fold to themselves, with their combining marks.
_SPECIAL = re.compile(rf"[^\s!-_a-~\u4e00-\u9fff][{_MARKS}]*|\S[{_MARKS}]+")
_SHORT = 64
DENSE = "\u2e80"  # from here on a character says about three times as much as a letter


@dataclass(frozen=True, slots=True)
class Folded:
    """``text`` is folded; ``ends[i]`` is where, in the original, what became its character i ends."""

    text: str
    ends: list[int]


@lru_cache(maxsize=4096)
def _fold_cluster(cluster: str) -> str:
    if cluster in _FOLDS:
        return _FOLDS[cluster]
    # Compatibility forms of spacing accents fold to a space and a mark: no use for matching.
    folded = bare(cluster)
    return "".join(_FOLDS.get(char, char) for char in folded or cluster)


def fold(text: str) -> Folded:
    """``text`` in NFKC, with plain quotes and dashes, without ligatures and without white space."""
    parts: list[str] = []
    ends: list[int] = []
    reached = 0
    for match in _SPECIAL.finditer(text):
        _plain(text, reached, match.start(), parts, ends)
        folded = _fold_cluster(match[0])
        parts.append(folded)
        reached = match.end()
        ends += [reached] * len(folded)
    _plain(text, reached, len(text), parts, ends)
    return Folded("".join(parts), ends)


def folded(text: str) -> str:
    """``fold(text).text``, where nobody asks where its characters came from."""
    if _SPECIAL.search(text):
        return fold(text).text
    return "".join(text.split())


def _plain(text: str, start: int, end: int, parts: list[str], ends: list[int]) -> None:
    """Add what stands between two characters of ``text`` and only has white space to lose."""
    if start == end:
        return
    parts.append("".join(text[start:end].split()))
    if end - start < _SHORT:
        ends += [
            at for at, char in enumerate(text[start:end], start + 1) if char > " " and not char.isspace()
        ]
        return
    codes = np.frombuffer(text[start:end].encode("utf-32-le"), dtype="<u4")
    # only white space is neither above the space and below DEL nor Chinese
    written = ((codes > ord(" ")) & (codes < 0x7F)) | (codes >= 0x4E00)
    ends += (np.flatnonzero(written) + (start + 1)).tolist()
