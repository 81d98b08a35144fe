"""A filter tried on stored papers: what it means, what it brings, or what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from digest.pipeline import browsing
from digest.views.cards import Card, card
from subscribers.forms import trouble
from subscribers.query.errors import QueryError
from subscribers.query.explain import explain
from subscribers.query.parser import parse


@dataclass(frozen=True, slots=True)
class Tried:
    """`trouble` when it can't be read; else what it says and its best papers, `kept` of `of`."""

    text: str
    days: int
    trouble: dict[str, str] | None = None
    meaning: str = ""
    notes: tuple[str, ...] = ()
    cards: tuple[Card, ...] = ()
    kept: int = 0
    of: int = 0

    @property
    def dropped(self) -> int:
        """The papers that it does not match."""
        return self.of - self.kept


def tried(text: str, today: date, *, within: timedelta, most: int) -> Tried:
    """What this text finds among the papers of the last days."""
    try:
        parsed = parse(text)
    except QueryError as error:
        return Tried(text, within.days, trouble(text, error))
    found = browsing.search(parsed.query, today, within=within, most=most)
    return Tried(
        text,
        within.days,
        meaning=explain(parsed.query),
        notes=(*parsed.notices, *parsed.warnings),
        cards=tuple(card(one.facts, one.marks) for one in found.best),
        kept=found.kept,
        of=found.of,
    )
