"""Turns at a host: two requests are at least so far apart, whoever makes them, on whichever machine.

A turn is taken by comparing and setting one row, in a statement of its own: nobody waits with a transaction open. The
time is the database's, one clock for all; `--now` has no say in how fast a stranger's server is asked.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import DateTimeField
from django.db.models.functions import Now

from digest.models import Host

# Further ahead than this the row isn't believed: the clock was set back. Nobody has so many turns ahead of them.
AHEAD = timedelta(minutes=2)


def turn(host: str, gap: float) -> float:
    """Take the next turn at a host; in how many seconds it comes. After it the host is left alone for `gap` seconds."""
    while True:  # of those who compare and set at once one wins, so it ends
        row = Host.objects.annotate(at=Now(output_field=DateTimeField())).filter(name=host).first()
        if row is None:
            long_ago = datetime(2000, 1, 1, tzinfo=UTC)
            Host.objects.bulk_create([Host(name=host, free_at=long_ago)], ignore_conflicts=True)
            continue
        begin: datetime = row.free_at if row.at < row.free_at < row.at + AHEAD else row.at
        mine = Host.objects.filter(pk=row.pk, free_at=row.free_at)
        if mine.update(free_at=begin + timedelta(seconds=gap)):
            waiting: timedelta = begin - row.at
            return waiting.total_seconds()
