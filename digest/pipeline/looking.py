"""Looks: which days of a source are due, and fetching one. The network is here and in no transaction."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from digest.models import Body, Snapshot, Source, SourceDay
from digest.pipeline.settling import closes_at, unsettled
from digest.pipeline.snapshots import Answer, Taken, take_snapshot
from digest.sources import huggingface, reader
from digest.sources.http import Fetched, FetchFailed, fetch
from digest.sources.listing import Listing
from digest.sources.untrusted import UnreadableListing

DAYS = 7  # a look covers the days that are not settled, this many at most
AGAIN_AFTER = timedelta(days=3)  # a settled day is looked at once more
AGAIN_UNTIL = timedelta(days=14)
MOST_PAGES = 20


def due_sources(now: datetime) -> list[Source]:
    """The sources whose next look has come."""
    enabled = Source.objects.filter(enabled=True).order_by("id")
    return [source for source in enabled if source.next_look is None or source.next_look <= now]


def due_days(source: Source, now: datetime) -> list[date]:
    """The days that a look covers: the newest that are not settled, and settled ones due for their second look."""
    today = now.date()
    recent = SourceDay.objects.filter(source=source, day__gte=today - AGAIN_UNTIL, settled_at__isnull=False)
    settled = dict(recent.values_list("day", "looked_again_at"))
    waiting = set(unsettled(source).filter(day__gt=today - timedelta(days=DAYS)).values_list("day", flat=True))
    days = {today - timedelta(days=back) for back in range(DAYS)} - settled.keys()
    again = {day for day, looked in settled.items() if looked is None and today >= day + AGAIN_AFTER}
    return sorted(days | again | (waiting & settled.keys()))


def look(source: Source, day: date, now: datetime, *, backfill: bool = False) -> Taken:
    """Fetch one day of a source and store what it shows."""
    return take_snapshot(source, day, _answer(source, day), now, backfill=backfill)


def look_at(source: Source, day: date, bodies: Sequence[bytes], now: datetime, *, backfill: bool = False) -> Taken:
    """Store bodies from elsewhere (a file) as a look."""
    try:
        answer = Answer(bodies, reader.read(bodies, day, source.slug, source.kind))
    except UnreadableListing as unreadable:
        answer = Answer(bodies, failure=str(unreadable))
    return take_snapshot(source, day, answer, now, backfill=backfill)


def back_fill(source: Source, first: date, last: date, now: datetime) -> Iterator[Taken]:
    """Look at past days, never as news. Days that were seen whole after they were over are passed over."""
    for back in range((last - first).days + 1):
        day = first + timedelta(days=back)
        done = Snapshot.objects.filter(
            source=source, day=day, verdict__in=["ok", "unchanged"], at__gte=closes_at(source, day)
        )
        if not done.exists():
            yield look(source, day, now, backfill=True)


def kept_bodies(snapshot: Snapshot) -> list[bytes]:
    """A snapshot's bodies as they came; those no longer kept are left out."""
    rows = {row.digest: row.data for row in Body.objects.filter(digest__in=snapshot.bodies)}
    return [zlib.decompress(rows[digest]) for digest in snapshot.bodies if digest in rows]


def _answer(source: Source, day: date) -> Answer:
    """The API's pages; when they can't be had or read, the web page."""
    if source.kind != "hf":
        return _one_page(source, day)
    try:
        return _api(source, day)
    except (FetchFailed, UnreadableListing) as failure:
        return _web_page(source, day, failure)


def _one_page(source: Source, day: date) -> Answer:
    try:
        got = _get(source, source.url)
        return Answer([got.body], reader.read([got.body], day, source.slug, source.kind))
    except (FetchFailed, UnreadableListing) as failure:
        return Answer(failure=str(failure))


def _api(source: Source, day: date) -> Answer:
    believed = Snapshot.objects.filter(source=source, day=day).exclude(verdict__in=["failed", "suspect"])
    newest = believed.order_by("-id").first()
    validators = (newest.etag, newest.last_modified) if newest is not None and len(newest.bodies) == 1 else ("", "")
    first = _get(source, huggingface.urls(source.url, day), *validators)
    if first.status == 304:
        return Answer(etag=validators[0], last_modified=validators[1])
    bodies = [first.body]
    while huggingface.more_pages(bodies[-1]) and len(bodies) < MOST_PAGES:
        bodies.append(_get(source, huggingface.urls(source.url, day, len(bodies))).body)
    listing = huggingface.parse(bodies, day, source.slug)
    return Answer(bodies, listing, etag=first.etag, last_modified=first.last_modified)


def _web_page(source: Source, day: date, failure: Exception) -> Answer:
    try:
        got = _get(source, huggingface.page_url(source.url, day))
        return Answer([got.body], _noted(huggingface.parse([got.body], day, source.slug), failure))
    except (FetchFailed, UnreadableListing):
        return Answer(failure=str(failure))


def _noted(listing: Listing, failure: Exception) -> Listing:
    note = f"read from the web page, since the API failed ({failure})"
    return Listing(listing.day, listing.entries, listing.whole, f"{listing.note} {note}".strip(), listing.shown_day)


def _get(source: Source, url: str, etag: str = "", last_modified: str = "") -> Fetched:
    allow = frozenset({source.allow} if source.allow else ())
    return fetch(url, etag=etag, last_modified=last_modified, allow=allow)
