"""Distances between what was read and what is annotated. Pure.

The definitions are those of OmniDocBench's toolkit, release 1.5 (arXiv 2412.07626), written anew. Edit
distances are Levenshtein's over the longer length: 0 is equal, 1 has nothing in common. The toolkit also
scores formulas by rendering them (CDM), which needs TeX: there is no CDM here, so take a formula's figure
from there for a comparison. Release 1.6 leaves more out of formulas (grouping braces, thin spaces, ``&``).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from pylatexenc.latex2text import LatexNodes2Text
from rapidfuzz.distance import Levenshtein

logging.getLogger("pylatexenc").addHandler(logging.NullHandler())  # it warns of every \\frac that is cut off

_NOT_WORDS = re.compile(r"[^\w\u4e00-\u9fff]")
_BREAKS = re.compile(r"\\[tn]|[\t\n]|/[tn]")  # also as two characters, wherever they stand
_INLINE = re.compile(r"\$(.*?)\$|\\\((.*?)\\\)")
_ESCAPED = re.compile(r"\\[\\_&%^]")
_LOOKS = [  # how a formula looks, not what it says; taken out in this order, of longer words, too
    *("\\mathbf", "\\mathrm", "\\mathnormal", "\\mathit", "\\mathbb", "\\mathcal", "\\mathscr", "\\mathfrak"),
    *("\\mathsf", "\\mathtt", "\\textbf", "\\text", "\\boldmath", "\\boldsymbol", "\\operatorname", "\\bm"),
    *("\\symbfit", "\\symbf", "\\scriptscriptstyle", "\\notag", "\\setlength", "\\coloneqq", "\\space"),
    *("\\thickspace", "\\thinspace", "\\medspace", "\\nobreakspace", "\\negmedspace", "\\quad", "\\qquad"),
    *("\\enspace", "\\substackw", " ", "$$", "\\left", "\\right", "\\displaystyle", "\\text"),
]
_DISPLAYED = re.compile(r"\\\[(.+?)(?<!\\)\\\]")
_ARGUMENTS = re.compile(r"\\(?:tag|hspace|begin|end)\{.*?\}|\\arraycolsep.*?\}")


def bare_text(text: str) -> str:
    """Letters, digits and underscores alone, inline formulas in Unicode: marks and spaces do not count."""
    return bare_words(unicode_text(text))


def bare_words(text: str) -> str:
    """Letters, digits and underscores alone."""
    return _NOT_WORDS.sub("", _BREAKS.sub("", text))


def bare_formula(latex: str) -> str:
    """LaTeX without delimiters, tags, environments' names, styles and spaces, in lower case."""
    text = latex.strip().strip("$").strip("\n")
    displayed = _DISPLAYED.search(text)
    if displayed:
        text = displayed[1].strip()
    text = _ARGUMENTS.sub("", text).strip(".")
    for look in _LOOKS:
        text = text.replace(look, "")
    return text.lower()


def unicode_text(text: str) -> str:
    """Text whose inline formulas are Unicode where LaTeX is needed for them."""
    return _INLINE.sub(_in_unicode, text)


def unicode_formula(latex: str) -> str | None:
    """LaTeX as far as Unicode can write it; None where it is too broken to be read."""
    try:
        return str(LatexNodes2Text().latex_to_text(latex))
    except Exception:  # noqa: BLE001 on broken LaTeX the library fails with whatever comes first
        return None


def distance(predicted: Sequence[object] | str, truth: Sequence[object] | str) -> float:
    """Levenshtein over the longer length, 0 (equal) to 1; two empty ones are equal."""
    longest = max(len(predicted), len(truth))
    return Levenshtein.distance(predicted, truth) / longest if longest else 0.0


def pooled(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Edit distance of a page: edits over the longer lengths, both summed over pairs; None without pairs.

    The toolkit's page figure, whose mean over pages is its ``ALL_page_avg``. Pairs of nothing count as none.
    """
    longest = sum(max(map(len, pair)) for pair in pairs)
    return sum(Levenshtein.distance(*pair) for pair in pairs) / longest if longest else None


def order_distance(places: Sequence[float], expected: Sequence[float]) -> float | None:
    """Edit distance of reading order; None where there is nothing to order.

    ``places`` are the annotated orders of the blocks that were found, in the order in which they stand in
    the prediction; ``expected`` those of all blocks: what is missing counts.
    """
    return distance(list(places), sorted(expected)) if expected else None


def _in_unicode(inline: re.Match[str]) -> str:
    """A formula that LaTeX is needed for in Unicode; any other as it stands."""
    latex = _ESCAPED.sub("", inline[1] if inline[1] is not None else inline[2])
    if not set(latex) & set("\\^_"):
        return inline[0]
    written = unicode_formula(latex + " " if latex.endswith("\\") else latex)
    return inline[0] if written is None else written.strip()
