"""A filter tried on stored papers: what it means, what it brings, or what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from digest.mail import days
from digest.pipeline import browsing
from digest.views.cards import Card, card
from subscribers.forms import trouble
from subscribers.query.errors import QueryError
from subscribers.query.explain import explain
from subscribers.query.parser import parse


@dataclass(frozen=True, slots=True)
class Tried:
    """`trouble` when it can't be read; else what it says and some of the papers that it matches, from place `start`
    on: `kept` match of `of` that were looked at, the oldest of them listed `since`."""

    text: str
    days: int
    trouble: dict[str, str] | None = None
    meaning: str = ""
    notes: tuple[str, ...] = ()
    cards: tuple[Card, ...] = ()
    start: int = 0
    kept: int = 0
    of: int = 0
    since: str = ""

    @property
    def last(self) -> int:
        """Which of the papers that match is the last one here, counted from 1."""
        return self.start + len(self.cards)

    @property
    def dropped(self) -> int:
        """The papers that it does not match."""
        return self.of - self.kept


def tried(text: str, today: date, *, within: timedelta, most: int, start: int = 0) -> Tried:
    """What this text finds among the papers of the last days: `most` of them, from place `start` on."""
    try:
        parsed = parse(text)
    except QueryError as error:
        return Tried(text, within.days, trouble(text, error))
    found = browsing.search(parsed.query, today, within=within, most=most, start=start)
    return Tried(
        text,
        within.days,
        meaning=explain(parsed.query),
        notes=(*parsed.notices, *parsed.warnings),
        cards=tuple(card(one.facts, one.marks) for one in found.best),
        start=start,
        kept=found.kept,
        of=found.of,
        since=days.long(found.since) if found.since else "",
    )
