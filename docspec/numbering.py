"""Numbers before headings, and how deep each stands in its document. Pure.

Decimals say their depth themselves ("3.1.2"). Whether "A." is a part of "II." or stands beside it, as an
appendix does, only the document's other headings say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

APART = (1.04, 1.2)  # sizes within these factors are one: of numbers, and of appendices' words and names
Kind = Literal["part", "chapter", "article", "decimal", "roman", "letter", "paren", "appendix"]

_WORDS: dict[Kind, str] = {
    "part": "part|teil|partie|parte|часть",
    "chapter": "chapter|kapitel|chapitre|cap[ií]tulo|capitolo|глава",
    "article": "article|artikel|art[ií]culo|articolo|section|abschnitt|статья|§",
    "appendix": "appendix|annex|annexe|anhang|anlage|anexo|ap[ée]ndice|appendice|приложение",
}
_VALUE = r"(?:\d{1,3}(?:\.\d{1,3})*|[IVXLC]{1,7}|[A-Z])"
_NAMED: dict[Kind, re.Pattern[str]] = {
    kind: re.compile(rf"(?:{words})\s*({_VALUE})?(?!\w)", re.IGNORECASE) for kind, words in _WORDS.items()
}
_CHINESE = re.compile(r"第\s*[\d一二三四五六七八九十百零〇]+\s*([编編部章節节條条])")
_CHINESE_KINDS: dict[str, Kind] = {"编": "part", "編": "part", "部": "part", "章": "chapter"}
_DECIMAL = re.compile(r"(\d{1,3}(?:[.．]\d{1,3})*)[.．、:)]?(?=[\s:、.．]|[^\W\d_a-z])")
_LETTERED = re.compile(r"([A-Z](?:\.\d{1,3})+)[.:)]?(?=\s)")
_ROMAN = re.compile(r"([IVX]{1,6})([.:)]?)(?=\s|-[A-Z])")
_LETTER = re.compile(r"([A-Z])([.:)]?)(?=\s)")
_PAREN = re.compile(r"[(（]\s*(?:\d{1,2}|[a-z]|[ivx]{1,5}|[一二三四五六七八九十]+)\s*[)）]|\d{1,2}\)(?=\s)")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


@dataclass(frozen=True, slots=True)
class Number:
    """What a heading starts with: its ``kind``, its ``value`` from 1 where it can be counted, how many
    ``parts`` it has, and whether only other headings show that it is one (``loose``: "A note")."""

    kind: Kind
    value: int | None
    parts: int = 1
    loose: bool = False


def numbers(texts: Sequence[str]) -> list[Number | None]:
    """The number of each of a document's headings, in their order; None where it has none.

    A letter or Roman digit without a full stop is one if the one before it or after it is there as well.
    """
    found = [_candidates(text) for text in texts]
    seen = {(number.kind, number.value) for candidates in found for number in candidates}
    chosen: list[Number | None] = []
    last: dict[Kind, int] = {}
    for candidates in found:
        fitting = [number for number in candidates if not number.loose or _is_in_sequence(number, seen)]
        # "I." and "V." are Roman where that one comes next, else letters
        best = min(fitting, key=lambda number: _distance(number, last, seen), default=None)
        if best is not None and best.value is not None:
            last[best.kind] = best.value
        chosen.append(best)
    return chosen


def depths(found: Sequence[Number | None], sizes: Sequence[float]) -> list[int | None]:
    """How deep each number stands, from 1, given its heading's font size.

    A kind that first comes below another is one deeper if the other goes on afterwards or is larger; else
    it stands beside it, as appendices do.
    """
    base: dict[Kind, int] = {}
    first: dict[Kind, int] = {}
    result: list[int | None] = []
    alone = {kind: all(n.parts > 1 for n in found if n and n.kind == kind) for kind in _kinds(found)}
    for place, number in enumerate(found):
        if number is None:
            result.append(None)
            continue
        kind = number.kind
        if kind not in base:
            above = _open_kind(found, place)
            first[kind] = place
            if above is None:
                base[kind] = 1
            elif (
                _goes_on(found, above.kind, place)
                or sizes[place] * APART[kind == "appendix"] < (sizes[first[above.kind]])
            ):
                # "1.1" below "Chapter 1": the first of its parts is the chapter's
                base[kind] = base[above.kind] + above.parts - alone[kind]
            else:
                base[kind] = base[above.kind] - (alone[kind] and base[above.kind] > 1)
        result.append(max(1, base[kind] + number.parts - 1))
    return result


def _kinds(found: Sequence[Number | None]) -> set[Kind]:
    return {number.kind for number in found if number is not None}


def _open_kind(found: Sequence[Number | None], place: int) -> Number | None:
    """The number before ``place``, in which a new kind may stand; the appendix is of the first kind."""
    number = found[place]
    if number is not None and number.kind == "appendix":
        return next((one for one in found[:place] if one is not None), None)
    return next((one for one in reversed(found[:place]) if one is not None), None)


def _goes_on(found: Sequence[Number | None], kind: Kind, place: int) -> bool:
    number = found[place]
    if number is not None and number.kind in ("appendix", "part"):
        return False
    return any(one is not None and one.kind == kind for one in found[place:])


def _candidates(text: str) -> list[Number]:
    text = text.lstrip()
    for kind, named in _NAMED.items():
        if match := named.match(text):
            if match[1] is None and kind != "appendix":
                continue
            value = match[1] or ""
            parts = value.count(".") + 1
            return [Number(kind, int(value) if value.isdigit() else None, parts)]
    if match := _CHINESE.match(text):
        return [Number(_CHINESE_KINDS.get(match[1], "article"), None)]
    if match := _DECIMAL.match(text):
        parts = re.split(r"[.．]", match[1])
        return [Number("decimal", int(parts[0]), len(parts))]
    if match := _LETTERED.match(text):
        return [Number("letter", ord(match[1][0]) - 64, match[1].count(".") + 1)]
    if _PAREN.match(text):
        return [Number("paren", None)]
    found: list[Number] = []
    if (match := _ROMAN.match(text)) and (value_ := _roman(match[1])) is not None:
        found.append(Number("roman", value_, 1, not match[2]))
    if match := _LETTER.match(text):
        found.append(Number("letter", ord(match[1]) - 64, 1, not match[2]))
    return found


def _roman(text: str) -> int | None:
    """The value of a Roman number as it is written; None for other letters."""
    digits = [_ROMAN_VALUES[char] for char in text]
    value = sum(-a if a < b else a for a, b in zip(digits, [*digits[1:], 0], strict=True))
    units = ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"]
    return value if 0 < value < 40 and text == "X" * (value // 10) + units[value % 10] else None


def _is_in_sequence(number: Number, seen: set[tuple[Kind, int | None]]) -> bool:
    assert number.value is not None
    beside = (number.kind, number.value - 1) in seen, (number.kind, number.value + 1) in seen
    return any(beside)


def _distance(number: Number, last: dict[Kind, int], seen: set[tuple[Kind, int | None]]) -> tuple[bool, int]:
    """How far ``number`` is from what comes next of its kind; a kind with nothing beside it comes last."""
    if number.value is None:
        return False, 0
    return not _is_in_sequence(number, seen), abs(number.value - last.get(number.kind, 0) - 1)
