"""What TeX commands look like on paper: the tables behind `readable`. Pure.

The names are those of plain TeX, LaTeX and amsmath that abstracts use; a command that is missing here is not
an error (see `tex`).
"""

from __future__ import annotations

_LOWER = (
    "alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ "
    "lambda λ mu μ nu ν xi ξ omicron ο pi π varpi ϖ rho ρ varrho ϱ sigma σ varsigma ς tau τ upsilon υ phi ϕ "
    "varphi φ chi χ psi ψ omega ω"
)
_UPPER = "Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω"
_RELATIONS = (
    "times × cdot · div ÷ pm ± mp ∓ ast ∗ star ⋆ circ ∘ bullet • oplus ⊕ otimes ⊗ odot ⊙ wedge ∧ vee ∨ "
    "leq ≤ le ≤ leqslant ≤ geq ≥ ge ≥ geqslant ≥ neq ≠ ne ≠ ll ≪ gg ≫ lt < gt > approx ≈ "
    "sim ∼ simeq ≃ cong ≅ equiv ≡ propto ∝ lesssim ≲ gtrsim ≳ prec ≺ succ ≻ perp ⊥ parallel ∥ mid | "
    "in ∈ notin ∉ ni ∋ subset ⊂ subseteq ⊆ supset ⊃ supseteq ⊇ cup ∪ cap ∩ setminus ∖ emptyset ∅ varnothing ∅"
)
_OTHERS = (
    "to → rightarrow → longrightarrow ⟶ leftarrow ← leftrightarrow ↔ Rightarrow ⇒ Leftarrow ⇐ "
    "Leftrightarrow ⇔ implies ⇒ iff ⇔ mapsto ↦ uparrow ↑ downarrow ↓ nearrow ↗ searrow ↘ hookrightarrow ↪ "
    "infty ∞ top ⊤ bot ⊥ partial ∂ nabla ∇ forall ∀ exists ∃ neg ¬ lnot ¬ sum ∑ prod ∏ int ∫ oint ∮ "
    "surd √ ell ℓ hbar ℏ Re ℜ Im ℑ aleph ℵ wp ℘ angle ∠ triangle △ square □ Box □ diamond ⋄ "
    "dagger † ddagger ‡ checkmark ✓ ldots … dots … cdots ⋯ vdots ⋮ prime ′ degree ° textdegree ° langle ⟨ rangle ⟩ "
    "lceil ⌈ rceil ⌉ lfloor ⌊ rfloor ⌋ vert | Vert ‖ lVert ‖ rVert ‖ lvert | rvert | lbrace { rbrace } backslash \\ "
    "o ø O Ø l ł L Ł ss ß ae æ AE Æ oe œ OE Œ aa å AA Å i ı j ȷ dh ð DH Ð th þ TH Þ dj đ DJ Đ "
    "textendash – textemdash — textquoteright ’ textquoteleft ‘ textasciitilde ~ textasciicircum ^ "
    "textbackslash \\ textbar | textless < textgreater > textunderscore _ texttimes × textmu µ "
    "textregistered ® texttrademark ™ copyright © pounds £ euro € S § P ¶ LaTeX LaTeX TeX TeX BibTeX BibTeX"
)


def _pairs(*rows: str) -> dict[str, str]:
    names: dict[str, str] = {}
    for row in rows:
        words = row.split()
        names |= dict(zip(words[::2], words[1::2], strict=True))
    return names


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SIGNS = _pairs(_LOWER, _UPPER, _RELATIONS, _OTHERS) | {
    "quad": " ",
    "qquad": " ",
    "space": " ",
    "newline": " ",
}

# Commands of one argument whose argument is what one reads.
SHOWN = _names(
    "text textbf textit textsl textsc texttt textrm textsf textnormal textmd textup emph underline uline "
    "mathbf mathrm mathit mathsf mathtt mathcal mathscr mathfrak mathnormal boldsymbol bm pmb "
    "operatorname mbox hbox fbox url path href nolinkurl ensuremath textsuperscript textsubscript overline "
    "underbrace overbrace widehat widetilde hat tilde bar vec dot ddot check breve acute grave mathring "
    "mathop mathrel mathbin mathord mathds boxed smash phantom uppercase lowercase MakeUppercase"
)

# Commands whose arguments nobody reads: how many of them.
DROPPED = dict.fromkeys(
    _names(
        "cite citep citet citealp citeauthor ref eqref autoref cref Cref label footnote footnotemark "
        "begin end vspace hspace color bibitem thanks pagestyle input textcolor href colorbox"
    ),
    1,
) | {"setcounter": 2}
RECOLOURED = _names("textcolor href colorbox")  # the second argument is read

# Switches without an argument: they change the type, not the text.
SWITCHES = _names(
    "it bf em rm sf tt sc sl tiny small footnotesize scriptsize normalsize large Large LARGE huge Huge "
    "itshape bfseries scshape rmfamily ttfamily sffamily left right big Big bigg Bigg bigl bigr Bigl Bigr "
    "biggl biggr displaystyle textstyle scriptstyle limits nolimits noindent centering par protect xspace "
    "nonumber mathstrut relax middle"
)

# Names that are read as they are.
FUNCTIONS = _names(
    "log ln exp sin cos tan cot arcsin arccos arctan sinh cosh tanh max min sup inf lim limsup liminf arg "
    "argmax argmin det dim ker gcd deg Pr mod hom"
)

ACCENTS = {
    "'": "\u0301",
    "`": "\u0300",
    "^": "\u0302",
    '"': "\u0308",
    "~": "\u0303",
    "=": "\u0304",
    ".": "\u0307",
    "u": "\u0306",
    "v": "\u030c",
    "H": "\u030b",
    "c": "\u0327",
    "k": "\u0328",
    "r": "\u030a",
    "d": "\u0323",
    "b": "\u0331",
}

# A backslash and one sign: line break, discretionary signs, thin and thick spaces, signs read as themselves.
CHARACTERS = (
    {"\\": " ", "!": "", "-": "", "/": ""} | dict.fromkeys(" ,;:>", " ") | {sign: sign for sign in "&%$#_{}|@*"}
)
RAISED = str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
DOUBLE_STRUCK = str.maketrans("CHNPQRZE1", "ℂℍℕℙℚℝℤ𝔼𝟙")
