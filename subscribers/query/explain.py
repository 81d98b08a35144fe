"""A query in plain words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from subscribers.query.canonical import normal
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
    TextClause,
    Word,
)
from subscribers.query.words import spelled

PLACES = {"": "in title or abstract", "title": "in the title", "abstract": "in the abstract"}
FLAGS = {"code": "code", "project": "a project page"}
EITHER = "either "  # before alternatives inside a longer sentence
NAMES = {Author: "an author", Org: "an organisation", Journal: "a journal", Tag: "a keyword"}
ANNOUNCED = {"new": "new", "revised": "revised", "cross": "cross-listed"}
SINGULAR = {"upvotes": "upvote", "comments": "comment"}


def explain(query: Query) -> str:
    """For example: papers with “kv cache” or “long context” in title or abstract, and at least 10 upvotes."""
    meant = normal(query)
    if isinstance(meant, Everything):
        return "every paper"
    if meant == Not(Everything()):
        return "no paper at all"
    parts = meant.parts if isinstance(meant, And) else (meant,)
    wanted = [part for part in parts if not isinstance(part, Not)]
    unwanted = [part.part for part in parts if isinstance(part, Not)]
    if not wanted:
        return f"everything except papers with {_any_of(unwanted)}"
    said = f"papers with {_all_of(wanted).removeprefix(EITHER if len(wanted) == 1 else '')}"
    return f"{said}, but without {_any_of(unwanted)}" if unwanted else said


def clause_words(clause: Clause) -> str:
    """A clause as a noun: “kv cache” in the title, at least 10 upvotes, code."""
    match clause:
        case Everything():
            said = "anything"
        case Author() | Org() | Journal() | Tag():
            said = f"{NAMES[type(clause)]} “{spelled(clause.words)}”"
        case Category() | Key() | Published() | Recent() | Announced():
            said = _fact(clause)
        case Source():
            said = f"a listing by {clause.name}"
        case Has():
            said = FLAGS[clause.what]
        case Number():
            said = _count(clause)
        case _:
            said = f"{_text(clause)} {PLACES[clause.field]}"
    return said


def _fact(clause: Fact) -> str:
    match clause:
        case Category():
            archive, _, part = clause.name.partition(".")
            kind = "primary category" if clause.primary else "category"
            said = f"a {kind} of {archive}" if part == "*" else f"the {kind} {clause.name}"
        case Key():
            said = f"the id {clause.name}"
        case Published() | Recent():
            said = f"a date of publication {period(clause)}"
        case Announced():
            said = f"an announcement as {ANNOUNCED[clause.how]}"
    return said


def period(clause: Published | Recent) -> str:
    """When: from 2026-01-01 to 2026-02-01, in the last 7 days."""
    if isinstance(clause, Recent):
        return "in the last day" if clause.days == 1 else f"in the last {clause.days:,} days"
    if clause.first == clause.last:
        return f"of {clause.first}"
    if clause.first and clause.last:
        return f"from {clause.first} to {clause.last}"
    return f"from {clause.first} on" if clause.first else f"until {clause.last}"


def counted(count: int, field: str) -> str:
    """`1 upvote`, `25 upvotes`."""
    return f"{count:,} {SINGULAR[field] if count == 1 else field}"


def _text(clause: TextClause) -> str:
    if isinstance(clause, Prefix):
        return f"a word beginning “{clause.text}”"
    exactly = "exactly " if clause.exact else ""
    if isinstance(clause, Word):
        return f"{exactly}“{clause.text}”"
    if isinstance(clause, Phrase):
        return f"{exactly}“{spelled(clause.words)}”"
    words = _listed([f"{exactly}“{word}”" for word in clause.words], "and")
    between = "no word" if clause.within == 0 else f"at most {clause.within} word{'s' * (clause.within > 1)}"
    return f"{words} with {between} between them"


def _count(number: Number) -> str:
    if number.high is None:
        return f"at least {counted(number.low, number.field)}"
    if number.low == number.high:
        return f"exactly {counted(number.low, number.field)}"
    if number.low == 0:
        return f"at most {counted(number.high, number.field)}"
    return f"{number.low:,} to {counted(number.high, number.field)}"


def part_words(query: Query) -> str:
    """A part of a query as a noun: alternatives side by side, with their common place said once."""
    if isinstance(query, Not):
        return f"no {part_words(query.part)}"
    if isinstance(query, Or):
        several = len(_by_place(query.parts, "or")) > 1
        return f"{EITHER}{_any_of(query.parts)}" if several else _any_of(query.parts)
    if isinstance(query, And):
        return f"({_all_of(query.parts)})"
    return clause_words(query)


def _any_of(parts: Sequence[Query]) -> str:
    return _listed(_by_place(parts, "or"), "or")


def _all_of(parts: Sequence[Query]) -> str:
    return ", and ".join(_by_place(parts, "and"))


def _by_place(parts: Sequence[Query], word: str) -> list[str]:
    """The parts in words; those that look in the same place stand together and name it once."""
    said: list[str] = []
    for place, where in PLACES.items():
        here = [part for part in parts if isinstance(part, TextClause) and part.field == place]
        if here:
            said.append(f"{_listed([_text(part) for part in here], word)} {where}")
    return said + [part_words(part) for part in parts if not isinstance(part, TextClause)]


def _listed(parts: Iterable[str], word: str) -> str:
    """`a`, `a or b`, `a, b or c`."""
    *most, last = parts
    return f"{', '.join(most)} {word} {last}" if most else last
