"""Invented formulas as they stand in running text, in the notation of ``formulas``."""

from __future__ import annotations

import random

from docspec.verifiers.mini.formulas import (
    ACCENTS,
    BOLD,
    CLOSE,
    FRACTION,
    FUNCTIONS,
    GREEK,
    GROUP,
    GROUP_END,
    LETTERS,
    OPEN,
    ROOT,
    SUB,
    SUP,
)

_LATIN = "abcdefghijklmnpqrstuvwxyzABCDEFGHIJKLMNPQRSTUVWXYZ"
_COMMON = "xxxxyyzzaabbccddeeffgghhiijjkkmmnnnnppqqrrssttuuvvwwABCDEFGHKLMNPQRSTUVWX"
_RELATIONS = ["=", "=", "=", "=", "<", ">", "≤", "≥", "≠", "≈", "∈", "→", "∼", "≡", "∝", "≪", "≫"]
_SIGNS = ["+", "−", "+", "−", "×", "·", "/", ",", "±"]


def inline_formula(rng: random.Random) -> str:
    """A formula between OPEN and CLOSE: mostly a letter with an index, else a relation or an expression."""
    makers = [_symbol] * 8 + [_relation] * 5 + [_expression] * 2 + [_listed, _applied, _derivative]
    return f"{OPEN}{rng.choice(makers)(rng)}{CLOSE}"


def _group(text: str) -> str:
    return text if len(text) == 1 or text in FUNCTIONS else f"{GROUP}{text}{GROUP_END}"


def _letter(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.6:
        return rng.choice(_COMMON)
    if kind < 0.9:
        return rng.choice(list(GREEK))
    return rng.choice(list(LETTERS)) if kind < 0.94 else BOLD + rng.choice(_LATIN)


def _number(rng: random.Random) -> str:
    return rng.choice(["0", "0", "1", "1", "2", str(rng.randint(0, 20)), str(rng.randint(0, 1000))])


def _index(rng: random.Random) -> str:
    makers = ["i", "j", "k", "n", "t", "0", "1", "2", str(rng.randint(0, 12)), rng.choice(_LATIN)]
    makers += [rng.choice("ijkmn") + rng.choice("ijkmn"), f"{rng.choice('ijkn')},{rng.choice('ijkt')}"]
    makers += [rng.choice("μνλαβ"), rng.choice("ijknt") + rng.choice("+−") + "1", rng.choice(FUNCTIONS)]
    return rng.choice(makers)


def _exponent(rng: random.Random) -> str:
    makers = ["2", "2", "2", "3", "n", "T", "∗", "′", "−1", str(rng.randint(2, 12)), rng.choice(_LATIN)]
    makers += ["+", "−", f"({rng.choice('ijkn')})", f"−{rng.choice('xtkn')}", "†"]
    return rng.choice(makers)


def _symbol(rng: random.Random) -> str:
    """A letter, often with accent, index or exponent."""
    written = _letter(rng)
    if BOLD not in written and written not in LETTERS and rng.random() < 0.08:
        written += rng.choice(list(ACCENTS))
    kind = rng.random()
    if kind < 0.6:
        written += SUB + _group(_index(rng))
    if kind < 0.12 or 0.6 < kind < 0.8:
        written += SUP + _group(_exponent(rng))
    return written


def _term(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.55:
        return _symbol(rng)
    if kind < 0.8:
        return _number(rng)
    if kind < 0.86:
        return _number(rng) + _symbol(rng)
    if kind < 0.9:
        return ROOT + _group(_symbol(rng) if rng.random() < 0.5 else _number(rng))
    if kind < 0.94:
        top, bottom = (rng.choice([_number(rng), rng.choice(_COMMON)]) for _ in range(2))
        return FRACTION + _group(top) + _group(bottom)
    return _applied(rng)


def _relation(rng: random.Random) -> str:
    right = _term(rng) if rng.random() < 0.6 else _expression(rng)
    return _symbol(rng) + rng.choice(_RELATIONS) + right


def _expression(rng: random.Random) -> str:
    return _term(rng) + "".join(rng.choice(_SIGNS) + _term(rng) for _ in range(rng.randint(1, 2)))


def _listed(rng: random.Random) -> str:
    letter, last = rng.choice(_COMMON), rng.choice("nmkNMKT")
    forms = [f"{letter}=1,2,…,{last}", f"{letter}=1,…,{last}", f"{letter}=0,1,2,…"]
    forms.append(f"{letter}{SUB}1,…,{letter}{SUB}{last}")
    forms.append(f"{letter}{SUB}1,{letter}{SUB}2,…,{letter}{SUB}{last}")
    forms.append(f"[{_number(rng)},{_number(rng)}]")
    return rng.choice(forms)


def _applied(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return rng.choice(FUNCTIONS) + _symbol(rng)
    return f"{rng.choice('fghpPqQOVFGuLEST')}({_symbol(rng)}{rng.choice(['', '', ',' + _letter(rng)])})"


def _derivative(rng: random.Random) -> str:
    forms = [f"∂{SUB}{rng.choice('ijkμν0t')}{_symbol(rng)}", f"∇{rng.choice(['', '×', '·'])}{_symbol(rng)}"]
    forms += [f"δ{_symbol(rng)}", f"Δ{rng.choice(_COMMON)}", f"d{rng.choice(_COMMON)}/d{rng.choice('txs')}"]
    forms += [f"∑{SUB}{rng.choice('ijk')}{_symbol(rng)}", f"∫{_symbol(rng)}"]
    return rng.choice(forms)
