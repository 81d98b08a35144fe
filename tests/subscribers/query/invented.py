"""Invented queries: few words, so that they meet often."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from subscribers.query.nodes import (
    And,
    Author,
    Everything,
    Has,
    Near,
    Not,
    Number,
    Or,
    Org,
    Phrase,
    Prefix,
    Query,
    Source,
    Word,
)

_ENGLISH = "fine tuning finetuning tuned tune pre trained pretrained model models transform transformer transformation"
_OTHERS = "cache kv kvcache in form inform or and not cafe 東 京 3 5 35"
VOCABULARY = f"{_ENGLISH} {_OTHERS}".split()
FIELDS = st.sampled_from(["", "", "title", "abstract"])

words = st.sampled_from(VOCABULARY)
several = st.lists(words, min_size=2, max_size=4).map(tuple)
distinct = st.lists(words, min_size=2, max_size=3, unique=True).map(tuple)
counts = st.integers(0, 6)
fields = st.sampled_from(["upvotes", "comments"])


@st.composite
def numbers(draw: DrawFn) -> Number:
    low, high = sorted((draw(counts), draw(counts)))
    return draw(st.sampled_from([Number(draw(fields), low, high), Number(draw(fields), low)]))


clauses: SearchStrategy[Query] = st.one_of(
    st.builds(Word, words, FIELDS, st.booleans()),
    st.builds(Phrase, several, FIELDS, st.booleans()),
    st.builds(Near, distinct, st.integers(0, 3), FIELDS, st.booleans()),
    st.builds(Prefix, st.sampled_from(["fin", "finetun", "trans", "mod", "pretr"]), FIELDS),
    st.builds(Author, st.sampled_from([("lecun",), ("y", "lecun"), ("yann", "lecun"), ("ann", "moss")])),
    st.builds(Org, st.sampled_from([("fen",), ("harrow", "fen"), ("fen", "harrow"), ("laboratory",)])),
    st.builds(Source, st.sampled_from(["hf", "arxiv", "arxiv-cs", "other"])),
    numbers(),
    st.builds(Has, st.sampled_from(["code", "project"])),
    st.just(Everything()),
)


def _grown(parts: SearchStrategy[Query]) -> SearchStrategy[Query]:
    groups = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.one_of(groups.map(And), groups.map(Or), parts.map(Not))


queries: SearchStrategy[Query] = st.recursive(clauses, _grown, max_leaves=8)


@st.composite
def said_otherwise(draw: DrawFn, query: Query) -> Query:
    """The same meaning in another form: order, grouping, repetition, double negation, De Morgan."""
    if isinstance(query, Not):
        other: Query = Not(draw(said_otherwise(query.part)))
    elif isinstance(query, And | Or):
        parts = draw(st.permutations([draw(said_otherwise(part)) for part in query.parts]))
        other = _regrouped(draw, type(query), parts)
    elif isinstance(query, Near):
        other = Near(tuple(draw(st.permutations(query.words))), query.within, query.field, query.exact)
    else:
        other = query
    return Not(Not(other)) if draw(st.booleans()) else other


def _regrouped(draw: DrawFn, kind: type[And] | type[Or], parts: list[Query]) -> Query:
    way = draw(st.sampled_from(["as it is", "repeated", "grouped", "negated"]))
    if way == "repeated":
        return kind((*parts, parts[0]))
    if way == "grouped":
        return kind((kind(tuple(parts[:2])), *parts[2:]))
    if way == "negated":
        opposite = Or if kind is And else And
        return Not(opposite(tuple(Not(part) for part in parts)))
    return kind(tuple(parts))
