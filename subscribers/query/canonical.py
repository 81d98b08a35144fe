"""One text for one meaning: two filters with the same canonical form are one filter. Pure.

Negations go down to the clauses (De Morgan) and cancel out, groups of the same kind merge, parts are sorted
and said once, `*` vanishes where it changes nothing. Words stand as the analyser folds them, so `Fine-Tuning`
is `"fine tuning"`: a hyphenated word is a phrase, which two separate words are not. Stems are not unified:
`robot` and `robots` mean the same to the matcher but stay two filters.
"""

from __future__ import annotations

import re
from functools import lru_cache

from subscribers.query.nodes import (
    And,
    Announced,
    Author,
    Category,
    Clause,
    Everything,
    Fact,
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
from subscribers.query.words import spelled

RESERVED = frozenset({"and", "or", "not", "andnot"})
NOTHING = Not(Everything())
BARE_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_-]*")
NAME_FIELDS = {Author: "author", Org: "org", Journal: "journal", Tag: "tag"}
LAST = (Number, Has, Source, Published, Recent, Announced)  # what stands behind the words that are asked for


def canonical(query: Query) -> str:
    """The text of the normal form; `parse(..., stored=True)` reads it back to the same normal form."""
    return _written(normal(query))


def normal(query: Query) -> Query:
    """The same meaning in normal form: And and Or flat, sorted, without repetitions; Not on clauses alone."""
    return _normal(query, negated=False)


def _normal(query: Query, *, negated: bool) -> Query:
    if isinstance(query, Not):
        return _normal(query.part, negated=not negated)
    if isinstance(query, And | Or):
        parts = [_normal(part, negated=negated) for part in query.parts]
        return _joined(parts, all_of=isinstance(query, And) != negated)
    if isinstance(query, Near):
        query = Near(tuple(sorted(query.words)), query.within, query.field, query.exact)
    return Not(query) if negated else query


def _joined(parts: list[Query], *, all_of: bool) -> Query:
    """The parts as one And (or Or): flat, each once, in order."""
    kind: type[And] | type[Or] = And if all_of else Or
    neutral, absorbing = (Everything(), NOTHING) if all_of else (NOTHING, Everything())
    flat: dict[Query, None] = {}
    for part in parts:
        parts_of_it = part.parts if isinstance(part, And | Or) and isinstance(part, kind) else (part,)
        flat.update(dict.fromkeys(parts_of_it))
    if absorbing in flat:
        return absorbing
    flat.pop(neutral, None)
    if not flat:
        return neutral
    ordered = sorted(flat, key=_rank)
    return ordered[0] if len(ordered) == 1 else kind(tuple(ordered))


def _rank(query: Query) -> tuple[int, str]:
    """Groups, then what is asked for, then numbers and flags, then what is left out; each by its text."""
    order = {And: 0, Or: 0, Not: 3} | dict.fromkeys(LAST, 2)
    return order.get(type(query), 1), _written(query)


def _written(query: Query) -> str:
    if isinstance(query, And):
        return " ".join(_bracketed(part) for part in query.parts)
    if isinstance(query, Or):
        return " OR ".join(_bracketed(part) for part in query.parts)
    if isinstance(query, Not):
        return f"-{_bracketed(query.part)}"
    return clause_text(query)


def _bracketed(query: Query) -> str:
    return f"({_written(query)})" if isinstance(query, And | Or) else _written(query)


@lru_cache(maxsize=65_536)
def clause_text(clause: Clause) -> str:
    """A clause as the language writes it: `"kv cache"`, `title:robot*`, `upvotes:>=20`."""
    match clause:
        case Everything():
            text = "*"
        case Author() | Org() | Journal() | Tag():
            text = f"{NAME_FIELDS[type(clause)]}:{_name(clause.words)}"
        case Category() | Key() | Published() | Recent() | Announced():
            text = _fact(clause)
        case Source():
            text = f"source:{clause.name}"
        case Has():
            text = f"has:{clause.what}"
        case Number():
            text = f"{clause.field}:{_range(clause)}"
        case _:
            exact = "=" if not isinstance(clause, Prefix) and clause.exact else ""
            text = f"{clause.field}:{exact}{_words(clause)}" if clause.field else f"{exact}{_words(clause)}"
    return text


def _fact(clause: Fact) -> str:
    match clause:
        case Category():
            text = f"{'primary' if clause.primary else 'cat'}:{clause.name}"
        case Key():
            text = f"id:{clause.name}" if BARE_KEY.fullmatch(clause.name) else f'id:"{clause.name}"'
        case Published():
            text = f"published:{_days(clause)}"
        case Recent():
            text = f"published:P{clause.days}D"
        case Announced():
            text = f"is:{clause.how}"
    return text


def _days(clause: Published) -> str:
    if clause.first == clause.last:
        return str(clause.first)
    return f"{clause.first or ''}..{clause.last or ''}"


def _words(clause: Word | Prefix | Phrase | Near) -> str:
    if isinstance(clause, Prefix):
        return f"{clause.text}*"
    if isinstance(clause, Word):
        bare = clause.text not in RESERVED and clause.text[0].isalnum()
        return clause.text if bare else f'"{clause.text}"'
    near = f"~{clause.within}" if isinstance(clause, Near) else ""
    return f'"{spelled(clause.words)}"{near}'


def _name(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 and words[0][0].isalnum() else f'"{spelled(words)}"'


def _range(number: Number) -> str:
    if number.high is None:
        return f">={number.low}"
    if number.low == number.high:
        return str(number.low)
    return f"{number.low}..{number.high}" if number.low else f"<={number.high}"
