"""Transaction 1: a look becomes a snapshot, papers, appearances and numbered changes, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from django.db import IntegrityError, OperationalError, transaction

from digest.models import Snapshot, Source, SourceDay
from digest.pipeline import alarms, earlier, numbers, storing
from digest.pipeline.judging import judged
from digest.pipeline.known import known_of
from digest.sources.changes import Finding, Found, Look, changes, gone
from digest.sources.listing import Listing
from digest.sources.recognise import Known
from digest.sources.verdict import BELIEVED, Verdict
from subscribers.models import Milestone

TRIES = 5  # two looks that add one paper at once: the loser starts over and finds it known
SOON = timedelta(minutes=30)  # until the next look at a source whose list has not come yet
HELD = timedelta(minutes=3)  # for one visitor: longer than a task may last; should they die, the next tick tries again
NOT_MODIFIED = "The source says that nothing has changed since the last look."
T = TypeVar("T")


class Overtaken(Exception):
    """Bodies that were left unread since they were the last look's: another look has come between."""


@dataclass(frozen=True)
class Answer:
    """What a source answered, or why it did not.

    Without a listing and a failure nothing has changed: the source said so (304), or the bodies are those of the last
    look and were not read.
    """

    bodies: Sequence[bytes] = ()
    listing: Listing | None = None
    failure: Verdict | None = None  # there is nothing to read
    validators: Sequence[earlier.Validators] = ()  # of its pages, in order
    before: Snapshot | None = None  # a 304: the look since which nothing has changed


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


def take_snapshot(
    source: Source,
    day: date,
    answer: Answer,
    now: datetime,
    *,
    backfill: bool = False,
    more: bool = False,
    seen: datetime | None = None,
    also: Callable[[Taken], None] | None = None,
) -> Taken:
    """Store one look. A failed or suspect one is marked and changes nothing else.

    `more`: other looks of the same visit follow, so the source's next look is not put off yet. `seen`: when the source
    showed it, where that is not now (a replay): then nothing is taken to be gone. `also` is done last, in the same
    transaction. Raises Overtaken.
    """

    def work() -> Taken:
        taken = _take(source.pk, day, answer, now, backfill, more, seen)
        if also is not None:
            also(taken)
        return taken

    return repeated(work)


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


def _take(
    source_id: int, day: date, answer: Answer, now: datetime, backfill: bool, more: bool, seen: datetime | None
) -> Taken:
    source = Source.objects.select_for_update().get(pk=source_id)
    source_day, _ = SourceDay.objects.get_or_create(source=source, day=day)
    digests = earlier.digests_of(answer.bodies)
    before = None if answer.failure is not None else answer.before or earlier.same(source, day, digests)
    if answer.failure is None and answer.listing is None and before is None:
        raise Overtaken
    verdict = judged(source, source_day, answer.listing, answer.failure, before, now, backfill)
    reason = NOT_MODIFIED if answer.before is not None and verdict.kind == "unchanged" else verdict.reason
    taken = Taken(source.slug, day, verdict.kind, reason, _entries(answer, before), 0)
    begins = source.first_look is None
    if not backfill:
        _timetable(source, verdict, now, more)
        alarms.note(source, source_day, verdict, answer.listing, now)
    if source_day.settled_at and not backfill and verdict.kind in ("ok", "unchanged") and _late(day, now):
        source_day.looked_again_at = source_day.looked_again_at or now
        source_day.save(update_fields=["looked_again_at"])
    found: list[Found] = []
    missing: list[tuple[Known, Finding]] = []
    if answer.listing is not None and verdict.kind in ("ok", "partial"):
        look = _look(source, source_day, answer.listing.rolling and begins, now, backfill)
        known, here = known_of(answer.listing, source, day)
        found = [_with_aliases(item) for item in _once_a_paper(changes(known, answer.listing, look))]
        missing = gone(here, found, answer.listing, look) if verdict.kind == "ok" and seen is None else []
    storing.keep_bodies(answer.bodies, digests)
    _learn(source, found, missing, taken, now)
    _snapshot(source, seen or now, taken, answer, digests, before)
    return taken


def _entries(answer: Answer, before: Snapshot | None) -> int:
    if answer.listing is not None:
        return len(answer.listing.entries)
    return before.entries if before is not None else 0


def _learn(
    source: Source, found: list[Found], missing: list[tuple[Known, Finding]], taken: Taken, now: datetime
) -> None:
    """Write what was found. The changes get their numbers last; where there are none, the counter is left alone."""
    rows = (
        [*storing.store(source, found, now), *storing.store_missing(source, missing, now)] if found or missing else []
    )
    taken.head = numbers.append([change for change, _ in rows]) if rows else numbers.head()
    storing.mark_settled(rows)
    for change, key in rows:
        taken.keys.setdefault(change.kind, []).append(key)


def _timetable(source: Source, verdict: Verdict, now: datetime, more: bool) -> None:
    """Set the next look, soon when the list has not come yet; the date of the first look is set once.

    The first is one that was believed: what stood in the list while we could not read it is no news afterwards. Only
    the last look of a visit puts off the next: those before it hold the source for the visitor alone, so that the days
    that a dead one did not come to, today last of all, are soon looked at. Nothing is written where it stands so
    already.
    """
    usual = now + timedelta(minutes=source.every)
    put_off = max(now + HELD if more else usual, source.next_look or now)
    upcoming = min(usual, now + SOON) if verdict.no_listing and not more else put_off
    first = source.first_look or (now.date() if verdict.kind in BELIEVED else None)
    if (source.first_look, source.next_look) != (first, upcoming):
        source.first_look, source.next_look = first, upcoming
        source.save(update_fields=["first_look", "next_look"])


def _late(day: date, now: datetime) -> bool:
    """Whether the one more look at a settled day is due: three days after the day."""
    return now.date() >= day + timedelta(days=3)


def _with_aliases(item: Found) -> Found:
    """The paper with all its keys, as they are stored: an alias is a key that only `changes` doubts."""
    return replace(item, entry=replace(item.entry, keys=(*item.entry.keys, *item.entry.aliases)))


def _look(source: Source, source_day: SourceDay, feeds_first: bool, now: datetime, backfill: bool) -> Look:
    milestones: dict[str, list[int]] = {}
    for name, number in Milestone.objects.values_list("field", "number"):
        milestones.setdefault(name, []).append(number)
    settled = source_day.settled_at is not None
    first = source.first_look or now.date()
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


def _snapshot(
    source: Source, at: datetime, taken: Taken, answer: Answer, digests: list[str], before: Snapshot | None
) -> None:
    validators = _validators(taken, answer, before)
    etag, last_modified = (validators or [earlier.NONE])[0]
    stands = answer.before is not None and taken.verdict == Snapshot.Verdict.UNCHANGED
    Snapshot.objects.create(
        source=source,
        day=taken.day,
        at=at,
        verdict=taken.verdict,
        reason=taken.reason[:500],
        entries=taken.entries,
        bodies=answer.before.bodies if stands and answer.before is not None else digests,
        etag=etag,
        last_modified=last_modified,
        more=validators[1:],
        head=taken.head,
    )


def _validators(taken: Taken, answer: Answer, before: Snapshot | None) -> list[earlier.Validators]:
    """Those to ask with from now on: none of half a page, or its other half would never be sent."""
    stood = earlier.validators_of(before)
    half = before is not None and before.verdict != Snapshot.Verdict.OK and not any(map(any, stood))
    if taken.verdict == Snapshot.Verdict.PARTIAL or (taken.verdict == Snapshot.Verdict.UNCHANGED and half):
        return []
    said = answer.validators or (stood if answer.before is not None else [])
    return [_short(etag, modified) for etag, modified in said]


def _short(etag: str, modified: str) -> earlier.Validators:
    """As they fit: one that is cut short would ask for nothing."""
    return (etag if len(etag) <= 300 else "", modified if len(modified) <= 100 else "")
