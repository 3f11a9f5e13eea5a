"""Signs beside each other that are one: upright words, functions, negations, dots, long arrows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from docspec.drafters.reading.formulas.parts import Kind, Part, box_of, count_of, without
from docspec.drafters.reading.formulas.symbols import FUNCTIONS

TOGETHER = 0.13  # of the size: the widest gap inside a word
LEAST = dict.fromkeys(
    ("\\boldsymbol", "\\mathbf", "\\mathcal", "\\mathbb", "\\mathscr"), 4
)  # letters of a word, where fewer are variables
APART = 0.65  # of the size: the widest between words
NEGATED = {
    "=": "\\neq",
    "\\in": "\\notin",
    "\\mid": "\\nmid",
    "\\parallel": "\\nparallel",
    "\\exists": "\\nexists",
}
OVERLAPPING = {  # signs that are drawn as two
    ("\\mapstochar", "\\to"): "\\mapsto",
    ("-", "\\to"): "\\longrightarrow",
    ("\\leftarrow", "-"): "\\longleftarrow",
    ("=", "\\Rightarrow"): "\\Longrightarrow",
    ("\\Leftarrow", "="): "\\Longleftarrow",
    ("\\Leftarrow", "\\Rightarrow"): "\\iff",
    ("\\leftarrow", "\\to"): "\\longleftrightarrow",
    ("\\lhook", "\\to"): "\\hookrightarrow",
    ("|", "="): "\\models",
    ("\\in", "/"): "\\notin",
    ("\\int", "\\int"): "\\iint",
    ("\\iint", "\\int"): "\\iiint",
    ("\\mid", "="): "\\models",
}
JOINTS = ("\\mapstochar", "\\lhook")  # signs that are parts of arrows alone
DOTS = {".": "\\ldots", "\\cdot": "\\cdots"}


def with_words(parts: Sequence[Part]) -> list[Part]:
    """``parts`` with letters of one alphabet that touch as words, and signs drawn as several as one."""
    return _texts(_functions(_letters(_dots(_overlapping(_negated(parts))))))


def _merged(parts: Sequence[Part], latex: str, kind: Kind) -> Part:
    return replace(parts[0], latex=latex, kind=kind, box=box_of(parts), count=count_of(parts))


def _on_one_line(a: Part, b: Part) -> bool:
    return abs(a.baseline - b.baseline) < 0.05 * a.size and abs(a.size - b.size) < 0.02 * a.size


def _in_order(parts: Sequence[Part]) -> list[Part]:
    """``parts`` by their baselines and from the left, as words are to be read."""
    return sorted(parts, key=lambda part: (round(part.baseline), part.box[0]))


def _negated(parts: Sequence[Part]) -> list[Part]:
    left = list(parts)
    for slash in [part for part in parts if part.latex == "\\not" and part.kind is Kind.PIECE]:
        under = [
            part
            for part in left
            if part is not slash
            and _on_one_line(part, slash)
            and part.box[0] - 0.2 * part.size <= slash.box[0] <= part.box[2]
        ]
        if under:
            sign = min(under, key=lambda part: abs(part.box[0] - slash.box[0]))
            latex = NEGATED.get(sign.latex, f"\\not{sign.latex}")
            left = [*without(left, [slash, sign]), replace(sign, latex=latex, count=sign.count + slash.count)]
        else:
            left = [replace(part, kind=Kind.ORDINARY) if part is slash else part for part in left]
    return left


def _overlapping(parts: Sequence[Part]) -> list[Part]:
    left = _in_order(parts)
    number = 0
    while number + 1 < len(left):
        a, b = left[number], left[number + 1]
        name = OVERLAPPING.get((a.latex, b.latex))
        touching = 0.01 if a.latex in JOINTS else -0.05
        if name and _on_one_line(a, b) and b.box[0] - a.box[2] < touching * a.size:
            left[number : number + 2] = [_merged([a, b], name, a.kind if a.kind is b.kind else Kind.ORDINARY)]
        else:
            number += 1
    return left


def _dots(parts: Sequence[Part]) -> list[Part]:
    left = list(parts)
    dots = [part for part in parts if part.latex in DOTS or part.latex == ":"]
    for latex, name in DOTS.items():
        run: list[Part] = []
        for dot in [*_in_order([part for part in dots if part.latex == latex]), None]:
            if (
                dot is not None
                and run
                and _on_one_line(run[-1], dot)
                and 0 <= dot.box[0] - run[-1].box[2] < 0.35 * dot.size
            ):
                run.append(dot)
                continue
            if len(run) >= 3:
                left = [*without(left, run), _merged(run, name, Kind.ORDINARY)]
            run = [dot] if dot is not None else []
    return _steep(left)


def _steep(parts: list[Part]) -> list[Part]:
    """Three dots above one another, or down to the right."""
    for third in sorted((part for part in parts if part.latex == "."), key=lambda part: -part.baseline):
        up = [
            part
            for part in parts
            if part.latex == "."
            and 0.2 * third.size < third.baseline - part.baseline < 1.1 * third.size
            and abs(part.centre - third.centre) < third.size
        ]
        if len(up) < 2 or not any(part is third for part in parts):
            continue
        dots = [third, *sorted(up, key=lambda part: -part.baseline)[:2]]
        latex = "\\vdots" if abs(dots[0].centre - dots[2].centre) < 0.2 * third.size else "\\ddots"
        parts = [*without(parts, dots), _merged(dots, latex, Kind.ORDINARY)]
    return parts


def _runs(parts: Sequence[Part], alike: Kind, gap: float) -> list[list[Part]]:
    runs: list[list[Part]] = []
    for part in _in_order([part for part in parts if part.kind is alike]):
        last = runs[-1][-1] if runs else None
        if (
            last is not None
            and _on_one_line(last, part)
            and last.alphabet == part.alphabet
            and -0.2 * part.size <= part.box[0] - last.box[2] <= gap * part.size
        ):
            runs[-1].append(part)
        else:
            runs.append([part])
    return runs


def _letters(parts: Sequence[Part]) -> list[Part]:
    left = list(parts)
    for run in _runs(parts, Kind.LETTER, TOGETHER):
        if len(run) >= LEAST.get(run[0].alphabet, 2):
            left = [*without(left, run), _merged(run, "".join(part.latex for part in run), Kind.LETTER)]
    return left


def _functions(parts: Sequence[Part]) -> list[Part]:
    return [
        replace(part, latex=name, kind=Kind.FUNCTION)
        if part.kind is Kind.LETTER and part.alphabet == "\\mathrm" and (name := _function(part.latex))
        else part
        for part in parts
    ]


def _function(word: str) -> str:
    """The command for ``word``, or the two that it is set from; empty where it is no function."""
    if word in FUNCTIONS:
        return f"\\{word}"
    rest = word.removeprefix("arg")
    return f"\\arg\\{rest}" if rest != word and rest in FUNCTIONS else ""


def _texts(parts: Sequence[Part]) -> list[Part]:
    """Several words beside each other, or one that stands apart, as text."""
    left = list(parts)
    for run in _runs(parts, Kind.LETTER, APART):
        if run[0].alphabet != "\\mathrm" or not _is_text(run, left):
            continue
        words = run[0].latex
        for last, part in pairwise(run):
            words += (" " if part.box[0] - last.box[2] > 0.15 * part.size else "") + part.latex
        left = [*without(left, run), _merged(run, words, Kind.TEXT)]
    return left


WORDS = frozenset(
    [
        *("if", "for", "otherwise", "else", "and", "or", "where", "when", "with"),
        *("is", "such", "that", "all", "as", "on", "in", "of", "to"),
        *("the", "subject", "s", "t", "every", "any"),
    ]
)


def _is_text(run: Sequence[Part], parts: Sequence[Part]) -> bool:
    words = [part.latex for part in run]
    return len([word for word in words if len(word) > 1]) > 1 or (
        len(words) == 1 and len(words[0]) > 1 and words[0] in WORDS
    )
