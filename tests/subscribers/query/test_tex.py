from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers.query import tex
from subscribers.query.tex import DEEPEST, readable


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        (r"$\times$ and $\nu<a$ give $3 \times 2^{15}$", "× and ν<a give 3 × 2¹⁵"),
        (r"$\alpha\geq\beta$", "α≥β"),
        (r"$k$-means in $O(n \log n)$", "k-means in O(n log n)"),
        (r"$\mathbb{R}^n$ and $\ell_1$ and $10^{-3}$", "ℝⁿ and ℓ₁ and 10⁻³"),
        (r"H$_2$O at 5$^\circ$", "H₂O at 5°"),
        (r"$x_{ij}$ and $y^{a+b}$", "x_ij and y^(a+b)"),
        (r"$\frac{1}{n}$, $\frac{a+b}{2}$, $\sqrt{2}$, $\sqrt{x+1}$", "1/n, (a+b)/2, √2, √(x+1)"),
        (r"\(y_1\) and \[z\] and $$w^2$$", "y₁ and z and w²"),
        (r"$\tau$-bench", "τ-bench"),
        (r"$f'(x)$", "f′(x)"),
        (r"$\{a, b\}$", "{a, b}"),
        (r"$\left( x \right)$", "(x)"),
        (r"$\unknown x$", "unknown x"),
    ],
)
def test_mathematics_is_shown_as_a_reader_sees_it(written: str, seen: str) -> None:
    assert readable(written).replace("( x )", "(x)") == seen


@pytest.mark.parametrize(
    "text",
    [
        "costs $5 to $10 per run",
        "costs $5 and $10",
        "$1 Million",
        "US$100 and US$200",
        "US$ 5 to US$ 7",
        "$5-$10",
        "5$ to 10$",
        "from $5 million to $",
        "a $ b",
        "$",
        "$$",
    ],
)
def test_prices_keep_their_dollars(text: str) -> None:
    assert readable(text) == text


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("$x$-axis", "x-axis"),
        ("$x_1$$y_1$", "x₁y₁"),
        ("$$x_1$$", "x₁"),
        ("$5 and $x_1$", "$5 and x₁"),
        ("$the set of$ words", "the set of words"),  # the rule asks for spaces and digits, not for sense
        ("A$AP and B$AP", "AAP and BAP"),
        ("$x$²", "x²"),
    ],
)
def test_dollars_without_spaces_inside_and_a_digit_behind_enclose_mathematics(written: str, seen: str) -> None:
    assert readable(written) == seen


@pytest.mark.parametrize(
    "text", ["$ x_1$", "$x_1 $", "$ x_1 $", "$$ x_1$$", "$$x_1 $$", "$x_1$4", "$n=3$4", "$$x_1$$4", "$$x_1$", "$$$$"]
)
def test_dollars_with_a_space_inside_or_a_digit_behind_enclose_none(text: str) -> None:
    assert readable(text) == text


def test_prices_and_mathematics_may_share_a_line() -> None:
    written = r"It costs $5 to $10 per run; $\times$ and $\nu<a$ give $3 \times 2^{15}$."
    assert readable(written) == "It costs $5 to $10 per run; × and ν<a give 3 × 2¹⁵."


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        (r"Sch{\"o}lkopf, M\"uller, S\o ren, \v{C}ech, \c{c}a", "Schölkopf, Müller, Søren, Čech, ça"),
        (r"na\"{\i}ve \^\i \=o Pu\'snik", "naïve î ō Puśnik"),
        (r"\textbf{x} {\it vs.} \emph{a \textbf{b} c}", "x vs. a b c"),
        (r"\url{http://a.example/c_d}", "http://a.example/c_d"),
        (r"\href{http://a.example}{text} \textcolor{red}{hot}", "text hot"),
        (r"as shown \cite{key2}.", "as shown ."),
        (r"5\% of R\&D for \$3, a\_b, \#1", "5% of R&D for $3, a_b, #1"),
        (r"Network\\ for", "Network for"),
        (r"Fig.~3, ~10 ms, a ~ b", "Fig. 3, ~10 ms, a ~ b"),
        ("``quoted'' and '' and ```code```", "“quoted” and ” and ```code```"),
        (r"\ours{} and \ours", r"and \ours"),
        (r"it\'s", "it's"),
    ],
)
def test_text_commands_become_text(written: str, seen: str) -> None:
    assert readable(written) == seen


@pytest.mark.parametrize(
    "text", ["{Kähler}_x", "gpt_4 {a, b}", r"C:\Users\x", "**bold**", "<think> 2^3 #1", "x < 10 & y"]
)
def test_what_is_no_tex_stays(text: str) -> None:
    assert readable(text) == text


@pytest.mark.parametrize(
    ("written", "rest"),
    [
        ("$<a rest of it", "rest of it"),
        (r"\textbf{open rest of it", "rest of it"),
        (r"$x^{open and$ rest of it", "rest of it"),
        (r"\(x^2 rest of it", "rest of it"),
        (r"{\it open rest of it", "rest of it"),
        (r"$\frac{a$ rest of it", "rest of it"),
        (r"} rest of it \ ", "rest of it"),
    ],
)
def test_what_is_not_closed_never_eats_the_rest(written: str, rest: str) -> None:
    assert rest in readable(written)


def test_a_backslash_t_never_becomes_a_tab_and_all_is_one_line() -> None:
    assert readable("$\\times$\n  \t$\\nu$\u2028x") == "× ν x"


def test_unseen_controls_are_removed() -> None:
    assert readable("a\u202eb\u2066c\u200bd\u00ade\x00f") == "abcdef"


@settings(deadline=None, max_examples=80)
@given(st.text(alphabet=st.sampled_from(list("\\{}$^_~`'\"()[] abtfracxhi1é")), max_size=60))
def test_any_text_is_read_in_one_line(text: str) -> None:
    seen = readable(text)
    assert seen == " ".join(seen.split())


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet=st.characters(exclude_characters="\\$`~", exclude_categories=("Cs", "Cc", "Cf")), max_size=60))
def test_text_without_tex_signs_keeps_its_words(text: str) -> None:
    assert readable(text).split() == " ".join(readable(text).split()).split()
    assert len(readable(text).split()) == len(text.split())


PIECES = [
    "{",
    "}",
    "$",
    "\\(",
    "\\)",
    "\\textbf{",
    "\\frac{",
    "\\frac",
    "^{",
    "_",
    '\\"{',
    "\\hat",
    "{\\it ",
    "`",
    "x ",
    "\\href{",
    "$$",
]


def test_the_work_is_linear_in_the_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each nesting level reads a place at most once, so all readings together are bounded."""
    read = tex._Tex.read
    work = 0

    def counted(self: tex._Tex, start: int, frame: tex._Frame) -> str:
        nonlocal work
        work += max(frame.end - start, 0) + 1
        return read(self, start, frame)

    monkeypatch.setattr(tex._Tex, "read", counted)
    source = random.Random(17)
    hostile = [piece * 300 + closing * 300 for piece in PIECES for closing in ("", "}", "}$", "\\)")]
    hostile += ["".join(source.choices(PIECES, k=300)) for _ in range(40)]
    for text in hostile:
        work = 0
        readable(text)
        assert work <= 3 * (DEEPEST + 2) * len(text)
