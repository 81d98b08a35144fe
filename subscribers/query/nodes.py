"""What a filter text means, as values: a `Query` is a tree of these. Pure.

Words are folded (`Token.exact` of `words`); matching stems them unless `exact`. `field` is "" (title or
abstract, a phrase within one of them), "title" or "abstract".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Everything:
    """Every paper."""


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    field: str = ""
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Prefix:
    """A word that begins so, folded but not stemmed."""

    text: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Two or more words, one after the other."""

    words: tuple[str, ...]
    field: str = ""
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Near:
    """Two or more different words in any order, with at most `within` others between the first and the last."""

    words: tuple[str, ...]
    within: int
    field: str = ""
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Author:
    """A name: its words in order, a single letter standing for any name that begins so; the last one, the
    family name, in full."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Org:
    """Words of an organisation's name, one after the other, not stemmed."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Listed by the source of this short name, or by one whose short name begins with it and a hyphen."""

    name: str


@dataclass(frozen=True, slots=True)
class Number:
    """A count from `low` to `high`, both included; no upper bound when None."""

    field: str  # upvotes, comments
    low: int = 0
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Has:
    what: str  # code, project


@dataclass(frozen=True, slots=True)
class Category:
    """In this category of arXiv (`cs.LG`; `cs.*`: any of the archive); `primary`: it is the paper's first one."""

    name: str
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Tag:
    """Words of one keyword, one after the other, stemmed."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """The one paper of this public key: an arXiv id, a DOI, or `source:guid`."""

    name: str


@dataclass(frozen=True, slots=True)
class Journal:
    """Words of a journal's name, one after the other, not stemmed."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """First published from one day to another, both included; None: open on that side."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Recent:
    """First published at most so many days before the paper is judged."""

    days: int


@dataclass(frozen=True, slots=True)
class Announced:
    """How arXiv announced it last; what it does not announce is new."""

    how: str  # new, revised, cross


@dataclass(frozen=True, slots=True)
class Not:
    part: Query


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Query, ...]


TextClause = Word | Prefix | Phrase | Near
Name = Author | Org | Journal | Tag
Fact = Category | Key | Published | Recent | Announced
Clause = TextClause | Everything | Name | Fact | Source | Number | Has
Query = Clause | Not | And | Or


def clauses(query: Query) -> Iterator[Clause]:
    """The leaves of the tree, in order, those inside a NOT too."""
    if isinstance(query, And | Or):
        for part in query.parts:
            yield from clauses(part)
    elif isinstance(query, Not):
        yield from clauses(query.part)
    else:
        yield query


def numbers(query: Query) -> frozenset[tuple[str, int]]:
    """The steps that the query names: (upvotes or comments, number). A count that rises from below such a
    number to it or beyond can turn a match on or off; `upvotes:10..50` names 10 and 51."""
    steps = set()
    for clause in clauses(query):
        if isinstance(clause, Number):
            steps.add((clause.field, clause.low))
            if clause.high is not None:
                steps.add((clause.field, clause.high + 1))
    return frozenset(step for step in steps if step[1] > 0)


def asked(query: Query) -> Iterator[Clause]:
    """The leaves that are asked for; none of those that are left out. The query is in normal form."""
    if isinstance(query, And | Or):
        for part in query.parts:
            yield from asked(part)
    elif not isinstance(query, Not):
        yield query
