"""A canonical form read back clause by clause means what the parser says."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from subscribers.query.canonical import canonical, normal
from subscribers.query.errors import QueryError
from subscribers.query.nodes import Query
from subscribers.query.parser import parse
from subscribers.query.stored import stored
from tests.bench import crowd
from tests.subscribers.query.invented import queries


def parsed(text: str) -> Query | str:
    try:
        return parse(text, stored=True).query
    except QueryError as error:
        return str(error)


def read(text: str) -> Query | str:
    try:
        return stored(text)
    except QueryError as error:
        return str(error)


@settings(deadline=None)
@given(queries)
def test_every_canonical_form_is_read_as_the_parser_reads_it(query: Query) -> None:
    text = canonical(query)
    assert normal(stored(text)) == normal(parse(text, stored=True).query)
    assert canonical(stored(text)) == text
    assert stored(text) == normal(query)  # why a paper matches is asked of stored filters as they are


def test_what_a_crowd_asks_for_is_read_back() -> None:
    for query in crowd.wishes(500, sparse=False):
        assert normal(stored(canonical(query))) == normal(query)


BROKEN = ("(moss", "moss)", "(moss fern", "", " ", "()", "moss (", "OR", "moss OR", "-", '"moss', "moss OR OR fern")
SIGNS = ("moss", "fern", " ", " OR ", "(", ")", "-", '"', "title:", "or", "AND", "NOT", "*", "~3", "upvotes:>=5")


@pytest.mark.parametrize("text", [*BROKEN, "title:(moss fern)"])
def test_what_can_not_be_read_says_the_same(text: str) -> None:
    assert read(text) == parsed(text)


@settings(deadline=None)
@given(st.lists(st.sampled_from(SIGNS), max_size=8).map("".join))
@example("moss fern OR ivy")
def test_a_text_that_is_no_canonical_form_means_the_same_or_nothing(text: str) -> None:
    one, other = read(text), parsed(text)
    assert isinstance(one, str) == isinstance(other, str)
    if not isinstance(one, str) and not isinstance(other, str):
        assert normal(one) == normal(other)
