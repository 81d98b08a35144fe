"""What is known of a source and a day, as the record that `sources.verdict` judges a look by. Reads only.

The dear questions are asked only of looks that they can be about: a look with nothing new asks none of them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import F, Max, Min

from digest.models import Appearance, Identity, Snapshot, Source, SourceDay
from digest.sources.listing import Entry, Listing
from digest.sources.verdict import BELIEVED, SATURDAY, Record, Verdict, judge, old, overdue

REMEMBERED = timedelta(days=60)  # how far back a source's own days say what is usual
RECENT = timedelta(days=14)  # how old a batch may be that comes again under a fresh date
SIZES, BEGINNINGS = 30, 20  # so many of them


def judged(
    source: Source,
    source_day: SourceDay,
    listing: Listing | None,
    failure: Verdict | None,
    before: Snapshot | None,
    now: datetime,
    backfill: bool,
) -> Verdict:
    """The verdict on a look: `failure` is that on one with nothing to read; `before` is the look that it repeats.

    No listing without a failure is what nobody needs to read, since nothing has changed.
    """
    if failure is not None:
        return failure
    day, accepted = source_day.day, source_day.accepted_at is not None
    known = Appearance.objects.filter(source=source, day=day, gone_at=None).count()
    begins = not known and not accepted and not backfill and source.kind != Source.Kind.FEED
    late = _late(source, day, now) if begins and not (listing and listing.entries) else ""
    if listing is None or before is not None:
        return _unchanged(day, before, late)
    record = Record(known, late=late, accepted=accepted)
    if accepted:
        return judge(listing, day, record)
    repeats = None if known else _batch_repeated(source, day, listing)
    if backfill or not Snapshot.objects.filter(source=source, verdict__in=BELIEVED).exists():
        return judge(listing, day, replace(record, repeats=repeats))
    sizes = [] if known or not listing.entries else _sizes(source, day)
    return judge(listing, day, replace(record, repeats=repeats, strangers=_strangers(listing, day), sizes=sizes))


def _unchanged(day: date, before: Snapshot | None, late: str) -> Verdict:
    """What was believed is so still, unless it is an empty list that should have begun by now."""
    nothing = Listing(day, (), whole=True)
    if late and not (before and before.entries):
        return judge(nothing, day, Record(late=late))
    return judge(nothing, day, Record(same_body=True))


def _batch_repeated(source: Source, day: date, listing: Listing) -> date | None:
    """The newest recent day of the source whose batch of announcements this is once more, all of it or a part.

    Nothing is announced as new twice. But cross-lists and replacements may come again, so that a small day of nothing
    else is an earlier batch only when it is all of that.
    """
    batch = {entry.keys[0]: entry for entry in listing.entries if entry.announce}
    if not batch or len(batch) < len(listing.entries):
        return None
    recent = Appearance.objects.filter(source=source, day__lt=day, day__gte=day - RECENT)
    days = Counter(
        row.day
        for row in recent.filter(paper__identities__key__in=batch)
        .annotate(key=F("paper__identities__key"))
        .select_related("paper")
        if _announced(row, batch[row.key])
    )
    repeated = [on for on, entries in days.items() if entries == len(batch)]
    if not any(entry.announce == "new" for entry in batch.values()):
        repeated = [on for on in repeated if recent.filter(day=on, gone_at=None).count() == len(batch)]
    return max(repeated, default=None)


def _announced(row: Appearance, entry: Entry) -> bool:
    """Whether the listing announced this already: in no older version, and not by a back-fill, which tells of papers
    before they are announced.
    """
    told = row.news or entry.announce.startswith("replace")
    return told and (entry.version or 0) <= row.paper.facts.get("version", 0)


def _strangers(listing: Listing, day: date) -> int:
    """How many entries are old and of no known paper; 0 when too few are old for it to matter."""
    aged = [{*entry.keys, *entry.aliases} for entry in old(listing.entries, day)]
    if len(aged) * 2 <= len(listing.entries):
        return 0
    stored = Identity.objects.filter(key__in=set().union(*aged)).values_list("key", flat=True)
    known = set(stored)
    return sum(known.isdisjoint(keys) for keys in aged)


def _sizes(source: Source, day: date) -> list[int]:
    """How many entries the longest believed look at each other recent day had; days without any don't count."""
    looks = Snapshot.objects.filter(source=source, day__gte=day - REMEMBERED, verdict__in=BELIEVED, entries__gt=0)
    days = looks.exclude(day=day).order_by().values("day").annotate(most=Max("entries")).order_by("-day")
    return list(days.values_list("most", flat=True)[:SIZES])


def _late(source: Source, day: date, now: datetime) -> str:
    """What to say of an empty day that should have begun. A day that is over stays as it is."""
    if now >= source.closes_at(day):
        return ""
    listed = Appearance.objects.filter(source=source, day__lt=day, day__gte=day - REMEMBERED)
    firsts = listed.order_by().values("day").annotate(first=Min("first_seen")).order_by("-day")
    begun = [
        first - datetime.combine(on, time(), UTC)
        for on, first in firsts.values_list("day", "first")
        if on.weekday() < SATURDAY and first < source.closes_at(on)
    ]
    return overdue(day, now, begun[:BEGINNINGS])
