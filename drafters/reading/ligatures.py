"""Ligatures that a font maps to punctuation ("di!culties", "speci\\"c"), found out and put right.

Some fonts carry no mapping for their ligatures, and the text layer shows the glyph's code instead. Each
font has its own codes, so the page itself must tell: a sign stands for the ligature that turns most of the
broken words into common ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from docspec.types import Line

SIGNS = "!\"#$%&'*+"
LIGATURES = ("ffi", "ffl", "fi", "fl", "ff")
BROKEN = re.compile(f"[A-Za-z]*[{re.escape(SIGNS)}][a-z]+|[a-z]{{2,}}[{re.escape(SIGNS)}](?=\\s)")
ENOUGH = 2  # different common words that a reading must explain to be believed at first


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


COMMON = _words(
    "affect affected affects afford beneficial benefit benefits classification classified classifier "
    "coefficient coefficients confidence configuration confirm confirmed conflict conflicts define "
    "defined defines definition definitions differ difference differences different differentiate "
    "difficult difficulties difficulty effect effective effectively effects efficiency efficient "
    "efficiently effort efforts field fields figure figures file filename filenames files fill filled "
    "filter filters final finally find finding findings finds fine first fit fits five fix fixed flag "
    "flat flexible flip float floor flow flows fluid identification identified identify infinite "
    "inflation influence influenced modification modified modify off offer offered offers office "
    "official offset overfit overfitting prefix profile profiles profit reflect reflected reflects "
    "scientific sheriff significant significantly simplified simplify specific specifically "
    "specification specified specify staff stiff stuff suffer sufficient sufficiently suffix traffic "
    "unified verified verify workflow workflows"
)


def learn(text: str, enough: int = ENOUGH) -> dict[str, str]:
    """Which sign stands for which ligature in ``text``; empty where nothing is clear.

    A reading is clear when it explains ``enough`` common words, and over twice as many as the next best.
    """
    broken = set(BROKEN.findall(text))
    found: dict[str, str] = {}
    for sign in SIGNS:
        tokens = [token.lower() for token in broken if token.count(sign) == 1]
        counts = Counter(
            {lig: sum(token.replace(sign, lig) in COMMON for token in tokens) for lig in LIGATURES}
        )
        (best, most), (_, second) = counts.most_common(2)
        if most >= enough and most > 2 * second:
            found[sign] = best
    return found


def mend(text: str, found: Mapping[str, str]) -> str:
    """``text`` with the signs in ``found`` replaced where they stand in words."""
    for sign, ligature in found.items():
        escaped = re.escape(sign)
        text = re.sub(rf"{escaped}(?=[a-z])", ligature, text)
        if ligature == "ff":
            text = re.sub(rf"(?<=[a-z]){escaped}(?=[\s,.;]|$)", ligature, text)
    return text


def mend_lines(lines: Sequence[Line]) -> Sequence[Line]:
    """``lines`` of one page, their ligatures put right; the same lines where nothing is wrong.

    Once the page shows that it is broken, each of its fonts is learnt by itself, from a single word if need
    be: the same sign may be another ligature in another font.
    """
    texts: dict[str, list[str]] = {}
    for span in (span for line in lines for span in line.spans):
        texts.setdefault(span.font, []).append(span.text)
    if not any(learn("\n".join(parts)) for parts in texts.values()):
        return lines
    found = {font: learn("\n".join(parts), enough=1) for font, parts in texts.items()}
    return tuple(
        replace(
            line, spans=tuple(replace(span, text=mend(span.text, found[span.font])) for span in line.spans)
        )
        for line in lines
    )
