"""Visiting a source: the looks that are due, then settling the days that are over. May run twice at once."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta

from django.db.models import Q

from digest.models import Source
from digest.pipeline.looking import due_days, look
from digest.pipeline.settling import settle
from digest.pipeline.snapshots import Answer, Taken, take_snapshot

HELD = timedelta(minutes=3)  # longer than a task may last; should the visitor die, the next tick after it tries again
log = logging.getLogger(__name__)


def visit(number: int, now: datetime) -> int:
    """Look at the source if its time has come, and settle it; how many looks."""
    source = Source.objects.get(pk=number)
    looks = _looks(source, now) if _mine(source, now) else 0
    settle(source, now)
    return looks


def _mine(source: Source, now: datetime) -> bool:
    """Whether this visitor is the one who looks: the next look is put off by comparing and setting."""
    come = Q(next_look=None) | Q(next_look__lte=now)
    return Source.objects.filter(come, pk=source.pk, enabled=True).update(next_look=now + HELD) == 1


def _looks(source: Source, now: datetime) -> int:
    """The days that are due, oldest first. When one fails only the newest is tried still: a source that can't be
    reached costs two time-outs, and one that lost an old page doesn't keep today's from us."""
    days = due_days(source, now)
    for done, day in enumerate(days, 1):
        if _look(source, day, now).verdict == "failed":
            if day != days[-1]:
                _look(source, days[-1], now)
                return done + 1
            return done
    return len(days)


def _look(source: Source, day: date, now: datetime) -> Taken:
    """One look; whatever it raises (a parser's mistake, the time limit) is a failed one, and says why."""
    try:
        return look(source, day, now)
    except Exception as error:
        log.exception("the look at %s, %s, was given up", source.slug, day)
        return take_snapshot(source, day, Answer(failure=f"{type(error).__name__}: {error}"), now)
