"""Marks: what shows that a line is a heading, an item of a list or a formula's number. Pure.

Two kinds, kept apart: marks as pages print them, and marks as markdown has them. All patterns are
to be matched at the start of a line without white space before it.
"""

from __future__ import annotations

import re

# As pages print them

GLYPHS = "•◦▪▫■□●○‣⁃∙·➢➤➔✓✔❖◆◇►▶"  # bullets, and at a line's start nothing else
# The same in symbol fonts: private use characters, and LaTeX's own code of a bullet.
SYMBOL_FONT = "\x88\uf06c\uf06e\uf071\uf074\uf075\uf076\uf077\uf09f\uf0a1\uf0a7\uf0b7\uf0d8\uf0e0\uf0fc"
DASHES = "-–—\uf02d"

# Where a list is known. A dash or a star needs white space after it: else it is a sign or a note mark.
BULLET = re.compile(rf"(?:[{GLYPHS}{SYMBOL_FONT}]\s*|\ufffd{{1,2}}\s*|[{DASHES}*]\s+)(?=\S)")
# Where none is known: dashes and stars also start asides and notes, and a character that is not mapped and
# stands close is the first letter of a word.
SURE_BULLET = re.compile(rf"(?:[{GLYPHS}{SYMBOL_FONT}]\s*|\ufffd{{1,2}}\s+)(?=\S)")

_NUMBER = (
    r"[(（]?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[)）]"
    r"|\d{1,3}(?:[.．](?!\d)|、)|\[\d{1,3}\]|[①-⑳]"
)
# Where a list is known. Digits with a full stop are no decimal; four of them are a year.
NUMBER = re.compile(rf"(?:{_NUMBER}|(?:[A-Za-z]|[ivxIVX]{{1,5}})\.(?=\s))\s*(?=\S)")
# Where none is known: a letter with a full stop is as often a name's initial.
SURE_NUMBER = re.compile(rf"(?:{_NUMBER})\s*(?=\S)")

DECIMALS = re.compile(r"\d{1,3}(?:\.\d{1,3}){2,}\.?\s+(?=\S)")  # "1.3.2", which is no number in a sentence
CLAUSE = re.compile(r"\((\d{1,2}|[a-z]|[ivx]{1,4})\)\s+(?=\S)")  # a clause's number or letter

_SECTION = r"(?:\d{1,3}|[IVX]{1,5}|[A-Z])"
# Before a heading's text.
HEADING_NUMBER = re.compile(rf"(?:§\s*)?({_SECTION}(?:\.\d{{1,3}})*)[.)]?[\s:、.]")
# The whole of a line. Three digits are a line's number or a page's, a letter alone is a label.
LONE_HEADING_NUMBER = re.compile(r"(?:\d{1,2}(?:\.\d{1,2})*\.?|[A-Z](?:\.\d{1,2})+\.?|[A-Z]\.|[IVX]{1,5}\.?)")

_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")

_EQUATION = r"(?:[A-Z]{0,2}\s*[.\-]?\s*)?\d{1,3}(?:[.\-–]\d{1,3})*(?:\s*[a-z'])?"
# The whole of a line, which makes what stands beside it a formula.
FORMULA_NUMBER = re.compile(rf"[(（\[]\s*({_EQUATION})\s*[)）\]]")
# The same beside what is known to be one: letters number formulas too ("(a)", "(iv)"), as they do lists.
KNOWN_FORMULA_NUMBER = re.compile(rf"[(（\[]\s*({_EQUATION}|[A-Za-z]'?|[ivx]{{1,5}})\s*[)）\]]")

# As markdown has them

HEADING = re.compile(r"(#{1,6})(?:[ \t]|$)")
ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])(?:[ \t]+(?=\S)|[ \t]*$)")
ITEM_BULLET = re.compile(r"[-*+][ \t]+")

_WORD = re.compile(r"(?<![^\W\d_])[^\W\d_][a-z]{2,}(?![^\W\d_])")
LEAST_PROSE, MOST_WORDS = 40, 0.6  # characters, and the share of them in words of three letters and more

_DELIMITERS = ((r"\$\$", r"\$\$"), (r"\\\[", r"\\\]"), (r"\$", r"\$"), (r"\\\(", r"\\\)"))
_FORMULA = re.compile("|".join(rf"{a}((?:(?!{b}).)*){b}" for a, b in _DELIMITERS), re.DOTALL)
# Starts of formulas that are set apart without further marks. Other environments stand inside those.
_DISPLAYED = re.compile(
    r"\\\[|\\\(|\\begin\{(?:equation|align|alignat|gather|multline|flalign|eqnarray|displaymath|math)\*?\}"
)
ADDRESS = re.compile(r"(?:https?://|mailto:)\S+", re.IGNORECASE)  # what the links of tables may lead to


def without(mark: re.Pattern[str], text: str) -> str:
    """``text`` after the ``mark`` that it starts with; all of it where it does not."""
    found = mark.match(text)
    return text[found.end() :] if found else text


def starts_item(line: str) -> bool:
    """Whether a printed line looks like an item's first, though nobody knows whether it stands in a list."""
    text = line.lstrip()
    return bool(BULLET.match(text) or SURE_NUMBER.match(text))


def follows(mark: str, after: str) -> bool:
    """Whether ``after`` is the lower-case letter or Roman digit, or the number, after ``mark``."""
    if mark.isdigit() or after.isdigit():
        return mark.isdigit() and after.isdigit() and int(after) == int(mark) + 1
    if mark in _ROMAN and after in _ROMAN and _ROMAN.index(after) == _ROMAN.index(mark) + 1:
        return True
    return len(mark) == len(after) == 1 and ord(after) == ord(mark) + 1


def heading_depth(text: str) -> int:
    """Parts of the number that a heading starts with ("3.1.2 Name": 3); 0 without one."""
    text = text.lstrip()
    found = HEADING_NUMBER.match(text)
    if found is None or (found[1].isalpha() and text[found.end(1)] != "."):
        return 0  # "A note" is a sentence, "A. Note" is numbered
    return found[1].count(".") + 1


def reads_as_prose(text: str) -> bool:
    """Whether most of a printed ``text`` is words: then it is no formula, whatever the layout says."""
    words = sum(len(word) for word in _WORD.findall(text))
    return len(text) > LEAST_PROSE and words > MOST_WORDS * sum(not char.isspace() for char in text)


def bare_formula(text: str) -> str:
    """LaTeX without the delimiters around the whole of it; ``text`` where there are none, or several."""
    found = _FORMULA.fullmatch(text)
    return text if found is None else next(group for group in found.groups() if group is not None).strip()


def has_delimiters(formula: str) -> bool:
    """Whether LaTeX says itself where it starts, so that it needs no delimiters around it."""
    return "$" in formula or _DISPLAYED.match(formula) is not None
