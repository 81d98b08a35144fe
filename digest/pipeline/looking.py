"""Looks: which days of a source are due, and fetching one. The network is here and in no transaction."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from django.db.models import Q

from digest.models import Body, Snapshot, Source, SourceDay
from digest.pipeline.fetching import Errand
from digest.pipeline.settling import closes_at, unsettled
from digest.pipeline.snapshots import Answer, Taken, take_snapshot
from digest.sources import arxiv, huggingface, politeness, reader
from digest.sources.http import FetchFailed
from digest.sources.listing import Listing
from digest.sources.politeness import Trouble, host_of
from digest.sources.untrusted import UnreadableListing

DAYS = 7  # a look covers the days that are not settled, this many at most
AGAIN_AFTER = timedelta(days=3)  # a settled day is looked at once more
AGAIN_UNTIL = timedelta(days=14)
MOST_PAGES = 20
GIVEN_UP = 3  # looks of a back-fill that fail in a row
UNREADABLE = Trouble("unreadable")


def due_sources(now: datetime) -> list[Source]:
    """The sources whose next look has come."""
    enabled = Source.objects.filter(enabled=True).order_by("id")
    return [source for source in enabled if source.next_look is None or source.next_look <= now]


def due_days(source: Source, now: datetime) -> list[date]:
    """The days that a look covers: the newest that are not settled, and settled ones due for their second look.

    A feed shows no other day than its newest: that of arXiv a batch, any other its entries of whatever day.
    """
    today = newest_day(source, now)
    if source.kind != "hf":
        return [today]
    recent = SourceDay.objects.filter(source=source, day__gte=today - AGAIN_UNTIL, settled_at__isnull=False)
    settled = dict(recent.values_list("day", "looked_again_at"))
    waiting = set(unsettled(source).filter(day__gt=today - timedelta(days=DAYS)).values_list("day", flat=True))
    days = {today - timedelta(days=back) for back in range(DAYS)} - settled.keys()
    again = {day for day, looked in settled.items() if looked is None and today >= day + AGAIN_AFTER}
    return sorted(days | again | (waiting & settled.keys()))


def newest_day(source: Source, now: datetime) -> date:
    """The day that a source lists at `now`: the date in UTC, for arXiv that of its latest batch."""
    return arxiv.batch_day(now) if source.kind == "arxiv" else now.astimezone(UTC).date()


def look(source: Source, day: date, now: datetime, *, backfill: bool = False, errand: Errand | None = None) -> Taken:
    """Fetch one day of a source and store what it shows. `errand`: of which this look is a part."""
    errand = errand or Errand(source)
    errand.begin()
    answer = _archive(errand, day) if backfill and source.kind == "arxiv" else _answer(errand, day)
    taken = take_snapshot(source, day, answer, now, backfill=backfill)
    if taken.verdict == "failed":
        errand.trouble = errand.trouble or UNREADABLE
        if not backfill:
            _look_again(source, errand.trouble, now)
    return taken


def look_at(source: Source, day: date, bodies: Sequence[bytes], now: datetime, *, backfill: bool = False) -> Taken:
    """Store bodies from elsewhere (a file) as a look."""
    try:
        answer = Answer(bodies, reader.read(bodies, day, source.slug, source.kind))
    except UnreadableListing as unreadable:
        answer = Answer(bodies, failure=str(unreadable))
    return take_snapshot(source, day, answer, now, backfill=backfill)


def back_fill(source: Source, first: date, last: date, now: datetime) -> Iterator[Taken]:
    """Look at past days, never as news. Days that were seen whole after they were over are passed over.

    It stops when the source asks to be left alone or fails for several days in a row; begun again, it goes on there.
    ValueError for a feed, which shows no past days.
    """
    if source.kind == "feed":
        raise ValueError("a feed shows its newest entries only, and no past days: there is nothing to fill from")
    errand, failures = Errand(source), 0
    for back in range((last - first).days + 1):
        day = first + timedelta(days=back)
        done = Snapshot.objects.filter(
            source=source, day=day, verdict__in=["ok", "unchanged"], at__gte=closes_at(source, day)
        )
        if done.exists():
            continue
        taken = look(source, day, now, backfill=True, errand=errand)
        yield taken
        failures = failures + 1 if taken.verdict == "failed" else 0
        if failures >= GIVEN_UP or (failures and errand.sent_away):
            return


def kept_bodies(snapshot: Snapshot) -> list[bytes]:
    """A snapshot's bodies as they came; those no longer kept are left out."""
    rows = {row.digest: row.data for row in Body.objects.filter(digest__in=snapshot.bodies)}
    return [zlib.decompress(rows[digest]) for digest in snapshot.bodies if digest in rows]


def _look_again(source: Source, trouble: Trouble, now: datetime) -> None:
    """After a look that failed the next one comes sooner than usual, but not before the source wants it: and when it
    asked to be left alone, that holds for all sources at its host."""
    good = Snapshot.objects.filter(source=source).exclude(verdict="failed").order_by("-id").first()
    failed = Snapshot.objects.filter(source=source, id__gt=good.pk if good else 0)
    failures = failed.values("at").distinct().count()  # the days of one visit fail at one time
    usual = timedelta(minutes=source.every)
    upcoming = now + politeness.next_look(trouble, failures, usual, source.slug)
    Source.objects.filter(pk=source.pk, next_look__lte=now + usual).update(next_look=upcoming)
    if trouble.retry_after is not None:
        until = now + timedelta(seconds=trouble.retry_after)
        here = [other.pk for other in Source.objects.all() if host_of(other.url) == host_of(source.url)]
        Source.objects.filter(Q(next_look=None) | Q(next_look__lt=until), pk__in=here).update(next_look=until)


def _answer(errand: Errand, day: date) -> Answer:
    """The API's pages; when they can't be had or read, the web page.

    What came and can't be read is kept with the look, so that a mended parser can be tried on it.
    """
    if errand.source.kind != "hf":
        return _one_page(errand, day)
    bodies: list[bytes] = []
    try:
        return _api(errand, day, bodies)
    except FetchFailed as failure:
        if failure.trouble.kind in politeness.UNANSWERED:
            return Answer(failure=str(failure))
        return _web_page(errand, day, failure)
    except UnreadableListing as failure:
        errand.trouble = UNREADABLE
        return _web_page(errand, day, failure, bodies)


def _one_page(errand: Errand, day: date) -> Answer:
    """A feed. When nothing has changed since the last look it says so, or its body is the same."""
    source = errand.source
    validators = _validators(source, day if source.kind == "arxiv" else None)
    bodies: list[bytes] = []
    try:
        got = errand.get(source.url, *validators)
        if got.status == 304:
            return Answer(etag=validators[0], last_modified=validators[1])
        bodies.append(reader.steady(got.body))
        listing = reader.read(bodies, day, source.slug, source.kind)
        return Answer(bodies, listing, etag=got.etag, last_modified=got.last_modified)
    except FetchFailed as failure:
        said = reader.said_in(failure.answer, day, source.slug)
        return Answer(failure=f"{said}. {failure}" if said else str(failure))
    except UnreadableListing as failure:
        return Answer(bodies, failure=str(failure))


def _archive(errand: Errand, day: date) -> Answer:
    """What was submitted to arXiv on a past day: the API's pages."""
    source = errand.source
    names = arxiv.categories_of(source.url)
    if not names:
        return Answer(
            failure=f"{source.url} names no category, like .../rss/cs.AI+cs.LG: no past day can be asked for."
        )
    bodies: list[bytes] = []
    start: int | None = 0
    try:
        while start is not None and len(bodies) < MOST_PAGES:
            bodies.append(errand.get(arxiv.query_url(names, day, start, base=source.url)).body)
            start = arxiv.next_start(bodies[-1])
        return Answer(bodies, reader.read(bodies, day, source.slug, source.kind))
    except FetchFailed as failure:
        return Answer(failure=str(failure))
    except UnreadableListing as failure:
        return Answer(bodies, failure=str(failure))


def _validators(source: Source, day: date | None) -> tuple[str, str]:
    """Those of the newest look that brought everything, at that day or any: the source may then say 304.

    Not those of half a page, or its other half would not be asked for.
    """
    whole = Snapshot.objects.filter(source=source, verdict__in=["ok", "unchanged"])
    newest = (whole if day is None else whole.filter(day=day)).order_by("-id").first()
    return (newest.etag, newest.last_modified) if newest is not None and len(newest.bodies) <= 1 else ("", "")


def _api(errand: Errand, day: date, bodies: list[bytes]) -> Answer:
    """The API's pages, which are put into `bodies` as they come."""
    source = errand.source
    validators = _validators(source, day)
    first = errand.get(huggingface.urls(source.url, day), *validators)
    if first.status == 304:
        return Answer(etag=validators[0], last_modified=validators[1])
    bodies.append(first.body)
    while huggingface.more_pages(bodies[-1]) and len(bodies) < MOST_PAGES:
        bodies.append(errand.get(huggingface.urls(source.url, day, len(bodies))).body)
    listing = huggingface.parse(bodies, day, source.slug)
    return Answer(bodies, listing, etag=first.etag, last_modified=first.last_modified)


def _web_page(errand: Errand, day: date, failure: Exception, unread: Sequence[bytes] = ()) -> Answer:
    """The web page instead of the API, which failed; `unread` is what came of that."""
    source = errand.source
    try:
        got = errand.get(huggingface.page_url(source.url, day))
    except FetchFailed:
        return Answer(unread, failure=str(failure))
    try:
        return Answer([got.body], _noted(huggingface.parse([got.body], day, source.slug), failure))
    except UnreadableListing:
        return Answer(unread or [got.body], failure=str(failure))


def _noted(listing: Listing, failure: Exception) -> Listing:
    note = f"read from the web page, since the API failed ({failure})"
    return Listing(listing.day, listing.entries, listing.whole, f"{listing.note} {note}".strip(), listing.shown_day)
