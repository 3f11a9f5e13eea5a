"""Formulas within a line as the mini writes them, and the same in LaTeX and in plain characters. Pure.

LaTeX is long for what a line shows: ``$\\Sigma_{i}$`` has twelve characters for two, after which the decoder
would no longer know its place in the line. So the mini writes the characters themselves, with control
characters, a byte each, for where a formula begins and ends and for what is raised or lowered. They are taken
out of what it says, or written as LaTeX where a larger model's text is drafted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docspec.drafters.characters import raised

OPEN, CLOSE = "\x0e", "\x0f"  # around a formula
SUB, SUP = "\x11", "\x12"  # the next item is lowered, raised
GROUP, GROUP_END = "\x02", "\x03"  # around several characters that are one item
BOLD = "\x04"  # the next letter
FRACTION = "\x05"  # of the next two items
ROOT = "√"  # of the next item
MARKS = (OPEN, CLOSE, SUB, SUP, GROUP, GROUP_END, BOLD, FRACTION)


def _pairs(table: str) -> dict[str, str]:
    """The words of a table as a dictionary: each second one is what the one before it stands for."""
    words = table.split()
    return dict(zip(words[::2], words[1::2], strict=True))


ACCENTS = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde", "\u0307": "dot", "\u20d7": "vec"}
GREEK = _pairs("""
    α alpha β beta γ gamma δ delta ε varepsilon ζ zeta η eta θ theta κ kappa λ lambda μ mu ν nu ξ xi π pi
    ρ rho σ sigma τ tau φ phi ϕ varphi χ chi ψ psi ω omega
    Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Φ Phi Ψ Psi Ω Omega
""")
OPERATORS = _pairs("""
    ≤ leq ≥ geq ≠ neq ≈ approx ≡ equiv ∈ in ∼ sim → to ∝ propto ≪ ll ≫ gg × times · cdot ± pm ∗ ast † dagger
    ∂ partial ∇ nabla ∑ sum ∏ prod ∫ int ∞ infty ∀ forall ∃ exists ⊂ subset ∪ cup ∩ cap … ldots ′ prime ℓ ell
""")
LETTERS = _pairs("ℝ mathbb{R} ℕ mathbb{N} ℤ mathbb{Z} ℂ mathbb{C} ℒ mathcal{L} ℋ mathcal{H} ℱ mathcal{F}")
FUNCTIONS = (
    *("arccos", "arcsin", "arctan", "cosh", "cos", "cot", "det", "dim", "exp", "inf", "lim", "ln", "log"),
    *("max", "min", "sinh", "sin", "sup", "tanh", "tan"),
)
_COMMANDS = {sign: f"\\{name}" for sign, name in (GREEK | OPERATORS | LETTERS).items()}
_COMMANDS |= {name: f"\\{name}" for name in FUNCTIONS}
_COMMANDS |= {sign: f"\\{name}" for sign, name in ACCENTS.items()}
_COMMANDS |= {SUB: "_", SUP: "^", BOLD: "\\mathbf", FRACTION: "\\frac", ROOT: "\\sqrt"}
_COMMANDS |= {sign: f"\\{sign}" for sign in "{}%&#$"} | {"\\": "\\backslash", "−": "-"}
_ITEMS = {SUB: 1, SUP: 1, BOLD: 1, ROOT: 1, FRACTION: 2}  # how many each takes
_LONGEST = 200  # characters of a formula within a line
_FORMULA = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]{{0,{_LONGEST}}}){CLOSE}")
_SIGN = re.compile(f"{'|'.join(FUNCTIONS)}|.", re.DOTALL)
_NAME_END = re.compile(r"\\[A-Za-z]+$")


def with_latex(text: str, around: tuple[str, str] = ("$", "$")) -> str:
    """``text`` with its formulas as LaTeX, what stands ``around`` each before and after it."""
    return _unmarked(_FORMULA.sub(lambda found: f"{around[0]}{latex(found[1])}{around[1]}", text))


def plain(text: str) -> str:
    """``text`` with its formulas in plain characters: exponents raised where Unicode can."""
    return _unmarked(_FORMULA.sub(lambda found: _plain(_parse(found[1])), text))


def formulas_in(text: str) -> list[str]:
    """The formulas of a text, as LaTeX."""
    return [latex(found) for found in _FORMULA.findall(text)]


def latex(formula: str) -> str:
    """The LaTeX of what stands between OPEN and CLOSE."""
    return _latex(_parse(formula))


@dataclass(frozen=True, slots=True)
class _Node:
    """A character, or a mark or accent with what it applies to."""

    sign: str
    items: tuple[list[_Node], ...] = ()


def _parse(formula: str) -> list[_Node]:
    """The nodes of a formula; what a mark lacks is empty, a group without an end goes to the end."""
    rest = iter(_SIGN.findall(formula))
    nodes: list[_Node] = []
    for sign in rest:
        if sign in ACCENTS and nodes:
            nodes[-1] = _Node(sign, ([nodes[-1]],))
        else:
            nodes += _item(sign, rest)
    return nodes


def _item(sign: str, rest: Iterator[str]) -> list[_Node]:
    """The character, marked item or group that ``sign`` begins."""
    if sign == GROUP:
        return _group(rest)
    if sign in _ITEMS:
        return [_Node(sign, tuple(_item(next(rest, ""), rest) for _ in range(_ITEMS[sign])))]
    return [_Node(sign)] if sign and sign not in MARKS else []


def _group(rest: Iterator[str]) -> list[_Node]:
    """What stands up to the end of a group that was begun."""
    inside, depth = "", 1
    for sign in rest:
        depth += (sign == GROUP) - (sign == GROUP_END)
        if not depth:
            break
        inside += sign
    return _parse(inside)


def _latex(nodes: Sequence[_Node]) -> str:
    written = ""
    for node in nodes:
        piece = _COMMANDS.get(node.sign, node.sign)
        piece += "".join(f"{{{_latex(item)}}}" for item in node.items)
        written += f" {piece}" if piece[0].isalpha() and _NAME_END.search(written) else piece
    return written


def _plain(nodes: Sequence[_Node]) -> str:
    written = ""
    for node in nodes:
        items = [_plain(item) for item in node.items]
        if node.sign == SUP:
            written += raised(items[0])
        elif node.sign == FRACTION:
            written += "/".join(items)
        elif node.sign == ROOT:
            written += ROOT + items[0]
        else:
            written += "".join(items) or node.sign
    return written


def _unmarked(text: str) -> str:
    return text.translate(dict.fromkeys(map(ord, MARKS)))
