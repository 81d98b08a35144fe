"""Kept bodies parsed again, after a parser was mended. Nothing of it is ever news.

Of a look that was believed, what differs now from what it stored is appended as `corrected`: with the same parser
nothing does. What a later look has shown again is that one's to correct. A look that could not be read has taught
nothing; when it can be read now, it is taken up as a back-fill would be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime

from django.db.models import Min, Q

from digest.models import Appearance, Change, Paper, Snapshot, Source, SourceDay
from digest.pipeline import numbers
from digest.pipeline.known import known_of
from digest.pipeline.snapshots import Answer, Taken, repeated, take_snapshot
from digest.pipeline.storing import kept_bodies
from digest.sources import reader
from digest.sources.listing import Facts, Listing, merged
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
    taken.keys = {"corrected": repeated(lambda: _correct(source, snapshot, listing, now))}
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


def _correct(source: Source, snapshot: Snapshot, listing: Listing, now: datetime) -> list[str]:
    """Bring the texts of papers in line with the listing; the keys of those that differed.

    Compared is what the look's old parse has stored: so only papers of which the look is the source's last word, and
    which it names beyond doubt. With the same parser nothing differs then.
    """
    Source.objects.select_for_update().get(pk=source.pk)
    known, _ = known_of(listing, source, snapshot.day)
    found = recognised(known, listing.entries, source.short)
    times = Counter(paper.paper for papers, _ in found for paper in papers)
    last = _last_shown(source, snapshot, listing, times)
    changes: list[Change] = []
    for paper, entry in ((papers[0], entry) for papers, entry in found if len(papers) == 1):
        facts = merged(paper.facts, entry, own=source.short == paper.facts.sources[0])
        differs = facts != paper.facts
        if paper.paper in last and times[paper.paper] == 1 and (differs or facts.summary != paper.facts.summary):
            Paper.objects.filter(pk=paper.paper).update(facts=facts.to_json())
            changes += [_corrected(source, snapshot.day, paper.paper, facts, now)] if differs else []
    if changes:
        numbers.append(changes)
    return [change.facts["key"] for change in changes]


def _last_shown(source: Source, snapshot: Snapshot, listing: Listing, papers: Iterable[int]) -> set[int]:
    """Those of the papers that the look listed, and that no later look at the source has shown.

    A feed lists a paper on the day of its first look, and shows it at looks of any day.
    """
    looks = Snapshot.objects.filter(source=source, pk__gt=snapshot.pk, verdict__in=READ)
    later = dict(looks.order_by().values("day").annotate(first=Min("at")).values_list("day", "first"))
    any_day = min(later.values(), default=None)
    listed, shown_later = set(), set()
    rows = Appearance.objects.filter(source=source, paper__in=list(papers))
    for paper, day, seen in rows.values_list("paper_id", "day", "last_seen"):
        listed |= {paper} if listing.rolling or day == snapshot.day else set()
        next_look = any_day if listing.rolling else later.get(day)
        shown_later |= {paper} if next_look is not None and seen >= next_look else set()
    return listed - shown_later


def _corrected(source: Source, day: date, paper: int, facts: Facts, now: datetime) -> Change:
    said = facts.to_json()
    return Change(paper_id=paper, source=source, kind="corrected", day=day, at=now, news=False, facts=said)
