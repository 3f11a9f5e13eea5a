"""What characters are called in LaTeX, and what the codes of TeX's fonts stand for where no character is.

The codes are those of Computer Modern and the AMS fonts (D. E. Knuth, The TeXbook, appendix F; amssymb.sty).
"""

from __future__ import annotations

import unicodedata


def _pairs(table: str) -> dict[str, str]:
    """The words of a table as a dictionary: each second one is what the one before it stands for."""
    words = table.split()
    return dict(zip(words[::2], words[1::2], strict=True))


NAMES = _pairs(r"""
    α alpha β beta γ gamma δ delta ε varepsilon ϵ epsilon ζ zeta η eta θ theta ϑ vartheta ι iota κ kappa
    ϰ varkappa λ lambda μ mu µ mu ν nu ξ xi π pi ϖ varpi ρ rho ϱ varrho σ sigma ς varsigma τ tau υ
    upsilon φ phi ϕ varphi χ chi ψ psi ω omega Γ Gamma Δ Delta ∆ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ
    Sigma Υ Upsilon ϒ Upsilon Φ Phi Ψ Psi Ω Omega Ω Omega ≤ leq ≥ geq ≦ leqq ≧ geqq ⩽ leqslant ⩾
    geqslant ≠ neq ≈ approx ≡ equiv ≢ not\equiv ∈ in ∉ notin ∋ ni ∼ sim ≃ simeq ≅ cong ≍ asymp ≐ doteq ∝
    propto ≪ ll ≫ gg ⋘ lll ⋙ ggg ≺ prec ≻ succ ⪯ preceq ⪰ succeq ≼ preccurlyeq ≽ succcurlyeq ≲ lesssim ≳
    gtrsim ≶ lessgtr ≷ gtrless ≮ nless ≯ ngtr ≰ nleq ≱ ngeq ≜ triangleq ≔ coloneqq ⊂ subset ⊃ supset ⊆
    subseteq ⊇ supseteq ⊊ subsetneq ⊋ supsetneq ⊄ not\subset ⊈ nsubseteq ⊏ sqsubset ⊐ sqsupset ⊑
    sqsubseteq ⊒ sqsupseteq ∣ mid ∤ nmid ∦ nparallel ⊥ perp ⊢ vdash ⊣ dashv ⊨ models ⊩ Vdash → to ←
    leftarrow ↔ leftrightarrow ⇒ Rightarrow ⇐ Leftarrow ⇔ Leftrightarrow ↦ mapsto ↑ uparrow ↓ downarrow
    ↕ updownarrow ⇑ Uparrow ⇓ Downarrow ↗ nearrow ↘ searrow ↖ nwarrow ↙ swarrow ↪ hookrightarrow ↩
    hookleftarrow ⇀ rightharpoonup ⇁ rightharpoondown ↼ leftharpoonup ↽ leftharpoondown ⇌
    rightleftharpoons ↠ twoheadrightarrow ⟶ longrightarrow ⟵ longleftarrow ⟹ Longrightarrow ⟸
    Longleftarrow ⟺ iff ⟼ longmapsto ⇝ rightsquigarrow × times · cdot ⋅ cdot ± pm ∓ mp ÷ div ⋆ star ★
    bigstar ∘ circ ◦ circ • bullet ∙ bullet † dagger ‡ ddagger ⊕ oplus ⊖ ominus ⊗ otimes ⊘ oslash ⊙ odot
    ⊞ boxplus ⊠ boxtimes ⊡ boxdot ∪ cup ∩ cap ⊎ uplus ⊔ sqcup ⊓ sqcap ∧ wedge ∨ vee ∖ setminus ≀ wr ⋈
    bowtie ⋉ ltimes ⋊ rtimes ⊲ triangleleft ⊳ triangleright ◁ triangleleft ▷ triangleright △ triangle ▽
    bigtriangledown □ square ■ blacksquare ◇ diamond ♢ diamondsuit ♣ clubsuit ♡ heartsuit ♠ spadesuit ∂
    partial ∇ nabla ∞ infty ∀ forall ∃ exists ∄ nexists ¬ neg ∅ emptyset ⌀ varnothing ℓ ell ℏ hbar ħ
    hbar ℘ wp ℜ Re ℑ Im ℵ aleph ℶ beth ı imath ȷ jmath ∠ angle ⊤ top ♭ flat ♮ natural ♯ sharp ð eth ′
    prime ″ prime\prime … ldots ⋯ cdots ⋮ vdots ⋱ ddots ∴ therefore ∵ because √ surd § S ¶ P ⟨ langle ⟩
    rangle 〈 langle 〉 rangle ⌊ lfloor ⌋ rfloor ⌈ lceil ⌉ rceil ‖ | ∥ | ∑ sum ∏ prod ∐ coprod ∫ int ∬
    iint ∭ iiint ∮ oint ⋃ bigcup ⋂ bigcap ⋁ bigvee ⋀ bigwedge ⨁ bigoplus ⨂ bigotimes ⨀ bigodot ⨄
    biguplus ⨆ bigsqcup { { } } # # $ $ % % & & _ _
""")
PLAIN = _pairs("∗ * − - ‐ - ‑ - ∕ / ⁄ / ∶ : ’ ' ‘ ` “ `` ” '' – -- — --- ª a ˗ -") | {
    "\\": "\\backslash",
    "~": "\\sim ",
}
FUNCTIONS = frozenset(
    [
        *("arccos", "arcsin", "arctan", "arg", "cos", "cosh", "cot", "coth", "csc"),
        *("deg", "det", "dim", "exp", "gcd", "hom", "inf", "ker", "lg"),
        *("lim", "liminf", "limsup", "ln", "log", "max", "min", "Pr", "sec"),
        *("sin", "sinh", "sup", "tan", "tanh"),
    ]
)
# Functions that have something set under them.
WITH_LIMITS = frozenset(["det", "gcd", "inf", "lim", "liminf", "limsup", "max", "min", "Pr", "sup"])
OPERATORS = frozenset("∑∏∐⋃⋂⋁⋀⨁⨂⨀⨄⨆")  # which have limits above and below; integrals have them beside
INTEGRALS = frozenset("∫∬∭∮")
ACCENTS = _pairs("""
    \u02c6 hat ^ hat \u0302 hat \u02dc tilde ~ tilde \u0303 tilde \u00af bar \u02c9 bar \u0304 bar
    \u0305 overline \u02d9 dot \u0307 dot
    \u00a8 ddot \u0308 ddot \u02c7 check \u030c check \u02d8 breve \u0306 breve
    \u00b4 acute \u0301 acute ` grave \u0300 grave \u20d7 vec \u02da mathring \u030a mathring
""")
NOT = "\u0338"

_LETTERS = """
    - - - - - - - - - - - alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi
    rho sigma tau upsilon phi chi psi omega varepsilon vartheta varpi varrho varsigma varphi
    leftharpoonup leftharpoondown rightharpoonup rightharpoondown lhook rhook triangleright triangleleft
"""
_SYMBOLS = """
    - cdot times ast div diamond pm mp oplus ominus otimes oslash odot bigcirc circ bullet asymp equiv
    subseteq supseteq leq geq preceq succeq sim approx subset supset ll gg prec succ leftarrow
    rightarrow uparrow downarrow leftrightarrow nearrow searrow simeq Leftarrow Rightarrow Uparrow
    Downarrow Leftrightarrow nwarrow swarrow propto prime infty in ni triangle bigtriangledown not
    mapstochar forall exists neg emptyset Re Im top bot aleph
"""
_AMS_A = """
    boxdot boxplus boxtimes square blacksquare centerdot lozenge blacklozenge circlearrowright
    circlearrowleft rightleftharpoons leftrightharpoons boxminus Vdash Vvdash vDash twoheadrightarrow
    twoheadleftarrow leftleftarrows rightrightarrows upuparrows downdownarrows upharpoonright
    downharpoonright upharpoonleft downharpoonleft rightarrowtail leftarrowtail leftrightarrows
    rightleftarrows Lsh Rsh rightsquigarrow leftrightsquigarrow looparrowleft looparrowright circeq
    succsim gtrsim gtrapprox multimap therefore because doteqdot triangleq precsim lesssim lessapprox
    eqslantless eqslantgtr curlyeqprec curlyeqsucc preccurlyeq leqq leqslant lessgtr backprime -
    risingdotseq fallingdotseq succcurlyeq geqq geqslant gtrless sqsubset sqsupset vartriangleright
    vartriangleleft trianglerighteq trianglelefteq bigstar between blacktriangledown blacktriangleright
    blacktriangleleft - - vartriangle blacktriangle triangledown eqcirc lesseqgtr gtreqless lesseqqgtr
    gtreqqless - Rrightarrow Lleftarrow - veebar barwedge doublebarwedge angle measuredangle
    sphericalangle varpropto smallsmile smallfrown Subset Supset Cup Cap curlywedge curlyvee
    leftthreetimes rightthreetimes subseteqq supseteqq bumpeq Bumpeq lll ggg - - - circledS pitchfork
    dotplus backsim backsimeq - - - - complement intercal circledcirc circledast circleddash
"""
_AMS_B = """
    lvertneqq gvertneqq nleq ngeq nless ngtr nprec nsucc lneqq gneqq nleqslant ngeqslant lneq gneq
    npreceq nsucceq precnsim succnsim lnsim gnsim nleqq ngeqq precneqq succneqq precnapprox succnapprox
    lnapprox gnapprox nsim ncong diagup diagdown varsubsetneq varsupsetneq nsubseteqq nsupseteqq
    subsetneqq supsetneqq varsubsetneqq varsupsetneqq subsetneq supsetneq nsubseteq nsupseteq nparallel
    nmid nshortmid nshortparallel nvdash nVdash nvDash nVDash ntrianglerighteq ntrianglelefteq
    ntriangleleft ntriangleright nleftarrow nrightarrow nLeftarrow nRightarrow nLeftrightarrow
    nleftrightarrow divideontimes varnothing nexists
"""
_AMS_B_END = """
    Finv Game - - - - mho eth eqsim beth gimel daleth lessdot gtrdot ltimes rtimes shortmid
    shortparallel smallsetminus thicksim thickapprox approxeq succapprox precapprox curvearrowleft
    curvearrowright digamma varkappa Bbbk hslash hbar backepsilon
"""


def _coded(names: str, start: int = 0) -> dict[int, str]:
    return {start + code: name for code, name in enumerate(names.split()) if name != "-"}


CODES = {
    "letters": _coded(_LETTERS) | {0x40: "partial", 0x60: "ell", 0x7B: "imath", 0x7C: "jmath", 0x7D: "wp"},
    "symbols": _coded(_SYMBOLS) | _coded("cup cap uplus wedge vee vdash dashv lfloor rfloor lceil rceil", 91)
    | _coded("{ } langle rangle mid | updownarrow Updownarrow setminus wr surd amalg nabla smallint", 0x66)
    | _coded("sqcup sqcap sqsubseteq sqsupseteq S dagger ddagger P", 0x74),
    "ams-a": _coded(_AMS_A),
    "tx-c": {0x2C: "neq", 0x3C: "notin"},
    "ams-b": _coded(_AMS_B) | _coded(_AMS_B_END, 0x60),
}  # fmt: skip

# Letters of Unicode's mathematical alphabets, by words in their names; the first that fits.
ALPHABETS = (
    ("BOLD SCRIPT", "\\mathbfcal"),
    ("BOLD FRAKTUR", "\\mathfrak"),
    ("BOLD ITALIC", "\\boldsymbol"),
    ("SANS-SERIF", "\\mathsf"),
    ("MONOSPACE", "\\mathtt"),
    ("DOUBLE-STRUCK", "\\mathbb"),
    ("FRAKTUR", "\\mathfrak"),
    ("SCRIPT", "\\mathcal"),
    ("BOLD", "\\mathbf"),
    ("ITALIC", ""),
)


def command(name: str) -> str:
    """``name`` as a command: ``\\alpha``, ``\\{``."""
    return f"\\{name}"


def mathematical(char: str) -> tuple[str, str] | None:
    """A letter of a mathematical alphabet as the plain letter and the command for its alphabet, else None.

    >>> mathematical("𝔼")
    ('E', '\\\\mathbb')
    """
    name = unicodedata.name(char, "")
    plain = unicodedata.normalize("NFKC", char)
    letterlike = "\u2102" <= char <= "\u2134" and plain != char and plain.isalpha()
    if char in "ℓℏ℘ℜℑΩ" or not (name.startswith("MATHEMATICAL") or letterlike):
        return None
    return plain, next((alphabet for words, alphabet in ALPHABETS if words in name), "")
