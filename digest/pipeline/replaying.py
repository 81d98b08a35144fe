"""Kept bodies parsed again, after a parser was mended. Nothing of it is ever news.

Of a look that was believed, what differs now is appended as `corrected`. A look that could not be read has taught
nothing; when it can be read now, it is taken up as a back-fill would be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

from django.db.models import Q

from digest.models import Change, Paper, Snapshot, Source, SourceDay
from digest.pipeline import numbers
from digest.pipeline.known import known_by_key
from digest.pipeline.snapshots import Answer, Taken, repeated, take_snapshot
from digest.pipeline.storing import kept_bodies
from digest.sources import reader
from digest.sources.listing import Listing, merged
from digest.sources.recognise import recognised
from digest.sources.untrusted import UnreadableListing
from digest.sources.verdict import BELIEVED, UNREAD

READ = (Snapshot.Verdict.OK, Snapshot.Verdict.PARTIAL)
UNREADABLE = Q(verdict=Snapshot.Verdict.FAILED)
for beginning in UNREAD:
    UNREADABLE |= Q(verdict=Snapshot.Verdict.SUSPECT, reason__startswith=beginning)


def replay(source: Source, day: date | None, now: datetime) -> Iterator[Taken]:
    """Parse again the newest look of each day (or of one) that was believed, or could not be read.

    A doubted look that could be read is left to an operator: no parser was at fault.
    """
    looks = Snapshot.objects.filter(source=source).order_by("day")
    if day is not None:
        looks = looks.filter(day=day)
    for each in list(looks.values_list("day", flat=True).distinct()):
        snapshot = _newest(source, each)
        if snapshot is not None:
            yield _again(source, snapshot, now)


def _newest(source: Source, day: date) -> Snapshot | None:
    """The day's newest look that could not be read, unless one came after it that could; else the newest believed one.

    A look that only repeated one before it stands for that one.
    """
    looks = Snapshot.objects.filter(source=source, day=day).order_by("-id")
    unread = looks.filter(UNREADABLE).exclude(bodies=[]).first()
    read = looks.exclude(UNREADABLE).first()
    if unread is not None and (read is None or read.pk < unread.pk):
        return unread
    return looks.filter(verdict__in=READ).first()


def _again(source: Source, snapshot: Snapshot, now: datetime) -> Taken:
    taken = Taken(source.slug, snapshot.day, "ok", "", 0, numbers.head())
    bodies = kept_bodies(snapshot.bodies)
    if not bodies or len(bodies) < len(snapshot.bodies):
        return replace(taken, verdict="failed", reason="its bodies are no longer kept")
    try:
        listing = reader.read(bodies, snapshot.day, source.slug, source.kind)
    except UnreadableListing as unreadable:
        return replace(taken, verdict="failed", reason=str(unreadable))
    if snapshot.verdict not in READ:
        return _taken_up(source, snapshot, Answer(bodies, listing), now)
    taken.entries = len(listing.entries)
    taken.keys = {"corrected": repeated(lambda: _correct(source, snapshot.day, listing, now))}
    taken.head = numbers.head()
    return taken


def _taken_up(source: Source, snapshot: Snapshot, answer: Answer, now: datetime) -> Taken:
    """A look that can be read only now: another look, of the time of the first, whose verdict counts.

    Of that time, since it shows the day as it was then; so a back-fill still knows that nobody has seen the day whole.
    """

    def clear(taken: Taken) -> None:
        if taken.verdict in BELIEVED:
            SourceDay.objects.filter(source=source, day=snapshot.day).update(alert=None)

    return take_snapshot(source, snapshot.day, answer, now, backfill=True, seen=snapshot.at, also=clear)


def _correct(source: Source, day: date, listing: Listing, now: datetime) -> list[str]:
    """Bring the texts of known papers in line with the listing; the keys of those that differed."""
    Source.objects.select_for_update().get(pk=source.pk)
    known = known_by_key(listing)
    changes: list[Change] = []
    for papers, entry in recognised(known, listing.entries, source.short):
        if not papers:
            continue
        paper = papers[0]
        facts = merged(paper.facts, entry, own=source.short == paper.facts.sources[0])
        if facts != paper.facts:
            Paper.objects.filter(pk=paper.paper).update(facts=facts.to_json())
            changes.append(
                Change(
                    paper_id=paper.paper,
                    source=source,
                    kind="corrected",
                    day=day,
                    at=now,
                    news=False,
                    facts=facts.to_json(),
                )
            )
    numbers.append(changes)
    return [change.facts["key"] for change in changes]
