from __future__ import annotations

import pytest
from hypothesis import given, settings

from subscribers.query.canonical import canonical, normal
from subscribers.query.errors import QueryError
from subscribers.query.mends import mended, swapped
from subscribers.query.nodes import Clause, Phrase, Prefix, Query, Word, clauses
from subscribers.query.parser import parse
from tests.subscribers.query.invented import queries


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("touch (robot* OR grasp* -survey", "touch (robot* OR grasp*) -survey"),
        ("moss (fern", "moss (fern)"),
        ("moss upvotes:50..10 fern", "moss upvotes:10..50 fern"),
        ("(moss OR upvotes:50..10)", "(moss OR upvotes:10..50)"),
        ("published:P3M moss", "published:P90D moss"),
        ("-upvotes:50..10", "-upvotes:10..50"),
        ('x source:"Nature Medicine" y', 'x journal:"nature medicine" y'),
        ("moss OR", ""),
        ('"moss', ""),
        ("((moss", ""),
        ("x upvotes:many", ""),
    ],
)
def test_a_mend_is_the_whole_text_with_what_was_meant(text: str, offered: str) -> None:
    with pytest.raises(QueryError) as wrong:
        parse(text)
    assert mended(text, wrong.value) == offered


@pytest.mark.parametrize(
    ("text", "old", "new", "wanted"),
    [
        ("Evikt* OR moss", Prefix("evikt"), Prefix("evict"), "evict* OR moss"),
        ("moss  mosses", Word("moss"), Word("moss", exact=True), "=moss  mosses"),
        ('"KV cache" x', Phrase(("kv", "cache")), Phrase(("kv", "cache"), exact=True), '="kv cache" x'),
        ("kv-cache x", Phrase(("kv", "cache")), Phrase(("kv", "cache"), exact=True), '="kv cache" x'),
        ("title:moss moss", Word("moss"), Word("fern"), "fern title:moss"),
        ("-moss", Word("moss"), Word("fern"), "-fern"),
        ("Łódź moss", Word("lodz"), Word("fern"), "fern moss"),
    ],
)
def test_one_clause_is_swapped_where_it_was_typed_else_in_canonical_form(
    text: str, old: Clause, new: Clause, wanted: str
) -> None:
    assert swapped(text, parse(text).query, old, new) == wanted


@settings(deadline=None, max_examples=200)
@given(queries)
def test_a_swap_means_the_same_but_for_the_clause(query: Query) -> None:
    text, old, new = canonical(query), next(clauses(normal(query))), Word("zzz")
    mend = parse(swapped(text, query, old, new), stored=True).query
    assert canonical(mend) == canonical(_by_hand(normal(query), old, new))


def _by_hand(query: Query, old: Clause, new: Clause) -> Query:
    """The tree with the clause swapped, written another way."""
    if query == old:
        return new
    parts = getattr(query, "parts", None)
    if parts is not None:
        return type(query)(tuple(_by_hand(part, old, new) for part in parts))  # type: ignore[call-arg]
    return type(query)(_by_hand(query.part, old, new)) if hasattr(query, "part") else query  # type: ignore[call-arg]
