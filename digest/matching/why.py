"""Why a paper matches a filter, and why not: with the words and their places, and in plain words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from digest.matching.mark import Mark
from digest.matching.places import marks, number
from digest.sources.listing import Facts
from subscribers.query.canonical import canonical, normal
from subscribers.query.explain import clause_words, counted, explain, part_words
from subscribers.query.nodes import And, Clause, Not, Number, Or, Query

FIELDS = ("title", "abstract")  # those with places; the others follow
NAMES = {"author": "by {}", "org": "from {}", "source": "listed by {}"}
QUOTES = ('"', '"')

__all__ = ["Mark", "is_true", "reason", "why", "why_not"]


def why(query: Query, facts: Facts) -> tuple[Mark, ...]:
    """What made the query true of the paper: the places of its positive clauses in title and abstract, in
    order and apart from each other, then names, numbers and links. Nothing of what a NOT encloses.

    Empty when the paper does not match. A match always has a mark: where only exclusions made it, one of
    field "any" says so.
    """
    meant = normal(query)
    if not is_true(meant, facts):
        return ()
    found = list(_positive(meant, facts))
    placed = [mark for field in FIELDS for mark in _apart(mark for mark in found if mark.field == field)]
    others = [mark for mark in dict.fromkeys(found) if mark.field not in FIELDS]
    named = [mark for mark in others if mark.field != "any"]
    return (*placed, *named) or tuple(others) or (Mark(canonical(meant), "any", shown=explain(meant)),)


def is_true(query: Query, facts: Facts) -> bool:
    """Does the query match the paper? The straightforward way; `engine` does it for many."""
    if isinstance(query, And):
        return all(is_true(part, facts) for part in query.parts)
    if isinstance(query, Or):
        return any(is_true(part, facts) for part in query.parts)
    if isinstance(query, Not):
        return not is_true(query.part, facts)
    return bool(marks(query, facts))


def why_not(query: Query, facts: Facts) -> str:
    """Which clause failed, in words; "" when the paper matches.

    For example: `has 6 upvotes, not at least 10 upvotes; left out because it has “survey” in the title`.
    """
    return "; ".join(_misses(normal(query), facts))


def reason(found: Sequence[Mark], quotes: tuple[str, str] = QUOTES) -> str:
    """The marks of `why` in one plain line: `"cache eviction" in the title, "long context" in the abstract`.

    Each clause is named once, where it is first; `quotes` open and close the words.
    """
    first: dict[str, Mark] = {}
    for mark in found:
        first.setdefault(mark.clause, mark)
    said = []
    for field in FIELDS:
        here = [_worded(mark, quotes) for mark in first.values() if mark.field == field]
        if here:
            said.append(f"{_listed(here)} in the {field}")
    said += [_named(mark) for mark in first.values() if mark.field not in FIELDS]
    return ", ".join(said)


def _positive(query: Query, facts: Facts) -> Iterator[Mark]:
    """The marks of the clauses that carry the match: those in branches that are true, outside every NOT."""
    if isinstance(query, Not) or not is_true(query, facts):
        return
    if isinstance(query, And | Or):
        for part in query.parts:
            yield from _positive(part, facts)
    else:
        yield from marks(query, facts)


def _apart(found: Iterable[Mark]) -> list[Mark]:
    """In order, without overlaps: of two that overlap the one that begins first, the longer, the exact."""
    ordered = sorted(found, key=lambda mark: (mark.start, -mark.end, mark.by_stem))
    kept: list[Mark] = []
    for mark in ordered:
        if not kept or mark.start >= kept[-1].end:
            kept.append(mark)
    return kept


def _worded(mark: Mark, quotes: tuple[str, str]) -> str:
    """A clause and how it is found: `"kv cache"`, `"long context", as "long-context",`, `robot* as "Robots"`.

    The paper's own words are told where they differ by more than case or a plural.
    """
    opening, closing = quotes
    shown = f"{opening}{mark.shown}{closing}"
    words = mark.clause.removeprefix(f"{mark.field}:").removeprefix("=")
    if words.endswith("*"):
        return f"{words} as {shown}"
    words, near, _ = words.partition("~")
    words = words.strip('"')
    clause = f"{opening}{words}{closing}"
    if mark.by_stem:
        return f"{clause}, by its stem as {shown},"
    hyphenated = not near and len(mark.shown.split()) != len(words.split())
    return f"{clause}, as {shown}," if hyphenated else clause


def _named(mark: Mark) -> str:
    return NAMES.get(mark.field, "{}").format(mark.shown)


def _listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`; a part that ends with a comma brings its own."""
    if len(parts) == 1:
        return parts[0]
    *most, last = parts
    return f"{', '.join(part.removesuffix(',') for part in most)} and {last}"


def _misses(query: Query, facts: Facts) -> list[str]:
    if is_true(query, facts):
        return []
    if isinstance(query, And):
        return [miss for part in query.parts for miss in _misses(part, facts)]
    if isinstance(query, Or):
        return [f"none of these: {', '.join(part_words(part) for part in query.parts)}"]
    if isinstance(query, Not):
        return [_unwanted(mark) for mark in _positive(query.part, facts)][:1]
    return [_missing(query, facts)]


def _missing(clause: Clause, facts: Facts) -> str:
    words = clause_words(clause)
    if isinstance(clause, Number):
        return f"has {counted(number(clause.field, facts), clause.field)}, not {words}"
    if words.startswith("exactly "):
        return f"has not {words}"
    return f"has no {words.removeprefix('an ').removeprefix('a ')}"


def _unwanted(mark: Mark) -> str:
    """What a paper has that the filter leaves out."""
    if mark.field == "any":
        return "no paper can match"
    where = f"“{mark.shown}” in the {mark.field}" if mark.field in FIELDS else _named(mark)
    return f"left out for {where}" if mark.field in ("author", "org", "source") else f"left out because it has {where}"
