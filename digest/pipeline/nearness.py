"""How near a paper comes to a filter: of how many clauses it fails, and which part of the filter it is nearest to.

Pure. Queries are in normal form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from digest.matching.places import marks
from digest.matching.why import Mark, is_true, why_not
from digest.sources.listing import Facts
from subscribers.query.nodes import And, Clause, Not, Or, Query, asked

NAMED = 2  # alternatives that are named where a paper has none of them; of more their number
Rows = NDArray[np.bool_]  # by paper
Counts = NDArray[np.intp]  # by paper


def failed(query: Query, true: Mapping[Query, Rows]) -> Counts:
    """By paper, how many clauses would have to be otherwise for it to match: 0 for a match.

    Of alternatives the nearest one counts. Where some are groups of clauses these alone: a single clause beside them,
    such as an author who is always welcome, is one step away from everything.
    """
    match query:
        case And():
            count: Counts = reduce(np.add, (failed(part, true) for part in query.parts))
        case Or():
            counts = [(failed(part, true), part) for part in query.parts]
            count = reduce(np.minimum, (some for some, part in counts if part in _groups(query)))
            count[reduce(np.logical_or, (some == 0 for some, _ in counts))] = 0
        case Not():
            count = true[query.part].astype(np.intp)  # in normal form a Not encloses one clause
        case _:
            count = (~true[query]).astype(np.intp)
    return count


def _groups(query: Or) -> tuple[Query, ...]:
    """The alternatives that a paper can come near to."""
    return tuple(part for part in query.parts if isinstance(part, And)) or query.parts


def miss(query: Query, facts: Facts) -> str:
    """Why it does not match, in short, by the alternative that it is nearest to; "" when it does."""
    near = _nearest(query, facts)
    parts = near.parts if isinstance(near, And) else (near,)
    return "; ".join(_short(part, facts) for part in parts if not is_true(part, facts))


def _short(part: Query, facts: Facts) -> str:
    if isinstance(part, Or) and len(part.parts) > NAMED:
        return f"any of: none of the {len(part.parts)}"
    return why_not(part, facts)


def whole_miss(query: Query, facts: Facts) -> str:
    """The same, and what of the other alternatives it lacks."""
    near = _nearest(query, facts)
    said = why_not(near, facts)
    if near is query or not isinstance(query, Or):
        return said
    others = tuple(part for part in query.parts if part != near)
    return f"{said}; and {why_not(others[0] if len(others) == 1 else Or(others), facts)}"


def _nearest(query: Query, facts: Facts) -> Query:
    """The alternative with the fewest failed clauses, where alternatives are groups of clauses."""
    if isinstance(query, Or) and _groups(query) != query.parts:
        return min(_groups(query), key=lambda part: _failed(part, facts))
    return query


def _failed(query: Query, facts: Facts) -> int:
    if isinstance(query, And):
        return sum(_failed(part, facts) for part in query.parts)
    if isinstance(query, Or) and not is_true(query, facts):
        return min(_failed(part, facts) for part in _groups(query))
    return 0 if is_true(query, facts) else 1


def wanted_marks(query: Query, facts: Facts) -> tuple[Mark, ...]:
    """Where the clauses that are asked for are true of it, whether or not it matches."""
    return tuple(mark for clause in dict.fromkeys(asked(query)) for mark in marks(clause, facts))


def unwanted_marks(query: Query, facts: Facts) -> tuple[Mark, ...]:
    """Where the clauses that are left out are true of it."""
    return tuple(mark for clause in dict.fromkeys(_unwanted(query)) for mark in marks(clause, facts))


def _unwanted(query: Query) -> Iterator[Clause]:
    if isinstance(query, And | Or):
        for part in query.parts:
            yield from _unwanted(part)
    elif isinstance(query, Not) and not isinstance(query.part, And | Or | Not):
        yield query.part
