"""What is due now, as the hints that the tick hands out. Reads only: due times live in our rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.models import Source, SourceDay
from digest.pipeline import sending
from digest.pipeline.looking import DAYS, due_sources
from digest.pipeline.publish import ranges
from digest.pipeline.settling import closes_at, unsettled


@dataclass(frozen=True)
class Agenda:
    """Sources to visit, ranges of readers to serve, and in how many seconds to deliver (None: nothing to send)."""

    sources: list[int]
    ranges: list[tuple[int, int]]
    deliver_in: float | None


def due(now: datetime, deliverers: int) -> Agenda:
    """Everything that is due at `now`."""
    sources = {source.pk for source in due_sources(now)} | set(_to_settle(now))
    return Agenda(sorted(sources), ranges(now), sending.deliver_in(now, deliverers))


def _to_settle(now: datetime) -> Iterator[int]:
    """Sources with a day that is over and not settled, or papers left from one: also those no longer looked at."""
    for day in SourceDay.objects.filter(settled_at=None).select_related("source"):
        if closes_at(day.source, day.day) <= now:
            yield day.source_id
    for source in Source.objects.all():
        recent = unsettled(source).filter(day__gt=now.date() - timedelta(days=DAYS)).order_by("day").first()
        if recent is not None and closes_at(source, recent.day + timedelta(days=1)) <= now:
            yield source.pk
