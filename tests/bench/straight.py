"""Matching as one would write it first and well: a topic at a time over token sets; PostgreSQL with a GIN index."""

import time
from collections.abc import Sequence
from functools import cache

import psycopg

from digest.sources.listing import Facts
from subscribers.query.nodes import And, Author, Has, Near, Not, Number, Or, Phrase, Prefix, Query, Word
from subscribers.query.tex import readable
from subscribers.query.words import analyse, stem


class Simple:
    """A paper as the straightforward way keeps it: the stems of each text, in order and as a set."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        texts = {"title": facts.title, "abstract": facts.abstract}
        tokens = {field: analyse(readable(text)) for field, text in texts.items()}
        self.orders = {field: [token.stem for token in some] for field, some in tokens.items()}
        self.words = {token.exact for some in tokens.values() for token in some}
        self.stems = {field: frozenset(order) for field, order in self.orders.items()}
        self.lines = {field: f" {' '.join(order)} " for field, order in self.orders.items()}
        self.authors = [name.lower().split() for name in facts.authors]


@cache
def stemmed(word: str) -> str:
    return stem(word)


def simply(query: Query, paper: Simple) -> bool:  # noqa: PLR0911 - a return a kind of node
    """Whether the filter matches, for what invented filters are made of."""
    match query:
        case And():
            return all(simply(part, paper) for part in query.parts)
        case Or():
            return any(simply(part, paper) for part in query.parts)
        case Not():
            return not simply(query.part, paper)
        case Word():
            wanted = stemmed(query.text)
            return any(wanted in paper.stems[field] for field in ([query.field] if query.field else paper.stems))
        case Phrase():
            line = f" {' '.join(map(stemmed, query.words))} "
            return any(line in paper.lines[field] for field in ([query.field] if query.field else paper.lines))
        case Prefix():
            return any(word.startswith(query.text) for word in paper.words)
        case Near():
            return any(_near([*map(stemmed, query.words)], query.within, order) for order in paper.orders.values())
        case Author():
            return any(query.words[-1] == name[-1] and query.words[0][0] == name[0][0] for name in paper.authors)
        case Number():
            count = {"upvotes": paper.facts.upvotes, "comments": paper.facts.comments}[query.field]
            return query.low <= count <= (count if query.high is None else query.high)
        case Has():
            return bool({"code": paper.facts.code, "project": paper.facts.project}[query.what])
    raise TypeError(f"invented filters have no {type(query).__name__}")


def _near(words: Sequence[str], within: int, order: Sequence[str]) -> bool:
    left, right = ([place for place, word in enumerate(order) if word == wanted] for wanted in words)
    return any(abs(a - b) <= within + 1 for a in left for b in right)


def one_by_one(queries: Sequence[Query], listed: Sequence[Facts]) -> list[list[int]]:
    kept = [Simple(facts) for facts in listed]
    return [[place for place, paper in enumerate(kept) if simply(query, paper)] for query in queries]


def expressible(query: Query) -> bool:
    """PostgreSQL knows no order-free nearness, and its names would be another table."""
    if isinstance(query, And | Or):
        return all(map(expressible, query.parts))
    return expressible(query.part) if isinstance(query, Not) else not isinstance(query, Near | Author)


def asked(query: Query) -> str:  # noqa: PLR0911 - a return a kind of node
    """The filter as a condition. The invented words are letters alone."""
    match query:
        case And() | Or():
            word = " AND " if isinstance(query, And) else " OR "
            return f"({word.join(map(asked, query.parts))})"
        case Not():
            return f"NOT {asked(query.part)}"
        case Word():
            return f"words @@ to_tsquery('english', '{query.text}{':A' if query.field == 'title' else ''}')"
        case Phrase():
            return f"words @@ phraseto_tsquery('english', '{' '.join(query.words)}')"
        case Prefix():
            return f"words @@ to_tsquery('simple', '{query.text}:*')"
        case Number():
            return f"{query.field} >= {query.low}"
        case Has():
            return "code"
    raise TypeError(f"not expressible: {type(query).__name__}")


def probed(url: str, queries: Sequence[Query], listed: Sequence[Facts]) -> tuple[float, float]:
    """Seconds to store and index the papers, and to ask for each filter in turn; wall, client and server together."""
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        begun = time.perf_counter()
        cursor.execute("DROP TABLE IF EXISTS p")
        cursor.execute("CREATE TABLE p (id int, words tsvector, upvotes int, code bool)")
        words = "setweight(to_tsvector('english', %s), 'A') || to_tsvector('english', %s)"
        cursor.executemany(
            f"INSERT INTO p VALUES (%s, {words}, %s, %s)",
            [(place, one.title, one.abstract, one.upvotes, bool(one.code)) for place, one in enumerate(listed)],
        )
        cursor.execute("CREATE INDEX ON p USING gin (words)")
        cursor.execute("ANALYZE p")
        stored = time.perf_counter()
        for query in queries:
            cursor.execute(f"SELECT array_agg(id) FROM p WHERE {asked(query)}")  # type: ignore[call-overload]
            cursor.fetchone()
        return stored - begun, time.perf_counter() - stored
