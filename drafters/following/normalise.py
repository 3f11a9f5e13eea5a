"""Text folded for matching: what two readers may write differently for the same ink becomes equal.

Only for comparing; the text itself is never changed. Every folded character knows where it came from.
White space is left out: it is what readers disagree on most (lost spaces, line breaks), and says least.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from docspec.drafters.characters import bare

_QUOTES = dict.fromkeys("`´‘’‚‛′ʹʼ＇", "'") | dict.fromkeys("“”„‟″«»〝〞", '"')
_DASHES = dict.fromkeys("‐‑‒–—―−﹣－─", "-")
_NOTHING = dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", "")
_FOLDS = _QUOTES | _DASHES | _NOTHING

_MARKS = "\u0300-\u036f\u3099\u309a"
# Runs that fold to themselves, and single characters with their combining marks; white space is skipped.
_PIECES = re.compile(rf"(?P<plain>(?:[!-_a-~\u4e00-\u9fff](?![{_MARKS}]))+)|\S[{_MARKS}]*")


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
    for match in _PIECES.finditer(text):
        end = match.end()
        if match.lastgroup == "plain":
            parts.append(match[0])
            ends.extend(range(match.start() + 1, end + 1))
        else:
            folded = _fold_cluster(match[0])
            parts.append(folded)
            ends.extend([end] * len(folded))
    return Folded("".join(parts), ends)
