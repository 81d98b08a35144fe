"""Looks: which days of a source are due, and fetching one. The network is here and in no transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from django.db.models import Q

from digest.models import Snapshot, Source, SourceDay
from digest.pipeline import answers
from digest.pipeline.answers import UNREADABLE
from digest.pipeline.fetching import Errand
from digest.pipeline.settling import closes_at, unsettled
from digest.pipeline.snapshots import Answer, Overtaken, Taken, take_snapshot
from digest.sources import arxiv, politeness
from digest.sources.politeness import Trouble, host_of

DAYS = 7  # a look covers the days that are not settled, this many at most
AGAIN_AFTER = timedelta(days=3)  # a settled day is looked at once more
AGAIN_UNTIL = timedelta(days=14)
GIVEN_UP = 3  # looks of a back-fill that fail in a row


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


def look(
    source: Source,
    day: date,
    now: datetime,
    *,
    backfill: bool = False,
    errand: Errand | None = None,
    more: bool = False,
) -> Taken:
    """Fetch one day of a source and store what it shows.

    `errand`: of which this look is a part. With `more` another look of it follows: its turn at the host is taken in
    the transaction that stores this one.
    """
    errand = errand or Errand(source)
    errand.begin()
    old = backfill and source.kind == Source.Kind.ARXIV
    answer = answers.archive(errand, day) if old else answers.answer(errand, day)
    taken = _stored(source, day, answer, now, backfill, errand if more else None)
    if taken.verdict == "failed":
        errand.trouble = errand.trouble or UNREADABLE
        one_page = more and errand.trouble.kind in politeness.ONE_PAGE  # and the visit goes on
        if not backfill and not one_page:
            _look_again(source, errand.trouble, now)
    return taken


def look_at(source: Source, day: date, bodies: Sequence[bytes], now: datetime, *, backfill: bool = False) -> Taken:
    """Store bodies from elsewhere (a file) as a look."""
    return _stored(source, day, answers.given(source, day, bodies), now, backfill)


def back_fill(source: Source, first: date, last: date, now: datetime) -> Iterator[Taken]:
    """Look at past days, never as news. Days that were seen whole after they were over are passed over, and those that
    are still open: what they list is news, and would be swallowed.

    It stops when the source asks to be left alone or fails for several days in a row; begun again, it goes on there.
    ValueError for a feed, which shows no past days.
    """
    if source.kind == "feed":
        raise ValueError("a feed shows its newest entries only, and no past days: there is nothing to fill from")
    errand, failures = Errand(source), 0
    for back in range((last - first).days + 1):
        day = first + timedelta(days=back)
        if is_open(source, day, now) or _seen_whole(source, day):
            continue
        taken = look(source, day, now, backfill=True, errand=errand)
        yield taken
        failures = failures + 1 if taken.verdict == "failed" else 0
        if failures >= GIVEN_UP or (failures and errand.sent_away):
            return


def is_open(source: Source, day: date, now: datetime) -> bool:
    """Whether the day is not over: a usual look at it brings news still."""
    return now < closes_at(source, day)


def _seen_whole(source: Source, day: date) -> bool:
    """Whether the day was looked at after it was over."""
    looks = Snapshot.objects.filter(source=source, day=day, at__gte=closes_at(source, day))
    return looks.filter(verdict__in=["ok", "unchanged"]).exists()


def _stored(
    source: Source, day: date, answer: Answer, now: datetime, backfill: bool, errand: Errand | None = None
) -> Taken:
    """One look stored; with `errand` another look of it follows.

    What was left unread, since it was the last look's, is read when another look came between.
    """
    more = errand is not None

    def also(taken: Taken) -> None:
        if errand is not None and taken.verdict != Snapshot.Verdict.FAILED:
            errand.reserve()

    try:
        taken = take_snapshot(source, day, answer, now, backfill=backfill, more=more, also=also)
    except Overtaken:
        answer = answers.read_again(source, day, answer)
        taken = take_snapshot(source, day, answer, now, backfill=backfill, more=more, also=also)
    if errand is not None:
        errand.keep_turn()
    return taken


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
