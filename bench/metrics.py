"""Distances between what was read and what is annotated. Pure.

The definitions are OmniDocBench's (arXiv 2412.07626), written anew. Edit distances are Levenshtein's over the
longer length: 0 is equal, 1 has nothing in common. The official toolkit also scores formulas by rendering
them (CDM), which needs TeX: there is no CDM here, so take a formula's figure from there for a comparison.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

_NOT_WORDS = re.compile(r"[^\w\u4e00-\u9fff]")
_STYLES = (  # how a formula looks, not what it says
    "mathbf", "mathrm", "mathnormal", "mathit", "mathbb", "mathcal", "mathscr", "mathfrak", "mathsf",
    "mathtt", "textbf", "text", "boldmath", "boldsymbol", "operatorname", "bm", "symbf", "mathbin", "mathop",
    "displaystyle", "textstyle", "left", "right", "quad", "qquad", "begin", "end", "limits", "nolimits",
)  # fmt: skip
_STYLE = re.compile(rf"\\(?:{'|'.join(_STYLES)})(?![A-Za-z])")
_TAG = re.compile(r"\\tag\*?\s*\{[^{}]*\}")
_SPACE = re.compile(r"\\hspace\*?\s*\{[^{}]*\}|\\[,;:!> ]|[\s~{}&]|\\\\")
_DELIMITERS = (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("$", "$"))


def bare_text(text: str) -> str:
    """Letters, digits and underscores alone: marks, white space and markup do not count."""
    return _NOT_WORDS.sub("", text)


def bare_formula(latex: str) -> str:
    """LaTeX without delimiters, tags, styles, alignment, braces and white space, in lower case.

    The toolkit's list of what is left out differs from release to release; this one is by intent, so figures
    agree closely, not exactly.
    """
    text = latex.strip()
    for opening, closing in _DELIMITERS:
        if text.startswith(opening) and text.endswith(closing) and len(text) >= len(opening + closing):
            text = text.removeprefix(opening).removesuffix(closing)
            break
    return _SPACE.sub("", _STYLE.sub("", _TAG.sub("", text))).lower()


def distance(predicted: Sequence[object] | str, truth: Sequence[object] | str) -> float:
    """Levenshtein over the longer length, 0 (equal) to 1; two empty ones are equal."""
    longest = max(len(predicted), len(truth))
    return Levenshtein.distance(predicted, truth) / longest if longest else 0.0


def text_distance(predicted: str, truth: str) -> float:
    """Normalised edit distance of text, by letters and digits."""
    return distance(bare_text(predicted), bare_text(truth))


def formula_distance(predicted: str, truth: str) -> float:
    """Normalised edit distance of formulas, by bare LaTeX."""
    return distance(bare_formula(predicted), bare_formula(truth))


def pooled(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Edit distance of a page: edits over the longer lengths, both summed over pairs; None without pairs.

    As the toolkit's page figure, whose mean over pages is its ``ALL_page_avg``. Pairs of nothing count as
    none.
    """
    longest = sum(max(map(len, pair)) for pair in pairs)
    return sum(Levenshtein.distance(*pair) for pair in pairs) / longest if longest else None


def order_distance(places: Sequence[int]) -> float | None:
    """Edit distance of reading order.

    ``places`` are the annotated orders of the regions that were found, in the order in which they stand in
    the prediction; what was not found has no place. None without any.
    """
    return distance(list(places), sorted(places)) if places else None
