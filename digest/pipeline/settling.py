"""A source's day that is over is settled: each of its papers gets one `settled` change with its final facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from digest.models import Appearance, Change, Source, SourceDay
from digest.pipeline import numbers
from digest.pipeline.known import lock_papers
from digest.pipeline.snapshots import repeated

TOO_FRESH = timedelta(hours=12)  # seen for so short a time, a paper is settled with the next day


@dataclass
class Settled:
    """The days that were settled, the keys of the papers that were, and the newest change number."""

    days: list[date]
    keys: list[str]
    head: int


def settle(source: Source, now: datetime) -> Settled:
    """Settle what is over at `now`: once a paper, source and day, however often it runs."""
    return repeated(lambda: _settle(source.pk, now))


def closes_at(source: Source, day: date) -> datetime:
    """When a day of this source is over."""
    return source.closes_at(day)


def unsettled(source: Source) -> QuerySet[Appearance]:
    """The listings whose `settled` change is still to come."""
    return Appearance.objects.filter(source=source, settled=None, gone_at=None)


def _settle(source_id: int, now: datetime) -> Settled:
    source = Source.objects.select_for_update().get(pk=source_id)
    days = [
        row
        for row in SourceDay.objects.filter(source=source, settled_at=None, day__lte=now.date()).order_by("day")
        if closes_at(source, row.day) <= now
    ]
    waiting = unsettled(source).filter(day__lte=now.date()).select_related("paper").order_by("day", "id")
    lock_papers(waiting.values_list("paper_id", flat=True))
    listings = [row for row in waiting.all() if _over(source, row, now)]
    changes = [_change(row, now) for row in listings]
    newest = numbers.append(changes)
    for row, change in zip(listings, changes, strict=True):
        row.settled = change.number
    Appearance.objects.bulk_update(listings, ["settled"], batch_size=200)
    SourceDay.objects.filter(pk__in=[row.pk for row in days]).update(settled_at=now)
    return Settled([row.day for row in days], [row.paper.key for row in listings], newest)


def _over(source: Source, row: Appearance, now: datetime) -> bool:
    closed = closes_at(source, row.day)
    if now < closed:
        return False
    return row.first_seen <= closed - TOO_FRESH or now >= closes_at(source, row.day + timedelta(days=1))


def _change(row: Appearance, now: datetime) -> Change:
    return Change(
        paper_id=row.paper_id,
        source_id=row.source_id,
        kind=Change.Kind.SETTLED,
        day=row.day,
        at=now,
        news=row.news,
        facts=row.paper.facts,
    )
