"""Formulas in what OCR read as LaTeX: its signs by their names, its indices from what follows what.

A recogniser gives the characters of a formula in a row, "µ² Bᵢ" as "µ²Bi" at best, and no places worth
measuring. Much follows from them all the same: a Greek letter is a formula's, and what stands right behind
one is its index. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from docspec.drafters.characters import SUPERSCRIPTS
from docspec.drafters.reading.formulas.rows import COMMAND_END
from docspec.drafters.reading.formulas.symbols import FUNCTIONS, NAMES, PLAIN, command
from docspec.marks import FORMULA_NUMBER
from docspec.types import Line, Region, Span

_GREEK = "α-ωϑϕϖϰϱϵµΑ-ΩΔ∆Ω"
_BASE = re.compile(rf"[{_GREEK}∂A-Za-z]")
_SIGNS = frozenset("≠≡≢≤≥≦≧≪≫≈≃≅∼∝∈∉∋⊂⊃⊆⊇∪∩∧∨∀∃∂∇∞√∑∏∫∮⊗⊕⇒⇔↦ℓℏ")  # which only formulas have
_OPERATORS = frozenset("=<>+-−–·×∗*/±∓≡≠≤≥≦≧≪≫≈≃≅∼∝∈∉⊂⊃⊆⊇∪∩∧∨→⇒⇔↦⊗⊕")
_INDEX = re.compile(rf"[ijkmnlt]{{1,3}}(?![A-Za-z])|[0-9](?![0-9])|[µμνρσ]{{1,2}}(?![{_GREEK}a-z])")
# Of a Latin letter, which more often stands beside another one.
_LETTERS_INDEX = re.compile(r"[ijkmn](?![A-Za-z0-9])|[0-9](?![0-9])|[µμνρσ]{1,2}(?![a-z])")
_WORD = re.compile("in|an|on|am|im|um|if|it|is|or|of|to|at|as|by|be")  # whose second letter is no index
_PRODUCT = re.compile(r"[a-z][A-Z]")  # letters side by side that are no word
_MINUS = frozenset("-−–")
_NAME = re.compile(r"[A-Za-z]{2,}")
_UNIT = re.compile(r"(?:[\d.,]*[µμ](?:[mgslLAVFMWJ]|mol|rad|Pa)[²³]?(?:/\w+)?|(?:[\d.,]+|[kMGm])Ω)[.,;:)]*")
_OPERAND = re.compile(r"[(\[]*(?:[A-Za-z](?:[0-9ijkmn])?|[\d.,]*\d)(?:\([A-Za-z0-9, ]*\))?[)\].,;:]*")
_SCRIPT = frozenset(SUPERSCRIPTS)
_NUMBERED = re.compile(rf"(.*\S)\s+{FORMULA_NUMBER.pattern}", re.DOTALL)
_GREEK_WORD = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]{4,}")


def latex_of_text(text: str) -> str:
    """A recognised formula as LaTeX.

    >>> latex_of_text("∂kΠk = µ² sin θ0")
    '\\\\partial_k \\\\Pi_k = \\\\mu^2 \\\\sin \\\\theta_0'
    """
    out, at = "", 0
    while at < len(text):
        piece, at = _piece(text, at)
        starts_letter = piece[0].isalnum() and piece[0].isascii()
        out += f" {piece}" if starts_letter and COMMAND_END.search(out) else piece
    return out


def _piece(text: str, at: int) -> tuple[str, int]:
    """The LaTeX of what stands at ``at``, and where the next piece begins."""
    char = text[at]
    if char in _SCRIPT or (char in _MINUS and text[at + 1 : at + 2] in _SCRIPT):
        end = at + 1  # a sign right before an exponent is the exponent's
        while end < len(text) and text[end] in _SCRIPT:
            end += 1
        script = "".join(SUPERSCRIPTS.get(one, "-") for one in text[at:end])
        return f"^{_group(script)}", end
    word = _NAME.match(text, at)
    if word is not None and not (at and text[at - 1].isalpha()):
        if word[0] in FUNCTIONS:
            return command(word[0]), word.end()
        if _WORD.fullmatch(word[0]) or (len(word[0]) > 2 and not _PRODUCT.search(word[0])):
            return word[0], word.end()
    written = PLAIN.get(char) or (command(NAMES[char]) if char in NAMES and char not in "{}" else char)
    index = _index_at(text, at)
    if index is None:
        return written, at + 1
    script = "".join(command(NAMES[one]) if one in NAMES else one for one in index[0])
    space = " " if index.end() < len(text) and _BASE.match(text[index.end()]) else ""
    return f"{written}_{_group(script)}{space}", index.end()


def _index_at(text: str, at: int) -> re.Match[str] | None:
    """What stands behind the letter at ``at`` as its index."""
    char, before = text[at], text[max(0, at - 1) : at]
    inside = before.isascii() and before.isalnum() and not (char.isupper() and before.islower())
    if not _BASE.match(char) or (char.isascii() and inside):
        return None
    return (_LETTERS_INDEX if char.isascii() else _INDEX).match(text, at + 1)


def _group(script: str) -> str:
    return script if len(script) == 1 else f"{{{script}}}"


def display_of_text(text: str) -> str:
    """A recognised display formula as LaTeX, the number at its end as its tag."""
    found = _NUMBERED.fullmatch(text.strip())
    return f"{latex_of_text(found[1])} \\tag{{{found[2]}}}" if found else latex_of_text(text.strip())


def with_recognised(region: Region, around: tuple[str, str]) -> Region:
    """``region`` with the formulas in its recognised text as LaTeX, what stands ``around`` them before and
    after; as it is where nothing is one, or where the text is Greek."""
    if _GREEK_WORD.search(" ".join(line.text for line in region.lines)):
        return region
    lines = tuple(_line(line, around) for line in region.lines)
    return replace(region, lines=lines) if lines != region.lines else region


def _line(line: Line, around: tuple[str, str]) -> Line:
    spans = tuple(_span(span, around) for span in line.spans)
    return replace(line, spans=spans) if spans != line.spans else line


def _span(span: Span, around: tuple[str, str]) -> Span:
    return replace(span, text=with_formulas(span.text, around)) if _shows(span.text) else span


def _shows(text: str) -> bool:
    return any(map(_is_sign, text)) and "\\" not in text  # not LaTeX already


def _is_sign(char: str) -> bool:
    return char in _SIGNS or bool(re.match(f"[{_GREEK}]", char))


def with_formulas(text: str, around: tuple[str, str]) -> str:
    """``text`` with its formulas in LaTeX.

    >>> with_formulas("If µ² = 0 (see [1]), the ∂iΣi vanish.", ("$", "$"))
    'If $\\\\mu^2 = 0$ (see [1]), the $\\\\partial_i \\\\Sigma_i$ vanish.'
    """
    words = re.split(r"(\s+)", text)
    kinds = [_kind(word) for word in words[::2]]
    out, at = "", 0
    while at < len(kinds):
        end = _run(kinds, at)
        if end > at:
            out += _between("".join(words[2 * at : 2 * end - 1]), around)
        else:
            out, end = out + words[2 * at], at + 1
        out += words[2 * end - 1] if 2 * end - 1 < len(words) else ""
        at = end
    return out


def _kind(word: str) -> str:
    """f: of a formula, e: its end; s: an operator that only formulas have, o: another; n: what these join."""
    if _UNIT.fullmatch(word):
        return "w"
    if word in _OPERATORS:
        return "s" if word in _SIGNS else "o"
    if any(map(_is_sign, word)) and not re.search(r"[A-Za-z]{4,}|[\u2e80-\uffff]", word):
        return "e" if word[-1] in ",;:." else "f"
    return "n" if _OPERAND.fullmatch(word) else "w"


def _run(kinds: Sequence[str], at: int) -> int:
    """Where the formula that begins with word ``at`` ends; ``at`` where none does."""
    if kinds[at] not in "fen":
        return at
    end = at + 1
    while end < len(kinds) and kinds[end - 1] != "e":
        if kinds[end] in "fe" and kinds[end - 1] == "f":
            end += 1
        elif kinds[end] in "os" and end + 1 < len(kinds) and kinds[end + 1] in "fen":
            end += 2
        else:
            break
    return at if {"f", "e", "s"}.isdisjoint(kinds[at:end]) else end


def _between(run: str, around: tuple[str, str]) -> str:
    """A formula between its marks, punctuation beside it outside."""
    first, last = 0, len(run)
    while first < last:
        inside = run[first:last]
        if inside[-1] in ".,;:" or (inside[-1] in ")]" and _open(inside) < 0):
            last -= 1
        elif inside[0] in "([" and (_open(inside) > 0 or _enclosed(inside)):
            first += 1
        else:
            break
    return f"{run[:first]}{around[0]}{latex_of_text(run[first:last])}{around[1]}{run[last:]}"


def _enclosed(text: str) -> bool:
    """Whether the first bracket is closed by the last character."""
    return text[-1] in ")]" and all(_open(text[: end + 1]) > 0 for end in range(len(text) - 1))


def _open(text: str) -> int:
    """Brackets that are opened and not closed in ``text``; less than 0 where more are closed."""
    return sum(text.count(char) for char in "([") - sum(text.count(char) for char in ")]")
