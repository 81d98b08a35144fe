"""A canonical form read back, clause by clause: filters share clauses, and each is parsed once. Pure.

What `canonical` writes is regular: clauses side by side, or joined by OR, groups in brackets. It is taken apart at
these signs alone; what is in between, and whatever looks odd, is read by the parser.
"""

from __future__ import annotations

import re
from functools import lru_cache

from subscribers.query.canonical import RESERVED
from subscribers.query.errors import QueryError
from subscribers.query.nodes import And, Or, Phrase, Query, Word
from subscribers.query.parser import parse

PLAIN = re.compile(r'(?:(?P<field>title|abstract):)?(?P<word>[a-z]+)|"(?P<phrase>[a-z]+(?: [a-z]+)+)"')
PIECE = re.compile(r' OR |[ ()]|(?:"[^"]*"|[^ ()"])+')


def stored(text: str) -> Query:
    """As `parse(text, stored=True).query`, for a text that `canonical` wrote. Raises QueryError for one it did not."""
    pieces = PIECE.findall(text)
    query = _whole(pieces) if "".join(pieces) == text else None
    return parse(text, stored=True).query if query is None else query


def _whole(pieces: list[str]) -> Query | None:
    try:
        query, end = _group(pieces, 0)
    except QueryError:  # of a piece; the parser knows what to say of the whole
        return None
    return query if end == len(pieces) else None


def _group(pieces: list[str], place: int) -> tuple[Query | None, int]:
    """The clauses and groups from here on to a closing bracket or the end; None for what can't be taken apart so."""
    parts: list[Query] = []
    signs: set[str] = set()
    while place < len(pieces) and pieces[place] != ")":
        if parts:
            signs.add(pieces[place])
            place += 1
        part, place = _part(pieces, place)
        if part is None:
            return None, place
        parts.append(part)
    if not parts or len(signs) > 1 or not signs <= {" ", " OR "}:
        return None, place
    kind = Or if " OR " in signs else And
    return (parts[0] if len(parts) == 1 else kind(tuple(parts))), place


def _part(pieces: list[str], place: int) -> tuple[Query | None, int]:
    if place == len(pieces) or pieces[place] in (" ", " OR ", ")"):
        return None, place
    if pieces[place] != "(":
        return _clause(pieces[place]), place + 1
    query, end = _group(pieces, place + 1)
    closed = end < len(pieces) and pieces[end] == ")"
    return (query, end + 1) if closed and isinstance(query, And | Or) else (None, end)


@lru_cache(maxsize=65_536)
def _clause(text: str) -> Query:
    """Most are words as the analyser folds them, which the parser would only take as they stand."""
    found = PLAIN.fullmatch(text)
    if found is None or found["word"] in RESERVED:
        return parse(text, stored=True).query
    if found["phrase"]:
        return Phrase(tuple(found["phrase"].split(" ")))
    return Word(found["word"], found["field"] or "")
