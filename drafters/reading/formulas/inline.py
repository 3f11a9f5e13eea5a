"""Formulas within running text: which glyphs they are, by their fonts, and their LaTeX in their place. Pure.

A font of mathematical signs is what shows a formula; digits, brackets, operators and scripts beside it are
then parts of it. Words are not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from docspec.drafters.reading.formulas.display import parts_of
from docspec.drafters.reading.formulas.inline_rows import (
    Char,
    characters,
    is_accent,
    mark_fractions,
    mark_roots,
    rows_of,
)
from docspec.drafters.reading.formulas.rows import latex_of
from docspec.drafters.reading.formulas.symbols import FUNCTIONS, NAMES
from docspec.root_signs import standing
from docspec.types import Box, Glyph, Line, Span, union

LATEX = "LaTeX"  # the font of a span that is markdown already
MATHS = re.compile(
    r"^(?:CMB?SY|CMMIB?|CMEX|MS[AB]M|EU[FSR][MB]|RSFS|LMMath|EUEX|(?:R?TX|PX)B?(?:SY|MI|EX)|MTSY|MTMI|MTEX|"
    r"STIX\w*Math|XITS\w*Math|.*[A-Za-z]Math(?:-|$)|Cambria ?Math|BBM|DSROM|Latin ?Modern ?Math)",
    re.IGNORECASE,
)
NO_EVIDENCE = frozenset(
    "⊠□■☐☑◇★⋆✓⃝•∙·∗*†‡§¶{}|\\/⟨⟩〈〉.,;:'′°∘◦√<>"
)  # which text has in such fonts as well, alone
PART = frozenset("+−=<>()[]|/×·±∓∼≈≤≥!%∗*∙:,.;'′&∞…⟨⟩{}")  # of formulas beside such signs
RELATIONS = frozenset("=<>≤≥∈≈∼≡→⊂⊆∝≪≫≠+−×·")
ENDS = frozenset(".,;:!&–")  # which belong to the sentence at a formula's end
ARTICLES = "aAI"  # letters that are words as well
ITALIC = re.compile(r"Ital|Obli|CMTI", re.IGNORECASE)
CLOSE = 0.12  # of the size: what is nearer is no word of its own
SPACE = 0.45  # of the size: the widest gap inside a formula
STRETCHED = 0.8  # of the size: the same beside relations, where justified lines stretch
COMMA_SPACE = 0.28  # of the size: the widest after its commas
LONG_BASE = 4  # letters of an upright word that a script may belong to


def may_show(span: Span) -> bool:
    """Whether a span's font may be one of formulas."""
    return bool(MATHS.match(span.font) or span.font.startswith("Symbol") or ITALIC.search(span.font))


def with_inline(
    lines: Sequence[Line], glyphs: Sequence[Glyph], rules: Sequence[Box], around: tuple[str, str]
) -> tuple[Line, ...]:
    """``lines`` with each formula as one span of LaTeX, ``around`` it what stands before and after.

    ``glyphs`` are the page's. Spans whose characters are not those of their glyphs stay as they are, and so
    does a formula that is not understood.
    """
    chars = characters(lines, glyphs)
    mark_fractions(chars, rules)
    mark_roots(chars, rules)
    rows = rows_of(chars)
    runs = [run for row in rows for run in _runs(row)]
    written: dict[tuple[int, int, int], tuple[str, list[Char]]] = {}
    gone: dict[tuple[int, int, int], int] = {}
    for number, run in enumerate(runs):
        parts = parts_of([char.glyph for char in run], _inside(rules, run))
        latex = latex_of(parts)
        if not latex:
            continue
        anchor = min((char for char in run if not char.script), key=lambda char: char.x0, default=run[0])
        written[anchor.place] = (f"{around[0]}{latex}{around[1]}", run)
        gone |= {char.place: number for char in run}
    return tuple(_rewritten(lines, written, gone)) if written else tuple(lines)


def _inside(rules: Sequence[Box], run: Sequence[Char]) -> list[Box]:
    x0, y0, x1, y1 = union(char.glyph.box for char in run)
    return [
        rule
        for rule in rules
        if x0 - 1 <= rule[0] and rule[2] <= x1 + 1 and y0 - 1 <= rule[1] and rule[3] <= y1 + 1
    ]


def _runs(row: Sequence[Char]) -> list[list[Char]]:
    """The formulas of a row: what is evidence for one, and what goes with it on either side."""
    kinds = [_kind(char) for char in row]
    _words(row, kinds)
    inside = [kind == "evidence" for kind in kinds]
    for step in (1, -1):
        order = range(len(row)) if step > 0 else range(len(row) - 1, -1, -1)
        for number in order:
            before = number - step
            if 0 <= before < len(row) and inside[before] and not inside[number]:
                inside[number] = _goes_with(row, kinds, number, before)
    found: list[list[Char]] = []
    run: list[Char] = []
    for number, char in enumerate(row):
        if inside[number] and (not run or _reaches(run[-1], char)):
            run.append(char)
            continue
        found.append(run)
        run = [char] if inside[number] else []
    found.append(run)
    trimmed = [_trimmed(_based(run, row)) for run in found]
    return [run for run in trimmed if _is_formula(run)]


def _kind(char: Char) -> str:
    glyph = char.glyph
    if char.fraction:
        return "evidence"
    if is_accent(glyph):
        return "accent"
    if ITALIC.search(glyph.font) and char.alone:
        return "part" if glyph.text in ARTICLES else "evidence"
    if glyph.font.startswith("Symbol") and glyph.text in NAMES and glyph.text not in NO_EVIDENCE:
        return "evidence"
    maths = (
        MATHS.match(glyph.font.rsplit("+", 1)[-1]) is not None
        or "\U0001d400" <= glyph.text[0] <= "\U0001d7ff"
    )
    if maths and glyph.text not in NO_EVIDENCE:
        return "evidence"
    if maths or char.script:
        return "part"
    if glyph.text.isdigit():
        return "digit"
    return "part" if glyph.text in PART else "word"


def _words(row: Sequence[Char], kinds: list[str]) -> None:
    """Marks functions, and short upright words with a script of mathematical signs, as parts."""
    start = 0
    for number in range(1, len(row) + 1):
        if (
            number < len(row)
            and kinds[number] == kinds[start] == "word"
            and row[number].x0 - row[number - 1].x1 < CLOSE * row[number].glyph.size
        ):
            continue
        if kinds[start] == "word":
            word = "".join(char.glyph.text for char in row[start:number])
            script = (
                number < len(row)
                and row[number].script
                and row[number].x0 - row[number - 1].x1 < CLOSE * row[start].glyph.size
            )
            maths = script and any(
                kinds[n] == "evidence" for n in range(number, min(number + 4, len(row))) if row[n].script
            )
            if (word in FUNCTIONS and len(word) > 1) or (maths and len(word) <= LONG_BASE and word.isalpha()):
                kinds[start:number] = ["function" if word in FUNCTIONS else "base"] * (number - start)
        start = number


def _reaches(last: Char, char: Char) -> bool:
    size = max(last.glyph.size, char.glyph.size)
    stretches = last.glyph.text in RELATIONS or char.glyph.text in RELATIONS
    most = COMMA_SPACE if last.glyph.text in ",;" else STRETCHED if stretches else SPACE
    return char.x0 - last.x1 <= most * size


def _goes_with(row: Sequence[Char], kinds: Sequence[str], number: int, before: int) -> bool:
    """Whether a character goes with the formula that its neighbour, ``before``, is in."""
    char, neighbour = row[number], row[before]
    first, second = (neighbour, char) if before < number else (char, neighbour)
    if kinds[number] == "word" or not _reaches(first, second):
        return False
    gap = second.x0 - first.x1
    size = max(char.glyph.size, neighbour.glyph.size)
    if kinds[number] == "base":
        return kinds[before] in ("base", "evidence") and gap < CLOSE * size
    operators = not (_is_alnum(first) and _is_alnum(second))
    if (
        kinds[number] in ("digit", "part", "function")
        and gap > CLOSE * size
        and not operators
        and kinds[number] != "function"
    ):
        return False
    if char.glyph.text in "([" and before > number:
        return gap < CLOSE * size
    if char.glyph.text in ")]" and before < number:
        return gap < CLOSE * size
    return True


def _is_alnum(char: Char) -> bool:
    return char.glyph.text.isalnum()


def _trimmed(run: list[Char]) -> list[Char]:
    """``run`` without what belongs to the sentence: marks at its ends, brackets without their mates."""
    while run:
        texts = [char.glyph.text for char in run]
        odd = _odd(texts)
        if 0 in odd or (texts[0] in ENDS | {")", "]"} and not run[0].script):
            run = run[1:]
        elif len(run) - 1 in odd or (texts[-1] in ENDS | {"(", "["} and not run[-1].script):
            run = run[:-1]
        elif odd:
            first = min(odd)
            left, right = run[:first], run[first + 1 :]
            run = max(left, right, key=len)
        elif texts[0] == "(" and texts[-1] == ")" and not {",", ";"} & set(texts) and _encloses(texts):
            run = run[1:-1]
        else:
            return run
    return run


def _encloses(texts: Sequence[str]) -> bool:
    """Whether the first bracket's mate is the last one: brackets of the sentence, with a formula in them."""
    return not _odd(texts[1:-1]) and len(texts) > 2


def _based(run: list[Char], row: Sequence[Char]) -> list[Char]:
    """``run`` with the short word whose script it begins with; without that script where the word is long."""
    if not run or not run[0].script:
        return run
    first = next(number for number, char in enumerate(row) if char is run[0])
    start = first
    while (
        start
        and row[start].x0 - row[start - 1].x1 < CLOSE * row[start - 1].glyph.size
        and row[start - 1].glyph.text.isalnum()
    ):
        start -= 1
    word = row[start:first]
    if 0 < len(word) <= LONG_BASE:
        return [*word, *run]
    scripts = next((number for number, char in enumerate(run) if not char.script), len(run))
    keep = any(_kind(char) == "evidence" for char in run[:scripts])
    return run if keep else run[scripts:]


def _odd(texts: Sequence[str]) -> set[int]:
    """Where brackets are that have no mate."""
    opened: list[int] = []
    odd: set[int] = set()
    for number, text in enumerate(texts):
        if text in "([" and text:
            opened.append(number)
        elif text in ")]":
            if opened:
                opened.pop()
            else:
                odd.add(number)
    return odd | set(opened)


def _is_formula(run: Sequence[Char]) -> bool:
    return any(_kind(char) == "evidence" for char in run) and any(not is_accent(char.glyph) for char in run)


def _rewritten(
    lines: Sequence[Line],
    written: dict[tuple[int, int, int], tuple[str, list[Char]]],
    gone: dict[tuple[int, int, int], int],
) -> list[Line]:
    """``lines`` with what was ``written`` in place of what is ``gone``, and without spaces inside of that."""
    done: list[Line] = []
    for i, line in enumerate(lines):
        flat = [(j, k, char) for j, span in enumerate(line.spans) for k, char in enumerate(span.text)]
        owners = [gone.get((i, j, k), -1) for j, k, _ in flat]
        if all(owner < 0 for owner in owners):
            done.append(line)
            continue
        spans: list[Span] = []
        texts: dict[int, str] = {}
        for n, (j, k, char) in enumerate(flat):
            if (found := written.get((i, j, k))) is not None:
                _flush(spans, texts, line)
                if spans and spans[-1].font == LATEX:
                    spans.append(replace(line.spans[j], text=" "))
                spans.append(_span(*found, line.spans[j]))
            elif owners[n] < 0 and not (char.isspace() and _between(flat, owners, n)):
                if texts and j not in texts:
                    _flush(spans, texts, line)
                texts[j] = texts.get(j, "") + char
        _flush(spans, texts, line)
        if any(span.text.strip() for span in spans):
            done.append(replace(line, spans=tuple(spans), box=standing(line)))
    return done


def _flush(spans: list[Span], texts: dict[int, str], line: Line) -> None:
    for j, text in texts.items():
        spans.append(replace(line.spans[j], text=text))
    texts.clear()


def _between(flat: Sequence[tuple[int, int, str]], owners: Sequence[int], n: int) -> bool:
    """Whether a space stands between two characters of one formula."""
    before = next((owners[m] for m in range(n - 1, -1, -1) if not flat[m][2].isspace()), -1)
    after = next((owners[m] for m in range(n + 1, len(flat)) if not flat[m][2].isspace()), -1)
    return before == after >= 0


def _span(latex: str, run: Sequence[Char], anchor: Span) -> Span:
    x0, _, x1, _ = union(char.glyph.box for char in run)
    return Span(latex, (x0, anchor.box[1], x1, anchor.box[3]), anchor.size, LATEX, link=anchor.link)
