"""The large signs of Computer Modern's extension font and of those in its encoding: what they are, how tall.

They hang from where they are set. Heights are TeX's own, in sizes of the font (cmex10.tfm).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from docspec.drafters.reading.formulas.parts import Kind, Part, box_of, count_of, without
from docspec.drafters.reading.formulas.symbols import INTEGRALS, NAMES, OPERATORS, command
from docspec.types import Glyph

_PAIRS = ["(", ")", "[", "]", "\\lfloor", "\\rfloor", "\\lceil", "\\rceil"]
_PAIRS += ["\\{", "\\}", "\\langle", "\\rangle"]
_KINDS = {sign: Kind.CLOSING if number % 2 else Kind.OPENING for number, sign in enumerate(_PAIRS)}
_KINDS |= {"|": Kind.FENCE, "\\|": Kind.FENCE, "/": Kind.ORDINARY, "\\backslash": Kind.ORDINARY}
BIG = (1.2, 1.8, 2.4, 3.0)  # heights of \big, \Big, \bigg, \Bigg delimiters
ABOVE = 0.04  # of a delimiter's height, above where it is set


def _delimiters() -> dict[int, tuple[str, float]]:
    """Delimiters and how high they are, by their codes."""
    found: dict[int, tuple[str, float]] = {}
    slashes = ["/", "\\backslash"]
    for start, height, signs in (
        (0x00, BIG[0], [*_PAIRS, "|", "\\|", *slashes]),
        (0x10, BIG[1], _PAIRS[:2]),
        (0x12, BIG[2], [*_PAIRS, *slashes]),
        (0x20, BIG[3], [*_PAIRS, *slashes]),
        (0x2E, BIG[1], slashes),
        (0x44, BIG[1], _PAIRS[10:]),
        (0x68, BIG[1], _PAIRS[2:10]),
    ):
        found |= {start + number: (sign, height) for number, sign in enumerate(signs)}
    del found[0x0C], found[0x0D]  # of which bars are made
    return found


DELIMITERS = _delimiters()
SIGNS = {
    **dict(zip(range(0x46, 0x50), "⨆⨆∮∮⨀⨀⨁⨁⨂⨂", strict=True)),
    **dict(zip(range(0x50, 0x62), "∑∏∫⋃⋂⨄⋀⋁∑∏∫⋃⋂⨄⋀⋁∐∐", strict=True)),
}
DISPLAYED = frozenset([0x47, 0x49, 0x4B, 0x4D, 0x4F, *range(0x58, 0x60), 0x61])  # the larger form of each
HEIGHTS = {0x48: 1.11, 0x49: 2.22, 0x52: 1.11, 0x5A: 2.22}  # integrals; others 1.0 and 1.4
RADICALS = dict(zip(range(0x70, 0x74), BIG, strict=True))
WIDE = dict.fromkeys(range(0x62, 0x65), "\\widehat") | dict.fromkeys(range(0x65, 0x68), "\\widetilde")
PIECES = {  # which signs they may belong to, and how high they are
    **dict.fromkeys((0x30, 0x31, 0x40, 0x41, 0x32, 0x33, 0x34, 0x35), 1.8),
    **dict.fromkeys((0x36, 0x37, 0x42, 0x43, 0x0C, 0x0D, 0x3F, 0x77, 0x75), 0.6),
    **dict.fromkeys((0x38, 0x39, 0x3A, 0x3B), 0.9),
    **{0x3C: 1.8, 0x3D: 1.8, 0x3E: 0.3, 0x74: 1.8, 0x76: 0.6},
}
HORIZONTAL = frozenset(range(0x7A, 0x7E))  # braces' ends and middles
OVERBRACE = 0x7A  # the left end of a brace above; that of one below is another
ENDS = {0x30: "(", 0x40: "(", 0x31: ")", 0x41: ")", 0x38: "\\{", 0x3A: "\\{", 0x3C: "\\{", 0x3E: "\\{"}
ENDS |= {
    0x39: "\\}",
    0x3B: "\\}",
    0x3D: "\\}",
    0x0C: "|",
    0x3F: "|",
    0x0D: "\\|",
    0x77: "\\|",
    0x42: "(",
    0x43: ")",
}
# Adobe's characters for the pieces, and others that large signs are mapped to.
_ADOBE = dict(
    zip(
        map(chr, range(0xF8EB, 0xF8FF)),
        (
            *(0x30, 0x42, 0x40, 0x32, 0x36, 0x34, 0x38, 0x3C, 0x3A, 0x3E, -1),
            *(0x31, 0x43, 0x41, 0x33, 0x37, 0x35, 0x39, 0x3D, 0x3B),
        ),
        strict=True,
    )
) | {"\uf8e6": 0x3F}
MOVED = {**{code: code - 161 for code in range(161, 171)}, **{code: code - 163 for code in range(173, 196)}}
TOUCH = 0.15  # of the size: how far off the pieces of one sign are sidewards
FAR = 1.0  # of the size: and how far they may seem apart, fonts in the same encoding differing in heights
BOTTOMS = (0x40, 0x41, 0x34, 0x35, 0x3A, 0x3B)


def large_sign(glyph: Glyph) -> Part | None:
    """A glyph of an extension font as a part; None where it is none of the signs that are known."""
    code = glyph.code if glyph.code is not None else _ADOBE.get(glyph.text, -1)
    if code < 0 or code > 127:
        code = MOVED.get(code, _code_of(glyph.text))
    y, size = glyph.origin[1], glyph.size
    x0, _, x1, _ = glyph.box
    if code in DELIMITERS:
        sign, high = DELIMITERS[code]
        return _hanging(sign, glyph, high, _KINDS[sign], ABOVE)
    if code in SIGNS:
        kind = Kind.INTEGRAL if SIGNS[code] in INTEGRALS else Kind.OPERATOR
        high = HEIGHTS.get(code, 1.4 if code in DISPLAYED else 1.0)
        return _hanging(command(NAMES[SIGNS[code]]), glyph, high, kind)
    if code in RADICALS:
        return replace(_hanging("\\surd", glyph, RADICALS[code], Kind.RADICAL, ABOVE), code=code)
    if code in WIDE:
        return Part(WIDE[code], (x0, y - 0.75 * size, x1, y - 0.55 * size), y, size, Kind.ACCENT)
    if code in PIECES:
        return replace(_hanging("", glyph, PIECES[code], Kind.PIECE), code=code)
    if code in HORIZONTAL:
        return replace(Part("", (x0, y - 0.12 * size, x1, y), y, size, Kind.PIECE), code=code)
    return None


def _code_of(text: str) -> int:
    """The code of an operator's larger form, where the font maps it to its character."""
    return (
        next((code for code in DISPLAYED if SIGNS[code] == text), -1) if text in OPERATORS | INTEGRALS else -1
    )


def _hanging(latex: str, glyph: Glyph, high: float, kind: Kind, above: float = 0.0) -> Part:
    y, size = glyph.origin[1], glyph.size
    box = (glyph.box[0], y - above * size, glyph.box[2], y + (high - above) * size)
    return Part(latex, box, y, size, kind, centred=True)


def assembled(parts: Sequence[Part]) -> list[Part]:
    """``parts`` with the pieces of tall delimiters and roots put together, each where its pieces stand."""
    pieces = [part for part in parts if part.kind is Kind.PIECE and part.code in PIECES]
    if not pieces:
        return list(parts)
    stacks: list[list[Part]] = []
    for piece in sorted(pieces, key=lambda part: part.box[1]):
        near = [stack for stack in stacks if _goes_on(stack[-1], piece)]
        if near:
            near[0].append(piece)
        else:
            stacks.append([piece])
    return [*without(parts, pieces), *map(_whole, stacks)]


def _goes_on(above: Part, below: Part) -> bool:
    reach = TOUCH * above.size
    beside = abs(above.centre - below.centre) <= 2 * reach or abs(above.box[0] - below.box[0]) <= reach
    return beside and above.code not in BOTTOMS and abs(below.box[1] - above.box[3]) <= FAR * above.size


def _whole(stack: Sequence[Part]) -> Part:
    codes = {piece.code for piece in stack}
    part = replace(stack[0], box=box_of(stack), count=count_of(stack))
    if codes & {0x74, 0x75, 0x76}:
        return replace(part, latex="\\surd", kind=Kind.RADICAL)
    right = bool(codes & {0x33, 0x35, 0x37})
    if codes & {0x32, 0x33, 0x34, 0x35, 0x36, 0x37}:
        top, bottom = bool(codes & {0x32, 0x33}), bool(codes & {0x34, 0x35})
        number = 2 if top and bottom else 6 if top else 4 if bottom else 2
        latex = _PAIRS[number + right]
    else:
        latex = next(
            (ENDS[code] for code in sorted(codes - {0x3E}) if code in ENDS), ENDS.get(min(codes), "|")
        )
        if 0x39 in codes or 0x3D in codes or 0x3B in codes:
            latex = "\\}"
    return replace(part, latex=latex, kind=_KINDS[latex])
