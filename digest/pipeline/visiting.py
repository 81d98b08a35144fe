"""Visiting a source: the looks that are due, then settling the days that are over. May run twice at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from digest.models import Source, SourceDay
from digest.pipeline.fetching import Errand
from digest.pipeline.looking import due_days, look
from digest.pipeline.settling import closes_at, settle, unsettled
from digest.pipeline.snapshots import HELD, Answer, Taken, take_snapshot
from digest.sources.politeness import ONE_PAGE
from digest.sources.verdict import Verdict

SECONDS = 75.0  # of fetching in all: a task has 90
FOR_THE_NEWEST = 30.0  # seconds of them kept for the newest day
log = logging.getLogger(__name__)


def visit(number: int, now: datetime) -> int:
    """Look at the source if its time has come, and settle it; how many looks."""
    source = Source.objects.get(pk=number)
    errand = Errand(source, SECONDS)
    taken = list(looks(source, now, errand=errand)) if _mine(errand, now) else []
    if is_over(source, now):
        settle(source, now)
    return len(taken)


def looks(
    source: Source, now: datetime, *, backfill: bool = False, most: int | None = None, errand: Errand | None = None
) -> Iterator[Taken]:
    """The days that are due, oldest first; `most`: only so many, the newest.

    One whose page is lost or damaged stops no other. When the source can't be reached, or the time runs short, only the
    newest is tried still: it costs two time-outs, and a day that is slow doesn't keep today from us. When the source
    asked to be left alone, no other is tried.
    """
    days = due_days(source, now)
    days = days if most is None else days[-most:]
    errand = errand or Errand(source, SECONDS)
    while days:
        day = days.pop(0)
        taken = _look(source, day, now, errand, backfill, more=bool(days))
        yield taken
        if errand.sent_away > errand.left:
            _put_off(source, taken, now, backfill)
            return
        unreached = taken.verdict == "failed" and (errand.trouble is None or errand.trouble.kind not in ONE_PAGE)
        if unreached or errand.left < FOR_THE_NEWEST:
            days = days[-1:]


def is_over(source: Source, now: datetime) -> bool:
    """Whether there may be anything to settle: a day that is over, or a paper left from one."""
    days = SourceDay.objects.filter(source=source, settled_at=None)
    oldest = [rows.order_by("day").values_list("day", flat=True).first() for rows in (days, unsettled(source))]
    return any(closes_at(source, day) <= now for day in oldest if day is not None)


def _mine(errand: Errand, now: datetime) -> bool:
    """Whether this visitor is the one who looks: the next look is put off by comparing and setting.

    The turn of the first request is taken with it. Both must be committed before anything is asked, or two would ask at
    once; what the first answer brings is written with the second's turn, and so on: n looks cost n + 1 transactions.
    """
    come = Q(next_look=None) | Q(next_look__lte=now)
    with transaction.atomic():
        due = Source.objects.filter(come, pk=errand.source.pk, enabled=True)
        mine = due.update(next_look=now + HELD) == 1
        if mine:
            errand.reserve()
    if mine:
        errand.keep_turn()
    return mine


def _put_off(source: Source, taken: Taken, now: datetime, backfill: bool) -> None:
    """The visit ends before its last look, since the source asked for it: that puts off the next look all the same.

    After a look that failed that is done already, by what the failure was.
    """
    usual = now + timedelta(minutes=source.every)
    if taken.verdict != "failed" and not backfill:
        Source.objects.filter(pk=source.pk, next_look__lt=usual).update(next_look=usual)


def _look(source: Source, day: date, now: datetime, errand: Errand, backfill: bool, more: bool) -> Taken:
    """One look; whatever it raises (a parser's mistake, the time limit) is a failed one, and says why."""
    try:
        return look(source, day, now, backfill=backfill, errand=errand, more=more)
    except Exception as error:
        log.exception("the look at %s, %s, was given up", source.slug, day)
        failure = Answer(errand.bodies, failure=Verdict("failed", f"{type(error).__name__}: {error}"))
        return take_snapshot(source, day, failure, now, backfill=backfill, more=more)
