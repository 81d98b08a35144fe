"""Boosts: what makes a paper of a topic stand higher or lower, a line each. Pure.

    +3 "kv cache"          a word, a phrase, the beginning of a word, an author or an organisation, from -5 to +5
    -2 title:benchmark
    +5 org:"Harrow Fen"
    pin author:"I Quorndal"    an author or an organisation whose papers stand first

Boosts rank what the filter has let in; they let nothing in and keep nothing out, so topics with different boosts
share a filter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from subscribers.query.canonical import clause_text
from subscribers.query.errors import QueryError
from subscribers.query.nodes import Author, Clause, Org, Phrase, Prefix, Word
from subscribers.query.parser import parse

LINE = re.compile(r"\s*(?P<sign>[+-]?[0-9]{1,3}|pin)\s*:?\s+(?P<text>\S.*)", re.IGNORECASE)
STRONGEST = 5
MOST = 20  # boosts of a topic
EXAMPLE = 'write a number from -5 to 5 and a word, for example: +3 "kv cache"'
ALLOWED = (Word, Phrase, Prefix, Author, Org)
PINNED = (Author, Org)


@dataclass(frozen=True, slots=True)
class Boost:
    """`points` from -5 to 5; `pinned`: its papers stand first, whatever their points."""

    clause: Clause
    points: int = 0
    pinned: bool = False

    @property
    def line(self) -> str:
        """As it is typed."""
        return f"{'pin' if self.pinned else format(self.points, '+d')} {clause_text(self.clause)}"


def read_boosts(lines: Iterable[str]) -> tuple[Boost, ...]:
    """The boosts of these lines, empty ones left out. ValueError names the line that can't be read, and the mend."""
    typed = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if len(typed) > MOST:
        raise ValueError(f"there are {len(typed)} boosts, at most {MOST} are allowed; take some away")
    return tuple(_boost(number, line) for number, line in typed)


def _boost(number: int, line: str) -> Boost:
    found = LINE.fullmatch(line.strip())
    if found is None:
        raise ValueError(f"line {number}, {line.strip()[:60]!r}, is no boost; {EXAMPLE}")
    clause = _clause(number, found["text"])
    if found["sign"].lower() == "pin":
        if not isinstance(clause, PINNED):
            raise ValueError(f"line {number}: only an author: or an org: can be pinned; {EXAMPLE}")
        return Boost(clause, pinned=True)
    points = int(found["sign"])
    if not points or abs(points) > STRONGEST:
        raise ValueError(f"line {number}: {points} is not from -{STRONGEST} to {STRONGEST}, or is 0; {EXAMPLE}")
    return Boost(clause, points)


def _clause(number: int, text: str) -> Clause:
    try:
        query = parse(text).query
    except QueryError as error:
        raise ValueError(f"line {number}: {error.message}; {error.hint or EXAMPLE}") from None
    if not isinstance(query, ALLOWED):
        raise ValueError(f"line {number}: {text[:60]!r} is not one word, phrase, author: or org:; {EXAMPLE}")
    return query
