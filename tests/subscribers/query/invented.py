"""Invented queries: few words, so that they meet often."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from subscribers.query.nodes import (
    And,
    Announced,
    Author,
    Category,
    Everything,
    Has,
    Journal,
    Key,
    Near,
    Not,
    Number,
    Or,
    Org,
    Phrase,
    Prefix,
    Published,
    Query,
    Recent,
    Source,
    Tag,
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


DAYS = [date(2026, 1, 1), date(2026, 1, 5), date(2026, 1, 31), date(2026, 2, 1)]


@st.composite
def periods(draw: DrawFn) -> Published:
    first, last = sorted((draw(st.sampled_from(DAYS)), draw(st.sampled_from(DAYS))))
    return draw(st.sampled_from([Published(first, last), Published(first), Published(None, last)]))


CATEGORIES = ["cs.LG", "cs.CL", "cs.*", "stat.ML", "hep-th", "hep-th.*", "cond-mat.str-el", "cond-mat.*"]
facts: SearchStrategy[Query] = st.one_of(
    st.builds(Category, st.sampled_from(CATEGORIES), st.booleans()),
    st.builds(Tag, st.sampled_from([("tuned",), ("fine", "tuning"), ("finetuning",), ("cs",), ("model",)])),
    st.builds(Key, st.sampled_from(["2611.00001", "2611.00002", "10.1000/x(1)", "hep-th/9901001"])),
    st.builds(Journal, st.sampled_from([("fen",), ("fen", "letters"), ("letters", "fen"), ("letter",)])),
    st.builds(Recent, st.sampled_from([1, 4, 5, 30, 31])),
    st.builds(Announced, st.sampled_from(["new", "revised", "cross"])),
    periods(),
)
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
    facts,
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
