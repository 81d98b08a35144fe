"""A filter text with one thing mended, ready to be taken instead of what was typed. Pure."""

from __future__ import annotations

import re

from subscribers.query.canonical import canonical, clause_text, normal
from subscribers.query.errors import QueryError
from subscribers.query.nodes import And, Clause, Not, Or, Query
from subscribers.query.parser import parse

MEANT = re.compile(r"did you mean (?P<text>.+) \?", re.DOTALL)
TERM_ENDS = frozenset(" \t\r\n()")
FIELD_ENDS = frozenset(":<>=")  # what may stand between a field and its value


def mended(text: str, error: QueryError) -> str:
    """The text with the error's "did you mean X ?" taken; "" when it offers nothing that can be read."""
    meant = MEANT.fullmatch(error.hint)
    if meant is None:
        return ""
    whole = meant["text"].replace(")", "") == text.rstrip().replace(")", "")
    offered = meant["text"] if whole else _instead(text, error.position, meant["text"])
    return offered if _read(offered) is not None else ""


def _instead(text: str, place: int, term: str) -> str:
    """The text with another term in the place of the one whose value stands at this place."""
    start = place
    while start and (text[start - 1].isalnum() or text[start - 1] in FIELD_ENDS):
        start -= 1
    quoted = text.find('"', place + 1) + 1 if text[place : place + 1] == '"' else 0
    end = quoted or next((at for at in range(place, len(text)) if text[at] in TERM_ENDS), len(text))
    return text[:start] + term + text[end:]


def swapped(text: str, query: Query, old: Clause, new: Clause) -> str:
    """The text with one clause in the place of another: as it was typed where the clause can be found in it, else in
    canonical form."""
    wanted = canonical(_swapped(normal(query), old, new))
    typed = _replaced(text, clause_text(old), clause_text(new))
    read = _read(typed)
    return typed if read is not None and canonical(read) == wanted else wanted


def _swapped(query: Query, old: Clause, new: Clause) -> Query:
    if isinstance(query, And | Or):
        return type(query)(tuple(_swapped(part, old, new) for part in query.parts))
    if isinstance(query, Not):
        return Not(_swapped(query.part, old, new))
    return new if query == old else query


def _replaced(text: str, old: str, new: str) -> str:
    """Every place where the old term stands by itself, in any case of letters."""
    folded, place, pieces = text.lower(), 0, []
    if len(folded) != len(text):  # some capitals have longer small letters: places would not fit
        return text
    while (found := folded.find(old, place)) >= 0:
        end = found + len(old)
        alone = not (folded[found - 1 : found].isalnum() or folded[end : end + 1].isalnum())
        pieces += [text[place:found], new if alone else text[found:end]]
        place = end
    return "".join([*pieces, text[place:]])


def _read(text: str) -> Query | None:
    try:
        return parse(text).query
    except QueryError:
        return None
