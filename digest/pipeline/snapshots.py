"""Transaction 1: a look becomes a snapshot, papers, appearances and numbered changes, all or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from django.db import IntegrityError, OperationalError, transaction

from digest.models import Snapshot, Source, SourceDay
from digest.pipeline import alarms, numbers, storing
from digest.pipeline.judging import judged
from digest.pipeline.known import known_of
from digest.sources.changes import Finding, Found, Look, changes, gone
from digest.sources.listing import Listing
from digest.sources.recognise import Known
from digest.sources.verdict import BELIEVED, Verdict
from subscribers.models import Milestone

TRIES = 5  # two looks that add one paper at once: the loser starts over and finds it known
SOON = timedelta(minutes=30)  # until the next look at a source whose list has not come yet
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What a source answered, or why it did not."""

    bodies: Sequence[bytes] = ()
    listing: Listing | None = None  # None: the look failed, or (304) nothing has changed
    failure: str = ""
    etag: str = ""
    last_modified: str = ""


@dataclass
class Taken:
    """What a look brought: the verdict, and paper keys by kind of change."""

    source: str
    day: date
    verdict: str
    reason: str
    entries: int
    head: int
    keys: dict[str, list[str]] = field(default_factory=dict)


def take_snapshot(source: Source, day: date, answer: Answer, now: datetime, *, backfill: bool = False) -> Taken:
    """Store one look. A failed or suspect one is marked and changes nothing else."""
    return repeated(lambda: _take(source.pk, day, answer, now, backfill))


def repeated(work: Callable[[], T]) -> T:
    """Run a transaction again when another one got in its way (unique keys, a deadlock)."""
    for last in (False,) * (TRIES - 1) + (True,):
        try:
            with transaction.atomic():
                return work()
        except (IntegrityError, OperationalError) as conflict:
            if last or "disk" in str(conflict):
                raise
    raise AssertionError("unreachable")


def _take(source_id: int, day: date, answer: Answer, now: datetime, backfill: bool) -> Taken:
    source = Source.objects.select_for_update().get(pk=source_id)
    source_day, _ = SourceDay.objects.get_or_create(source=source, day=day)
    digests = [hashlib.sha256(body).hexdigest() for body in answer.bodies]
    verdict = judged(source, source_day, answer.listing, answer.failure, digests, now, backfill)
    taken = Taken(source.slug, day, verdict.kind, verdict.reason, 0, 0)
    if not backfill:
        _timetable(source, verdict, now)
        alarms.note(source, source_day, verdict, answer.listing, now)
    found: list[Found] = []
    missing: list[tuple[Known, Finding]] = []
    if answer.listing is not None and verdict.kind in ("ok", "partial"):
        look = _look(source, source_day, answer.listing, now, backfill)
        known, here = known_of(answer.listing, source, day)
        found = [_with_aliases(item) for item in _once_a_paper(changes(known, answer.listing, look))]
        missing = gone(here, found, answer.listing, look) if verdict.kind == "ok" else []
    if answer.listing is not None:
        taken.entries = len(answer.listing.entries)
    if source_day.settled_at and not backfill and verdict.kind in ("ok", "unchanged") and _late(day, now):
        source_day.looked_again_at = source_day.looked_again_at or now
        source_day.save(update_fields=["looked_again_at"])
    storing.keep_bodies(answer.bodies, digests)
    rows = [*storing.store(source, found, now), *storing.store_missing(source, missing, now)]
    taken.head = numbers.append([change for change, _ in rows])
    storing.mark_settled(rows)
    for change, key in rows:
        taken.keys.setdefault(change.kind, []).append(key)
    _snapshot(source, day, now, taken, answer, digests)
    return taken


def _timetable(source: Source, verdict: Verdict, now: datetime) -> None:
    """Set the next look, soon when the list has not come yet; the date of the first look is set once."""
    source.first_look = source.first_look or now.date()
    upcoming = now + timedelta(minutes=source.every)
    if verdict.no_listing:
        source.next_look = min(upcoming, now + SOON)
    else:
        source.next_look = max(filter(None, (source.next_look, upcoming)))
    source.save(update_fields=["first_look", "next_look"])


def _late(day: date, now: datetime) -> bool:
    """Whether the one more look at a settled day is due: three days after the day."""
    return now.date() >= day + timedelta(days=3)


def _with_aliases(item: Found) -> Found:
    """The paper with all its keys, as they are stored: an alias is a key that only `changes` doubts."""
    return replace(item, entry=replace(item.entry, keys=(*item.entry.keys, *item.entry.aliases)))


def _look(source: Source, source_day: SourceDay, listing: Listing, now: datetime, backfill: bool) -> Look:
    milestones: dict[str, list[int]] = {}
    for name, number in Milestone.objects.values_list("field", "number"):
        milestones.setdefault(name, []).append(number)
    settled = source_day.settled_at is not None
    first = source.first_look or now.date()
    seen = Snapshot.objects.filter(source=source, verdict__in=BELIEVED)
    feeds_first = listing.rolling and not seen.exists()
    return Look(source.short, source_day.day, now, first, backfill, settled, milestones, feeds_first)


def _once_a_paper(found: list[Found]) -> list[Found]:
    """Without entries that turn out to be a paper found before in the same look (two keys, one paper).

    An entry that merges papers stands for all of them.
    """
    kept: list[int] = []
    taken: set[int | str] = set()
    for place in sorted(range(len(found)), key=lambda place: not found[place].merges):
        item = found[place]
        papers = {*item.merges, item.paper if item.paper is not None else item.facts.key}
        if taken.isdisjoint(papers):
            kept.append(place)
        taken |= papers
    return [found[place] for place in sorted(kept)]


def _snapshot(source: Source, day: date, now: datetime, taken: Taken, answer: Answer, digests: list[str]) -> None:
    Snapshot.objects.create(
        source=source,
        day=day,
        at=now,
        verdict=taken.verdict,
        reason=taken.reason[:500],
        entries=taken.entries,
        bodies=digests,
        etag=answer.etag[:300],
        last_modified=answer.last_modified[:100],
        head=taken.head,
    )
