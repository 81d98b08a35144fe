"""A reader and their topics as publish reads them. Pure. Tuples: a run makes millions of them."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from subscribers.schedule import Schedule, parse_days, parse_times


class Interest(NamedTuple):
    """A topic as publish reads it."""

    id: int
    name: str
    text: str
    filter: int
    weight: int
    threshold: int
    cap: int | None
    cadence: str
    settled: bool
    revisions: bool
    since: int | None
    served_on: date | None = None
    boosts: tuple[str, ...] = ()  # a line each, see `query.boosts`


class Reader(NamedTuple):
    """A reader as publish reads them. `topics` in the order they were added, without the muted ones."""

    id: int
    key: str
    zone: str
    times: str
    days: str
    due: datetime
    cursor: int | None
    owed_from: datetime | None
    first_slot: datetime | None
    covered: datetime | None
    asked: datetime | None  # when they confirmed, or were added
    added: bool  # by an operator; they did not ask themselves
    topics: tuple[Interest, ...]
    length: str = "short"  # how much a digest says of each paper: see `Subscriber.Length`
    empty_too: bool = False  # a short mail when there is nothing to tell

    def schedule(self) -> Schedule:
        """ValueError when the stored zone, times or days can't be read."""
        return schedule_of(self.zone, self.times, self.days)


@lru_cache(maxsize=4_096)  # few differ
def schedule_of(zone: str, times: str, days: str) -> Schedule:
    return Schedule(zone, parse_times(times), parse_days(days))
