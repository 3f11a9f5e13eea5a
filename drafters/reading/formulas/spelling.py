"""LaTeX as models write it: spaces around what joins and compares, few in scripts, no braces around one sign.

Models that read documents learned LaTeX of one habit, and a draft in another costs a step at each sign. Pure.
"""

from __future__ import annotations

import re

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)
_COMMANDS = (
    "leq geq le ge neq ne approx equiv sim simeq cong in notin ni subset subseteq supset supseteq propto ll",
    "gg to rightarrow leftarrow Rightarrow Leftarrow iff mapsto longrightarrow prec succ perp mid leqslant",
    "geqslant pm mp times cdot div cup cap wedge vee oplus otimes circ setminus ast",
)
JOINING = frozenset([*"=<>+-", *(f"\\{name}" for name in " ".join(_COMMANDS).split())])
SIGNS = frozenset("+-") | {"\\pm", "\\mp"}  # which may stand before what they belong to
OPENING, CLOSING = frozenset("([{"), frozenset(")]}")
ONE = re.compile(r"([_^])\{(\w)\}")
DOTTED = re.compile(r"\\dot\{\\dot\{(\\?\w+)\}\}")
SHORT = 8  # tokens in a script that has no spaces around its signs


def spelled(latex: str) -> str:
    """``latex`` in the spelling of models.

    >>> spelled(r"a_{i}=-\\frac{1}{2}(x+y)^{n+1},b\\leq c")
    'a_i = -\\\\frac{1}{2} (x + y)^{n+1}, b \\\\leq c'
    """
    latex = DOTTED.sub(r"\\ddot{\1}", latex)
    return _written(TOKEN.findall(ONE.sub(r"\1\2", latex)))


def _written(tokens: list[str]) -> str:
    out, at, before = "", 0, ""
    while at < len(tokens):
        token = tokens[at]
        if token in "_^" and tokens[at + 1 : at + 2] == ["{"]:
            end = _closing(tokens, at + 1)
            inside = tokens[at + 2 : end]
            text = "".join(inside) if len(inside) <= SHORT and not _has_words(inside) else _written(inside)
            out, at, before = f"{out}{token}{{{text}}}", end + 1, "script"
            continue
        if token in "_^":
            after = tokens[at + 1] if at + 1 < len(tokens) else ""
            out, at, before = f"{out}{token}{after}", at + 2, "script"
            continue
        if token.isspace():
            out = f"{out.rstrip(' ')} "
        elif token in JOINING and not (token in SIGNS and _begins(before)):
            out = f"{out.rstrip(' ')} {token} " if out else f"{token} "
        elif token == ",":
            out = f"{out.rstrip(' ')}, "
        else:
            apart = before == "script" and (
                token[:1].isalnum() or token in ("\\frac", "\\sqrt", "(", "[", "|") or _names(token)
            )
            out += f" {token}" if apart and not out.endswith(" ") and not _is_argument(tokens, at) else token
        before = token if not token.isspace() else before
        at += 1
    return re.sub(r"  +", " ", out).strip()


def _begins(before: str) -> bool:
    """Whether a sign after ``before`` is that of what follows it."""
    return not before or before in JOINING or before in OPENING or before in ",&" or before == "\\\\"


def _names(token: str) -> bool:
    return (
        len(token) > 1 and token[1].isalpha() and token not in JOINING and token not in ("\\right", "\\end")
    )


def _has_words(tokens: list[str]) -> bool:
    return any(token in JOINING and token[0] == "\\" for token in tokens)


def _is_argument(tokens: list[str], at: int) -> bool:
    """Whether what a bracket at ``at`` encloses is a function's argument: signs without operators."""
    if tokens[at] not in ("(", "["):
        return False
    end = next((n for n in range(at, len(tokens)) if tokens[n] in (")", "]")), len(tokens))
    return not JOINING & set(tokens[at:end])


def _closing(tokens: list[str], at: int) -> int:
    depth = 0
    for number in range(at, len(tokens)):
        depth += {"{": 1, "}": -1}.get(tokens[number], 0)
        if not depth:
            return number
    return len(tokens)
