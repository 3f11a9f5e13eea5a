"""Text folded for matching: what two readers may write differently for the same ink becomes equal.

Only for comparing; the text itself is never changed. Every folded character knows where it came from.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_QUOTES = dict.fromkeys("`´‘’‚‛′ʹʼ＇", "'") | dict.fromkeys("“”„‟″«»〝〞", '"')
_DASHES = dict.fromkeys("‐‑‒–—―−﹣－─", "-")
_NOTHING = dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", "")
_FOLDS = _QUOTES | _DASHES | _NOTHING

_MARKS = "\u0300-\u036f\u3099\u309a"
# Runs that fold to themselves, runs of white space, and single characters with their combining marks.
_PIECES = re.compile(
    rf"(?P<plain>(?:[!-_a-~\u4e00-\u9fff](?![{_MARKS}]))+)|(?P<space>\s+)|(?P<other>.[{_MARKS}]*)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Folded:
    """``text`` is folded; ``starts[i]`` is where its character i begins in the original.

    ``starts`` has one entry more than ``text``: the original's length.
    """

    text: str
    starts: list[int]


@lru_cache(maxsize=4096)
def _fold_cluster(cluster: str) -> str:
    if cluster in _FOLDS:
        return _FOLDS[cluster]
    # Compatibility forms of spacing accents fold to a space and a mark: no use for matching.
    folded = unicodedata.normalize("NFKC", cluster).strip() or cluster
    return "".join(_FOLDS.get(char, char) for char in folded)


def fold(text: str) -> Folded:
    """``text`` in NFKC, with plain quotes and dashes, no ligatures, and one space for any white space."""
    parts: list[str] = []
    starts: list[int] = []
    for match in _PIECES.finditer(text):
        begin = match.start()
        if match.lastgroup == "plain":
            parts.append(match[0])
            starts.extend(range(begin, match.end()))
        elif match.lastgroup == "space":
            parts.append(" ")
            starts.append(begin)
        else:
            folded = _fold_cluster(match[0])
            parts.append(folded)
            starts.extend([begin] * len(folded))
    starts.append(len(text))
    return Folded("".join(parts), starts)
