"""Visiting a source: the looks that are due, then settling the days that are over. May run twice at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db.models import Q

from digest.models import Source
from digest.pipeline.fetching import Errand
from digest.pipeline.looking import due_days, look
from digest.pipeline.settling import settle
from digest.pipeline.snapshots import Answer, Taken, take_snapshot
from digest.sources.politeness import ONE_PAGE

HELD = timedelta(minutes=3)  # longer than a task may last; should the visitor die, the next tick after it tries again
SECONDS = 75.0  # of fetching in all: a task has 90
FOR_THE_NEWEST = 30.0  # seconds of them kept for the newest day
log = logging.getLogger(__name__)


def visit(number: int, now: datetime) -> int:
    """Look at the source if its time has come, and settle it; how many looks."""
    source = Source.objects.get(pk=number)
    taken = list(looks(source, now)) if _mine(source, now) else []
    settle(source, now)
    return len(taken)


def looks(source: Source, now: datetime, *, backfill: bool = False, most: int | None = None) -> Iterator[Taken]:
    """The days that are due, oldest first; `most`: only so many, the newest.

    One whose page is lost or damaged stops no other. When the source can't be reached, or the time runs short, only the
    newest is tried still: it costs two time-outs, and a day that is slow doesn't keep today from us. When the source
    asked to be left alone, no other is tried.
    """
    days = due_days(source, now)
    days = days if most is None else days[-most:]
    errand = Errand(source, SECONDS)
    while days:
        taken = _look(source, days.pop(0), now, errand, backfill)
        yield taken
        if errand.sent_away > errand.left:
            return
        unreached = taken.verdict == "failed" and (errand.trouble is None or errand.trouble.kind not in ONE_PAGE)
        if unreached or errand.left < FOR_THE_NEWEST:
            days = days[-1:]


def _mine(source: Source, now: datetime) -> bool:
    """Whether this visitor is the one who looks: the next look is put off by comparing and setting."""
    come = Q(next_look=None) | Q(next_look__lte=now)
    return Source.objects.filter(come, pk=source.pk, enabled=True).update(next_look=now + HELD) == 1


def _look(source: Source, day: date, now: datetime, errand: Errand, backfill: bool) -> Taken:
    """One look; whatever it raises (a parser's mistake, the time limit) is a failed one, and says why."""
    try:
        return look(source, day, now, backfill=backfill, errand=errand)
    except Exception as error:
        log.exception("the look at %s, %s, was given up", source.slug, day)
        failure = Answer(failure=f"{type(error).__name__}: {error}")
        return take_snapshot(source, day, failure, now, backfill=backfill)
