"""Which dollars enclose mathematics: one rule, for reading, marking and for the markup of feeds."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from subscribers.query.pairs import formulas, pairs
from subscribers.query.tex import readable

BY_THE_RULE = re.compile(r"\$(?!\s)([^$]+)(?<!\s)\$(?!\d)")  # of single dollars, in a text without backslashes
SINGLE = st.text(alphabet="$$$ x5.,=\n\u00a0").map(lambda text: re.sub(r"\$+", "$", text))
ANY = st.text(alphabet="$$$ x5\\{}(")


def contents(text: str) -> list[str]:
    return [text[found.inner : found.stop] for found in formulas(text)]


@given(SINGLE)
def test_single_dollars_enclose_what_the_rule_says(text: str) -> None:
    assert contents(text) == BY_THE_RULE.findall(text)


@given(ANY)
def test_no_formula_breaks_the_rule_and_none_overlaps_another(text: str) -> None:
    done = 0
    for start, inner, stop, after in formulas(text):
        assert done <= start < inner < stop < after <= len(text)
        assert text[start:inner] == text[stop:after] == "$" * (inner - start)
        assert not text[inner].isspace()
        assert not text[stop - 1].isspace()
        assert not text[after : after + 1].isdigit()
        done = after


@given(
    st.sampled_from([["$5", "A$7", "$", "to"], ["US$", "1$", "€5", "$", "to"]]).flatmap(
        lambda words: st.lists(st.sampled_from(words)).map(" ".join)
    )
)
def test_prices_written_in_one_way_are_never_mathematics(text: str) -> None:
    assert contents(text) == []


@given(st.text(alphabet="xyz_^12 =", min_size=1).map(str.strip).filter(bool), st.sampled_from(["$", "$$"]))
def test_what_stands_close_between_dollars_is_mathematics_before_anything_but_a_digit(inside: str, sign: str) -> None:
    assert contents(f"a {sign}{inside}{sign}-axis") == [inside]
    assert contents(f"a {sign}{inside}{sign}4") == []
    assert contents(f"a {sign} {inside}{sign} b") == []
    assert contents(f"a {sign}{inside} {sign} b") == []


@given(SINGLE.map(lambda text: " ".join(text.split())))
def test_reading_takes_away_the_dollars_of_formulas_and_no_others(text: str) -> None:
    assert readable(text).count("$") == text.count("$") - 2 * len(contents(text))


def test_a_dollar_behind_a_backslash_neither_opens_nor_closes() -> None:
    assert contents(r"\$x$ and y$") == []
    assert contents(r"$x\$ and y$") == [r"x\$ and y"]
    assert contents(r"\\$x$") == ["x"]


def test_brackets_close_where_their_partners_stand() -> None:
    assert pairs(r"{a{b}} \(c\) \[d\] }{ \{") == {2: 4, 0: 5, 7: 10, 13: 16}
