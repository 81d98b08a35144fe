"""Why a paper matches a filter, and why not: with the words and their places, and in plain words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Protocol, TypeVar

from digest.matching.mark import Mark
from digest.matching.places import marks, number
from digest.sources.listing import Facts
from subscribers.query.canonical import canonical, normal
from subscribers.query.explain import EITHER, clause_words, counted, explain, part_words, period
from subscribers.query.nodes import And, Clause, Not, Number, Or, Published, Query, Recent

CLAUSES_KEPT = 4_096  # of one paper
FIELDS = ("title", "abstract")  # those with places; the others follow
IN = {field: f" in the {field}" for field in FIELDS}
NAMES = {
    "author": "by {}", "org": "from {}", "journal": "published in {}", "cat": "in {}", "primary": "first of all in {}",
    "tag": "tagged “{}”", "id": "with the id {}", "source": "listed by {}", "published": "published on {}",
    "is": "announced as {}",
}  # fmt: skip
QUOTES = ('"', '"')


class Named(Protocol):
    """What a reason names: a mark, or how it is worded."""

    @property
    def clause(self) -> str: ...

    @property
    def field(self) -> str: ...


Found = TypeVar("Found", bound=Named)


Look = Callable[[Clause], list[Mark]]  # where a clause is true of a paper; none where it is false

__all__ = ["Mark", "Witness", "is_true", "reason", "reason_parts", "why", "why_not", "witness"]


class Witness:
    """Says why queries match one paper. Where a clause is true is looked for once: many queries share clauses."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._known: dict[Clause, list[Mark]] = {}

    def why(self, meant: Query) -> tuple[Mark, ...]:
        """See `why`. The query is in normal form, as stored ones are."""
        found = _marked(meant, self._marks)
        if found is None:
            return ()
        placed = [mark for field in FIELDS for mark in _apart([mark for mark in found if mark.field == field])]
        others = list(dict.fromkeys(mark for mark in found if mark.field not in FIELDS))
        named = [mark for mark in others if mark.field != "any"]
        return (*placed, *named) or tuple(others) or (Mark(canonical(meant), "any", shown=explain(meant)),)

    def _marks(self, clause: Clause) -> list[Mark]:
        known = self._known.get(clause)
        if known is None:
            if len(self._known) >= CLAUSES_KEPT:
                self._known.clear()
            known = self._known[clause] = marks(clause, self._facts)
        return known


@lru_cache(maxsize=128)  # the changes of a day or two
def witness(facts: Facts) -> Witness:
    """The witness of a paper as it was, kept from one run to the next."""
    return Witness(facts)


def why(query: Query, facts: Facts) -> tuple[Mark, ...]:
    """What made the query true of the paper: the places of its positive clauses in title and abstract, in
    order and apart from each other, then names, numbers and links. Nothing of what a NOT encloses.

    Empty when the paper does not match. A match always has a mark: where only exclusions made it, one of
    field "any" says so.
    """
    return Witness(facts).why(normal(query))


def is_true(query: Query, facts: Facts) -> bool:
    """Does the query match the paper? The straightforward way; `engine` does it for many."""
    return _marked(query, _of(facts)) is not None


def why_not(query: Query, facts: Facts) -> str:
    """Which clause failed, in words; "" when the paper matches.

    For example: `has 6 upvotes, not at least 10 upvotes; left out: has “survey” in the title`.
    """
    return "; ".join(_misses(_meant(query), facts))


def reason(found: Sequence[Mark], quotes: tuple[str, str] = QUOTES) -> str:
    """The marks of `why` in one plain line: `"cache eviction" in the title, "long context" in the abstract`.

    Each clause is named once, where it is first; `quotes` open and close the words.
    """
    return "".join([part if isinstance(part, str) else worded(*part, quotes) for part in reason_parts(found)])


def reason_parts(found: Iterable[Found]) -> list[tuple[Found, bool] | str]:
    """`reason` in parts, of which most are those of many reasons: what is to be put in words, with whether it is the
    last of its field, and what stands between."""
    first: dict[str, Found] = {}
    for one in found:
        first.setdefault(one.clause, one)
    parts: list[tuple[Found, bool] | str] = []
    for field in FIELDS:
        here = [one for one in first.values() if one.field == field]
        if here:
            parts += [*_listed(here), IN[field], ", "]
    for one in first.values():
        if one.field not in FIELDS:
            parts += [(one, True), ", "]
    return parts[:-1]


def worded(mark: Mark, last: bool, quotes: tuple[str, str] = QUOTES) -> str:
    """A mark in words, for example `"kv cache"`. `last`: no other one stands behind it in a list."""
    if mark.field not in FIELDS:
        return NAMES.get(mark.field, "{}").format(mark.shown)
    words = _worded(mark, quotes)
    return words if last else words.removesuffix(",")


@lru_cache(maxsize=4_096)
def _meant(query: Query) -> Query:
    """The normal form, remembered: one filter is asked about for many papers."""
    return normal(query)


def _of(facts: Facts) -> Look:
    return lambda clause: marks(clause, facts)


def _marked(query: Query, look: Look) -> list[Mark] | None:
    """The marks of the clauses that carry the match, outside every NOT; None when the query is false."""
    if isinstance(query, Not):
        return [] if _marked(query.part, look) is None else None
    if not isinstance(query, And | Or):
        return look(query) or None
    parts = [_marked(part, look) for part in query.parts]
    true = [part for part in parts if part is not None]
    held = len(true) == len(parts) if isinstance(query, And) else bool(true)
    return [mark for part in true for mark in part] if held else None


def _apart(found: list[Mark]) -> list[Mark]:
    """In order, without overlaps: of two that overlap the one that begins first, the longer, the exact."""
    if len(found) < 2:
        return found
    kept: list[Mark] = []
    for mark in sorted(found, key=_place):
        if not kept or mark.start >= kept[-1].end:
            kept.append(mark)
    return kept


def _place(mark: Mark) -> tuple[int, int, bool]:
    return mark.start, -mark.end, mark.by_stem


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


def _listed(found: Sequence[Found]) -> list[tuple[Found, bool] | str]:
    """`a`, `a and b`, `a, b and c`; a part that ends with a comma brings its own."""
    *most, last = found
    listed: list[tuple[Found, bool] | str] = []
    for one in most:
        listed += [(one, False), ", "]
    return [*listed[:-1], " and ", (last, True)] if most else [(last, True)]


def _misses(query: Query, facts: Facts) -> list[str]:
    if is_true(query, facts):
        return []
    if isinstance(query, And):
        return [miss for part in query.parts for miss in _misses(part, facts)]
    if isinstance(query, Or):
        return [f"has none of these: {part_words(query).removeprefix(EITHER)}"]
    if isinstance(query, Not):
        return [_unwanted(mark) for mark in _marked(query.part, _of(facts)) or ()][:1]
    return [_missing(query, facts)]


def _missing(clause: Clause, facts: Facts) -> str:
    words = clause_words(clause)
    if isinstance(clause, Number):
        return f"has {counted(number(clause.field, facts), clause.field)}, not {words}"
    if isinstance(clause, Published | Recent) and facts.published:
        return f"was published on {facts.published}, not {period(clause).removeprefix('of ')}"
    if words.startswith(("exactly ", "the ")):
        return f"has not {words}"
    return f"has no {words.removeprefix('an ').removeprefix('a ')}"


def _unwanted(mark: Mark) -> str:
    """What a paper has that the filter leaves out."""
    if mark.field == "any":
        return "no paper can match"
    if mark.field in FIELDS:
        return f"left out: has “{mark.shown}” in the {mark.field}"
    return f"left out: {worded(mark, last=True)}" if mark.field in NAMES else f"left out: has {mark.shown}"
