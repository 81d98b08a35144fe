"""A reader and their topics as publish reads them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from subscribers.schedule import Schedule, parse_days, parse_times


@dataclass(frozen=True, slots=True)
class Interest:
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
    boosts: tuple[str, ...] = ()  # a line each, see `query.boosts`


@dataclass(frozen=True, slots=True)
class Reader:
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

    def schedule(self) -> Schedule:
        """ValueError when the stored zone, times or days can't be read."""
        return Schedule(self.zone, parse_times(self.times), parse_days(self.days))
