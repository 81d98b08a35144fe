"""The work of reading a filter is bounded by its length: counted in calls of functions, not in time."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from types import FrameType

import pytest

from subscribers.query.canonical import canonical
from subscribers.query.errors import QueryError
from subscribers.query.explain import explain
from subscribers.query.parser import parse
from subscribers.query.typed import STORED, TYPED
from tests.subscribers.query.test_parser import HOSTILE

LENGTHS = (125, 250, 500, 1_000)
# Calls. Most texts take some 20 a character; one sign that stands for eighteen letters takes 150, and as many brackets
# as are allowed, each with a warning of its own, 200.
A_CHARACTER, AT_LEAST = 250, 3_000
PIECES = (
    *HOSTILE, "(a ", "NOT ", "a OR (", "-(", "title:(", "- ", "a|", '"" ', "a b OR ", "(a b OR ", "-(a OR b ",
    "cat:cs.* ", "published:P7D ", "a-", "9.", "a' ", "\\frac{a}{", "$a_{b", "{\\bf ", "\\'e", "ﷺ ", "é\u0301\u0301",
)  # fmt: skip


def calls(work: Callable[[], object]) -> int:
    """How many functions, of Python and of C, the work calls."""
    count = 0

    def counted(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def read(text: str, *, stored: bool = False) -> None:
    """What is done with a text that somebody types: read, said in plain words, written in its one form."""
    try:
        query = parse(text, stored=stored).query
    except QueryError:
        return
    explain(query)
    canonical(query)


def closed(text: str) -> str:
    """The text with the brackets closed that it opens, as far as the limits allow it."""
    return text + ")" * min(text.count("("), TYPED.depth)


@pytest.mark.parametrize("piece", PIECES)
def test_the_steps_grow_with_the_length_alone(piece: str) -> None:
    for length in LENGTHS:
        text = (piece * length)[:length]
        for tried in (text, closed(text)[:length]):
            assert calls(lambda tried=tried: read(tried)) <= AT_LEAST + A_CHARACTER * length, repr(tried[:40])


def test_nor_do_mixtures_take_more() -> None:
    source = random.Random(17)
    for _ in range(400):
        text = "".join(source.choices(PIECES, k=source.randint(1, 200)))[: TYPED.length]
        assert calls(lambda text=text: read(text)) <= AT_LEAST + A_CHARACTER * len(text), repr(text)


def test_what_is_longer_than_the_limit_is_not_even_begun() -> None:
    short, long = (calls(lambda length=length: read("a " * length)) for length in (1_000, 100_000))
    assert short == long


def test_a_text_as_deep_and_as_wide_as_allowed_is_bounded_too() -> None:
    deep = "(a b OR " * TYPED.depth + "c" + ")" * TYPED.depth
    wide = " OR ".join(f'-("{"ﷺ" * 4} {n}" b)' for n in range(30))
    for text in (deep, wide):
        assert calls(lambda text=text: read(text)) <= AT_LEAST + A_CHARACTER * len(text)
        stored = canonical(parse(text).query)
        assert len(stored) <= STORED.length
        assert calls(lambda stored=stored: read(stored, stored=True)) <= AT_LEAST + A_CHARACTER * len(stored)
